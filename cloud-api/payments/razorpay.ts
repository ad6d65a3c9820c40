import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { err, ok } from "@parkme/shared/domain/result";
import type { ProviderEvent, ProviderPayment, WebhookReader } from "./provider-event.ts";

/**
 * Razorpay's webhooks: `X-Razorpay-Signature` is the HMAC-SHA256 of the body with the webhook's secret, in hex, and
 * `x-razorpay-event-id` names the event (razorpay.com/docs/webhooks/validate-test). A payment says in its notes, which
 * we set when it is begun, what it is for. Amounts are in the smallest unit of the currency.
 */
const paymentEntity = z.object({
  id: z.string().min(1).max(80),
  amount: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  currency: z.string().regex(/^[A-Z]{3}$/),
  method: z.string().max(40).nullish(),
  notes: z.object({ facility_id: z.uuid().toLowerCase(), stay_id: z.uuid().toLowerCase() }),
});

const eventSchema = z.object({
  event: z.string().min(1).max(60),
  payload: z.object({ payment: z.object({ entity: z.unknown() }).optional() }).optional(),
});

const STATUS_OF: Readonly<Record<string, ProviderPayment["status"]>> = {
  "payment.authorized": "pending",
  "payment.failed": "failed",
  "payment.captured": "captured",
};

export function razorpayWebhooks(secret: string): WebhookReader {
  return {
    name: "razorpay",
    read: ({ header, body }) => {
      if (!isSigned(secret, body, header("x-razorpay-signature") ?? "")) return err("forged");
      const event = readEvent(body, header("x-razorpay-event-id") ?? "");
      return event === null ? err("malformed") : ok(event);
    },
  };
}

function isSigned(secret: string, body: Uint8Array, signature: string): boolean {
  if (!/^[0-9a-f]{64}$/i.test(signature)) return false;
  const expected = createHmac("sha256", secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(signature, "hex"));
}

function readEvent(body: Uint8Array, eventId: string): ProviderEvent | null {
  if (!/^[\x21-\x7e]{1,80}$/.test(eventId)) return null;
  const payload = parseJson(body);
  const event = eventSchema.safeParse(payload);
  if (!event.success) return null;
  const kind = event.data.event;
  const status = STATUS_OF[kind];
  if (status === undefined) return { eventId, kind, payment: null, payload };
  const entity = paymentEntity.safeParse(event.data.payload?.payment?.entity);
  // A payment that was not begun for a stay of ours, such as one by hand in the provider's own pages.
  if (!entity.success) return { eventId, kind, payment: null, payload };
  const { id, amount, currency, method, notes } = entity.data;
  const payment = {
    reference: id,
    status,
    method: method === "upi" ? ("upi" as const) : ("online" as const),
    amountMinor: amount,
    currency,
    facilityId: notes.facility_id,
    stayId: notes.stay_id,
  };
  return { eventId, kind, payment, payload };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
