import { z } from "zod";
import { ProviderError, type PaymentState, type ProviderStatus, type RefundState } from "./contract.ts";
import { fromStripe } from "./stripe-money.ts";

/** What Stripe's objects say, in our words. They come from answers and from webhooks: both pass these schemas. */

const id = z.string().min(1).max(255);
/** An object or its id. */
const idOf = z.union([id, z.object({ id }).transform((object) => object.id)]);
const amount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const currency = z.string().length(3).toUpperCase();
const metadata = z.record(z.string(), z.string()).nullish();

const intentSchema = z.object({
  object: z.literal("payment_intent"),
  id,
  status: z.string(),
  amount,
  amount_received: amount.nullish(),
  currency,
  client_secret: z.string().max(500).nullish(),
  latest_charge: idOf.nullish(),
  last_payment_error: z.object({ code: z.string().nullish(), decline_code: z.string().nullish() }).nullish(),
  metadata,
});

const refundSchema = z.object({
  object: z.literal("refund"),
  id,
  status: z.string().nullish(),
  amount,
  currency,
  created: z.number().int(),
  payment_intent: idOf.nullish(),
  charge: idOf.nullish(),
  metadata,
});

export const chargeSchema = z.object({
  object: z.literal("charge"),
  id,
  captured: z.boolean(),
  amount_captured: amount,
  currency,
  created: z.number().int(),
  payment_intent: idOf.nullish(),
  metadata,
});

/** The names of our ids in Stripe's metadata. */
export const OUR_PAYMENT = "parkme_payment_id";
export const OUR_FACILITY = "parkme_facility_id";
export const OUR_REFUND = "parkme_refund_id";

const STATUS: Readonly<Record<string, ProviderStatus>> = {
  requires_payment_method: "pending",
  requires_confirmation: "pending",
  requires_action: "pending",
  processing: "pending",
  requires_capture: "authorized",
  succeeded: "captured",
  canceled: "cancelled",
};

export type StripePayment = { readonly paymentId: string | null; readonly state: PaymentState };

/** @returns null where it is no payment intent that we understand: a status that we do not know is never success. */
export function readIntent(object: unknown, at: Date | null): StripePayment | null {
  const read = intentSchema.safeParse(object);
  if (!read.success) return null;
  const intent = read.data;
  const status = STATUS[intent.status];
  const received = fromStripe(intent.amount_received ?? intent.amount, intent.currency);
  if (status === undefined || received === null) return null;
  const failed = intent.last_payment_error;
  return {
    paymentId: ourId(intent.metadata?.[OUR_PAYMENT]),
    state: {
      reference: intent.id,
      charge: intent.latest_charge ?? null,
      status,
      method: "card",
      capturedMinor: status === "captured" ? received : null,
      currency: intent.currency,
      capturedAt: status === "captured" ? at : null,
      failure: failed == null ? null : (failed.decline_code ?? failed.code ?? "declined").slice(0, 80),
      client: intent.client_secret == null ? {} : { client_secret: intent.client_secret },
    },
  };
}

const REFUND_STATUS: Readonly<Record<string, RefundState["status"]>> = {
  pending: "pending",
  requires_action: "pending",
  succeeded: "done",
  failed: "failed",
  canceled: "failed",
};

export type StripeRefund = {
  readonly of: string;
  readonly refundId: string | null;
  readonly state: RefundState;
};

export function readRefund(object: unknown): StripeRefund | null {
  const read = refundSchema.safeParse(object);
  if (!read.success) return null;
  const refund = read.data;
  const status = REFUND_STATUS[refund.status ?? ""];
  const amountMinor = fromStripe(refund.amount, refund.currency);
  const of = refund.payment_intent ?? refund.charge;
  if (status === undefined || amountMinor === null || of == null) return null;
  const at = new Date(refund.created * 1_000);
  return {
    of,
    refundId: ourId(refund.metadata?.[OUR_REFUND]),
    state: { reference: refund.id, status, amountMinor, currency: refund.currency, at },
  };
}

/** An answer that is not what was asked for says nothing of what happened. */
export function understood<T>(value: T | null): T {
  if (value === null) throw new ProviderError("unreachable", "the answer was not understood");
  return value;
}

function ourId(text: string | undefined): string | null {
  const read = z.uuid().safeParse(text);
  return read.success ? read.data.toLowerCase() : null;
}
