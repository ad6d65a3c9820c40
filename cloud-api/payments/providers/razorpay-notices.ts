import { z } from "zod";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Webhook, WebhookReader, WebhookRefusal } from "../provider-event.ts";
import { withoutPayer } from "../redact.ts";
import type { ProviderNotice } from "./contract.ts";
import { OUR_PAYMENT, ourId, paymentSchema, qrSchema, readRefund, stateOf } from "./razorpay-states.ts";

const payloadSchema = z.object({
  payload: z.object({
    payment: z.object({ entity: z.unknown() }).optional(),
    refund: z.object({ entity: z.unknown() }).optional(),
    qr_code: z.object({ entity: z.unknown() }).optional(),
  }),
});

/**
 * What a webhook of Razorpay says of an order or a QR code of ours, of a refund, or (by its notes) of a payment that
 * another program began for a stay.
 */
export function readRazorpayNotice(
  reader: WebhookReader,
  webhook: Webhook,
): Result<ProviderNotice, WebhookRefusal> {
  const read = reader.read(webhook);
  if (!read.ok) return err(read.error);
  const { eventId, kind, payment, payload } = read.value;
  const base = { eventId, kind, payload: withoutPayer(payload) };
  if (payment !== null) return ok({ ...base, told: { type: "stay", payment } });
  return ok({ ...base, told: readTold(kind, payload) });
}

function readTold(kind: string, payload: unknown): ProviderNotice["told"] {
  const entities = payloadSchema.safeParse(payload);
  if (!entities.success) return null;
  const { payment, refund, qr_code } = entities.data.payload;
  if (kind.startsWith("refund.")) {
    const told = readRefund(refund?.entity);
    return told === null ? null : { type: "refund", ...told };
  }
  if (!kind.startsWith("payment.") && kind !== "order.paid" && kind !== "qr_code.credited") return null;
  const paid = paymentSchema.safeParse(payment?.entity);
  if (!paid.success) return null;
  const qr = qrSchema.safeParse(qr_code?.entity);
  const reference = qr.success ? qr.data.id : paid.data.order_id;
  if (reference == null) return null;
  const paymentId = ourId(qr.success ? qr.data.notes : paid.data.notes, OUR_PAYMENT);
  const { currency } = paid.data;
  return {
    type: "payment",
    paymentId,
    state: stateOf({ reference, currency, method: "online" }, [paid.data], {}),
  };
}
