import type { Credit, GateRecord, LoopCounts } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, Row, Step, StepContext } from "./model.ts";
import { DONE, enter, enterIdle, inputsKnown, NO_TRANSACTION, refuse, stay, andThen } from "./moves.ts";
import { cashTooLate, enterClearing, grant, startPassing, vouched } from "./passage.ts";
import { creditedMovement, identified, voidOf } from "./record.ts";
import { addRead } from "./reads.ts";

/** The rows of doubt: after a start, a lost line or a fault. Nothing moves here but by a person or a vehicle. */

/** Inputs are proven: finds out what became of the credit in doubt, then takes up the lane where it stands. */
function settle(lane: Lane, _event: object, ctx: StepContext): Step {
  const credit = lane.unresolved;
  if (lane.inputs.safety === "on" && lane.inputs.closed_limit === "off")
    return startPassing(lane, ctx, credit);
  const records = credit === null ? [] : resolve(credit, lane.counts, ctx);
  const resolved = { ...lane, ...NO_TRANSACTION, unresolved: null };
  if (lane.inputs.closed_limit === "on") return stay(enterIdle(resolved, ctx), { records });
  return stay({ ...resolved, trouble: ARM_IS_OPEN }, { records });
}

const ARM_IS_OPEN = "The arm is open after a restart. Look at the lane, then press Reset to close it";

/**
 * What the board counted since the grant tells whether the vehicle passed. Without counts of the same boot
 * nobody knows: the stay is kept, marked for review, and the vehicle's next appearance settles it.
 */
function resolve(credit: Credit, counts: LoopCounts | null, ctx: StepContext): GateRecord[] {
  const before = credit.countsAtGrant;
  if (before === null || counts === null || before.boot !== counts.boot) {
    if (credit.stay === null) return [];
    return [{ type: "stay_review", stayId: credit.stay.stayId, review: "passage_unproven" }];
  }
  const underArm = counts.safety > before.safety;
  const behindArm = counts.closing > before.closing || !ctx.config.wired.has("closing");
  return underArm && behindArm
    ? creditedMovement(credit, "inferred", null, ctx)
    : voidOf(credit, "never passed", ctx);
}

function closedByHand(lane: Lane, event: object, ctx: StepContext): Step {
  return inputsKnown(lane, ctx) ? settle(lane, event, ctx) : stay(lane);
}

/** The arm stands open and somebody drives through: uncontrolled, but recorded. */
function drivesThrough(lane: Lane, _event: object, ctx: StepContext): Step {
  return lane.inputs.closed_limit === "off" ? startPassing(lane, ctx, lane.unresolved) : stay(lane);
}

function resetUnknown(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  if (!inputsKnown(lane, ctx)) {
    return refuse(lane, "inputs_unknown", "The board does not answer: check its power and line first.");
  }
  return vouched(enterClearing(lane, null, ctx), event, ctx);
}

function resetFault(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  if (!inputsKnown(lane, ctx))
    return stay(enter(lane, "UNKNOWN", ctx, { trouble: lane.trouble }), { reply: DONE });
  return andThen(settle(enter(lane, "UNKNOWN", ctx), event, ctx), (l) => stay(l, { reply: DONE }));
}

/** Nobody is trapped by a fault: an attendant may try the arm again, for the vehicle whose credit is in doubt. */
function vendAtFault(lane: Lane, event: EventOf<"vend">, ctx: StepContext): Step {
  const credit: Credit = lane.unresolved ?? { kind: "vend", stay: null, plate: null, countsAtGrant: null };
  return vendWith(lane, credit, [], event, ctx);
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
  arm_due: "unexpected",
  read_due: "unexpected",
  back_due: "unexpected",
  clear_due: "unexpected",
  noEntry_due: "unexpected",
  stuck_due: "unexpected",
  move_due: "unexpected",
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
  FAULT: { ...doubtful, vend: vendAtFault, reset: resetFault },
} as const satisfies Record<"UNKNOWN" | "FAULT", Row>;
