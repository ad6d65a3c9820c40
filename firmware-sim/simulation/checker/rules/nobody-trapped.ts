import type { MakeRule } from "../rule.ts";
import type { TroubleKind } from "../troubles.ts";

/**
 * Beyond the site's own patience: how long it takes at the most until somebody who has come has let a driver out, with
 * everything broken that may break at once and an attendant who looks every few seconds.
 */
export const LET_OUT_MS = 15 * 60_000;

/** With these no command of anybody reaches the arm: it takes a mechanic, and how long that takes is not the gate's. */
const ARM_IS_OUT_OF_REACH: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "arm_jammed",
  "board_silent",
  "agent_down",
]);

/**
 * Nobody is trapped (edge cases 19, 20, 31, 40, 46): whoever stands at the line of an exit is out of the lane again within
 * the time in which the site promises help, and what help takes; also with faults, also with a blocked plate. And nobody
 * stands there when everything has come to rest.
 */
export const nobodyTrapped: MakeRule = ({ schedule, history, accuse }) => {
  const exits = new Set(
    schedule.site.lanes.filter(({ direction }) => direction === "exit").map(({ name }) => name),
  );
  const boundMs = schedule.site.helpMs + LET_OUT_MS;
  /** By visit; told in the order in which they came to the line. */
  const waiting = new Map<number, { readonly lane: string; readonly sinceMs: number }>();

  function complain(visit: number, lane: string, sinceMs: number, atMs: number, step: number): void {
    const minutes = Math.round((atMs - sinceMs) / 60_000);
    const message = `${history.nameOf(visit)} has stood at ${lane} for ${minutes} minutes and is not let out`;
    accuse({ step, atMs, lane, visit, message });
  }

  function isTooLong(lane: string, sinceMs: number, atMs: number): boolean {
    const waitedMs = atMs - sinceMs;
    return (
      waitedMs > boundMs &&
      waitedMs - history.troubles.lastedMs(lane, ARM_IS_OUT_OF_REACH, sinceMs, atMs) > boundMs
    );
  }

  return {
    on: {
      at_line: ({ visit, lane, atMs }) => {
        if (exits.has(lane) && !waiting.has(visit)) waiting.set(visit, { lane, sinceMs: atMs });
      },
      passed: ({ visit, lane, atMs, step }) => {
        const since = waiting.get(visit)?.sinceMs;
        waiting.delete(visit);
        if (since !== undefined && isTooLong(lane, since, atMs)) complain(visit, lane, since, atMs, step);
      },
      backed_out: ({ visit }) => void waiting.delete(visit),
    },
    end: ({ atMs, step }) => {
      for (const [visit, { lane, sinceMs }] of waiting) complain(visit, lane, sinceMs, atMs, step);
    },
  };
};
