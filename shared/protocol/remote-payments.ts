import { z } from "zod";

/**
 * Money that drivers paid elsewhere for stays of a facility: an item of its downlink (`payment`), put there when the
 * money was captured, never before. Applied twice, a payment counts once: `payment_id` is its key.
 */
export const REMOTE_METHODS = ["upi", "online"] as const;
export type RemoteMethod = (typeof REMOTE_METHODS)[number];

export const remotePaymentSchema = z.object({
  payment_id: z.uuid(),
  stay_id: z.uuid(),
  method: z.enum(REMOTE_METHODS),
  amount_minor: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  currency: z.string().regex(/^[A-Z]{3}$/),
  /** The provider's own number of the payment. */
  reference: z.string().min(1).max(80),
  captured_at: z.iso.datetime({ offset: true }),
});
export type RemotePayment = z.infer<typeof remotePaymentSchema>;
