import type { Credit, GateRecord, LoopCounts } from "@parkme/shared/domain/gate-record";
import type { StayId } from "@parkme/shared/domain/ids";
import type { EventOf, Handler, Lane, Row, Step, StepContext } from "./model.ts";
import {
  DONE,
  enter,
  enterIdle,
  inputsKnown,
  NO_TRANSACTION,
  refuse,
  stay,
  andThen,
  NO_TIMERS,
} from "./moves.ts";
import {
  cashTooLate,
  enterClearing,
  enterPassing,
  grant,
  newPassage,
  startPassing,
  vouched,
} from "./passage.ts";
import { commitPassage, creditedMovement, identified, voidOf, resetBy } from "./record.ts";
import { addRead, hasPassed } from "./reads.ts";

/** The rows of doubt: after a start, a lost line or a fault. Nothing moves here but by a person or a vehicle. */

/** Inputs are proven: finds out what became of the vehicle in doubt, then takes up the lane where it stands. */
function settle(lane: Lane, _event: object, ctx: StepContext): Step {
  const armClosed = lane.inputs.closed_limit === "on";
  if (lane.inputs.safety === "on" && !armClosed) return resumePassing(lane, ctx);
  return andThen(endPassage(lane, ctx), (ended) =>
    andThen(resolve(ended, armClosed, ctx), (resolved) =>
      stay(armClosed ? enterIdle(resolved, ctx) : { ...resolved, trouble: ARM_IS_OPEN }),
    ),
  );
}

const ARM_IS_OPEN = "The arm is open after a restart. Look at the lane, then press Reset to close it";

/** A vehicle is under the arm: the one that was there when sight was lost, or the one with the credit in doubt. */
function resumePassing(lane: Lane, ctx: StepContext): Step {
  const passage = lane.passage ?? newPassage(lane, lane.unresolved, ctx);
  // On both loops at once it is on its way through.
  const closingSeen = passage.closingSeen || lane.inputs.closing === "on";
  return enterPassing(lane, { ...passage, closingSeen }, ctx);
}

/** The vehicle that was under the arm when sight was lost is not there any more. */
function endPassage(lane: Lane, ctx: StepContext): Step {
  const { passage } = lane;
  if (passage === null || passage.credit === null || passage.closingSeen) return commitPassage(lane, ctx);
  return stay({ ...lane, ...NO_TRANSACTION, unresolved: passage.credit });
}

/**
 * Settles the credit in doubt. While the arm is open and its vehicle may still stand before it, that is left to
 * the vehicle; `final` when it is not waited for.
 */
function resolve(lane: Lane, final: boolean, ctx: StepContext): Step {
  const credit = lane.unresolved;
  if (credit === null) return stay(lane);
  const settled = { ...lane, unresolved: null };
  switch (fateOf(credit, lane.counts, ctx)) {
    case "passed": {
      const records = creditedMovement(credit, "inferred", null, ctx);
      return stay(hasPassed(settled, credit.plate, ctx), { records });
    }
    case "never passed":
      return final ? stay(settled, { records: voidOf(credit, "never passed", ctx) }) : stay(lane);
    case "unknown": {
      if (!final && lane.inputs.arming === "on") return stay(lane);
      const { stay: own } = credit;
      return stay(settled, { records: own === null ? [] : [passageUnproven(own.stayId)] });
    }
  }
}

/**
 * What the board counted since the grant tells whether the vehicle passed. Without counts of the same boot
 * nobody knows: the stay is kept, marked for review, and the vehicle's next appearance settles it.
 */
function fateOf(
  { countsAtGrant: before }: Credit,
  counts: LoopCounts | null,
  ctx: StepContext,
): "passed" | "never passed" | "unknown" {
  if (before === null || counts === null || before.boot !== counts.boot) return "unknown";
  const underArm = counts.safety > before.safety;
  const behindArm = counts.closing > before.closing || !ctx.config.wired.has("closing");
  return underArm && behindArm ? "passed" : "never passed";
}

function passageUnproven(stayId: StayId): GateRecord {
  return { type: "stay_review", stayId, review: "passage_unproven" };
}

function closedByHand(lane: Lane, event: object, ctx: StepContext): Step {
  return inputsKnown(lane, ctx) ? settle(lane, event, ctx) : stay(lane);
}

/** The arm stands open and somebody drives through: uncontrolled, but recorded. */
function drivesThrough(lane: Lane, _event: object, ctx: StepContext): Step {
  return lane.inputs.closed_limit === "off" ? startPassing(lane, ctx, lane.unresolved) : stay(lane);
}

function resetUnknown(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  if (!inputsKnown(lane, ctx)) return refuse(lane, "inputs_unknown", NO_INPUTS);
  return andThen(resolve(lane, true, ctx), (resolved) =>
    vouched(enterClearing(resolved, null, ctx), event, ctx),
  );
}

const NO_INPUTS = "The board does not answer: check its power and line first.";

function resetFault(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  if (!inputsKnown(lane, ctx))
    return stay(enter(lane, "UNKNOWN", ctx, { trouble: lane.trouble }), {
      records: [resetBy(event)],
      reply: DONE,
    });
  return andThen(settle(enter(lane, "UNKNOWN", ctx), event, ctx), (l) =>
    stay(l, { records: [resetBy(event)], reply: DONE }),
  );
}

/** Nobody is trapped by a fault: an attendant may try the arm again, for the vehicle whose credit is in doubt. */
export function vendAtFault(otherwise: Handler<"vend">): Handler<"vend"> {
  return (lane, event, ctx) => {
    if (!inputsKnown(lane, ctx)) return refuse(lane, "inputs_unknown", NO_INPUTS);
    return lane.unresolved === null
      ? otherwise(lane, event, ctx)
      : vendWith(lane, lane.unresolved, [], event, ctx);
  };
}

/** Opens for one vehicle on an attendant's word. */
export function vendWith(
  lane: Lane,
  credit: Credit,
  before: readonly GateRecord[],
  event: EventOf<"vend">,
  ctx: StepContext,
): Step {
  const granted = grant(lane, credit, before, ctx);
  const commandId = granted.commands[0]?.id;
  if (commandId === undefined) throw new Error("a grant without a command");
  const { actor, reason, idempotencyKey } = event;
  const vended: GateRecord = { type: "vend", commandId, actor, reason, idempotencyKey };
  return { ...granted, records: [...granted.records, vended], reply: DONE };
}

const doubtful = {
  arming_on: "ignored",
  arming_off: "ignored",
  safety_on: drivesThrough,
  safety_off: "ignored",
  behind_on: "ignored",
  behind_off: "ignored",
  arm_opened: "ignored",
  arm_closed: "ignored",
  arm_left_closed: "ignored",
  proven: "ignored",
  lost: "ignored",
  read: addRead,
  facts: identified,
  ...NO_TIMERS,
  outcome: "ignored",
  cash: cashTooLate,
} as const;

export const recoveryRows = {
  UNKNOWN: {
    ...doubtful,
    proven: settle,
    arm_closed: closedByHand,
    lost: (lane, event) => stay({ ...lane, trouble: event.reason }),
    vend: (lane) =>
      refuse(lane, "lane_unknown", lane.trouble ?? "The lane is not proven yet: wait for its inputs."),
    reset: resetUnknown,
  },
  /** Without the vend, which differs by lane kind. */
  FAULT: { ...doubtful, reset: resetFault },
} as const satisfies { readonly UNKNOWN: Row; readonly FAULT: Omit<Row, "vend"> };
