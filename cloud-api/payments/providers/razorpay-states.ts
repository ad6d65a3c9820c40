import { z } from "zod";
import type { PaymentMethod, PaymentState, ProviderStatus, RefundState } from "./contract.ts";

/** What Razorpay's objects say, in our words. They come from answers and from webhooks: both pass these schemas. */

const id = z.string().min(1).max(80);
const amount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const currency = z.string().regex(/^[A-Z]{3}$/);
/** An empty list where there are none. */
const notes = z
  .union([
    z.record(z.string(), z.unknown()),
    z.array(z.unknown()).transform((): Record<string, unknown> => ({})),
  ])
  .nullish();
const seconds = z.number().int().min(0).max(1e11);

export const paymentSchema = z.object({
  id,
  amount,
  currency,
  status: z.string(),
  order_id: id.nullish(),
  method: z.string().nullish(),
  error_code: z.string().nullish(),
  created_at: seconds,
  notes,
});
export type RazorpayPayment = z.infer<typeof paymentSchema>;

export const orderSchema = z.object({
  id,
  amount,
  currency,
  status: z.string(),
  receipt: z.string().nullish(),
  notes,
});

export const qrSchema = z.object({
  id,
  payment_amount: amount.nullish(),
  image_url: z.string().max(2_000).nullish(),
  /** Only where Razorpay switched it on for the account. */
  image_content: z.string().max(2_000).nullish(),
  close_reason: z.string().nullish(),
  notes,
});

const refundSchema = z.object({
  id,
  payment_id: id,
  amount,
  currency,
  status: z.string(),
  receipt: z.string().nullish(),
  created_at: seconds,
  notes,
});

export const OUR_PAYMENT = "payment_id";
export const OUR_REFUND = "refund_id";

export function ourId(held: z.infer<typeof notes>, name: string): string | null {
  const read = z.uuid().safeParse(held?.[name]);
  return read.success ? read.data.toLowerCase() : null;
}

const STATUS: Readonly<Record<string, ProviderStatus>> = {
  created: "pending",
  authorized: "authorized",
  captured: "captured",
  // What was given back later was captured first.
  refunded: "captured",
  // Another attempt may follow.
  failed: "pending",
};

/** Of an order, or of a QR code (`qr`): the one of its payments that counts most. */
export function stateOf(
  begun: { readonly reference: string; readonly currency: string; readonly method: PaymentMethod },
  payments: readonly RazorpayPayment[],
  client: PaymentState["client"],
): PaymentState {
  const known = payments.flatMap((payment) => {
    const status = STATUS[payment.status];
    return status === undefined ? [] : [{ payment, status }];
  });
  const best =
    known.find(({ status }) => status === "captured") ??
    known.find(({ status }) => status === "authorized") ??
    known.at(0);
  const status = best?.status ?? "pending";
  const captured = status === "captured";
  return {
    reference: begun.reference,
    charge: best === undefined || status === "pending" ? null : best.payment.id,
    status,
    method: best === undefined ? begun.method : methodOf(best.payment.method),
    capturedMinor: captured ? (best?.payment.amount ?? null) : null,
    currency: best?.payment.currency ?? begun.currency,
    capturedAt: captured && best !== undefined ? new Date(best.payment.created_at * 1_000) : null,
    failure: best?.payment.error_code?.slice(0, 80) ?? null,
    client,
  };
}

function methodOf(method: string | null | undefined): PaymentMethod {
  return method === "upi" || method === "card" ? method : "online";
}

const REFUND_STATUS: Readonly<Record<string, RefundState["status"]>> = {
  pending: "pending",
  processed: "done",
  failed: "failed",
};

export type RazorpayRefund = {
  readonly of: string;
  readonly refundId: string | null;
  readonly state: RefundState;
};

export function readRefund(object: unknown): RazorpayRefund | null {
  const read = refundSchema.safeParse(object);
  const status = read.success ? REFUND_STATUS[read.data.status] : undefined;
  if (!read.success || status === undefined) return null;
  const { id: reference, payment_id: of, amount: amountMinor, currency: code, created_at } = read.data;
  const at = new Date(created_at * 1_000);
  return {
    of,
    refundId: ourId(read.data.notes, OUR_REFUND),
    state: { reference, status, amountMinor, currency: code, at },
  };
}
