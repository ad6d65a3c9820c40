import { createHmac } from "node:crypto";
import type { ProviderConfig } from "../providers/contract.ts";
import { startProviderServer, type Answer, type Asked, type ProviderServer } from "./provider-server.ts";

/** Razorpay as its documents describe it, as far as we use it: orders, QR codes, payments, refunds, signed events. */

const WEBHOOK_SECRET = "a secret of the webhooks";
const KEY_SECRET = "a secret of the key";

type Notes = Record<string, string>;
type Order = {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly receipt: string;
  readonly notes: Notes;
  readonly manual: boolean;
};
type Qr = {
  readonly id: string;
  readonly payment_amount: number;
  readonly notes: Notes;
  readonly created_at: number;
  closed: boolean;
};
type Payment = {
  readonly id: string;
  readonly of: string;
  readonly amount: number;
  readonly currency: string;
  readonly method: string;
  readonly created_at: number;
  readonly error_code: string | null;
  status: string;
};
type Refund = {
  readonly id: string;
  readonly payment_id: string;
  readonly amount: number;
  readonly currency: string;
  readonly notes: Notes;
  readonly created_at: number;
  status: string;
};

export type RazorpayEvent = { readonly id: string; readonly body: string };

export type RazorpayServer = ProviderServer & {
  readonly config: ProviderConfig;
  readonly orders: readonly Order[];
  readonly codes: readonly Qr[];
  readonly payments: readonly Payment[];
  readonly refunds: readonly Refund[];
  readonly events: readonly RazorpayEvent[];
  readonly behaviour: { refunds: "processed" | "pending"; nowS: number };
  /** Somebody pays an order or a QR code. @returns the id of the payment. */
  readonly pay: (of: string, method?: string) => string;
  readonly decline: (of: string) => void;
  readonly sign: (body: string) => string;
  /** What the checkout hands to the payer's program. */
  readonly checkout: (orderId: string, paymentId: string) => string;
};

