import type { MakeRule } from "../rule.ts";

/**
 * Every vehicle that goes through a lane is written down once, with its direction, and nothing is written down that did
 * not happen (safety invariant 4, edge cases 3, 7 and 8; the unit of the count).
 *
 * Excused: what passed while detectors lied, the board or the program did not run, or the disk was full, and for some
 * minutes after; vehicles that are shorter than loops are made for, or two bodies in one; what the gate itself put up for
 * review because it could not tell the direction.
 */
export const passagesRecorded: MakeRule = ({ history, accuse }) => ({
  end: () => {
    const { unrecorded, untrue } = history.matched();
    for (const { passage, excuse } of unrecorded) {
      if (excuse !== null) continue;
      const { lane, visit, way, atMs, step } = passage;
      const message = `${history.nameOf(visit)} went ${way} through ${lane}, and no movement says so`;
      accuse({ step, atMs, lane, visit, message });
    }
    for (const { moved, excuse } of untrue) {
      if (excuse !== null) continue;
      const { lane, movement, atMs, step } = moved;
      const what = `${movement.kind} movement ${movement.direction} (${movement.plate ?? "no plate"})`;
      accuse({
        step,
        atMs,
        lane,
        visit: null,
        message: `${lane} wrote down a ${what}, and nobody went through`,
      });
    }
  },
});
