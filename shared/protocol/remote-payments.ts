import { z } from "zod";

/**
 * Money that drivers paid elsewhere for stays of a facility, told to its edge: `GET /api/edge/payments?after=N` with
 * the edge's bearer token answers {@link remotePaymentsSchema}: those after `N`, in their order, at most
 * {@link MAX_REMOTE_PAYMENTS}. Sequence numbers of a facility have no gaps, and a payment is told of when its money was
 * captured, never before. Applied twice, a payment counts once: `payment_id` is its key.
 */
export const MAX_REMOTE_PAYMENTS = 100;

export const REMOTE_METHODS = ["upi", "online"] as const;
export type RemoteMethod = (typeof REMOTE_METHODS)[number];

const remotePaymentSchema = z.object({
  seq: z.number().int().positive(),
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

export const remotePaymentsSchema = z.object({
  payments: z.array(remotePaymentSchema).max(MAX_REMOTE_PAYMENTS),
});
export type RemotePayments = z.infer<typeof remotePaymentsSchema>;
