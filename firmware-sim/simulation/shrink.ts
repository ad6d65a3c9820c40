import type { Schedule } from "./schedule.ts";

export type Shrinking = {
  /** Whether this schedule fails in the same way. */
  readonly fails: (schedule: Schedule) => Promise<boolean>;
  /** After every trial. */
  readonly tried?: (schedule: Schedule, trials: number) => void;
  readonly maxTrials?: number;
};

const MAX_TRIALS = 400;

/**
 * Makes a failing schedule short: first it ends soon after what failed, then visits, faults and deeds are left out as long
 * as it still fails in the same way (delta debugging: A. Zeller and R. Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", IEEE Transactions on Software Engineering 28(2), 2002).
 *
 * @param failedMs when it failed, milliseconds from the beginning; Infinity = only at its end.
 */
export async function shrinkSchedule(
  failing: Schedule,
  failedMs: number,
  { fails, tried, maxTrials = MAX_TRIALS }: Shrinking,
): Promise<Schedule> {
  let trials = 0;
  let best = failing;
  const holds = async (candidate: Schedule): Promise<boolean> => {
    if (trials >= maxTrials) return false;
    trials += 1;
    const same = await fails(candidate);
    if (same) best = candidate;
    tried?.(best, trials);
    return same;
  };
  if (failedMs < failing.lengthMs) await holds(upTo(failing, failedMs + AFTERWARDS_MS));
  for (const part of ["faults", "deeds", "visits", "faults", "deeds"] as const) {
    const kept = best[part];
    await minimise<(typeof kept)[number]>(kept, async (some) => await holds({ ...best, [part]: some }));
  }
  return best;
}

/** What failed may need that long to show. */
const AFTERWARDS_MS = 10 * 60_000;

/** The same, but nobody comes and nothing happens any more from then on. */
function upTo(schedule: Schedule, lengthMs: number): Schedule {
  const isBefore = ({ atMs }: { readonly atMs: number }): boolean => atMs < lengthMs;
  const { visits, faults, deeds } = schedule;
  return {
    ...schedule,
    lengthMs: Math.min(schedule.lengthMs, lengthMs),
    visits: visits.filter(isBefore),
    faults: faults.filter(isBefore),
    deeds: deeds.filter(isBefore),
  };
}

/** The `ddmin` of the paper: none of what is left can be left out alone. */
async function minimise<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<void> {
  if (all.length === 0 || (await fails([]))) return;
  let items = all;
  let parts = 2;
  while (items.length >= 2) {
    const size = Math.ceil(items.length / parts);
    let isSmaller = false;
    for (let from = 0; from < items.length && !isSmaller; from += size) {
      const rest = [...items.slice(0, from), ...items.slice(from + size)];
      if (rest.length === 0 || !(await fails(rest))) continue;
      items = rest;
      isSmaller = true;
    }
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (parts >= items.length) return;
    else parts = Math.min(items.length, parts * 2);
  }
}
