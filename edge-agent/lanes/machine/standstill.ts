import type { EventOf, Lane, Row, Step, StepContext } from "./model.ts";
import { andThen, command, firstTryFailed, over, raise, refuse, stay } from "./moves.ts";
import { anywhere } from "./anywhere.ts";
import { crossingCells } from "./crossing.ts";
import { giveUp, sees } from "./doubt.ts";
import { burns, keyHolds, NO_INPUTS } from "./hold.ts";
import { cashTooLate, reopenAnswered } from "./passage.ts";
import { resetFrom, settleFrom } from "./recovery.ts";

/** STOPPED and DEGRADED: nothing moves by itself. A person ends the one, the sensors end the other. */

const STOP_IS_ON = "STOP is pressed: nothing moves. Release it, look at the lane, then press Reset.";

const stopHolds = (lane: Lane): Step => refuse(lane, "stopped", STOP_IS_ON);

/** Row 35. What is still on opens now; a fire that is over ends with this reset. */
function resetStop(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  const { fire, key_switch: key, stop } = lane.inputs;
  if (stop === "on") return stopHolds(lane);
  const ended = fire === "on" ? over(lane, "stopped") : over(lane, "stopped", "fire");
  return andThen(ended, (l) =>
    andThen(resetFrom(l, event, ctx), (r) => {
      if (fire === "on") return burns(r, event, ctx);
      return key === "on" ? keyHolds(r, event, ctx) : stay(r);
    }),
  );
}

/** The relays must be let go: told once more. */
function stopAnswered(lane: Lane, event: EventOf<"outcome">, ctx: StepContext): Step {
  if (!firstTryFailed(lane, event)) return stay(lane);
  const again = command("stop", ctx, 2, true);
  return andThen(raise(lane, "command_refused", `the stop command failed: ${event.detail}`), (l) =>
    stay({ ...l, command: again.pending }, { commands: [again.command] }),
  );
}

export const stoppedRow = {
  ...anywhere,
  ...crossingCells,
  stop_on: "ignored",
  // Told, but nothing moves: STOP comes before fire (safety invariant 6).
  fire_on: (lane) => raise(lane, "fire", "the fire alarm came on while the lane is stopped"),
  key_on: "ignored",
  outcome: stopAnswered,
  cash: cashTooLate,
  vend: stopHolds,
  hold: stopHolds,
  reset: resetStop,
} as const satisfies Row;

/** Nobody told the arm to open: somebody raised it. */
function raisedByHand(lane: Lane, event: EventOf<"arm_left_closed">, ctx: StepContext): Step {
  const expected = lane.command !== null || lane.unresolved !== null;
  const told = expected ? stay(lane) : raise(lane, "forced", "the arm was opened without a command");
  return andThen(told, (l) => crossingCells.arm_left_closed(l, event, ctx));
}

/** Row 32, without the vend, which differs by lane kind. */
export const degradedRow = {
  ...anywhere,
  ...crossingCells,
  proven: (lane, event, ctx) => andThen(sees(lane), (l) => settleFrom(l, event, ctx)),
  lost: (lane, { reason }, ctx) => giveUp(lane, "UNKNOWN", reason, ctx),
  stale: (lane, { reason }) => stay({ ...lane, trouble: reason }),
  arm_left_closed: raisedByHand,
  outcome: reopenAnswered,
  cash: cashTooLate,
  reset: (lane) => refuse(lane, "inputs_unknown", lane.trouble ?? NO_INPUTS),
} as const satisfies Omit<Row, "vend">;
