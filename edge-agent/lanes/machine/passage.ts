import type { Credit, GateRecord, LoopCounts } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, Passage, Row, Step, StepContext } from "./model.ts";
import {
  andThen,
  command,
  DONE,
  enter,
  firstTryFailed,
  guardsClear,
  indicate,
  mayClose,
  over,
  raise,
  refuse,
  stay,
  withoutTimer,
  withTimer,
} from "./moves.ts";
import { anywhere } from "./anywhere.ts";
import { fault } from "./doubt.ts";
import { BY_MODE, holdOpen, newPassage } from "./hold.ts";
import { addRead, othersWereRead } from "./reads.ts";
import { commitPassage, identified, resetBy, voidOf } from "./record.ts";
import { rest } from "./rest.ts";

/** The rows from the open command to the closed arm, the same for every lane. */

/** Grants one opening for one passage. The credit and everything about it is written before the arm moves. */
export function grant(lane: Lane, credit: Credit, records: readonly GateRecord[], ctx: StepContext): Step {
  const open = command("open", ctx, 1);
  const opening = enter(lane, "OPENING", ctx, {
    credit: { ...credit, countsAtGrant: countsBeforePassage(lane) },
    stay: credit.stay,
    plate: credit.plate,
    unresolved: null,
    passage: null,
    ticket: null,
    command: open.pending,
    display: lane.direction === "entry" ? "Welcome" : "Thank you. Drive safely",
  });
  const timed = withTimer(opening, "move", ctx.config.timers.moveMs, ctx);
  return stay(timed, { records, commands: [open.command], orders: indicate(lane, "granted") });
}

/** A vehicle that crept onto the safety loop before the grant was counted there already. */
export function countsBeforePassage({ counts, inputs }: Lane): LoopCounts | null {
  return counts === null || inputs.safety !== "on" ? counts : { ...counts, safety: counts.safety - 1 };
}

export function opened(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.safety === "on") return startPassing(lane, ctx);
  const open = withTimer(enter(lane, "OPEN", ctx), "noEntry", ctx.config.timers.noEntryMs, ctx);
  return stay(lane.inputs.arming === "off" ? withTimer(open, "back", ctx.config.timers.backMs, ctx) : open);
}

function openingOverdue(lane: Lane, event: object, ctx: StepContext): Step {
  // Without an open limit, an arm that left its closed limit and had its time is taken to be open.
  const { open_limit, closed_limit } = lane.inputs;
  const isOpen = ctx.config.wired.has("open_limit") ? open_limit === "on" : closed_limit === "off";
  if (isOpen) return opened(lane, event, ctx);
  return retryOrFault(lane, "open", "the arm did not open in time", ctx);
}

function openAnswered(lane: Lane, event: EventOf<"outcome">, ctx: StepContext): Step {
  if (event.outcome === "done" || lane.command?.id !== event.commandId) return stay(lane);
  return retryOrFault(lane, "open", `the open command failed: ${event.detail}`, ctx);
}

function closeAnswered(lane: Lane, event: EventOf<"outcome">, ctx: StepContext): Step {
  if (event.outcome === "done" || lane.command?.id !== event.commandId) return stay(lane);
  const why = `the close command failed: ${event.detail}`;
  // A close is never repeated onto a lane that is not proven clear any more (safety invariant 1).
  return mayClose(lane, ctx) ? retryOrFault(lane, "close", why, ctx) : fault(lane, why, ctx);
}

function retryOrFault(lane: Lane, action: "open" | "close", why: string, ctx: StepContext): Step {
  if (lane.command?.attempt !== 1) return fault(lane, why, ctx);
  const again = command(action, ctx, 2);
  const retried = withTimer({ ...lane, command: again.pending }, "move", ctx.config.timers.moveMs, ctx);
  return andThen(raise(retried, "command_refused", why), (l) => stay(l, { commands: [again.command] }));
}

/** Consumes the credit, if there is one: from here on this vehicle is passing, controlled or not. */
export function startPassing(lane: Lane, ctx: StepContext, credit: Credit | null = lane.credit): Step {
  return enterPassing(lane, newPassage(lane, credit, ctx), ctx);
}

export function enterPassing(lane: Lane, passage: Passage, ctx: StepContext): Step {
  // Whoever passes uses up what is in hand: there is one credit at a time.
  const own = { ...passage, credit: passage.credit ?? lane.credit ?? lane.unresolved };
  const passing = enter(lane, "PASSING", ctx, { credit: null, unresolved: null, passage: own });
  return stay(withTimer(passing, "stuck", ctx.config.timers.stuckMs, ctx));
}

/** Under an arm that is still down a vehicle only creeps; it passes once the arm has left its limit. */
function reachesArm(lane: Lane, _event: object, ctx: StepContext): Step {
  const underRaisedArm = lane.inputs.safety === "on" && lane.inputs.closed_limit === "off";
  return underRaisedArm ? startPassing(lane, ctx) : stay(lane);
}

