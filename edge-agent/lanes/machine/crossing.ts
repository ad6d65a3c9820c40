import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { EventOf, Lane, Passage, Row, Step, StepContext } from "./model.ts";
import { andThen, enter, over, passageUnderWay, stay, withoutTimer, withTimer } from "./moves.ts";
import { losesSightHere, sees } from "./doubt.ts";
import { claim, resolve } from "./fate.ts";
import { beginIfUnder } from "./hold.ts";
import { directionOf, isTrailer, stuck } from "./passage.ts";
import { addRead } from "./reads.ts";
import { identified, recordPassage, voidOf } from "./record.ts";

/**
 * Vehicles that cross while the lane stands as somebody left it: held open, stopped, at fault or without all its
 * sensors.
 * Each is recorded when the safety loop falls behind it; the state stays.
 */

function reaches(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.passage !== null && isTrailer(lane, lane.passage, ctx)) return stay(lane);
  const begun = beginIfUnder(lane, ctx);
  if (begun === lane) return stay(lane);
  return stay(withTimer(withoutTimer(begun, "back"), "stuck", ctx.config.timers.stuckMs, ctx));
}

function leaves(lane: Lane, _event: object, ctx: StepContext): Step {
  return andThen(over(lane, "stuck"), (l) => {
    const free = withoutTimer(l, "stuck");
    const passage = passageUnderWay(free);
    if (passage !== null) return endCrossing(free, passage, ctx);
    if (free.passage === null) return mayTurnBack(free, ctx);
    // The trailer of a vehicle that is written down already; another one may hang on it.
    return stay({ ...free, passage: { ...free.passage, endedMs: ctx.now.monotonicMs } });
  });
}

function endCrossing(lane: Lane, passage: Passage, ctx: StepContext): Step {
  const ended = { ...passage, credit: null, known: null, endedMs: ctx.now.monotonicMs };
  const after: Lane = { ...lane, passage: ended, review: null };
  if (isWrongWay(passage, lane)) return recordPassage(after, passage, opposite(lane.direction), ctx);
  switch (directionOf(passage, lane, ctx)) {
    case "forward":
      return recordOwn(after, passage, ctx);
    case "back":
      return stay(after, { records: voidOf(lane, passage.credit, "reversed", ctx) });
    case "unclear":
      return recordOwn(after, { ...passage, review: "direction_ambiguous" }, ctx);
  }
}

/** Whoever was taken to come from inside and went in all the same was the one in hand. */
function recordOwn(lane: Lane, passage: Passage, ctx: StepContext): Step {
  if (!passage.fromInside) return recordPassage(lane, passage, lane.direction, ctx);
  const credit = passage.credit ?? lane.credit ?? lane.unresolved;
  const claimed = { ...passage, credit, known: credit === null ? lane.stay : null };
  const spent = { ...lane, credit: null, unresolved: null, stay: null, plate: null };
  return recordPassage(spent, claimed, lane.direction, ctx);
}

/** Edge case 8: the loop behind the arm first, then the one before it, and nothing comes after. */
function isWrongWay({ fromInside, closingSeen }: Passage, { inputs }: Lane): boolean {
  return fromInside && !closingSeen && inputs.arming === "on" && inputs.closing === "off";
}

function opposite(direction: LaneDirection): LaneDirection {
  return direction === "entry" ? "exit" : "entry";
}

/** The vehicle that the arm was opened for drives back: its credit is void. */
function turnsBack(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.safety !== "off") return stay(lane);
  const records = voidOf(lane, lane.credit, "backed out", ctx);
  return stay({ ...lane, credit: null, stay: null, plate: null, review: null }, { records });
}

function mayTurnBack(lane: Lane, ctx: StepContext): Step {
  const inHand = lane.credit !== null || lane.stay !== null;
  const gone = lane.inputs.arming === "off" && lane.inputs.safety === "off";
  return stay(inHand && gone ? withTimer(lane, "back", ctx.config.timers.backMs, ctx) : lane);
}

function behind(lane: Lane, { input }: EventOf<"behind_on">): Step {
  if (input !== "closing" || lane.passage === null) return stay(lane);
  return stay({ ...lane, passage: { ...lane.passage, closingSeen: true } });
}

/** All is seen again. */
export function resight(lane: Lane, _event: object, ctx: StepContext): Step {
  return andThen(sees(lane), (l) => lookAgain(l, ctx));
}

/** Something is not seen any more, or something else. */
function losesSome(lane: Lane, event: EventOf<"stale">, ctx: StepContext): Step {
  return andThen(losesSightHere(lane, event), (l) => lookAgain(l, ctx));
}

/** A vehicle that was under the arm is there still, or has gone on. */
function lookAgain(lane: Lane, ctx: StepContext): Step {
  if (lane.inputs.safety === "on") return stay(beginIfUnder(lane, ctx));
  if (lane.inputs.safety === "unknown") return stay(lane);
  return andThen(over(withoutTimer(lane, "stuck"), "stuck"), (free) =>
    andThen(loseTrack(claim(free), ctx), (settled) =>
      andThen(resolve(settled, false, ctx), (known) => mayTurnBack(known, ctx)),
    ),
  );
}

function loseTrack(lane: Lane, ctx: StepContext): Step {
  const passage = passageUnderWay(lane);
  if (passage === null) return stay({ ...lane, passage: null });
  const gone: Lane = { ...lane, passage: null, review: null };
  if (passage.credit === null || passage.closingSeen)
    return recordPassage(gone, passage, lane.direction, ctx);
  return stay({ ...gone, review: passage.review, unresolved: passage.credit });
}

/**
 * STOP and fire outlive a restart: what a person has to reset is not forgotten because the power was. Nothing is
 * commanded; the arm stands as it stood. Null when neither lasts.
 */
export function latched(lane: Lane, ctx: StepContext): Step | null {
  const { alarms, passage } = lane;
  if (!isLatched(lane)) return null;
  const stopped = alarms.includes("stopped");
  const patch = stopped
    ? ({ trouble: "STOP was pressed" } as const)
    : ({ heldBy: "fire", trouble: "Held open: the fire alarm system opened the lane" } as const);
  return lookAgain(enter(lane, stopped ? "STOPPED" : "HELD_OPEN", ctx, { ...patch, passage }), ctx);
}

export function isLatched({ alarms }: Lane): boolean {
  return alarms.includes("stopped") || alarms.includes("fire");
}

export const crossingCells = {
  arming_on: (lane) => stay(withoutTimer(lane, "back")),
  arming_off: (lane, _event, ctx) => mayTurnBack(lane, ctx),
  safety_on: reaches,
  safety_off: leaves,
  behind_on: behind,
  behind_off: "ignored",
  arm_opened: reaches,
  arm_closed: "ignored",
  arm_left_closed: reaches,
  back_due: turnsBack,
  stuck_due: stuck,
  read: addRead,
  facts: identified,
  proven: resight,
  lost: losesSightHere,
  stale: losesSome,
} as const satisfies Partial<Row>;