export async function startRazorpayServer(): Promise<RazorpayServer> {
  const orders: Order[] = [];
  const codes: Qr[] = [];
  const payments: Payment[] = [];
  const refunds: Refund[] = [];
  const events: RazorpayEvent[] = [];
  const refundKeys = new Map<string, Answer>();
  const behaviour: RazorpayServer["behaviour"] = { refunds: "processed", nowS: 1_784_116_800 };
  let serial = 0;
  const nextId = (kind: string) => `${kind}_${(++serial).toString().padStart(6, "0")}`;

  const emit = (event: string, payload: object): void => {
    events.push({
      id: nextId("evt"),
      body: JSON.stringify({ entity: "event", event, payload, created_at: behaviour.nowS }),
    });
  };
  const emitPayment = (event: string, payment: Payment): void => {
    const qr = codes.find(({ id }) => id === payment.of);
    emit(event, {
      payment: { entity: shown(payment) },
      ...(qr === undefined ? {} : { qr_code: { entity: shownQr(qr) } }),
    });
  };

  function create(body: string): Answer {
    const sent = JSON.parse(body) as Omit<Order, "id" | "manual"> & { payment?: { capture?: string } };
    if (sent.amount < 100) return refused();
    const { amount, currency, receipt, notes } = sent;
    const order = {
      id: nextId("order"),
      amount,
      currency,
      receipt,
      notes,
      manual: sent.payment?.capture === "manual",
    };
    orders.push(order);
    return said(shownOrder(order));
  }

  function createQr(body: string): Answer {
    const { payment_amount, notes } = JSON.parse(body) as Pick<Qr, "payment_amount" | "notes">;
    const qr = { id: nextId("qr"), payment_amount, notes, created_at: behaviour.nowS, closed: false };
    codes.push(qr);
    return said(shownQr(qr));
  }

  function refund(paymentId: string, asked: Asked): Answer {
    const key = asked.header("x-refund-idempotency") ?? "";
    const before = refundKeys.get(key);
    if (before !== undefined) return before;
    const payment = payments.find(({ id }) => id === paymentId);
    const { amount, notes } = JSON.parse(asked.body) as { amount: number; notes: Notes };
    const given = refunds.filter(({ payment_id }) => payment_id === paymentId);
    if (
      payment?.status !== "captured" ||
      given.reduce((sum, one) => sum + one.amount, amount) > payment.amount
    )
      return refused();
    const { currency } = payment;
    const made = {
      id: nextId("rfnd"),
      payment_id: paymentId,
      amount,
      currency,
      notes,
      created_at: behaviour.nowS,
      status: behaviour.refunds,
    };
    refunds.push(made);
    emit("refund.created", { refund: { entity: shownRefund(made) }, payment: { entity: shown(payment) } });
    const answer = said(shownRefund(made));
    refundKeys.set(key, answer);
    return answer;
  }

  function capture(paymentId: string, body: string): Answer {
    const payment = payments.find(({ id }) => id === paymentId);
    const { amount } = JSON.parse(body) as { amount: number };
    if (payment?.status !== "authorized" || amount !== payment.amount) return refused();
    payment.status = "captured";
    emitPayment("payment.captured", payment);
    return said(shown(payment));
  }

  const inTime = ({ query }: Asked, at: number) =>
    at >= Number(query.get("from") ?? 0) && at <= Number(query.get("to") ?? Infinity);
  const list = ({ query }: Asked, all: readonly unknown[]): Answer => {
    const skip = Number(query.get("skip") ?? 0);
    const items = all.slice(skip, skip + Number(query.get("count") ?? 10));
    return said({ entity: "collection", count: items.length, items });
  };

  function answer(asked: Asked): Answer {
    const { method, path, query, body } = asked;
    const is = (pattern: RegExp, verb: string) => (method === verb ? pattern.exec(path) : null);
    if (is(/^\/v1\/orders$/, "POST")) return create(body);
    if (is(/^\/v1\/orders$/, "GET"))
      return list(asked, orders.filter(({ receipt }) => receipt === query.get("receipt")).map(shownOrder));
    let found = is(/^\/v1\/(?:orders|payments\/qr_codes)\/(\w+)\/payments$/, "GET");
    if (found) return list(asked, payments.filter(({ of }) => of === found?.[1]).map(shown));
    if (is(/^\/v1\/payments\/qr_codes$/, "POST")) return createQr(body);
    if (is(/^\/v1\/payments\/qr_codes$/, "GET"))
      return list(asked, codes.filter((qr) => inTime(asked, qr.created_at)).map(shownQr));
    found = /^\/v1\/payments\/qr_codes\/(\w+)(?:\/close)?$/.exec(path);
    if (found) {
      const qr = codes.find(({ id }) => id === found?.[1]);
      if (qr === undefined || (method === "POST" && qr.closed)) return refused();
      if (method === "POST") qr.closed = true;
      return said(shownQr(qr));
    }
    found = is(/^\/v1\/payments\/(\w+)\/refund$/, "POST");
    if (found) return refund(found[1] ?? "", asked);
    found = is(/^\/v1\/payments\/(\w+)\/refunds$/, "GET");
    if (found)
      return list(asked, refunds.filter(({ payment_id }) => payment_id === found?.[1]).map(shownRefund));
    found = is(/^\/v1\/payments\/(\w+)\/capture$/, "POST");
    if (found) return capture(found[1] ?? "", body);
    if (is(/^\/v1\/payments$/, "GET"))
      return list(asked, payments.filter((one) => inTime(asked, one.created_at)).map(shown));
    if (is(/^\/v1\/refunds$/, "GET"))
      return list(asked, refunds.filter((one) => inTime(asked, one.created_at)).map(shownRefund));
    found = is(/^\/v1\/refunds\/(\w+)$/, "GET");
    const one = refunds.find(({ id }) => id === found?.[1]);
    return one === undefined ? refused(404) : said(shownRefund(one));
  }

  const server = await startProviderServer(answer);
  const attempt = (of: string, method: string, error: string | null): Payment => {
    const order = orders.find(({ id }) => id === of);
    const amount = order?.amount ?? codes.find(({ id }) => id === of)?.payment_amount ?? 0;
    const currency = order?.currency ?? "INR";
    const status = error !== null ? "failed" : order?.manual === true ? "authorized" : "captured";
    const made = {
      id: nextId("pay"),
      of,
      amount,
      currency,
      method,
      created_at: behaviour.nowS,
      error_code: error,
      status,
    };
    payments.push(made);
    return made;
  };
  return {
    ...server,
    config: {
      name: "razorpay",
      options: { api_base: server.url, timeout_ms: 400, currencies: ["INR", "EUR"] },
      secrets: { key_id: "rzp_test_of_the_tests", key_secret: KEY_SECRET, webhook: WEBHOOK_SECRET },
    },
    orders,
    codes,
    payments,
    refunds,
    events,
    behaviour,
    pay(of, method = "upi") {
      const payment = attempt(of, method, null);
      emitPayment("payment.authorized", { ...payment, status: "authorized" });
      if (payment.status === "captured") emitPayment("payment.captured", payment);
      if (of.startsWith("qr_")) emitPayment("qr_code.credited", payment);
      return payment.id;
    },
    decline: (of) => emitPayment("payment.failed", attempt(of, "card", "BAD_REQUEST_ERROR")),
    sign: (body) => createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex"),
    checkout: (orderId, paymentId) =>
      createHmac("sha256", KEY_SECRET).update(`${orderId}|${paymentId}`).digest("hex"),
  };
}

function shown({ of, ...payment }: Payment) {
  const card =
    payment.method === "card" ? { card: { last4: "4242", name: "A Payer" } } : { vpa: "payer@bank" };
  return {
    ...payment,
    entity: "payment",
    order_id: of.startsWith("order_") ? of : null,
    notes: [],
    ...card,
    email: "payer@example.test",
    contact: "+910000000000",
  };
}

function shownOrder({ manual, ...order }: Order) {
  return { ...order, entity: "order", status: manual ? "attempted" : "created" };
}

function shownQr({ closed, ...qr }: Qr) {
  const image = {
    image_url: `https://rzp.example/${qr.id}`,
    image_content: `upi://pay?pa=test@bank&tr=${qr.id}`,
  };
  return { ...qr, entity: "qr_code", status: closed ? "closed" : "active", ...image };
}

function shownRefund(refund: Refund) {
  return { ...refund, entity: "refund", receipt: null };
}

const said = (body: unknown): Answer => ({ status: 200, body });
const refused = (status = 400): Answer => ({
  status,
  body: { error: { code: "BAD_REQUEST_ERROR", description: "no" } },
});