function drivesOn(lane: Lane, _event: object, ctx: StepContext): Step {
  return startPassing(lane, ctx);
}

/** A vehicle on neither loop before the arm may be leaving. */
export function mayBeLeaving(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.arming !== "off") return stay(lane);
  return stay(withTimer(lane, "back", ctx.config.timers.backMs, ctx));
}

/** The vehicle left without ever reaching the arm: the credit is void, and so is the stay it began. */
function backsOut(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.safety !== "off") return stay(lane);
  return stay(enterClearing(lane, null, ctx), { records: voidOf(lane, lane.credit, "backed out", ctx) });
}

function leavesSafetyLoop(lane: Lane, _event: object, ctx: StepContext): Step {
  const { passage } = lane;
  if (passage === null) throw new Error("PASSING without a passage");
  return andThen(over(lane, "stuck"), (l) => {
    switch (directionOf(passage, l, ctx)) {
      case "forward":
        return stay(enterClearing(l, passage, ctx));
      case "back":
        return stay(enterClearing(l, null, ctx), { records: voidOf(l, passage.credit, "reversed", ctx) });
      case "unclear":
        return stay(enterClearing(l, { ...passage, review: "direction_ambiguous" }, ctx));
    }
  });
}

/** Rows 22 to 25. In doubt a vehicle has passed: a stay too many is found by a person, one too few by nobody. */
export function directionOf(passage: Passage, lane: Lane, ctx: StepContext): "forward" | "back" | "unclear" {
  const onArming = lane.inputs.arming === "on";
  if (ctx.config.wired.has("closing")) {
    if (passage.closingSeen) return "forward";
    // Under a vehicle in front that has not moved on, the closing loop says nothing of this one.
    return onArming && lane.inputs.closing === "off" ? "back" : "unclear";
  }
  // It came back, or it is in and the next vehicle has rolled up behind it.
  return onArming ? "unclear" : "forward";
}

export function enterClearing(lane: Lane, passage: Passage | null, ctx: StepContext): Lane {
  const ended = passage === null ? null : { ...passage, endedMs: ctx.now.monotonicMs };
  const patch = { credit: null, stay: null, display: "", passage: ended };
  return watchClear(enter(lane, "CLEARING", ctx, patch), ctx);
}

/** The clear time runs only while every guard is clear, and starts anew after each disturbance. */
function watchClear(lane: Lane, ctx: StepContext): Lane {
  return guardsClear(lane, ctx)
    ? withTimer(lane, "clear", ctx.config.timers.clearMs, ctx)
    : withoutTimer(lane, "clear");
}

function disturbed(lane: Lane, _event: object, ctx: StepContext): Step {
  return stay(watchClear(lane, ctx));
}

function closeIfClear(lane: Lane, _event: object, ctx: StepContext): Step {
  return andThen(commitPassage(lane, ctx), (done) => {
    if (done.mode === "held_open") return holdOpen(done, BY_MODE, ctx);
    if (!mayClose(done, ctx)) {
      const trouble =
        "The arm stays open until the safety loop is proven: press Reset when the lane is clear";
      return stay({ ...done, trouble });
    }
    if (done.inputs.closed_limit === "on") return rest(done, ctx);
    const close = command("close", ctx, 1);
    const closing = enter(done, "CLOSING", ctx, { command: close.pending });
    return stay(withTimer(closing, "move", ctx.config.timers.moveMs, ctx), { commands: [close.command] });
  });
}

/** Row 28: somebody follows on an opening that was not theirs. The passage before is committed first. */
function tailgates(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.passage !== null && isTrailer(lane, lane.passage, ctx))
    return enterPassing(lane, { ...lane.passage, endedMs: null }, ctx);
  return andThen(commitPassage(lane, ctx), (done) =>
    andThen(raise(done, "tailgate", "a vehicle followed without a credit of its own"), (l) =>
      startPassing(l, ctx),
    ),
  );
}

/**
 * Edge case 7: a gap over the safety loop, while what is before and behind the arm has not let go since the vehicle
 * came, is the one between a car and its trailer. A second vehicle that close is told by its plate alone.
 */
export function isTrailer(lane: Lane, passage: Passage, ctx: StepContext): boolean {
  const { endedMs, armingSinceMs, closingSeen } = passage;
  const gapMs = endedMs === null ? Infinity : ctx.now.monotonicMs - endedMs;
  const onAllLoops =
    closingSeen &&
    lane.inputs.closing === "on" &&
    armingSinceMs !== null &&
    lane.armingSinceMs === armingSinceMs;
  return onAllLoops && gapMs < ctx.config.timers.clearMs && !othersWereRead(lane, passage, ctx);
}

