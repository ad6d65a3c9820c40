import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { razorpayWebhooks } from "../razorpay.ts";
import { readRazorpayNotice } from "./razorpay-notices.ts";
import {
  ProviderError,
  PROVIDER_CONTRACT,
  type DayEntry,
  type KnownOrder,
  type Order,
  type PaymentState,
  type Provider,
  type ProviderConfig,
  type RefundOrder,
  type RefundState,
} from "./contract.ts";
import { readOptions, readSecrets } from "./options.ts";
import { asked, openRazorpay, type RazorpayAccount } from "./razorpay-client.ts";
import {
  orderSchema,
  OUR_PAYMENT,
  OUR_REFUND,
  ourId,
  paymentSchema,
  qrSchema,
  readRefund,
  stateOf,
} from "./razorpay-states.ts";

const optionsSchema = z.strictObject({
  /** Another address than Razorpay's own, for tests. */
  api_base: z.url({ protocol: /^https?$/ }).optional(),
  timeout_ms: z.number().int().min(100).max(60_000).default(10_000),
  currencies: z
    .array(z.string().regex(/^[A-Z]{3}$/))
    .min(1)
    .max(200)
    .default(["INR"]),
});
const secretsSchema = z.strictObject({ key_id: z.string(), key_secret: z.string(), webhook: z.string() });

/**
 * Razorpay: an order that the payer's program pays by its checkout (`online`), or a UPI QR code for one payment (`upi`).
 * Razorpay has no keys for orders and codes: what may have been made already is looked for by our id in it.
 */
export function createProvider({ name, options, secrets }: ProviderConfig): Provider {
  const { api_base, timeout_ms, currencies } = readOptions(optionsSchema, options);
  const { key_id, key_secret, webhook } = readSecrets(secretsSchema, secrets);
  const account: RazorpayAccount = {
    keyId: key_id,
    keySecret: key_secret,
    baseUrl: api_base?.replace(/\/$/, "") ?? null,
    timeoutMs: timeout_ms,
  };
  const razorpay = openRazorpay(account);
  const desk: Desk = { razorpay, account };
  const webhooks = razorpayWebhooks(webhook);

  return {
    name,
    methods: ["online", "upi"],
    currencies,
    canAuthorize: true,
    begin: async (order) =>
      order.method === "upi" ? await beginQr(desk, order) : await beginOrder(desk, order),
    status: async (order) => await statusOf(desk, order),
    async confirm(order, proof) {
      // What the checkout hands to the payer's program: a wrong one is nobody's payment.
      const { razorpay_payment_id: paymentId, razorpay_signature: signature } = proof;
      if (
        signature !== undefined &&
        !isCheckout(key_secret, `${order.reference}|${paymentId ?? ""}`, signature)
      )
        throw new ProviderError("refused", "the signature of the checkout is not Razorpay's");
      return await statusOf(desk, order);
    },
    async capture(order, amountMinor) {
      const { charge, status } = await statusOf(desk, order);
      if (charge === null || status !== "authorized")
        throw new ProviderError("refused", "there is nothing to capture");
      await asked(async () => await razorpay.payments.capture(charge, amountMinor, order.currency));
      return await statusOf(desk, order);
    },
    async cancel(order) {
      if (isQr(order)) await closeQr(desk, order);
      // An order cannot be closed: whoever pays it in spite of that gets the money back.
      const state = await statusOf(desk, order);
      return state.status === "captured" ? state : { ...state, status: "cancelled" };
    },
    refund: async (order, refund) => await giveBack(desk, order, refund),
    refundStatus: async (_, { reference }) =>
      understood(readRefund(await asked(async () => await razorpay.refunds.fetch(reference)))).state,
    entries: (from, until) => listEntries(desk, from, until),
    readWebhook: (hook) => readRazorpayNotice(webhooks, hook),
  };
}

type Desk = { readonly razorpay: ReturnType<typeof openRazorpay>; readonly account: RazorpayAccount };

const isQr = ({ reference }: KnownOrder) => reference.startsWith("qr_");

async function beginOrder({ razorpay, account }: Desk, order: Order): Promise<PaymentState> {
  const { paymentId, amountMinor, currency } = order;
  const made = await asked(async () => await razorpay.orders.all({ receipt: paymentId, count: 10 }));
  const before = listOf(orderSchema, made).find(({ receipt }) => receipt === paymentId);
  const object =
    before ??
    (await asked(
      async () =>
        await razorpay.orders.create({
          amount: amountMinor,
          currency,
          receipt: paymentId,
          notes: { [OUR_PAYMENT]: paymentId, facility: order.facilityId },
          payment: {
            capture: order.manualCapture ? "manual" : "automatic",
            capture_options: {
              automatic_expiry_period: 12,
              manual_expiry_period: 7_200,
              refund_speed: "normal",
            },
          },
        }),
    ));
  const { id: reference } = parsed(orderSchema, object);
  return stateOf({ ...order, reference }, [], { order_id: reference, key_id: account.keyId });
}

/** A code is good for an hour: nobody stands before one for longer. */
const QR_GOOD_S = 3_600;
const MAX_CODES_SEARCHED = 100;

