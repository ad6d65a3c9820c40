import Stripe from "stripe";
import type { ProviderConfig } from "../providers/contract.ts";
import { startProviderServer, type Answer, type Asked, type ProviderServer } from "./provider-server.ts";

/** Stripe as its documents describe it, as far as we use it: payment intents, refunds, charges, keys, signed events. */

const STRIPE_WEBHOOK_SECRET = "whsec_of_the_tests";

type Intent = {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly manual: boolean;
  readonly metadata: Record<string, string>;
  readonly created: number;
  status: string;
  received: number;
  charge: string | null;
  failure: string | null;
};

type Refund = {
  readonly id: string;
  readonly intent: Intent;
  readonly amount: number;
  readonly metadata: Record<string, string>;
  readonly created: number;
  status: string;
};

export type StripeEvent = { readonly id: string; readonly type: string; readonly body: string };

export type StripeServer = ProviderServer & {
  readonly config: ProviderConfig;
  readonly intents: readonly Intent[];
  readonly refunds: readonly Refund[];
  /** Everything that happened, in its order: tests deliver it as they like. */
  readonly events: readonly StripeEvent[];
  /** What becomes of refunds that are asked for from now on. */
  readonly behaviour: { refunds: "succeeded" | "pending" | "failed"; nowS: number };
  /** The payer confirms with a card that is good, or one that is not. */
  readonly pay: (intentId: string) => void;
  readonly decline: (intentId: string) => void;
  /** A refund changes by itself, or is made in the dashboard. */
  readonly moveRefund: (refundId: string, status: string) => void;
  readonly refundByHand: (intentId: string, amount: number) => string;
  readonly sign: (body: string, atS?: number) => string;
  /** Keys of requests are good for some days over there. */
  readonly forgetKeys: () => void;
};

export async function startStripeServer(): Promise<StripeServer> {
  const intents: Intent[] = [];
  const refunds: Refund[] = [];
  const events: StripeEvent[] = [];
  const done = new Map<string, Answer>();
  const behaviour: StripeServer["behaviour"] = { refunds: "succeeded", nowS: 1_784_116_800 };
  const stripe = new Stripe("sk_test_nobody");
  let serial = 0;
  const nextId = (kind: string) => `${kind}_${(++serial).toString().padStart(6, "0")}`;

  const emit = (type: string, object: unknown): void => {
    const id = nextId("evt");
    const event = { id, object: "event", type, created: behaviour.nowS, data: { object } };
    events.push({ id, type, body: JSON.stringify(event) });
  };

  function begin(asked: Asked): Answer {
    const form = new URLSearchParams(asked.body);
    const intent: Intent = {
      id: nextId("pi"),
      amount: Number(form.get("amount")),
      currency: form.get("currency") ?? "",
      manual: form.get("capture_method") === "manual",
      metadata: metadataOf(form),
      created: behaviour.nowS,
      status: "requires_payment_method",
      received: 0,
      charge: null,
      failure: null,
    };
    if (intent.amount < 50) return refused("amount_too_small");
    intents.push(intent);
    emit("payment_intent.created", shown(intent));
    return { status: 200, body: shown(intent) };
  }

  const capture = (intent: Intent, amount: number): void => {
    intent.status = "succeeded";
    intent.received = amount;
    emit("payment_intent.succeeded", shown(intent));
  };

  const refund = (intent: Intent, amount: number, metadata: Record<string, string>): Refund => {
    const made = {
      id: nextId("re"),
      intent,
      amount,
      metadata,
      created: behaviour.nowS,
      status: behaviour.refunds,
    };
    refunds.push(made);
    emit("refund.created", shownRefund(made));
    return made;
  };

  const acts: Readonly<Record<string, (intent: Intent, form: URLSearchParams) => Answer>> = {
    capture: (intent, form) => {
      if (intent.status !== "requires_capture") return refused("payment_intent_unexpected_state");
      capture(intent, Number(form.get("amount_to_capture") ?? intent.amount));
      return { status: 200, body: shown(intent) };
    },
    cancel: (intent) => {
      if (["succeeded", "canceled"].includes(intent.status))
        return refused("payment_intent_unexpected_state");
      intent.status = "canceled";
      emit("payment_intent.canceled", shown(intent));
      return { status: 200, body: shown(intent) };
    },
  };

  function giveBack(form: URLSearchParams): Answer {
    const intent = intents.find(({ id }) => id === form.get("payment_intent"));
    if (intent?.status !== "succeeded") return refused("charge_not_captured");
    const given = refunds.filter((one) => one.intent === intent && one.status !== "failed");
    const amount = Number(form.get("amount"));
    if (given.reduce((sum, one) => sum + one.amount, amount) > intent.received)
      return refused("charge_already_refunded");
    return { status: 200, body: shownRefund(refund(intent, amount, metadataOf(form))) };
  }

  function answer(asked: Asked): Answer {
    const { method, path, query, body } = asked;
    const [, kind, id, act] = /^\/v1\/(\w+)(?:\/(\w+))?(?:\/(\w+))?$/.exec(path) ?? [];
    if (kind === "payment_intents" && id !== undefined) {
      const intent = intents.find((one) => one.id === id);
      if (intent === undefined) return refused("resource_missing", 404);
      if (method === "GET") return { status: 200, body: shown(intent) };
      return acts[act ?? ""]?.(intent, new URLSearchParams(body)) ?? refused("resource_missing", 404);
    }
    if (kind === "payment_intents") return begin(asked);
    if (kind === "refunds" && method === "POST") return giveBack(new URLSearchParams(body));
    if (kind === "refunds" && id !== undefined) {
      const found = refunds.find((one) => one.id === id);
      return found === undefined
        ? refused("resource_missing", 404)
        : { status: 200, body: shownRefund(found) };
    }
    const inTime = ({ created }: { readonly created: number }) =>
      created >= Number(query.get("created[gte]") ?? 0) &&
      created < Number(query.get("created[lt]") ?? Infinity);
    if (kind === "refunds") {
      const of = query.get("payment_intent");
      const data = refunds
        .filter((one) => (of === null || one.intent.id === of) && inTime(one))
        .map(shownRefund);
      return page(data.toReversed(), query);
    }
    if (kind === "charges")
      return page(
        intents
          .filter(({ charge }) => charge !== null)
          .filter(inTime)
          .map(shownCharge)
          .toReversed(),
        query,
      );
    return refused("resource_missing", 404);
  }

  const server = await startProviderServer((asked) => {
    const key = asked.header("idempotency-key");
    const before = key === undefined ? undefined : done.get(key);
    if (before !== undefined) return before;
    const said = answer(asked);
    if (key !== undefined && asked.method === "POST") done.set(key, said);
    return said;
  });

  const intentOf = (id: string): Intent => {
    const intent = intents.find((one) => one.id === id);
    if (intent === undefined) throw new Error(`there is no ${id}`);
    return intent;
  };
  return {
    ...server,
    config: {
      name: "stripe",
      options: { api_base: server.url, timeout_ms: 400 },
      secrets: { api_key: "sk_test_of_the_tests", webhook: STRIPE_WEBHOOK_SECRET },
    },
    intents,
    refunds,
    events,
    behaviour,
    pay(id) {
      const intent = intentOf(id);
      if (!["requires_payment_method", "requires_action"].includes(intent.status)) return;
      intent.charge = nextId("ch");
      intent.failure = null;
      if (!intent.manual) return capture(intent, intent.amount);
      intent.status = "requires_capture";
      emit("payment_intent.amount_capturable_updated", shown(intent));
    },
    decline(id) {
      const intent = intentOf(id);
      if (intent.status !== "requires_payment_method") return;
      intent.failure = "insufficient_funds";
      emit("payment_intent.payment_failed", shown(intent));
    },
    moveRefund(id, status) {
      const found = refunds.find((one) => one.id === id);
      if (found === undefined) throw new Error(`there is no ${id}`);
      found.status = status;
      emit(status === "failed" ? "refund.failed" : "refund.updated", shownRefund(found));
    },
    forgetKeys: () => done.clear(),
    refundByHand: (id, amount) => refund(intentOf(id), amount, {}).id,
    sign: (payload, atS = behaviour.nowS) =>
      stripe.webhooks.generateTestHeaderString({ payload, secret: STRIPE_WEBHOOK_SECRET, timestamp: atS }),
  };
}

