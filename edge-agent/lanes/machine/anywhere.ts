import type { EventOf, Lane, Row, Step } from "./model.ts";
import { NO_TIMERS, over, raise, refuse } from "./moves.ts";
import { chase, settleAbandoned } from "./attempts.ts";
import { goStale, loseSight, stops } from "./doubt.ts";
import { attendantHolds, burns, keyHolds } from "./hold.ts";
import { setMode, turn } from "./rest.ts";

/** Cells that are the same in nearly every row: people, the house and devices speak up at any time. */

/** A device beside the board works or does not: told once, and once when it is over. */
function deviceHealth(lane: Lane, { device, ok, reason }: EventOf<"device">): Step {
  return ok ? over(lane, device) : raise(lane, device, reason);
}

/** Safety invariant 5: a relay that is not as it was commanded. */
function readBack(lane: Lane, { mismatch }: EventOf<"output">): Step {
  return mismatch === null ? over(lane, "output_mismatch") : raise(lane, "output_mismatch", mismatch);
}

/** Only a vehicle that waits at the closed arm of an exit can be told which stay it is. */
export function nobodyToIdentify(lane: Lane): Step {
  return refuse(lane, "not_waiting", "No vehicle is waiting to be let out at this lane.");
}

export const anywhere = {
  ...NO_TIMERS,
  lost: loseSight,
  stale: goStale,
  proven: "unexpected",
  button_on: "ignored",
  fire_on: burns,
  fire_off: "ignored",
  stop_on: stops,
  stop_off: "ignored",
  key_on: keyHolds,
  key_off: "ignored",
  credential: "ignored",
  outcome: "ignored",
  // Answers of a printer about a ticket that is not waited for any more.
  printed: "ignored",
  print_failed: "ignored",
  taken: "ignored",
  due_changed: "ignored",
  code_refused: "ignored",
  identify: nobodyToIdentify,
  terminal: settleAbandoned,
  pay_due: chase,
  device: deviceHealth,
  output: readBack,
  hold: attendantHolds,
  mode: setMode,
  turn,
} as const satisfies Partial<Row>;
