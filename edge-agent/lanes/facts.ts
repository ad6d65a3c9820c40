import type { Facility } from "@parkme/shared/domain/facility";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { Now } from "@parkme/shared/domain/clock";
import { parseTicketNumber, type StayId } from "@parkme/shared/domain/ids";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { Due } from "@parkme/shared/pricing/due";
import type { PricingRefusal } from "@parkme/shared/pricing/quote-model";
import { matchPlate } from "../plates/match.ts";
import type { InsideStay } from "../store/stays.ts";
import type { Store } from "../store/store.ts";
import type { EntryFacts, ExitFacts, Facts, FactsRequest, LaneConfig, Right } from "./machine/model.ts";
import { rightFor } from "./rights.ts";

export type FactSources = {
  readonly store: Pick<
    Store,
    | "occupancy"
    | "insideLike"
    | "stayByTicket"
    | "insideWith"
    | "insideUnder"
    | "rightsFor"
    | "stayAccount"
    | "pricedRight"
    | "listed"
    | "openAttemptsOf"
  >;
  readonly facility: Facility;
  readonly due: DueOf;
};

/** What a stay owes now, by the tariff that prices it. */
export type DueOf = (account: StayAccount, nowMs: number) => Result<Due, PricingRefusal>;

/** What a lane's place among the others and among the zones makes of a question. */
export type FactLane = Pick<LaneConfig, "name" | "inner" | "zones">;

/** Gathers what a lane machine asked for, from the store as it is now. */
export function gatherFacts(request: FactsRequest, lane: FactLane, now: Now, sources: FactSources): Facts {
  return request.direction === "entry"
    ? entryFacts(request, lane, now, sources)
    : exitFacts(request, lane, now, sources);
}

function entryFacts(request: FactsRequest, lane: FactLane, now: Now, sources: FactSources): EntryFacts {
  const { store } = sources;
  const { purpose, plate, credential } = request;
  const inside = lane.inner ? goingOn(request, sources) : alreadyInside(request, sources);
  const right = rightFor(request, inside?.stayId ?? null, now, sources);
  return {
    direction: "entry",
    purpose,
    plate,
    credential,
    full: fullPlace(lane, heldFor(right, inside), now, sources),
    right,
    listed: plate === null ? null : store.listed(plate),
    stay: inside === null ? null : stayOf(inside),
    neutral: inside?.neutral ?? false,
  };
}

/** The stay that goes on into another zone: found as an exit finds its own. */
function goingOn(request: FactsRequest, sources: FactSources): InsideStay | null {
  const matched = matchStay(request, sources);
  return matched.kind === "one" ? matched.stay : null;
}

/**
 * The stay that stands against letting this one in: of the same plate, or begun with the same card or code, or
 * under a right of it that lets in one vehicle only.
 */
function alreadyInside({ plate, credential }: FactsRequest, { store }: FactSources): InsideStay | null {
  const current = (stay: InsideStay): boolean => !stay.missedExit;
  // An entry compares plates exactly: a look-alike is another vehicle until somebody says otherwise.
  const same =
    plate === null
      ? undefined
      : store.insideLike(plate).find((stay) => stay.plate === plate && current(stay));
  if (same !== undefined) return same;
  if (credential === null || credential.kind === "ticket") return null;
  const shown = store.insideWith(credential).find(current);
  if (shown !== undefined) return shown;
  return store.insideUnder(credential).find(({ stay, shared }) => !shared && current(stay))?.stay ?? null;
}

/** A reservation does not stand in the way of its own holder. */
function heldFor(right: Right | null, inside: InsideStay | null): string | null {
  if (right?.kind === "reservation" && right.refused === null) return right.id;
  return inside?.right?.kind === "reservation" ? inside.right.id : null;
}

/** The place with no room for one more vehicle of this lane, innermost first, by its title. */
function fullPlace(
  lane: FactLane,
  exceptReservation: string | null,
  now: Now,
  { store, facility }: FactSources,
): string | null {
  const places = store.occupancy(now.wallMs, exceptReservation);
  const isFull = (name: string | null, capacity: number): boolean => {
    const place = places.get(name);
    return place !== undefined && place.inside + place.admitted + place.held >= capacity;
  };
  for (const { zone: name, by } of lane.zones) {
    const zone = by === 1 ? facility.zones.find((one) => one.name === name) : undefined;
    if (zone !== undefined && isFull(zone.name, zone.capacity)) return zone.title;
  }
  return !lane.inner && isFull(null, facility.capacity) ? facility.name : null;
}

