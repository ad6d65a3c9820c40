import type { LocalHour } from "./range.ts";

/** What changed the count in one hour. */
export type Flow = {
  readonly in: number;
  readonly out: number;
  /** By how much it was set higher by hand. */
  readonly corrected: number;
};

export type OccupiedHour = LocalHour & Flow & { readonly inside: number };

const NOTHING: Flow = { in: 0, out: 0, corrected: 0 };

/**
 * How many were inside at the end of each hour, counted back from now over what passed since: the curve ends exactly at
 * what the gate counts.
 *
 * @param hours in their order, none of them after now.
 * @param flows by the beginning of their hour.
 * @param insideAtEnd at the end of the last of them.
 */
export function occupiedHours(
  hours: readonly LocalHour[],
  flows: ReadonlyMap<number, Flow>,
  insideAtEnd: number,
): OccupiedHour[] {
  let inside = insideAtEnd;
  return hours
    .toReversed()
    .map((hour) => {
      const flow = flows.get(hour.startsMs) ?? NOTHING;
      const { in: came, out, corrected } = flow;
      const counted = { ...hour, in: came, out, corrected, inside: Math.max(0, inside) };
      inside -= netOf(flow);
      return counted;
    })
    .reverse();
}

/** By how many more are inside after it. */
export function netOf(flow: Flow): number {
  return flow.in - flow.out + flow.corrected;
}

/** With one digit behind the point; null where there is no capacity. */
export function percentOf(part: number, whole: number): number | null {
  return whole <= 0 ? null : Math.round((part * 1_000) / whole) / 10;
}
