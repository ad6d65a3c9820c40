import { and, asc, desc, eq, gte, inArray, lt, ne, sql, type SQL } from "drizzle-orm";
import { bookings } from "../db/bookings-schema.ts";
import { transact, type Db, type Tx } from "../db/connection.ts";
import { spots } from "../db/places-schema.ts";
import { lockDownlink } from "../fleet/downlink.queries.ts";
import type { BookingRow } from "./booking-row.ts";
import type { BookingStatus } from "./rules.ts";

export type SeenBooking = { readonly row: BookingRow; readonly spotNumber: string | null };

const WITH_SPOT = { row: bookings, spotNumber: spots.number };
const ITS_SPOT = and(eq(spots.facilityId, bookings.facilityId), eq(spots.id, bookings.spotId));

/** Of whoever the transaction's walls show it to; null = nobody's, or another's. */
export async function readBooking(tx: Db | Tx, bookingId: string): Promise<SeenBooking | null> {
  const [found] = await tx
    .select(WITH_SPOT)
    .from(bookings)
    .leftJoin(spots, ITS_SPOT)
    .where(eq(bookings.id, bookingId));
  return found ?? null;
}

type BookingFilter = {
  /** One of the two. */
  readonly userId: string | null;
  readonly facilityId: string | null;
  readonly status?: BookingStatus | undefined;
  readonly kind?: BookingRow["kind"] | undefined;
  readonly plate?: string | undefined;
  readonly ticketNumber?: string | undefined;
  readonly spotId?: string | undefined;
  /** Of the entry time. */
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
};

/** Behind which a page begins. */
type BookingPlace = { readonly entryMs: number; readonly id: string };

/** The latest entry first; one more than `limit`, where there are more. */
export async function listBookings(
  tx: Tx,
  filter: BookingFilter,
  after: BookingPlace | null,
  limit: number,
): Promise<readonly SeenBooking[]> {
  const { userId, facilityId, status, kind, plate, ticketNumber, spotId, from, until } = filter;
  const conditions: (SQL | undefined)[] = [
    userId === null ? undefined : eq(bookings.userId, userId),
    facilityId === null ? undefined : eq(bookings.facilityId, facilityId),
    status && eq(bookings.status, status),
    kind && eq(bookings.kind, kind),
    plate === undefined ? undefined : eq(bookings.plate, plate),
    ticketNumber === undefined ? undefined : eq(bookings.ticketNumber, ticketNumber),
    spotId === undefined ? undefined : eq(bookings.spotId, spotId),
    from && gte(bookings.entryTime, from),
    until && lt(bookings.entryTime, until),
    after === null
      ? undefined
      : sql`(${bookings.entryTime}, ${bookings.id}) < (${new Date(after.entryMs).toISOString()}::timestamptz, ${after.id}::uuid)`,
  ];
  return await tx
    .select(WITH_SPOT)
    .from(bookings)
    .leftJoin(spots, ITS_SPOT)
    .where(and(...conditions))
    .orderBy(desc(bookings.entryTime), desc(bookings.id))
    .limit(limit + 1);
}

/** A booking, and what it holds. */
export type Located = Pick<BookingRow, "facilityId" | "id" | "spotId" | "saleId">;

/**
 * Locks a booking and what it holds, in the order of everybody: the facility (of rights), the spot, the booking.
 *
 * @param seen as it was read before.
 * @returns as it is now; null = it is gone, or holds something else.
 */
export async function lockBooking(tx: Tx, seen: Located): Promise<BookingRow | null> {
  const { facilityId, id, spotId, saleId } = seen;
  if (saleId !== null) await lockDownlink(tx, facilityId);
  if (spotId !== null)
    await tx
      .select({ id: spots.id })
      .from(spots)
      .where(and(eq(spots.facilityId, facilityId), eq(spots.id, spotId)))
      .for("update");
  const [row] = await tx.select().from(bookings).where(isBooking(seen)).for("update");
  if (row === undefined || row.id !== id) return null;
  return row.spotId === spotId && row.saleId === saleId ? row : null;
}

export type BookingPatch = Partial<Omit<BookingRow, "facilityId" | "id" | "changedAt" | "madeAt">>;

/** Changes a booking that is locked. */
export async function changeBooking(
  tx: Tx,
  row: Pick<BookingRow, "facilityId" | "id">,
  patch: BookingPatch,
  now: Date,
): Promise<BookingRow> {
  const [changed] = await tx
    .update(bookings)
    .set({ ...patch, changedAt: now })
    .where(isBooking(row))
    .returning();
  if (changed === undefined) throw new Error("a booking that is locked is gone");
  return changed;
}

/** When the next booking of a spot begins, behind the end of one; null = there is none. The spot is locked. */
export async function nextEntryAt(
  tx: Tx,
  { facilityId, spotId, id, expectedExit }: Pick<BookingRow, "facilityId" | "spotId" | "id" | "expectedExit">,
): Promise<Date | null> {
  if (spotId === null) return null;
  const [next] = await tx
    .select({ entryTime: bookings.entryTime })
    .from(bookings)
    .where(
      and(
        eq(bookings.facilityId, facilityId),
        eq(bookings.spotId, spotId),
        inArray(bookings.status, ["PENDING", "CONFIRMED", "ACTIVE"]),
        ne(bookings.id, id),
        gte(bookings.entryTime, expectedExit),
      ),
    )
    .orderBy(asc(bookings.entryTime))
    .limit(1);
  return next?.entryTime ?? null;
}

/** Another booking holds its spot at a time that it held or would hold. The spot is locked. */
export async function isSpotHeld(
  tx: Tx,
  { facilityId, spotId, id, entryTime, heldUntil }: BookingRow,
): Promise<boolean> {
  if (spotId === null) return false;
  const held = await tx
    .select({ id: bookings.id })
    .from(bookings)
    .where(
      and(
        eq(bookings.facilityId, facilityId),
        eq(bookings.spotId, spotId),
        inArray(bookings.status, ["PENDING", "CONFIRMED", "ACTIVE"]),
        ne(bookings.id, id),
        sql`tstzrange(${bookings.entryTime}, ${bookings.heldUntil}) && tstzrange(${entryTime.toISOString()}, ${heldUntil.toISOString()})`,
      ),
    )
    .limit(1);
  return held.length > 0;
}

/** Bookings that somebody has to look at, the oldest first. */
export async function dueBookings(db: Db, now: Date, limit: number): Promise<readonly Located[]> {
  const { facilityId, id, spotId, saleId, dueAt } = bookings;
  return await db
    .select({ facilityId, id, spotId, saleId })
    .from(bookings)
    .where(sql`${dueAt} <= ${now.toISOString()}::timestamptz`)
    .orderBy(asc(dueAt), asc(id))
    .limit(limit);
}

/** In a transaction, a booking locked as it is now. The word is passed on when another one changes it meanwhile. */
export async function withBooking<T>(
  db: Db,
  seen: Located,
  work: (tx: Tx, row: BookingRow) => Promise<T>,
): Promise<T | null> {
  return await transact(db, async (tx) => {
    const row = await lockBooking(tx, seen);
    return row === null ? null : await work(tx, row);
  });
}

function isBooking({ facilityId, id }: Pick<BookingRow, "facilityId" | "id">) {
  return and(eq(bookings.facilityId, facilityId), eq(bookings.id, id));
}
