import {
  slotOf,
  slotsOf,
  SLOT_MS,
  stillToCome,
  type RightsMove,
  type RightsRequest,
} from "./capacity-rights.ts";

/** The edge's side of the rights to spaces: what it may admit, what it gives, and what it asks back. */

export type RightsPolicy = {
  /** Of each place's spaces: kept for drive-ins when rights are given away. */
  readonly reservePercent: number;
  /** For so many hours the vehicles inside now are expected to be inside still. */
  readonly insideHours: number;
  /** Of each place's spaces: blocked for both sides, for those who stay longer than they said. */
  readonly bufferPercent: number;
};

export const DEFAULT_RIGHTS_POLICY: RightsPolicy = { reservePercent: 10, insideHours: 8, bufferPercent: 0 };

/** The facility or one of its zones, in one slot. */
export type PlaceInSlot = {
  readonly capacity: number;
  /** Of all the classes that lie in it. */
  readonly given: number;
  /** Vehicles inside now that are there on no reservation's time. */
  readonly driveIns: number;
};

function share(capacity: number, percent: number): number {
  return Math.ceil((capacity * percent) / 100);
}

/** Spaces that neither side has. */
export function blockedOf(capacity: number, { bufferPercent }: RightsPolicy): number {
  return share(capacity, bufferPercent);
}

/** Up to how many drive-ins the edge admits. Below zero where the capacity was lowered since: then nobody. */
export function edgeRights(place: Omit<PlaceInSlot, "driveIns">, policy: RightsPolicy): number {
  return place.capacity - blockedOf(place.capacity, policy) - place.given;
}

/**
 * Spaces of a place that are not the drive-ins'. A drive-in is admitted while the vehicles inside and these leave room.
 *
 * @param given in each of the slots that count.
 * @param arrived vehicles inside on the cloud's rights: they have theirs already.
 */
export function keptSpaces(
  capacity: number,
  given: readonly number[],
  arrived: number,
  policy: RightsPolicy,
): number {
  return Math.max(0, Math.max(0, ...given) + blockedOf(capacity, policy) - arrived);
}

/** What a place can do without in a slot: all but a reserve and, for the next hours, those who are inside. */
export function spareOf(place: PlaceInSlot, slot: number, nowMs: number, policy: RightsPolicy): number {
  const soon = slot <= nowMs + policy.insideHours * SLOT_MS;
  const expected = soon ? place.driveIns : 0;
  return Math.max(0, edgeRights(place, policy) - share(place.capacity, policy.reservePercent) - expected);
}

/**
 * What the edge gives to a request of the cloud: what it can spare in every slot of it that is not over.
 *
 * @param places of the class: the zone and what it lies in up to the facility, as they are in a slot; empty = the
 *   edge has no such class.
 * @returns null = nothing.
 */
export function answerRequest(
  request: RightsRequest,
  nowMs: number,
  places: (slot: number) => readonly PlaceInSlot[],
  policy: RightsPolicy,
): RightsMove | null {
  const range = stillToCome(request, nowMs);
  if (range === null) return null;
  const spare = slotsOf(range).flatMap((slot) => {
    const its = places(slot);
    return its.length === 0 ? [0] : its.map((place) => spareOf(place, slot, nowMs, policy));
  });
  const amount = Math.min(request.amount, ...spare);
  return amount > 0 ? { ...request, ...range, amount } : null;
}

/**
 * How many of the rights that the cloud gives back the edge takes: never more than it has given in any slot. A cloud
 * that was restored may give back again what it gave back before; it is told of the amount, and keeps the rest.
 */
export function takenBack(transfer: RightsMove, given: (slot: number) => number): number {
  return Math.min(transfer.amount, ...slotsOf(transfer).map(given));
}

/** How many more rights a place needs, to have half of its reserve left; 0 = enough. Nothing given, nothing to ask. */
export function shortageOf(place: PlaceInSlot, policy: RightsPolicy): number {
  const margin = Math.max(1, Math.floor(share(place.capacity, policy.reservePercent) / 2));
  const missing = place.driveIns + margin - edgeRights(place, policy);
  return Math.min(place.given, Math.max(0, missing));
}

/** The slots that drive-ins are admitted by: the one that is, and the next, because whoever comes in stays a while. */
export function slotsThatCount(nowMs: number): readonly [number, number] {
  const slot = slotOf(nowMs);
  return [slot, slot + SLOT_MS];
}
