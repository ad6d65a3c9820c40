import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { EventOf, Handler, Lane, Row, Step, StepContext } from "./model.ts";
import {
  alarm,
  enter,
  enterIdle,
  enterWaiting,
  refuse,
  stay,
  withoutTimer,
  withTimer,
  NO_TIMERS,
} from "./moves.ts";
import { forced, loseSight } from "./doubt.ts";
import { cashTooLate, mayBeLeaving, nothingToReset } from "./passage.ts";
import { addRead, keepRead, readsOf } from "./reads.ts";
import { identified } from "./record.ts";

/** The rows before an opening is granted, as far as entry and exit share them. */

/** How long a refused vehicle waits before the question is asked again: a space may have come free. */
const ASK_AGAIN_MS = 5_000;
/** How long a lane at rest says that it was crossed, before it raises another alarm for that. */
const TELL_AGAIN_MS = 10_000;

function beginTransaction(lane: Lane, _event: object, ctx: StepContext): Step {
  const armed = enter(lane, "ARMED", ctx, { display: "Reading your plate" });
  return considerReads(withTimer(armed, "read", ctx.config.timers.readMs, ctx), ctx, false);
}

function considerReads(lane: Lane, ctx: StepContext, final: boolean): Step {
  const plate = ctx.vote(readsOf(lane, ctx), final);
  if (plate !== null) return ask(lane, plate, ctx);
  return stay(final ? { ...lane, display: "Plate not read. Please wait for the attendant" } : lane);
}

/** Asks the store about a plate; the answer decides in the same turn. */
function ask(lane: Lane, plate: string, ctx: StepContext): Step {
  // Its timers live on: the answer may be to go on waiting, and the vehicle may be leaving meanwhile.
  const deciding = enter(lane, "DECIDING", ctx, { plate, timers: lane.timers });
  return stay(deciding, { request: { purpose: "decide", plate } });
}

function readWhileArmed(lane: Lane, event: EventOf<"read">, ctx: StepContext): Step {
  // Once the reading time is over, every further read is judged by itself: better late than never.
  return considerReads(keepRead(lane, event.read), ctx, lane.timers.read === undefined);
}

/** Says no, and why. `found` is the vehicle's stay where it is known: an attendant may still let it out. */
export function deny(lane: Lane, display: string, ctx: StepContext, found: StayInHand | null = null): Step {
  const denied = enterWaiting(lane, "DENIED", ctx, { display, stay: found });
  return stay(withTimer(denied, "read", ASK_AGAIN_MS, ctx));
}

function askAgain(lane: Lane, _event: object, ctx: StepContext): Step {
  return lane.plate === null ? stay(lane) : ask(lane, lane.plate, ctx);
}

function readWhileDenied(lane: Lane, event: EventOf<"read">, ctx: StepContext): Step {
  const kept = keepRead(lane, event.read);
  const plate = ctx.vote(
    readsOf(kept, ctx).filter((read) => read.plate !== lane.plate),
    false,
  );
  return plate === null ? stay(kept) : ask(kept, plate, ctx);
}

/** Row 5: the vehicle left before anything was granted. */
function leaves(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.safety !== "off") return stay(lane);
  return stay(enterIdle({ ...lane, reads: [] }, ctx));
}

function crossesClosedLane(lane: Lane, _event: object, ctx: StepContext): Step {
  // Told once in a while: a loop that flaps must not fill the disk.
  if (lane.inputs.arming === "on" || lane.trouble !== null) return stay(lane);
  const trouble = "A loop behind the arming loop was crossed with the arm closed";
  const told = withTimer({ ...lane, trouble }, "clear", TELL_AGAIN_MS, ctx);
  return stay(told, { records: [alarm("wrong_way", trouble)] });
}

const noVehicle: Handler<"vend"> = (lane) =>
  refuse(lane, "no_vehicle", "No vehicle is waiting at this lane: the arm opens for a vehicle only.");

/** Cells shared by every state in which the arm is closed and nothing is granted. */
const armClosed = {
  safety_off: "ignored",
  behind_off: "ignored",
  arm_opened: "ignored",
  arm_closed: "ignored",
  arm_left_closed: forced,
  proven: "ignored",
  lost: loseSight,
  ...NO_TIMERS,
  outcome: "ignored",
  cash: cashTooLate,
  reset: nothingToReset,
} as const;

/** A vehicle waits at the closed arm. Vend and facts differ by lane kind. */
export const waitingCells = {
  ...armClosed,
  arming_on: (lane) => stay(withoutTimer(lane, "back")),
  arming_off: mayBeLeaving,
  safety_on: "ignored",
  safety_off: mayBeLeaving,
  behind_on: "ignored",
  back_due: leaves,
  read: addRead,
  facts: "unexpected",
} as const satisfies Partial<Row>;

export const idleRow = {
  ...armClosed,
  arming_on: (lane, _event, ctx) => stay(withTimer(lane, "arm", ctx.config.timers.armMs, ctx)),
  arming_off: (lane) => stay(withoutTimer(lane, "arm")),
  safety_on: crossesClosedLane,
  behind_on: crossesClosedLane,
  read: addRead,
  facts: identified,
  arm_due: beginTransaction,
  clear_due: (lane) => stay({ ...lane, trouble: null }),
  vend: noVehicle,
} as const satisfies Row;

export const armedCells = {
  ...waitingCells,
  read: readWhileArmed,
  read_due: (lane, _event, ctx) => considerReads(lane, ctx, true),
} as const satisfies Partial<Row>;

export const deniedCells = {
  ...waitingCells,
  read: readWhileDenied,
  read_due: askAgain,
} as const satisfies Partial<Row>;

/** The store answers within the turn that asked, so only its answer can arrive here. */
export const decidingCells = {
  ...armClosed,
  arming_on: "unexpected",
  arming_off: "unexpected",
  safety_on: "unexpected",
  behind_on: "unexpected",
  arm_left_closed: "unexpected",
  lost: loseSight,
  read: "unexpected",
  outcome: "unexpected",
  vend: noVehicle,
} as const satisfies Partial<Row>;
