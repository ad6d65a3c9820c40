import { z } from "@hono/zod-openapi";
import { amountText, decimal, id, instantText, iso } from "../platform/fields.ts";
import type { SeenBooking } from "./bookings.queries.ts";
import type { BookedFacility } from "./deps.ts";
import { policyOf } from "./policy.ts";
import { opensAtMs, type BookingStatus } from "./rules.ts";

/** What a driver shows: at the gate, to the staff. */

export const ticketSchema = z
  .object({
    booking_id: id,
    ticket_number: z.string(),
    /** What is in the QR code. */
    qr_text: z.string(),
    facility: z.object({ id, name: z.string(), address: z.string(), time_zone: z.string() }),
    plate: z.string(),
    spot_number: z.string().nullable(),
    class: z.string().nullable(),
    zone: z.string().nullable(),
    /** From when on it lets in. */
    opens_at: instantText,
    entry_time: instantText,
    expected_exit: instantText,
    /** As the facility's clocks have it: `Wed, 15 Jul 2026, 14:00`. */
    entry_local: z.string(),
    exit_local: z.string(),
    price: amountText,
    currency: z.string(),
  })
  .openapi("BookingTicket");

export type Ticket = z.input<typeof ticketSchema>;

/** Those that let in, or out. */
export function hasTicket(status: BookingStatus): boolean {
  return status === "CONFIRMED" || status === "ACTIVE" || status === "COMPLETED";
}

export function ticketOf({ row, spotNumber }: SeenBooking, facility: BookedFacility): Ticket {
  const { timeZone } = facility;
  const opensAt = new Date(opensAtMs(row.entryTime.getTime(), policyOf(facility.bookingPolicy)));
  return {
    booking_id: row.id,
    ticket_number: row.ticketNumber,
    // A gate compares it with the code of its reservation, letter by letter.
    qr_text: row.ticketNumber,
    facility: { id: facility.id, name: facility.name, address: facility.address, time_zone: timeZone },
    plate: row.plate,
    spot_number: spotNumber,
    class: row.class,
    zone: row.zoneSlug,
    opens_at: iso(opensAt),
    entry_time: iso(row.entryTime),
    expected_exit: iso(row.expectedExit),
    entry_local: localText(row.entryTime, timeZone),
    exit_local: localText(row.expectedExit, timeZone),
    price: decimal(row.finalMinor ?? row.estimatedMinor, row.currency),
    currency: row.currency,
  };
}

function localText(at: Date, timeZone: string): string {
  return at.toLocaleString("en-GB", {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
}