/** Safety invariant 2: an obstruction reopens within the same step, without any authorisation. */
function reopen(attempt: 1 | 2, why: Step, ctx: StepContext): Step {
  const open = command("open", ctx, attempt, true);
  return andThen(why, (l) => stay({ ...l, command: open.pending }, { commands: [open.command] }));
}

function obstructedUnderArm(lane: Lane, event: object, ctx: StepContext): Step {
  return andThen(startPassing(lane, ctx), (l) => obstructed(l, event, ctx));
}

function obstructedBehindArm(lane: Lane, event: object, ctx: StepContext): Step {
  return obstructed(enterClearing(lane, null, ctx), event, ctx);
}

function obstructed(lane: Lane, _event: object, ctx: StepContext): Step {
  return reopen(1, raise(lane, "obstruction", "reopened while closing"), ctx);
}

export function reopenAnswered(lane: Lane, event: EventOf<"outcome">, ctx: StepContext): Step {
  if (!firstTryFailed(lane, event)) return stay(lane);
  const why = raise(lane, "command_refused", `the opening failed: ${event.detail}`);
  return reopen(2, why, ctx);
}

function closed(lane: Lane, _event: object, ctx: StepContext): Step {
  return andThen(commitPassage(lane, ctx), (done) => rest(done, ctx));
}

export function stuck(lane: Lane): Step {
  const detail = "a vehicle has been under the arm for too long; the arm stays open";
  return raise({ ...lane, trouble: "Vehicle under the arm" }, "stuck", detail);
}

function noteClosingLoop(lane: Lane, event: EventOf<"behind_on">): Step {
  if (event.input !== "closing" || lane.passage === null) return stay(lane);
  return stay({ ...lane, passage: { ...lane.passage, closingSeen: true } });
}

/** Row 37's "operator OK": the person at the gate sees that the lane is clear and vouches for the loops. */
export function vouched(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  return stay(watchClear({ ...lane, loopsProven: true, trouble: null }, ctx), {
    records: [resetBy(event)],
    reply: DONE,
  });
}

export function cashTooLate(lane: Lane): Step {
  return refuse(lane, "not_paying", "The lane is not waiting for this payment. Nothing was taken.");
}

export function nothingToReset(lane: Lane): Step {
  return refuse(lane, "no_fault", "The lane is not at fault.");
}

/** Cells that are the same wherever a vehicle may be under the arm. */
const underWay = {
  ...anywhere,
  arming_on: "ignored",
  arming_off: "ignored",
  safety_on: drivesOn,
  safety_off: "ignored",
  behind_on: "ignored",
  behind_off: "ignored",
  arm_opened: "ignored",
  arm_closed: "ignored",
  arm_left_closed: "ignored",
  read: addRead,
  facts: "unexpected",
  cash: cashTooLate,
  vend: (lane) => refuse(lane, "lane_busy", "The arm is already open for a vehicle."),
  reset: nothingToReset,
} as const satisfies Row;

/** A vehicle may still turn round: its arming loop going clear starts the back-out time. */
const beforeTheArm = {
  ...underWay,
  arming_on: (lane) => stay(withoutTimer(lane, "back")),
  arming_off: mayBeLeaving,
  safety_off: mayBeLeaving,
  back_due: backsOut,
} as const satisfies Row;

export const passageRows = {
  OPENING: {
    ...beforeTheArm,
    safety_on: reachesArm,
    arm_left_closed: reachesArm,
    arm_opened: opened,
    move_due: openingOverdue,
    outcome: openAnswered,
  },
  OPEN: {
    ...beforeTheArm,
    noEntry_due: (lane) => stay({ ...lane, display: "Please drive on" }),
    arm_closed: (lane, _event, ctx) => fault(lane, "the arm closed by itself", ctx),
  },
  PASSING: {
    ...underWay,
    safety_on: "unexpected",
    safety_off: leavesSafetyLoop,
    behind_on: noteClosingLoop,
    stuck_due: stuck,
    outcome: reopenAnswered,
    facts: identified,
  },
  CLEARING: {
    ...underWay,
    safety_on: tailgates,
    safety_off: disturbed,
    behind_on: disturbed,
    behind_off: disturbed,
    arm_closed: closed,
    clear_due: closeIfClear,
    outcome: reopenAnswered,
    facts: identified,
    reset: vouched,
  },
  CLOSING: {
    ...underWay,
    safety_on: obstructedUnderArm,
    behind_on: obstructedBehindArm,
    arm_closed: closed,
    move_due: (lane, _event, ctx) => fault(lane, "the arm did not close in time", ctx),
    outcome: closeAnswered,
    facts: identified,
  },
} as const satisfies Record<"OPENING" | "OPEN" | "PASSING" | "CLEARING" | "CLOSING", Row>;
