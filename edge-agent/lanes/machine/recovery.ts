import type { Credit, GateRecord } from "@parkme/shared/domain/gate-record";
import type { EventOf, Handler, Lane, Row, Step, StepContext } from "./model.ts";
import { andThen, DONE, enter, inputsKnown, over, passageUnderWay, raise, refuse, stay } from "./moves.ts";
import { anywhere } from "./anywhere.ts";
import { crossingCells, isLatched, latched } from "./crossing.ts";
import { doubtState, giveUp, goStale, losesSightHere, sees } from "./doubt.ts";
import { claim, endPassage, resolve } from "./fate.ts";
import { BY_FIRE, burns, holdOpen, holdRecord, keyHolds, newPassage, NO_INPUTS, standOpen } from "./hold.ts";
import { cashTooLate, enterClearing, enterPassing, grant, startPassing, vouched } from "./passage.ts";
import { identified, resetBy } from "./record.ts";
import { addRead } from "./reads.ts";
import { restQuietly } from "./rest.ts";

/** The rows of doubt: after a start, a lost line or a fault. Nothing moves here but by a person or a vehicle. */

/** Inputs are proven: finds out what became of the vehicle in doubt, then takes up the lane where it stands. */
function settle(lane: Lane, _event: object, ctx: StepContext): Step {
  const armClosed = lane.inputs.closed_limit === "on";
  if (lane.inputs.safety === "on" && !armClosed) return resumePassing(lane, ctx);
  const gone = lane.inputs.safety === "on" ? stay(lane) : over(lane, "stuck");
  return andThen(gone, (g) =>
    andThen(endPassage(claim(g), ctx), (ended) =>
      andThen(resolve(ended, armClosed, ctx), (resolved) =>
        armClosed ? restQuietly(resolved, ctx) : stay({ ...resolved, trouble: ARM_IS_OPEN }),
      ),
    ),
  );
}

const ARM_IS_OPEN =
  "The arm is open, and nobody vouched for the lane. Look at it, then press Reset to close it";

/** A vehicle is under the arm: the one that was there when sight was lost, or the one with the credit in doubt. */
function resumePassing(lane: Lane, ctx: StepContext): Step {
  const passage = lane.passage ?? newPassage(lane, lane.unresolved, ctx);
  // On both loops at once it is on its way through.
  const closingSeen = passage.closingSeen || lane.inputs.closing === "on";
  return enterPassing(lane, { ...passage, closingSeen }, ctx);
}

function closedByHand(lane: Lane, event: object, ctx: StepContext): Step {
  return inputsKnown(lane, ctx.config) ? settle(lane, event, ctx) : stay(lane);
}

/** The arm stands open and somebody drives through: uncontrolled, but recorded. */
function drivesThrough(lane: Lane, _event: object, ctx: StepContext): Step {
  return lane.inputs.closed_limit === "off" ? startPassing(lane, ctx, lane.unresolved) : stay(lane);
}

function drivesThroughFault(lane: Lane, event: EventOf<"safety_on">, ctx: StepContext): Step {
  // Without all its sensors the lane could not be closed behind the vehicle.
  if (!inputsKnown(lane, ctx.config) || passageUnderWay(lane) !== null)
    return crossingCells.safety_on(lane, event, ctx);
  return drivesThrough({ ...lane, passage: null }, event, ctx);
}

function resetUnknown(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  if (!inputsKnown(lane, ctx.config)) return refuse(lane, "inputs_unknown", NO_INPUTS);
  return andThen(resolve(lane, true, ctx), (resolved) =>
    vouched(enterClearing(resolved, null, ctx), event, ctx),
  );
}

function resetFault(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  return andThen(over(lane, "arm_fault"), (l) => resetFrom(l, event, ctx));
}

/** Out of a state that vehicles could cross in: what is written of them is done with. */
export function settleFrom(lane: Lane, event: object, ctx: StepContext): Step {
  return settle(enter(lane, "UNKNOWN", ctx, { passage: passageUnderWay(lane) }), event, ctx);
}

/** Row 35: the lane is unknown again, and settled at once where its inputs are known. */
export function resetFrom(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  const wrote = (step: Step): Step => ({ ...step, records: [...step.records, resetBy(event)], reply: DONE });
  if (inputsKnown(lane, ctx.config)) return wrote(settleFrom(lane, event, ctx));
  const { trouble } = lane;
  return wrote(giveUp(lane, doubtState(lane, ctx), trouble ?? NO_INPUTS, ctx));
}

