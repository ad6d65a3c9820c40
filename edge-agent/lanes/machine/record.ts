import type { Credit, GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { MovementId, StayId } from "@parkme/shared/domain/ids";
import type { MovementKind, ReviewReason } from "@parkme/shared/domain/stay";
import type { EntryFacts, EventOf, Facts, Lane, Step, StepContext } from "./model.ts";
import { NO_TRANSACTION, stay } from "./moves.ts";
import { hasPassed, readsOfPassage } from "./reads.ts";

/** What is written down when a vehicle has passed, or has not. */

/** A provisional stay that begins now. */
export function newStay(plate: string | null, ctx: StepContext): StayInHand {
  return {
    stayId: ctx.mint.next<StayId>(ctx.now.wallMs),
    ticketNumber: ctx.mint.ticketNumber(),
    plate,
    entryWallMs: ctx.now.wallMs,
    status: "provisional",
    due: null,
  };
}

/** A credit whose vehicle did not pass: at an entry the stay it began is void; at an exit nothing happened. */
export function voidOf(credit: Credit | null, reason: string, ctx: StepContext): GateRecord[] {
  if (ctx.config.direction !== "entry" || credit === null || credit.stay === null) return [];
  return [{ type: "stay_voided", stayId: credit.stay.stayId, reason }];
}

/** A person vouched for the lane: written down with the name and the reason. */
export function resetBy({ actor, reason }: EventOf<"reset">): GateRecord {
  return { type: "reset", actor, reason };
}

/** A passage under a credit. */
export function creditedMovement(
  credit: Credit,
  kind: MovementKind,
  review: ReviewReason | null,
  ctx: StepContext,
): GateRecord[] {
  return movements(kind, credit.stay, credit.plate, review, ctx);
}

/**
 * Records the passage that just ended, exactly once. An uncontrolled passage is recorded under the plate that
 * was read, if any: the store is asked whose it is, and {@link identified} records the answer.
 */
export function commitPassage(lane: Lane, ctx: StepContext): Step {
  const { passage } = lane;
  const cleared = { ...lane, ...NO_TRANSACTION };
  if (passage === null) return stay(cleared);
  const { credit, review } = passage;
  if (credit !== null) {
    const records = creditedMovement(credit, credit.kind === "vend" ? "vend" : "normal", review, ctx);
    return stay(hasPassed(cleared, credit.plate, ctx), { records });
  }
  const plate = ctx.vote(readsOfPassage(lane, passage), true);
  if (plate === null) return stay(cleared, { records: uncontrolledMovement(null, null, ctx) });
  return stay(hasPassed(cleared, plate, ctx), { request: { purpose: "identify", plate } });
}

export function identified(lane: Lane, event: EventOf<"facts">, ctx: StepContext): Step {
  const { facts } = event;
  const missed = facts.direction === "entry" ? missedExit(facts) : [];
  return stay(lane, { records: [...missed, ...uncontrolledMovement(ownStay(facts), facts.plate, ctx)] });
}

/** A plate that comes in though it is inside must have left unseen: the older stay is put up for review. */
export function missedExit({ stay: older }: EntryFacts): GateRecord[] {
  if (older === null || older.status === "provisional") return [];
  return [{ type: "stay_review", stayId: older.stayId, review: "missed_exit" }];
}

function ownStay(facts: Facts): StayInHand | null {
  if (facts.direction === "exit") return facts.match.kind === "one" ? facts.match.stay : null;
  return facts.stay?.status === "provisional" ? facts.stay : null;
}

/** Whoever came in has a stay: nobody's car and nobody's money gets lost for want of a credit. */
function uncontrolledMovement(own: StayInHand | null, plate: string | null, ctx: StepContext): GateRecord[] {
  if (ctx.config.direction === "exit" || own !== null) return movements("tailgate", own, plate, null, ctx);
  const begun = newStay(plate, ctx);
  return [{ type: "stay_started", stay: begun }, ...movements("tailgate", begun, plate, null, ctx)];
}

function movements(
  kind: MovementKind,
  own: StayInHand | null,
  plate: string | null,
  review: ReviewReason | null,
  ctx: StepContext,
): GateRecord[] {
  const write = (direction: "in" | "out", how: MovementKind, why: ReviewReason | null): GateRecord => ({
    type: "movement",
    movementId: ctx.mint.next<MovementId>(ctx.now.wallMs),
    direction,
    kind: how,
    stayId: own?.stayId ?? null,
    plate: own?.plate ?? plate,
    review: why,
    quote: direction === "out" ? (own?.due?.quote ?? null) : null,
  });
  if (ctx.config.direction === "entry") return [write("in", kind, review)];
  const out = write("out", kind, review ?? (own === null ? "exit_without_entry" : null));
  // A vehicle that leaves has been inside, even if nobody saw it come in.
  return own?.status === "provisional" ? [write("in", "inferred", null), out] : [out];
}
