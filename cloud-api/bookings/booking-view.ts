import { z } from "@hono/zod-openapi";
import { BOOKING_STATUSES, VEHICLE_TYPES } from "../db/bookings-schema.ts";
import { amountText, decimal, id, instantText, iso, isoOrNull } from "../platform/fields.ts";
import { dueMinorOf, type BookingRow } from "./booking-row.ts";

/** A booking as the API shows it. */
export const bookingSchema = z
  .object({
    id,
    facility_id: id,
    ticket_number: z.string(),
    status: z.enum(BOOKING_STATUSES),
    kind: z.enum(["reservation", "drive_in"]),
    vehicle_id: id.nullable(),
    plate: z.string(),
    vehicle_type: z.enum(VEHICLE_TYPES),
    /** Null = a space of the class, without a number. */
    spot_id: id.nullable(),
    spot_number: z.string().nullable(),
    class: z.string().nullable(),
    zone: z.string().nullable(),
    entry_time: instantText,
    expected_exit: instantText,
    /** Until when its spot is kept. */
    held_until: instantText,
    actual_entry: instantText.nullable(),
    actual_exit: instantText.nullable(),
    /** Since when it counts as staying over. */
    overstay_at: instantText.nullable(),
    /** The gate's stay. */
    stay_id: id.nullable(),
    estimated_price: amountText,
    /** Null until it is over. */
    final_price: amountText.nullable(),
    /** The part of the final price that the gate takes. */
    gate_price: amountText,
    paid: amountText,
    /** Still to be paid. */
    due: amountText,
    currency: z.string(),
    applied_rule: z.string(),
    tariff: z.string(),
    subscription_id: id.nullable(),
    cancel_reason: z.string().nullable(),
    made_at: instantText,
    /** Of one that is PENDING: it is lost then. */
    pay_by: instantText.nullable(),
  })
  .openapi("Booking");

export type BookingView = z.input<typeof bookingSchema>;

export function viewOf(row: BookingRow, spotNumber: string | null): BookingView {
  const amount = (minor: number): string => decimal(minor, row.currency);
  return {
    id: row.id,
    facility_id: row.facilityId,
    ticket_number: row.ticketNumber,
    status: row.status,
    kind: row.kind,
    vehicle_id: row.vehicleId,
    plate: row.plate,
    vehicle_type: row.vehicleType,
    spot_id: row.spotId,
    spot_number: row.spotId === null ? null : spotNumber,
    class: row.class,
    zone: row.zoneSlug,
    entry_time: iso(row.entryTime),
    expected_exit: iso(row.expectedExit),
    held_until: iso(row.heldUntil),
    actual_entry: isoOrNull(row.actualEntry),
    actual_exit: isoOrNull(row.actualExit),
    overstay_at: isoOrNull(row.overstayAt),
    stay_id: row.stayId,
    estimated_price: amount(row.estimatedMinor),
    final_price: row.finalMinor === null ? null : amount(row.finalMinor),
    gate_price: amount(row.gateMinor),
    paid: amount(row.paidMinor),
    due: amount(dueMinorOf(row)),
    currency: row.currency,
    applied_rule: row.appliedRule,
    tariff: row.tariff,
    subscription_id: row.subscriptionId,
    cancel_reason: row.cancelReason,
    made_at: iso(row.madeAt),
    pay_by: row.status === "PENDING" ? isoOrNull(row.dueAt) : null,
  };
}
