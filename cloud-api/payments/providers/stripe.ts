import Stripe from "stripe";
import { z } from "zod";
import { err, ok } from "@parkme/shared/domain/result";
import { withoutPayer } from "../redact.ts";
import {
  ProviderError,
  PROVIDER_CONTRACT,
  type DayEntry,
  type KnownOrder,
  type PaymentState,
  type Provider,
  type ProviderConfig,
  type RefundOrder,
  type RefundState,
} from "./contract.ts";
import { readOptions, readSecrets } from "./options.ts";
import { fromStripe, toStripe } from "./stripe-money.ts";
import {
  chargeSchema,
  OUR_FACILITY,
  OUR_PAYMENT,
  OUR_REFUND,
  readIntent,
  readRefund,
  understood,
} from "./stripe-states.ts";

const optionsSchema = z.strictObject({
  /** Another address than Stripe's own, for tests. */
  api_base: z.url({ protocol: /^https?$/ }).optional(),
  timeout_ms: z.number().int().min(100).max(60_000).default(10_000),
});
const secretsSchema = z.strictObject({ api_key: z.string(), webhook: z.string() });

/** Payment intents of Stripe: the payer's program confirms them with the client secret, and no card number passes here. */
export function createProvider({ name, options, secrets }: ProviderConfig): Provider {
  const { api_base, timeout_ms } = readOptions(optionsSchema, options);
  const { api_key, webhook } = readSecrets(secretsSchema, secrets);
  const base = api_base === undefined ? null : new URL(api_base);
  const stripe = new Stripe(api_key, {
    timeout: timeout_ms,
    // Whoever asks decides whether to ask again.
    maxNetworkRetries: 0,
    telemetry: false,
    ...(base === null
      ? {}
      : { host: base.hostname, port: base.port, protocol: base.protocol === "http:" ? "http" : "https" }),
  });

  const intentOf = async (work: () => Promise<unknown>): Promise<PaymentState> =>
    understood(readIntent(await asked(work), null)).state;
  const status = async ({ reference }: KnownOrder) =>
    await intentOf(async () => await stripe.paymentIntents.retrieve(reference));

  return {
    name,
    methods: ["card"],
    currencies: null,
    canAuthorize: true,
    begin: async (order) =>
      await intentOf(
        async () =>
          await stripe.paymentIntents.create(
            {
              amount: toStripe(order.amountMinor, order.currency),
              currency: order.currency.toLowerCase(),
              capture_method: order.manualCapture ? "manual" : "automatic",
              automatic_payment_methods: { enabled: true },
              description: order.description,
              metadata: { [OUR_PAYMENT]: order.paymentId, [OUR_FACILITY]: order.facilityId },
            },
            { idempotencyKey: `begin-${order.paymentId}` },
          ),
      ),
    status,
    confirm: status,
    capture: async (order, amountMinor) =>
      await intentOf(
        async () =>
          await stripe.paymentIntents.capture(
            order.reference,
            { amount_to_capture: toStripe(amountMinor, order.currency) },
            { idempotencyKey: `capture-${order.paymentId}-${amountMinor}` },
          ),
      ),
    async cancel(order) {
      try {
        return await intentOf(async () => await stripe.paymentIntents.cancel(order.reference));
      } catch (error) {
        // Too late: it says what became of it instead.
        if (error instanceof ProviderError && error.kind === "refused") return await status(order);
        throw error;
      }
    },
    refund: async (order, refund) => await giveBack(stripe, order, refund),
    refundStatus: async (_, { reference }) =>
      understood(readRefund(await asked(async () => await stripe.refunds.retrieve(reference)))).state,
    entries: (from, until) => listEntries(stripe, from, until),
    readWebhook({ header, body }, now) {
      if (!isSigned(stripe, body, header("stripe-signature") ?? "", webhook, now)) return err("forged");
      const event = readEvent(body);
      return event === null ? err("malformed") : ok(event);
    },
  };
}

/** Older than this by its own word, a webhook is somebody's replay. */
const SIGNATURE_TOLERANCE_S = 300;