async function beginQr({ razorpay }: Desk, order: Order): Promise<PaymentState> {
  const { paymentId, amountMinor, currency, madeAt } = order;
  const madeS = Math.floor(madeAt.getTime() / 1_000);
  const made = await asked(
    async () => await razorpay.qrCode.all({ from: madeS - 60, count: MAX_CODES_SEARCHED }),
  );
  const before = listOf(qrSchema, made).find(({ notes }) => ourId(notes, OUR_PAYMENT) === paymentId);
  const object =
    before ??
    (await asked(
      async () =>
        await razorpay.qrCode.create({
          type: "upi_qr",
          usage: "single_use",
          fixed_amount: true,
          payment_amount: amountMinor,
          description: order.description,
          close_by: madeS + QR_GOOD_S,
          notes: { [OUR_PAYMENT]: paymentId, facility: order.facilityId },
        }),
    ));
  const qr = parsed(qrSchema, object);
  return stateOf({ reference: qr.id, currency, method: "upi" }, [], clientOf(qr));
}

function clientOf({ image_url, image_content }: z.infer<typeof qrSchema>): PaymentState["client"] {
  return {
    ...(image_url == null ? {} : { qr_image_url: image_url }),
    ...(image_content == null ? {} : { upi_uri: image_content }),
  };
}

async function statusOf({ razorpay, account }: Desk, order: KnownOrder): Promise<PaymentState> {
  const { reference } = order;
  if (!isQr(order)) {
    const payments = await asked(async () => await razorpay.orders.fetchPayments(reference));
    return stateOf(order, listOf(paymentSchema, payments), { order_id: reference, key_id: account.keyId });
  }
  const payments = await asked(async () => await razorpay.qrCode.fetchAllPayments(reference));
  const taken = listOf(paymentSchema, payments);
  const qr =
    taken.length > 0
      ? {}
      : clientOf(parsed(qrSchema, await asked(async () => await razorpay.qrCode.fetch(reference))));
  return stateOf(order, taken, qr);
}

async function closeQr({ razorpay }: Desk, { reference }: KnownOrder): Promise<void> {
  try {
    await asked(async () => await razorpay.qrCode.close(reference));
  } catch (error) {
    // It is closed already: paid, or over.
    if (!(error instanceof ProviderError) || error.kind !== "refused") throw error;
  }
}

async function giveBack(desk: Desk, order: KnownOrder, refund: RefundOrder): Promise<RefundState> {
  const charge = order.charge ?? (await statusOf(desk, order)).charge;
  if (charge === null) throw new ProviderError("refused", "there is nothing to give back");
  if (refund.again) {
    const made = await asked(
      async () => await desk.razorpay.payments.fetchMultipleRefund(charge, { count: 100 }),
    );
    const before = listOf(z.unknown(), made)
      .map(readRefund)
      .find((found) => found?.refundId === refund.refundId);
    if (before != null) return before.state;
  }
  const keyed = openRazorpay(desk.account, refund.refundId);
  const answer = await asked(
    async () =>
      await keyed.payments.refund(charge, {
        amount: refund.amountMinor,
        receipt: refund.refundId,
        notes: { [OUR_REFUND]: refund.refundId, [OUR_PAYMENT]: order.paymentId },
      }),
  );
  return understood(readRefund(answer)).state;
}

const PAGE = 100;
/** More in one day are not held against the ledger at once. */
const MAX_PAGES = 1_000;

async function* listEntries({ razorpay }: Desk, from: Date, until: Date): AsyncIterable<DayEntry> {
  const range = { from: Math.ceil(from.getTime() / 1_000), to: Math.ceil(until.getTime() / 1_000) - 1 };
  for (let page = 0; page < MAX_PAGES; page++) {
    const skip = page * PAGE;
    const answer = await asked(async () => await razorpay.payments.all({ ...range, count: PAGE, skip }));
    const payments = listOf(z.unknown(), answer);
    for (const object of payments) {
      const payment = paymentSchema.safeParse(object);
      if (!payment.success || !["captured", "refunded"].includes(payment.data.status)) continue;
      const { id: reference, amount: amountMinor, currency, created_at, order_id, notes } = payment.data;
      const [at, ours] = [new Date(created_at * 1_000), ourId(notes, OUR_PAYMENT) !== null];
      yield { kind: "capture", reference, of: order_id ?? null, ours, amountMinor, currency, at };
    }
    if (payments.length < PAGE) break;
  }
  for (let page = 0; page < MAX_PAGES; page++) {
    const skip = page * PAGE;
    const answer = await asked(async () => await razorpay.refunds.all({ ...range, count: PAGE, skip }));
    const refunds = listOf(z.unknown(), answer);
    for (const object of refunds) {
      const refund = readRefund(object);
      if (refund?.state.status !== "done") continue;
      const { reference, amountMinor, currency, at } = refund.state;
      const ours = refund.refundId !== null;
      yield { kind: "refund", reference, of: refund.of, ours, amountMinor, currency, at: at ?? from };
    }
    if (refunds.length < PAGE) break;
  }
}

function isCheckout(secret: string, text: string, signature: string): boolean {
  const expected = createHmac("sha256", secret).update(text).digest();
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function listOf<S extends z.ZodType>(schema: S, answer: unknown): readonly z.output<S>[] {
  return parsed(z.object({ items: z.array(schema) }), answer).items;
}

function parsed<S extends z.ZodType>(schema: S, answer: unknown): z.output<S> {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw new ProviderError("unreachable", "Razorpay's answer was not understood");
}

function understood<T>(value: T | null): T {
  if (value === null) throw new ProviderError("unreachable", "Razorpay's answer was not understood");
  return value;
}

export { PROVIDER_CONTRACT };
