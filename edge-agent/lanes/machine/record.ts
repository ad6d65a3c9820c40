import type { Credential } from "@parkme/shared/domain/credential";
import type { Credit, GateRecord, StayInHand, ZoneChange } from "@parkme/shared/domain/gate-record";
import type { MovementId, StayId } from "@parkme/shared/domain/ids";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { MovementKind, ReviewReason } from "@parkme/shared/domain/stay";
import { zoneInto } from "../zones.ts";
import type { EntryFacts, EventOf, Facts, Lane, Passage, Step, StepContext } from "./model.ts";
import { NO_TRANSACTION, stay } from "./moves.ts";
import { hasPassed, readsFromInside, readsOfPassage } from "./reads.ts";

/** What is written down when a vehicle has passed, or has not. */

/** A provisional stay that begins now. */
export function newStay(
  plate: string | null,
  ctx: StepContext,
  right: StayInHand["right"] = null,
): StayInHand {
  return {
    stayId: ctx.mint.next<StayId>(ctx.now.wallMs),
    ticketNumber: ctx.mint.ticketNumber(),
    plate,
    entryWallMs: ctx.now.wallMs,
    status: "provisional",
    right,
    due: null,
  };
}

/** The stay begins, with what was shown for it. */
export function stayStarted(stay: StayInHand, credential: Credential | null, ctx: StepContext): GateRecord {
  const { vehicle, zones } = ctx.config;
  const begun = { type: "stay_started", stay, credential, zone: zoneInto(zones) } as const;
  return vehicle === null ? begun : { ...begun, vehicle };
}

/**
 * A credit whose vehicle did not pass: at an entry the stay it began is void; at an exit nothing happened, nor
 * at a lane within the facility, where no stay begins.
 */
export function voidOf(lane: Lane, credit: Credit | null, reason: string, ctx: StepContext): GateRecord[] {
  if (lane.direction !== "entry" || ctx.config.inner || credit === null || credit.stay === null) return [];
  return [{ type: "stay_voided", stayId: credit.stay.stayId, reason }];
}

/** A person vouched for the lane: written down with the name and the reason. */
export function resetBy({ actor, reason }: EventOf<"reset">): GateRecord {
  return { type: "reset", actor, reason };
}

type Crossing = {
  readonly direction: LaneDirection;
  readonly kind: MovementKind;
  readonly review: ReviewReason | null;
};

/** A passage under a credit. */
export function creditedMovement(
  lane: Lane,
  credit: Credit,
  { kind, review }: Pick<Crossing, "kind" | "review">,
  ctx: StepContext,
): GateRecord[] {
  return movements({ direction: lane.direction, kind, review }, credit.stay, credit.plate, ctx);
}

/**
 * Records the passage that just ended, exactly once, and forgets the vehicle. Whose an uncontrolled passage was
 * is asked of the store where a plate was read: {@link identified} records the answer.
 */
export function commitPassage(lane: Lane, ctx: StepContext): Step {
  const { passage } = lane;
  const cleared = { ...lane, ...NO_TRANSACTION };
  return passage === null ? stay(cleared) : recordPassage(cleared, passage, lane.direction, ctx);
}

/** Records one passage in the direction that the loops told of. */
export function recordPassage(
  lane: Lane,
  passage: Passage,
  direction: LaneDirection,
  ctx: StepContext,
): Step {
  const { credit, known, review, kind } = passage;
  if (credit !== null) {
    const how = { kind: credit.kind === "vend" ? "vend" : "normal", review } as const;
    return stay(hasPassed(lane, credit.plate, ctx), { records: creditedMovement(lane, credit, how, ctx) });
  }
  const crossing = { direction, kind, review };
  if (known !== null)
    return stay(hasPassed(lane, known.plate, ctx), { records: movements(crossing, known, null, ctx) });
  const wrongWay = direction !== lane.direction;
  const reads = wrongWay ? readsFromInside(lane, passage) : readsOfPassage(lane, passage);
  const plate = ctx.vote(reads, true);
  if (plate === null) return stay(lane, { records: uncontrolledMovement(crossing, null, null, ctx) });
  return stay(
    { ...hasPassed(lane, plate, ctx), identifying: passage },
    { request: { purpose: "identify", direction, stayId: null, plate, credential: null } },
  );
}

