import type { Credential } from "@parkme/shared/domain/credential";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { StayId } from "@parkme/shared/domain/ids";
import type { EventOf, Handler, Lane, Row, Step, StepContext } from "./model.ts";
import {
  andThen,
  enter,
  enterWaiting,
  indicate,
  raise,
  refuse,
  stay,
  withoutTimer,
  withTimer,
  NO_TIMERS,
} from "./moves.ts";
import { anywhere } from "./anywhere.ts";
import { forced } from "./doubt.ts";
import { BY_MODE, holdOpen } from "./hold.ts";
import { cashTooLate, mayBeLeaving, nothingToReset } from "./passage.ts";
import { addRead, keepRead, readsOf } from "./reads.ts";
import { identified } from "./record.ts";
import { rest, setModeAtRest, turnIfClear } from "./rest.ts";

/** The rows before an opening is granted, as far as entry and exit share them. */

/** How long a refused vehicle waits before the question is asked again: a space may have come free. */
const ASK_AGAIN_MS = 5_000;
/** How long a lane at rest says that it was crossed, before it raises another alarm for that. */
const TELL_AGAIN_MS = 10_000;
/** What is shown or pressed so soon after an answer belongs to what was answered (edge case 49). */
const SAME_ACT_MS = 1_000;
/** So many refused codes of one vehicle are told of; who tries more of them fills no disk. */
const MAX_CODE_ALARMS = 3;

function beginTransaction(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.mode === "held_open") return holdOpen(lane, BY_MODE, ctx);
  const armed = enter(lane, "ARMED", ctx, { display: "Reading your plate" });
  return considerReads(withTimer(armed, "read", ctx.config.timers.readMs, ctx), ctx, false);
}

function considerReads(lane: Lane, ctx: StepContext, final: boolean): Step {
  const plate = ctx.vote(readsOf(lane, ctx), final);
  if (plate !== null) return ask(lane, plate, null, ctx);
  return stay(final ? { ...lane, display: canPrint(lane, ctx) ? PRESS : UNREAD } : lane);
}

const UNREAD = "Plate not read. Please wait for the attendant";
export const PRESS = "Press the button for a ticket";

/** Whether this lane gives tickets to vehicles going this way. */
function canPrint(lane: Lane, ctx: StepContext): boolean {
  return lane.direction === "entry" && !ctx.config.inner && ctx.config.ticket !== "never";
}

/**
 * Asks the store about a plate or what was shown, or about a stay that is known; the answer decides in the same turn.
 */
export function ask(
  lane: Lane,
  plate: string | null,
  credential: Credential | null,
  ctx: StepContext,
  stayId: StayId | null = lane.chosen?.stayId ?? null,
): Step {
  // Its timers live on: the answer may be to go on waiting, and the vehicle may be leaving meanwhile.
  const deciding = enter(lane, "DECIDING", ctx, { plate, credential, timers: lane.timers });
  return stay(deciding, {
    request: { purpose: "decide", direction: lane.direction, stayId, plate, credential },
  });
}

function readWhileArmed(lane: Lane, event: EventOf<"read">, ctx: StepContext): Step {
  // Once the reading time is over, every further read is judged by itself: better late than never.
  return considerReads(keepRead(lane, event.read), ctx, lane.timers.read === undefined);
}

/** Row 3: what is shown counts for a vehicle at the arm only (edge case 49: twice is once). */
export function show(lane: Lane, { credential }: EventOf<"credential">, ctx: StepContext): Step {
  if (isLeaving(lane)) return stay(lane);
  const again = lane.credential?.kind === credential.kind && lane.credential.text === credential.text;
  const justNow = lane.credential !== null && ctx.now.monotonicMs - lane.since.monotonicMs < SAME_ACT_MS;
  if (again || justNow) return stay(lane);
  const plate = ctx.vote(readsOf(lane, ctx), true);
  return ask({ ...lane, declines: 0, display: "", chosen: null }, plate, credential, ctx);
}

export function isLeaving({ inputs }: Lane): boolean {
  return inputs.arming === "off" && inputs.safety === "off";
}

/** The button asks for a ticket where there are any, with the plate if one was read. */
function press(lane: Lane, _event: object, ctx: StepContext): Step {
  if (!canPrint(lane, ctx) || isLeaving(lane)) return stay(lane);
  return ask(lane, lane.plate ?? ctx.vote(readsOf(lane, ctx), true), null, ctx);
}

function pressAgain(lane: Lane, event: object, ctx: StepContext): Step {
  return ctx.now.monotonicMs - lane.since.monotonicMs < SAME_ACT_MS ? stay(lane) : press(lane, event, ctx);
}

/**
 * Says no, and why. `found` is the vehicle's stay where it is known: an attendant may still let it out. What was
 * shown gets a signal of its own, but not each time the same is asked again.
 */
export function deny(
  lane: Lane,
  display: string,
  ctx: StepContext,
  { found = null, againMs = ASK_AGAIN_MS }: { found?: StayInHand | null; againMs?: number } = {},
): Step {
  const denied = enterWaiting(lane, "DENIED", ctx, { display, stay: found });
  const orders = display === lane.display ? [] : indicate(lane, "denied");
  return stay(withTimer(denied, "read", againMs, ctx), { orders });
}

/** Somebody paid for the stay of a vehicle that was refused, or put right what was wrong with it. */
export function dueChanged(lane: Lane, { stayId }: EventOf<"due_changed">, ctx: StepContext): Step {
  if (lane.stay?.stayId !== stayId) return stay(lane);
  return ask({ ...lane, display: "" }, lane.plate, lane.credential, ctx, stayId);
}