/** Nobody is trapped by a fault: an attendant may try the arm again, for the vehicle whose credit is in doubt. */
export function vendAtFault(otherwise: Handler<"vend">): Handler<"vend"> {
  return (lane, event, ctx) => {
    if (!inputsKnown(lane, ctx.config)) return refuse(lane, "inputs_unknown", NO_INPUTS);
    if (passageUnderWay(lane) !== null) return refuse(lane, "lane_busy", "A vehicle is under the arm.");
    return lane.unresolved === null
      ? otherwise(lane, event, ctx)
      : vendWith(lane, lane.unresolved, [], event, ctx);
  };
}

/**
 * An arm whose sensors are dead is opened on an attendant's word, and not closed by the lane: it is held open. Who
 * was let through keeps the credit for its passage.
 */
export function vendDegraded(otherwise: Handler<"vend">): Handler<"vend"> {
  return (lane, event, ctx) => {
    const holder = { cause: "operator", actor: event.actor, reason: event.reason } as const;
    // The vehicle under the arm is accounted for already.
    if (passageUnderWay(lane) !== null) return withVend(holdOpen(lane, holder, ctx), event);
    const { unresolved } = lane;
    const vended =
      unresolved === null ? otherwise(lane, event, ctx) : vendWith(lane, unresolved, [], event, ctx);
    return {
      ...vended,
      lane: standOpen(vended.lane, holder, ctx),
      records: [...vended.records, holdRecord(true, holder)],
    };
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
  return withVend(grant(lane, credit, before, ctx), event);
}

/** Who opened, and why, with the command that did. */
function withVend(opened: Step, { actor, reason, idempotencyKey }: EventOf<"vend">): Step {
  const commandId = opened.commands[0]?.id;
  if (commandId === undefined) throw new Error("a vend without a command");
  const vended: GateRecord = { type: "vend", commandId, actor, reason, idempotencyKey };
  return { ...opened, records: [...opened.records, vended], reply: DONE };
}

/** What a person has to reset is not overtaken by what comes in before the lane sees again: {@link latched}. */
function fireBeforeSight(lane: Lane, event: object, ctx: StepContext): Step {
  return lane.alarms.includes("stopped") ? raise(lane, "fire", BY_FIRE.reason) : burns(lane, event, ctx);
}

function keyBeforeSight(lane: Lane, event: object, ctx: StepContext): Step {
  return isLatched(lane) ? stay(lane) : keyHolds(lane, event, ctx);
}

function staleBeforeSight(lane: Lane, event: EventOf<"stale">, ctx: StepContext): Step {
  if (!isLatched(lane)) return goStale(lane, event, ctx);
  return andThen(losesSightHere(lane, event), (l) => latched(l, ctx) ?? stay(l));
}

export const recoveryRows = {
  UNKNOWN: {
    ...anywhere,
    arming_on: "ignored",
    arming_off: "ignored",
    safety_on: drivesThrough,
    safety_off: "ignored",
    behind_on: "ignored",
    behind_off: "ignored",
    arm_opened: "ignored",
    arm_closed: closedByHand,
    arm_left_closed: "ignored",
    proven: (lane, event, ctx) => andThen(sees(lane), (l) => latched(l, ctx) ?? settle(l, event, ctx)),
    lost: (lane, { reason }) => raise({ ...lane, trouble: reason }, "sensor_stale", reason),
    stale: staleBeforeSight,
    fire_on: fireBeforeSight,
    key_on: keyBeforeSight,
    read: addRead,
    facts: identified,
    cash: cashTooLate,
    vend: (lane) =>
      refuse(lane, "lane_unknown", lane.trouble ?? "The lane is not proven yet: wait for its inputs."),
    reset: resetUnknown,
  },
  /** Without the vend, which differs by lane kind. */
  FAULT: {
    ...anywhere,
    ...crossingCells,
    safety_on: drivesThroughFault,
    cash: cashTooLate,
    reset: resetFault,
  },
} as const satisfies { readonly UNKNOWN: Row; readonly FAULT: Omit<Row, "vend"> };