export function identified(lane: Lane, event: EventOf<"facts">, ctx: StepContext): Step {
  const { identifying } = lane;
  if (identifying === null) return stay(lane);
  const { facts } = event;
  const { kind, review } = identifying;
  const missed = facts.direction === "entry" && !ctx.config.inner ? missedExit(facts) : [];
  const crossing = { direction: facts.direction, kind, review };
  const own = ownStay(facts, ctx);
  const moved = uncontrolledMovement(crossing, own, facts.plate, ctx);
  return stay(spend({ ...lane, identifying: null }, own), { records: [...missed, ...moved] });
}

/** What was in hand for a stay that has moved without it is needed no more. */
function spend(lane: Lane, moved: StayInHand | null): Lane {
  if (moved === null) return lane;
  const isIts = (other: StayInHand | null | undefined): boolean => other?.stayId === moved.stayId;
  const { credit, unresolved } = lane;
  const inHand = isIts(credit?.stay) || isIts(lane.stay);
  const free = inHand ? { ...lane, credit: null, stay: null, plate: null } : lane;
  return isIts(unresolved?.stay) ? { ...free, unresolved: null } : free;
}

/** A plate that comes in though it is inside must have left unseen: the older stay is put up for review. */
export function missedExit({ stay: older }: EntryFacts): GateRecord[] {
  if (older === null || older.status === "provisional") return [];
  return [{ type: "stay_review", stayId: older.stayId, review: "missed_exit" }];
}

function ownStay(facts: Facts, ctx: StepContext): StayInHand | null {
  if (facts.direction === "exit") return facts.match.kind === "one" ? facts.match.stay : null;
  return ctx.config.inner || facts.stay?.status === "provisional" ? facts.stay : null;
}

/** Whoever came in has a stay: nobody's car and nobody's money gets lost for want of a credit. */
function uncontrolledMovement(
  crossing: Crossing,
  own: StayInHand | null,
  plate: string | null,
  ctx: StepContext,
): GateRecord[] {
  if (crossing.direction === "exit" || ctx.config.inner || own !== null)
    return movements(crossing, own, plate, ctx);
  const begun = newStay(plate, ctx);
  return [stayStarted(begun, null, ctx), ...movements(crossing, begun, plate, ctx)];
}

function movements(
  { direction, kind, review }: Crossing,
  own: StayInHand | null,
  plate: string | null,
  ctx: StepContext,
): GateRecord[] {
  const { inner, zones } = ctx.config;
  const write = (
    way: "in" | "out",
    how: MovementKind,
    changes: readonly ZoneChange[],
    why: ReviewReason | null,
  ): GateRecord => ({
    type: "movement",
    movementId: ctx.mint.next<MovementId>(ctx.now.wallMs),
    direction: way,
    kind: how,
    scope: inner ? "zone" : "facility",
    zones: changes,
    stayId: own?.stayId ?? null,
    plate: own?.plate ?? plate,
    review: why,
    quote: way === "out" && !inner ? (own?.due?.quote ?? null) : null,
  });
  if (direction === "entry") return [write("in", kind, zones, review)];
  const gone = zones.map(({ zone, by }) => ({ zone, by: by === 1 ? -1 : 1 }) as const);
  const stranger = own === null && !inner ? "exit_without_entry" : null;
  const out = write("out", kind, gone, review ?? stranger);
  // A vehicle that leaves has been inside, even if nobody saw it come in; by which lane, nobody knows.
  return own?.status === "provisional" && !inner ? [write("in", "inferred", [], null), out] : [out];
}
