import { z } from "@hono/zod-openapi";

const minutes = (max: number, usual: number) => z.number().int().min(0).max(max).default(usual);
const percent = (usual: number) => z.number().int().min(0).max(100).default(usual);

/** How a facility deals with bookings: `facilities.booking_policy`. What is left out is as everywhere. */
export const bookingPolicySchema = z
  .strictObject({
    /** How long before its time a booking lets in. */
    early_minutes: minutes(1_440, 15),
    /** Who has not come by then has lost the space. */
    no_show_after_minutes: minutes(1_440, 60).refine((n) => n > 0, "must be at least 1"),
    /** Of the booked time's price. */
    no_show_fee_percent: percent(100),
    /** Until so long before its time, a booking is cancelled for nothing. */
    cancel_free_until_minutes: minutes(43_200, 60),
    /** Of the booked time's price, when it is cancelled later. */
    cancel_fee_percent: percent(0),
    max_days_ahead: z.number().int().min(1).max(365).default(90),
    /** Of one booking, extensions included. */
    max_hours: z.number().int().min(1).max(720).default(336),
    /** Staying so much longer is let go. */
    overstay_grace_minutes: minutes(1_440, 15),
    /** A booking counts once it is paid. */
    pay_in_advance: z.boolean().default(false),
    /** So long a space is kept for who is paying. */
    pay_within_minutes: z.number().int().min(1).max(1_440).default(15),
  })
  .openapi("BookingPolicy");

export type BookingPolicy = z.output<typeof bookingPolicySchema>;

/** As everywhere. */
export const USUAL_POLICY: BookingPolicy = bookingPolicySchema.parse({});

/** Of what is stored, which was checked when it was written. @throws what is none. */
export function policyOf(stored: unknown): BookingPolicy {
  return stored === null || stored === undefined ? USUAL_POLICY : bookingPolicySchema.parse(stored);
}
