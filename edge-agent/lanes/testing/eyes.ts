import { SENSOR_INPUTS, type LaneInput } from "@parkme/shared/domain/lane";
import type { Lane, LaneConfig } from "../machine/model.ts";
import type { Levels } from "./board.ts";

/** Inputs under and behind the arm. */
const GUARDS = ["safety", "closing", "photocell"] as const;

/** A breach of a safety invariant; its number is in the words. */
export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`breach: ${what}`);
}

/** What the switches say, remembered apart from what the lane believes. */
export function createEyes({ wired, timers }: LaneConfig) {
  const sensors = SENSOR_INPUTS.filter((input) => wired.has(input));
  const guards = GUARDS.filter((input) => wired.has(input));
  const clearSince: Partial<Record<LaneInput, number>> = {};
  let levelsNow: Levels | null = null;
  let safetyWas: boolean | null = null;
  let safetyProven = false;
  let obstructed = false;

  function lookAtGuards(levels: Levels | null, nowMs: number): void {
    obstructed = false;
    for (const input of guards) {
      if (levels?.[input] === false) clearSince[input] ??= nowMs;
      else {
        // Not known while the board still listens is as good as covered.
        obstructed ||= levels !== null && clearSince[input] !== undefined;
        delete clearSince[input];
      }
    }
  }

  const on = (input: LaneInput): boolean => wired.has(input) && levelsNow?.[input] === true;

  return {
    on,
    sees: (): boolean => levelsNow !== null,
    /** A guard was covered, or lost, by the last image. */
    obstructed: (): boolean => obstructed,
    seen: (levels: Levels | null, counts: Lane["counts"], nowMs: number): void => {
      levelsNow = levels;
      lookAtGuards(levels, nowMs);
      if (levels === null || sensors.some((input) => levels[input] === undefined)) {
        safetyWas = null;
        safetyProven = false;
        return;
      }
      if (safetyWas === true && levels.safety === false) safetyProven = true;
      if (counts !== null && counts.safety > 0) safetyProven = true;
      safetyWas = levels.safety ?? null;
    },
    /** A person vouches for the safety loop. */
    vouched: (): void => {
      safetyProven = true;
    },
    /** The lane takes its inputs anew with the next image. */
    forget: (): void => {
      levelsNow = null;
      safetyProven = false;
      obstructed = false;
    },
    closesSafely: (nowMs: number): void => {
      demand(safetyProven, "closes only over a safety loop that is proven (7)");
      const fresh = levelsNow !== null && sensors.every((input) => levelsNow?.[input] !== undefined);
      demand(fresh, "closes only with live sensors (1, 10)");
      for (const input of guards) {
        const since = clearSince[input];
        demand(since !== undefined, `closes only with ${input} known and clear (1)`);
        demand(nowMs - (since ?? nowMs) >= timers.clearMs, `closes only after ${input} was clear (1, 3)`);
      }
      demand(!on("fire"), "nothing closes while there is fire (6)");
    },
  };
}
