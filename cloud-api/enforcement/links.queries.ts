import { and, desc, eq, gt, gte, inArray, isNull, lte, or } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { bookings } from "../db/bookings-schema.ts";
import { spots } from "../db/places-schema.ts";
import { stays } from "../db/schema.ts";

/** What a violation belongs to: a stay, a booking and its driver, a spot. */

/** A stay that began longer ago is not looked for: it would be one that the gate lost sight of. */
const LONGEST_STAY_MS = 14 * 86_400_000;

export type StayLink = { readonly stayId: string; readonly plate: string | null };
export type BookingLink = {
  readonly id: string;
  /** Null = somebody who has no account. */
  readonly userId: string | null;
  readonly plate: string;
  readonly spotId: string | null;
  readonly stayId: string | null;
};

export async function findStay(tx: Tx, facilityId: string, stayId: string): Promise<StayLink | null> {
  const [found] = await tx
    .select({ stayId: stays.stayId, plate: stays.plate })
    .from(stays)
    .where(and(eq(stays.facilityId, facilityId), eq(stays.stayId, stayId)));
  return found ?? null;
}

/** The stays of some ids, with their plates. */
export async function platesOfStays(
  tx: Tx,
  facilityId: string,
  stayIds: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (stayIds.length === 0) return new Map();
  const found = await tx
    .select({ stayId: stays.stayId, plate: stays.plate })
    .from(stays)
    .where(and(eq(stays.facilityId, facilityId), inArray(stays.stayId, [...stayIds])));
  return new Map(found.map(({ stayId, plate }) => [stayId, plate]));
}

/** The stay that a vehicle was on at a moment. */
export async function findStayOfPlate(
  tx: Tx,
  facilityId: string,
  plate: string,
  at: Date,
): Promise<StayLink | null> {
  const [found] = await tx
    .select({ stayId: stays.stayId, plate: stays.plate })
    .from(stays)
    .where(
      and(
        eq(stays.facilityId, facilityId),
        gte(stays.entryAt, new Date(at.getTime() - LONGEST_STAY_MS)),
        lte(stays.entryAt, at),
        or(isNull(stays.exitAt), gte(stays.exitAt, at)),
        inArray(stays.status, ["open", "closed"]),
        eq(stays.plate, plate),
      ),
    )
    .orderBy(desc(stays.entryAt))
    .limit(1);
  return found ?? null;
}

const BOOKING = {
  id: bookings.id,
  userId: bookings.userId,
  plate: bookings.plate,
  spotId: bookings.spotId,
  stayId: bookings.stayId,
};

export async function findBooking(
  tx: Tx,
  facilityId: string,
  bookingId: string,
): Promise<BookingLink | null> {
  const [found] = await tx
    .select(BOOKING)
    .from(bookings)
    .where(and(eq(bookings.facilityId, facilityId), eq(bookings.id, bookingId)));
  return found ?? null;
}

/** The booking that a stay was begun under. */
export async function findBookingOfStay(
  tx: Tx,
  facilityId: string,
  stayId: string,
): Promise<BookingLink | null> {
  const [found] = await tx
    .select(BOOKING)
    .from(bookings)
    .where(and(eq(bookings.facilityId, facilityId), eq(bookings.stayId, stayId)))
    .limit(1);
  return found ?? null;
}

/** The booking that a vehicle held at a moment. */
export async function findBookingOfPlate(
  tx: Tx,
  facilityId: string,
  plate: string,
  at: Date,
): Promise<BookingLink | null> {
  const [found] = await tx
    .select(BOOKING)
    .from(bookings)
    .where(
      and(
        eq(bookings.facilityId, facilityId),
        eq(bookings.plate, plate),
        inArray(bookings.status, ["CONFIRMED", "ACTIVE", "COMPLETED"]),
        lte(bookings.entryTime, at),
        gt(bookings.heldUntil, at),
      ),
    )
    .orderBy(desc(bookings.entryTime))
    .limit(1);
  return found ?? null;
}

export async function findSpot(
  tx: Tx,
  facilityId: string,
  spot: { readonly id: string } | { readonly number: string },
): Promise<{ readonly id: string; readonly number: string } | null> {
  const [found] = await tx
    .select({ id: spots.id, number: spots.number })
    .from(spots)
    .where(
      and(
        eq(spots.facilityId, facilityId),
        "id" in spot ? eq(spots.id, spot.id) : eq(spots.number, spot.number),
      ),
    );
  return found ?? null;
}

/** The numbers of some spots, by their ids. */
export async function numbersOfSpots(
  tx: Tx,
  of: readonly { readonly facilityId: string; readonly spotId: string | null }[],
): Promise<ReadonlyMap<string, string>> {
  const ids = of.flatMap(({ spotId }) => (spotId === null ? [] : [spotId]));
  if (ids.length === 0) return new Map();
  const facilityIds = [...new Set(of.map(({ facilityId }) => facilityId))];
  const found = await tx
    .select({ id: spots.id, number: spots.number })
    .from(spots)
    .where(and(inArray(spots.facilityId, facilityIds), inArray(spots.id, ids)));
  return new Map(found.map(({ id, number }) => [id, number]));
}