function isSigned(stripe: Stripe, body: Uint8Array, header: string, secret: string, now: Date): boolean {
  const { signature } = stripe.webhooks;
  if (signature === null) return false;
  try {
    const bytes = Buffer.from(body);
    return signature.verifyHeader(bytes, header, secret, SIGNATURE_TOLERANCE_S, undefined, now.getTime());
  } catch {
    return false;
  }
}

async function giveBack(stripe: Stripe, order: KnownOrder, refund: RefundOrder): Promise<RefundState> {
  // Stripe forgets keys after some days: what was asked for before is looked for.
  const before = refund.again ? await findRefund(stripe, order.reference, refund.refundId) : null;
  if (before !== null) return before;
  const answer = await asked(
    async () =>
      await stripe.refunds.create(
        {
          payment_intent: order.reference,
          amount: toStripe(refund.amountMinor, order.currency),
          reason: "requested_by_customer",
          metadata: { [OUR_REFUND]: refund.refundId, [OUR_PAYMENT]: order.paymentId },
        },
        { idempotencyKey: `refund-${refund.refundId}` },
      ),
  );
  return understood(readRefund(answer)).state;
}

async function findRefund(stripe: Stripe, reference: string, refundId: string): Promise<RefundState | null> {
  const { data } = await asked(
    async () => await stripe.refunds.list({ payment_intent: reference, limit: 100 }),
  );
  const found = data.map(readRefund).find((refund) => refund?.refundId === refundId);
  return found?.state ?? null;
}

async function* listEntries(stripe: Stripe, from: Date, until: Date): AsyncIterable<DayEntry> {
  const created = { gte: Math.ceil(from.getTime() / 1_000), lt: Math.ceil(until.getTime() / 1_000) };
  try {
    for await (const object of stripe.charges.list({ created, limit: 100 })) {
      const charge = chargeSchema.safeParse(object);
      // What is not ours is the business of others who use the same account.
      if (!charge.success || !charge.data.captured || charge.data.metadata?.[OUR_PAYMENT] === undefined)
        continue;
      const { id, currency, amount_captured } = charge.data;
      const amountMinor = fromStripe(amount_captured, currency) ?? amount_captured;
      const at = new Date(charge.data.created * 1_000);
      const of = charge.data.payment_intent ?? null;
      yield { kind: "capture", reference: id, of, ours: true, amountMinor, currency, at };
    }
    for await (const object of stripe.refunds.list({ created, limit: 100 })) {
      const refund = readRefund(object);
      if (refund?.state.status !== "done") continue;
      const { reference, amountMinor, currency, at } = refund.state;
      const ours = refund.refundId !== null;
      yield { kind: "refund", reference, of: refund.of, ours, amountMinor, currency, at: at ?? from };
    }
  } catch (error) {
    throw asProviderError(error);
  }
}

const eventSchema = z.object({
  object: z.literal("event"),
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(100),
  created: z.number().int().min(0).max(1e11),
  data: z.object({ object: z.unknown() }),
});

function readEvent(body: Uint8Array) {
  let payload: unknown;
  try {
    payload = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return null;
  }
  const event = eventSchema.safeParse(payload);
  if (!event.success) return null;
  const { id, type, created, data } = event.data;
  const base = { eventId: id, kind: type, payload: withoutPayer(payload) };
  if (type.startsWith("payment_intent.")) {
    const payment = readIntent(data.object, new Date(created * 1_000));
    return { ...base, told: payment === null ? null : ({ type: "payment", ...payment } as const) };
  }
  if (type.startsWith("refund.") || type === "charge.refund.updated") {
    const refund = readRefund(data.object);
    return { ...base, told: refund === null ? null : ({ type: "refund", ...refund } as const) };
  }
  return { ...base, told: null };
}

async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asProviderError(error);
  }
}

/** Only an answer that says no is a no: a failure over there, a key in use and too many requests are none. */
function asProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  if (!(error instanceof Stripe.errors.StripeError))
    return new ProviderError("unreachable", "Stripe gave no answer");
  const { statusCode, code } = error;
  const said = statusCode !== undefined && [400, 402, 404].includes(statusCode);
  const what = code ?? error.type;
  return new ProviderError(
    said ? "refused" : "unreachable",
    `Stripe: ${what} (${statusCode ?? "no answer"})`,
  );
}

export { PROVIDER_CONTRACT };
