import { and, eq } from "drizzle-orm";
import { bookings } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { facilities } from "../db/schema.ts";
import type { PurposeEffects } from "../payments/effects.ts";
import { priceMinorOf, dueOf, type BookingRow } from "./booking-row.ts";
import { changeBooking, lockBooking } from "./bookings.queries.ts";
import { auditBooking, tellBooking } from "./changing.ts";
import { policyOf } from "./policy.ts";
import { afterAct } from "./rules.ts";

/** What payments do to bookings. */
export const BOOKING_PAYMENTS: PurposeEffects = {
  owed: async (tx, { facilityId, subjectId }) => {
    const row = await read(tx, facilityId, subjectId);
    if (row === null) return null;
    return { userId: row.userId, amountMinor: Math.max(0, priceMinorOf(row)), currency: row.currency };
  },
  captured: async (tx, { facilityId, subjectId, amountMinor, paidBeforeMinor, currency }, now) => {
    const row = await lock(tx, facilityId, subjectId);
    if (row === null || row.currency !== currency) return "not_due";
    if (paidBeforeMinor + amountMinor > Math.max(0, priceMinorOf(row))) return "not_due";
    await pay(tx, row, paidBeforeMinor + amountMinor, now);
    return "booked";
  },
  refunded: async (tx, { facilityId, subjectId, leftMinor }, now) => {
    const row = await lock(tx, facilityId, subjectId);
    if (row !== null) await changeBooking(tx, row, { paidMinor: Math.max(0, leftMinor) }, now);
  },
};

/** A booking that waits for its money counts when all of it is there. */
async function pay(tx: Tx, row: BookingRow, paidMinor: number, now: Date): Promise<void> {
  const isWhole = paidMinor >= priceMinorOf(row);
  const status = isWhole ? afterAct(row.status, "pay") : null;
  if (status === null) {
    await changeBooking(tx, row, { paidMinor }, now);
    return;
  }
  const [facility] = await tx
    .select({ policy: facilities.bookingPolicy, organisationId: facilities.organisationId })
    .from(facilities)
    .where(eq(facilities.id, row.facilityId));
  if (facility === undefined) throw new Error("a booking's facility is gone");
  const dueAt = dueOf({ ...row, status }, policyOf(facility.policy));
  const paid = await changeBooking(tx, row, { paidMinor, status, dueAt, untold: true }, now);
  await auditBooking(tx, "pay", row, paid, facility.organisationId, now);
  await tellBooking(tx, paid, now);
}

async function read(tx: Db | Tx, facilityId: string, id: string): Promise<BookingRow | null> {
  const [row] = await tx
    .select()
    .from(bookings)
    .where(and(eq(bookings.facilityId, facilityId), eq(bookings.id, id)));
  return row ?? null;
}

async function lock(tx: Tx, facilityId: string, id: string): Promise<BookingRow | null> {
  const seen = await read(tx, facilityId, id);
  return seen === null ? null : await lockBooking(tx, seen);
}