/** What was shown is signed wrongly, or is not for here or now. A reader that sees it on and on says nothing new. */
function codeRefused(lane: Lane, event: EventOf<"code_refused">): Step {
  return isLeaving(lane) ? stay(lane) : refuseCode(lane, event, event.reason);
}

export function refuseCode(lane: Lane, { reason }: EventOf<"code_refused">, display: string): Step {
  if (lane.display === display) return stay(lane);
  const told: Lane = { ...lane, display, refusedCodes: lane.refusedCodes + 1 };
  const alarmed = told.refusedCodes > MAX_CODE_ALARMS ? stay(told) : raise(told, "code_refused", reason);
  return andThen(alarmed, (l) => stay(l, { orders: [{ kind: "indicate", signal: "denied" }] }));
}

/** A plate that was read is a second way in for who has shown something that nobody knows. */
function askAgain(lane: Lane, _event: object, ctx: StepContext): Step {
  const { plate, credential } = lane;
  const read = plate ?? ctx.vote(readsOf(lane, ctx), true);
  if (read !== plate) return ask(lane, read, null, ctx);
  const asksAtAll = plate !== null || credential !== null || lane.chosen !== null || canPrint(lane, ctx);
  return asksAtAll ? ask(lane, plate, credential, ctx) : stay(lane);
}

function readWhileDenied(lane: Lane, event: EventOf<"read">, ctx: StepContext): Step {
  const kept = keepRead(lane, event.read);
  // A person has seen whose vehicle it is.
  if (lane.chosen !== null) return stay(kept);
  const plate = ctx.vote(
    readsOf(kept, ctx).filter((read) => read.plate !== lane.plate),
    false,
  );
  return plate === null ? stay(kept) : ask({ ...kept, declines: 0 }, plate, null, ctx);
}

/** Row 5: the vehicle left before anything was granted. */
function leaves(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.safety !== "off") return stay(lane);
  return rest({ ...lane, reads: [] }, ctx);
}

function crossesClosedLane(lane: Lane, _event: object, ctx: StepContext): Step {
  // Told once in a while: a loop that flaps must not fill the disk.
  if (lane.inputs.arming === "on" || lane.trouble !== null) return stay(lane);
  const trouble = "A loop behind the arming loop was crossed with the arm closed";
  return raise(withTimer({ ...lane, trouble }, "clear", TELL_AGAIN_MS, ctx), "wrong_way", trouble);
}

/** A lane that is to turn does so when its last loop is clear. */
const clears = (lane: Lane): Step => turnIfClear(lane);

const noVehicle: Handler<"vend"> = (lane) =>
  refuse(lane, "no_vehicle", "No vehicle is waiting at this lane: the arm opens for a vehicle only.");

/** Cells shared by every state in which the arm is closed and nothing is granted. */
const armClosed = {
  ...anywhere,
  safety_off: "ignored",
  behind_off: "ignored",
  arm_opened: "ignored",
  arm_closed: "ignored",
  arm_left_closed: forced,
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
  arming_off: (lane) => clears(withoutTimer(lane, "arm")),
  safety_on: crossesClosedLane,
  safety_off: clears,
  behind_on: crossesClosedLane,
  behind_off: clears,
  read: addRead,
  facts: identified,
  arm_due: beginTransaction,
  clear_due: (lane) => stay({ ...lane, trouble: null }),
  mode: setModeAtRest,
  vend: noVehicle,
} as const satisfies Row;

export const armedCells = {
  ...waitingCells,
  read: readWhileArmed,
  read_due: (lane, _event, ctx) => considerReads(lane, ctx, true),
  credential: show,
  code_refused: codeRefused,
  button_on: press,
  mode: setModeAtRest,
} as const satisfies Partial<Row>;

export const deniedCells = {
  ...waitingCells,
  read: readWhileDenied,
  read_due: askAgain,
  credential: show,
  code_refused: codeRefused,
  button_on: pressAgain,
  mode: setModeAtRest,
} as const satisfies Partial<Row>;

const busy = (lane: Lane): Step => refuse(lane, "lane_busy", "The lane is deciding.");

/** The store answers within the turn that asked, so only its answer can arrive here. */
export const decidingCells = {
  ...NO_TIMERS,
  pay_due: "unexpected",
  arming_on: "unexpected",
  arming_off: "unexpected",
  safety_on: "unexpected",
  safety_off: "unexpected",
  behind_on: "unexpected",
  behind_off: "unexpected",
  arm_opened: "unexpected",
  arm_closed: "unexpected",
  arm_left_closed: "unexpected",
  proven: "unexpected",
  lost: "unexpected",
  stale: "unexpected",
  button_on: "unexpected",
  fire_on: "unexpected",
  fire_off: "unexpected",
  stop_on: "unexpected",
  stop_off: "unexpected",
  key_on: "unexpected",
  key_off: "unexpected",
  credential: "unexpected",
  read: "unexpected",
  printed: "unexpected",
  print_failed: "unexpected",
  taken: "unexpected",
  terminal: "unexpected",
  device: "unexpected",
  output: "unexpected",
  outcome: "unexpected",
  mode: "unexpected",
  due_changed: "unexpected",
  code_refused: "unexpected",
  cash: cashTooLate,
  identify: busy,
  vend: noVehicle,
  reset: nothingToReset,
  hold: busy,
  turn: busy,
} as const satisfies Partial<Row>;
