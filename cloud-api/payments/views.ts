import { z } from "@hono/zod-openapi";
import { amountText, currency, decimal, instantText, iso, isoOrNull } from "../platform/fields.ts";
import { PAYMENT_STATUSES } from "../db/money-schema.ts";
import { PURPOSES } from "./effects.ts";
import type { ReconciliationRow } from "./ledger.queries.ts";
import type { PaymentRow } from "./payments.queries.ts";
import { PAYMENT_METHODS } from "./providers/contract.ts";
import type { Difference } from "./reconcile-rules.ts";
import type { RefundRow } from "./refunds.queries.ts";

/** Payments and refunds as the API shows them. */

export const paymentSchema = z
  .object({
    id: z.uuid(),
    facility_id: z.uuid(),
    purpose: z.enum(PURPOSES),
    subject_id: z.uuid(),
    provider: z.string(),
    method: z.enum(PAYMENT_METHODS),
    status: z.enum(PAYMENT_STATUSES),
    amount: amountText,
    captured: amountText,
    refunded: amountText,
    currency,
    /** The provider's own number. */
    reference: z.string().nullable(),
    failure: z.string().nullable(),
    made_at: instantText,
    changed_at: instantText,
    captured_at: instantText.nullable(),
  })
  .openapi("Payment");

/** With what the payer's program goes on with: a Stripe `client_secret`, a Razorpay `order_id`, a `upi_uri`, ... */
export const begunPaymentSchema = paymentSchema
  .extend({ client: z.record(z.string(), z.string()).nullable() })
  .openapi("BegunPayment");

export function paymentView(row: PaymentRow): z.input<typeof paymentSchema> {
  const { currency: code } = row;
  return {
    id: row.id,
    facility_id: row.facilityId,
    purpose: row.purpose,
    subject_id: row.subjectId,
    provider: row.provider,
    method: row.method,
    status: row.status,
    amount: decimal(row.amountMinor, code),
    captured: decimal(row.capturedMinor, code),
    refunded: decimal(row.refundedMinor, code),
    currency: code,
    reference: row.reference,
    failure: row.failure,
    made_at: iso(row.madeAt),
    changed_at: iso(row.changedAt),
    captured_at: isoOrNull(row.capturedAt),
  };
}

export const refundSchema = z
  .object({
    id: z.uuid(),
    payment_id: z.uuid(),
    /** `asked` = the provider has not answered yet; it is asked again by itself. */
    status: z.enum(["asked", "pending", "done", "failed"]),
    amount: amountText,
    currency,
    reason: z.string(),
    reference: z.string().nullable(),
    made_at: instantText,
    changed_at: instantText,
  })
  .openapi("Refund");

export function refundView(row: RefundRow): z.input<typeof refundSchema> {
  return {
    id: row.id,
    payment_id: row.paymentId,
    status: row.status,
    amount: decimal(row.amountMinor, row.currency),
    currency: row.currency,
    reason: row.reason,
    reference: row.reference,
    made_at: iso(row.madeAt),
    changed_at: iso(row.changedAt),
  };
}

export const reconciliationSchema = z
  .object({
    provider: z.string(),
    day: z.iso.date(),
    currency: z.string(),
    at: instantText,
    their_count: z.number().int(),
    their_total: amountText,
    our_count: z.number().int(),
    our_total: amountText,
    differences: z.array(
      z.object({
        reference: z.string(),
        kind: z.enum(["capture", "refund"]),
        facility_id: z.uuid().nullable(),
        theirs: amountText.nullable(),
        ours: amountText.nullable(),
      }),
    ),
  })
  .openapi("Reconciliation");

export function reconciliationView(row: ReconciliationRow): z.input<typeof reconciliationSchema> {
  const text = (minor: number | null) => (minor === null ? null : decimal(minor, row.currency));
  const differences = row.differences as readonly Difference[];
  return {
    provider: row.provider,
    day: row.day,
    currency: row.currency,
    at: iso(row.at),
    their_count: row.theirCount,
    their_total: decimal(row.theirMinor, row.currency),
    our_count: row.ourCount,
    our_total: decimal(row.ourMinor, row.currency),
    differences: differences.map(({ reference, kind, facility_id, theirs_minor, ours_minor }) => ({
      reference,
      kind,
      facility_id,
      theirs: text(theirs_minor),
      ours: text(ours_minor),
    })),
  };
}