function exitFacts(request: FactsRequest, lane: FactLane, now: Now, sources: FactSources): ExitFacts {
  const { purpose, plate, credential, stayId } = request;
  const facts = { direction: "exit", purpose, plate, credential, pricingRefusal: null } as const;
  const matched = stayId === null ? matchStay(request, sources) : matchById(stayId, sources);
  if (matched.kind !== "one") return { ...facts, match: matched };
  const stay = stayOf(matched.stay);
  if (lane.inner) return { ...facts, match: { kind: "one", stay, chargedAt: null } };
  const chargedAt = placeOfCharge(stay.stayId, lane.name, sources);
  const priced = price(stay.stayId, now, sources);
  return priced.ok
    ? { ...facts, match: { kind: "one", stay: { ...stay, due: priced.value }, chargedAt } }
    : { ...facts, match: { kind: "one", stay, chargedAt }, pricingRefusal: priced.error.message };
}

/** Edge case 20: where else a card may be charged for this stay. */
function placeOfCharge(stayId: StayId, lane: string, { store }: FactSources): string | null {
  return store.openAttemptsOf(stayId).find((attempt) => attempt.lane !== lane)?.lane ?? null;
}

/** Whoever is covered by a right for the whole stay owes nothing, even where no tariff is in force. */
function price(
  stayId: StayId,
  now: Now,
  { store, due }: FactSources,
): Result<NonNullable<StayInHand["due"]>, PricingRefusal> {
  const account = store.stayAccount(stayId);
  if (account === null) throw new Error("a stay that is inside has no account");
  const priced = due(account, now.wallMs);
  if (priced.ok) return ok({ quote: priced.value.quote, amountMinor: priced.value.amountMinor });
  if (priced.error.code !== "tariff_missing") return priced;
  // A pass is nothing without the tariff that knows it.
  const right = store.pricedRight(account, () => null);
  const covers = right?.kind === "covered" && (right.untilMs === null || now.wallMs <= right.untilMs);
  return covers ? ok({ quote: null, amountMinor: 0 }) : priced;
}

type Matched<Found> =
  Exclude<ExitFacts["match"], { kind: "one" }> | { readonly kind: "one"; readonly stay: Found };

/** The stay that an attendant named, or that the lane has in hand, while it may be inside. */
function matchById(stayId: StayId, { store }: FactSources): Matched<Omit<StayInHand, "due">> {
  const account = store.stayAccount(stayId);
  if (account === null) return { kind: "none" };
  const { status } = account;
  return status === "open" || status === "provisional"
    ? { kind: "one", stay: { ...account, status } }
    : { kind: "none" };
}

/** By what was shown, where that leads to a stay; else by the plate. */
function matchStay({ plate, credential }: FactsRequest, sources: FactSources): Matched<InsideStay> {
  const shown = credential === null ? [] : staysOf(credential, sources);
  if (shown.length > 0) return oneOf(shown);
  return plate === null ? { kind: "none" } : matchByPlate(plate, sources.store.insideLike(plate));
}

function staysOf(
  credential: NonNullable<FactsRequest["credential"]>,
  { store }: FactSources,
): readonly InsideStay[] {
  if (credential.kind === "ticket") {
    const number = parseTicketNumber(credential.text);
    const stay = number === null ? null : store.stayByTicket(number);
    return stay === null ? [] : [stay];
  }
  const begunWith = store.insideWith(credential);
  return begunWith.length > 0 ? begunWith : store.insideUnder(credential).map(({ stay }) => stay);
}

/** A stay whose vehicle came in again since is only considered when no other fits. */
function currentOf(stays: readonly InsideStay[]): readonly InsideStay[] {
  const current = stays.filter((inside) => !inside.missedExit);
  return current.length > 0 ? current : stays;
}

function oneOf(stays: readonly InsideStay[]): Matched<InsideStay> {
  const [first, ...others] = currentOf(stays);
  if (first === undefined) return { kind: "none" };
  return others.length === 0 ? { kind: "one", stay: first } : { kind: "several", count: others.length + 1 };
}

function matchByPlate(plate: string, alike: readonly InsideStay[]): Matched<InsideStay> {
  const match = matchPlate(plate, currentOf(alike));
  switch (match.kind) {
    case "exact":
    case "near":
      return { kind: "one", stay: match.stay };
    case "ambiguous":
      return { kind: "several", count: match.candidates.length };
    case "none":
      return { kind: "none" };
    default:
      return match satisfies never;
  }
}

function stayOf({
  stayId,
  ticketNumber,
  plate,
  entryWallMs,
  status,
  right,
}: Omit<StayInHand, "due">): StayInHand {
  return { stayId, ticketNumber, plate, entryWallMs, status, right, due: null };
}