function shown(intent: Intent) {
  const { id, amount, currency, metadata, status, received, charge, failure } = intent;
  return {
    id,
    object: "payment_intent",
    amount,
    amount_received: received,
    currency,
    status,
    metadata,
    client_secret: `${id}_secret_of_the_payer`,
    latest_charge: charge,
    last_payment_error:
      failure === null
        ? null
        : { code: "card_declined", decline_code: failure, payment_method: { card: { last4: "4242" } } },
    receipt_email: "payer@example.test",
  };
}

function shownCharge({ id, charge, status, received, currency, metadata, created }: Intent) {
  const captured = status === "succeeded";
  return {
    id: charge,
    object: "charge",
    payment_intent: id,
    captured,
    amount_captured: received,
    currency,
    metadata,
    created,
  };
}

function shownRefund({ id, intent, amount, metadata, created, status }: Refund) {
  const of = { payment_intent: intent.id, charge: intent.charge, currency: intent.currency };
  return { id, object: "refund", amount, metadata, created, status, ...of };
}

function page(data: readonly { readonly id: string | null }[], query: URLSearchParams): Answer {
  const after = query.get("starting_after");
  const from = after === null ? 0 : data.findIndex(({ id }) => id === after) + 1;
  const limit = Number(query.get("limit") ?? 10);
  const items = data.slice(from, from + limit);
  return {
    status: 200,
    body: { object: "list", data: items, has_more: from + limit < data.length, url: "/" },
  };
}

function refused(code: string, status = 400): Answer {
  return { status, body: { error: { type: "invalid_request_error", code, message: code } } };
}

function metadataOf(form: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...form].flatMap(([key, value]) => {
      const name = /^metadata\[(\w+)\]$/.exec(key)?.[1];
      return name === undefined ? [] : [[name, value]];
    }),
  );
}
