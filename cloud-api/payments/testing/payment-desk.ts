import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { ok } from "@parkme/shared/domain/result";
import { createIdentify } from "../../accounts/identify.ts";
import { providerLedger, providerPayments, refunds } from "../../db/money-schema.ts";
import type { AppEnv } from "../../http.ts";
import { createApi } from "../../platform/api.ts";
import { createProcessCache } from "../../platform/cache.ts";
import { answerErrors } from "../../platform/errors.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../../testing/people.ts";
import type { PaymentDeps } from "../ask-provider.ts";
import { addPaymentCalls } from "../calls.ts";
import type { Owed, PaidFact, PurposeEffects, RefundFact } from "../effects.ts";
import { paymentJobs } from "../polling.ts";
import { createProvider as createCash } from "../providers/cash.ts";
import { createProvider as createRazorpay } from "../providers/razorpay.ts";
import { createProvider as createStripe } from "../providers/stripe.ts";
import { createProvider as createUpi } from "../providers/upi.ts";
import { stayPayments } from "../stay-payments.ts";
import { startRazorpayServer, type RazorpayServer } from "./razorpay-server.ts";
import { startStripeServer, type StripeServer } from "./stripe-server.ts";

/** The calls, webhooks and jobs of payments on a real database and real libraries, before providers that run here. */

export type Json = Readonly<Record<string, unknown>>;

export type PaymentDesk = {
  readonly cloud: TestCloud;
  readonly stripe: StripeServer;
  readonly razorpay: RazorpayServer;
  readonly people: Readonly<Record<"driver" | "stranger" | "staff" | "foreigner" | "admin", Person>>;
  /** What is owed for a thing; the driver's, unless told. */
  readonly owe: (amountMinor: number, change?: Partial<Owed>) => string;
  readonly owed: Map<string, Owed>;
  /** Things that are not owed any more when their money comes. */
  readonly unwanted: Set<string>;
  /** What took effect, in its order. */
  readonly effects: () => Promise<readonly Json[]>;
  readonly ledger: (
    paymentId: string,
  ) => Promise<readonly { readonly kind: string; readonly amountMinor: number }[]>;
  readonly payment: (paymentId: string) => Promise<typeof providerPayments.$inferSelect>;
  readonly refundsOf: (paymentId: string) => Promise<readonly (typeof refunds.$inferSelect)[]>;
  /** Runs a job after some time has passed. */
  readonly later: (seconds: number, job?: string) => Promise<number>;
  /** Somebody who is not signed in. */
  readonly nobody: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
  /** Stripe, or Razorpay, tells what happened there. */
  readonly tellStripe: (event: { readonly body: string }, signature?: string) => Promise<Response>;
  readonly tellRazorpay: (event: { readonly id: string; readonly body: string }) => Promise<Response>;
  readonly errors: readonly Json[];
  readonly stop: () => Promise<void>;
};

/** An answer's body, and its status where the body has none of its own. */
export async function read(response: Response): Promise<Json> {
  return { status: response.status, ...((await response.json()) as Json) };
}

/** All items of a list, page by page. */
export async function readPages(who: Person, path: string, limit: number): Promise<readonly Json[]> {
  const items: Json[] = [];
  for (let cursor = ""; ;) {
    const answer = await read(await who.ask("GET", `${path}?limit=${limit}${cursor}`));
    const page = answer as { readonly items: readonly Json[]; readonly next_cursor: string | null };
    if (page.items.length > limit) throw new Error("a page is longer than was asked for");
    items.push(...page.items);
    if (page.next_cursor === null) return items;
    cursor = `&cursor=${page.next_cursor}`;
  }
}

/** What a minute of a stay costs here. */
export const MINUTE_MINOR = 2;

export async function startPaymentDesk(): Promise<PaymentDesk> {
  const [cloud, stripe, razorpay] = await Promise.all([
    startTestCloud(),
    startStripeServer(),
    startRazorpayServer(),
  ]);
  const { db, clock } = cloud;
  await db.execute(
    sql`create table test_effects (n bigserial, kind text, payment_id uuid, amount int, other int)`,
  );
  const owed = new Map<string, Owed>();
  const unwanted = new Set<string>();
  const errors: Json[] = [];
  const time = { wallMs: () => clock.now.getTime(), monotonicMs: () => performance.now() };
  const things = effectsOf(owed, unwanted);
  const price: Parameters<typeof stayPayments>[0] = async (_, { fromMs, untilMs }) =>
    ok({ totalMinor: Math.floor((untilMs - fromMs) / 60_000) * MINUTE_MINOR, currency: "EUR" });
  const note = (entry: Json) => void errors.push(entry);
  const deps: PaymentDeps = {
    db,
    clock: time,
    log: { info: () => undefined, warn: () => undefined, error: note },
    providers: [
      createStripe(stripe.config),
      createRazorpay(razorpay.config),
      createUpi({
        name: "upi",
        options: { payee: "parking@bank", payee_name: "Example Parking" },
        secrets: {},
      }),
      createCash({ name: "cash" }),
    ],
    effects: { booking: things, violation: things, subscription: things, stay: stayPayments(price) },
  };
  const cache = createProcessCache(time.monotonicMs);
  const identify = createIdentify({ db, clock: time, cache, findKey: async () => null });
  const api = createApi({
    db,
    clock: time,
    identify: async (c) => (await identify(c))?.principal ?? null,
    limit: async () => undefined,
    cache,
    checkAnswers: true,
  });
  addPaymentCalls(api, deps);
  const app = new Hono<AppEnv>({ strict: false });
  app.use(async (c, next) => {
    c.set("requestId", "r1");
    await next();
  });
  app.route("/", api.routes);
  app.onError(answerErrors({ error: note }));
  const served = { ...cloud, app: { ...cloud.app, request: app.request, fetch: app.fetch } };
  const [driver, stranger, staff, admin] = await Promise.all([
    signedIn(served, "driver"),
    signedIn(served, "driver"),
    signedIn(served, "staff"),
    signedIn(served, "admin"),
  ]);
  const foreigner = await signedIn(served, "owner", { organisationId: await foreignOrganisation(cloud) });
  const jobs = paymentJobs(deps);
  const tell = async (provider: string, body: string, headers: Readonly<Record<string, string>>) =>
    await app.request(`/api/payments/webhooks/${provider}`, { method: "POST", headers, body });

  return {
    cloud,
    stripe,
    razorpay,
    people: { driver, stranger, staff, foreigner, admin },
    owed,
    unwanted,
    errors,
    owe(amountMinor, change = {}) {
      const id = randomUUID();
      owed.set(id, { userId: driver.userId, amountMinor, currency: "EUR", ...change });
      return id;
    },
    effects: async () =>
      (await db.execute<Json>(sql`select kind, payment_id, amount, other from test_effects order by n`)).rows,
    ledger: async (paymentId) =>
      await db
        .select({ kind: providerLedger.kind, amountMinor: providerLedger.amountMinor })
        .from(providerLedger)
        .where(sql`payment_id = ${paymentId}`)
        .orderBy(sql`at, kind, amount_minor`),
    async payment(paymentId) {
      const [row] = await db
        .select()
        .from(providerPayments)
        .where(sql`id = ${paymentId}`);
      if (row === undefined) throw new Error("there is no such payment");
      return row;
    },
    refundsOf: async (paymentId) =>
      await db
        .select()
        .from(refunds)
        .where(sql`payment_id = ${paymentId}`)
        .orderBy(sql`made_at, id`),
    async later(seconds, name = "payments.poll") {
      clock.now = new Date(clock.now.getTime() + seconds * 1_000);
      const at = Math.floor(clock.now.getTime() / 1_000);
      [stripe.behaviour.nowS, razorpay.behaviour.nowS] = [at, at];
      const job = jobs.find((one) => one.name === name);
      if (job === undefined) throw new Error(`there is no job ${name}`);
      return await job.run({ db, log: deps.log }, clock.now);
    },
    nobody: async (method, path, body, headers = {}) =>
      await app.request(path, {
        method,
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    tellStripe: async ({ body }, signature) =>
      await tell("stripe", body, { "stripe-signature": signature ?? stripe.sign(body) }),
    tellRazorpay: async ({ id, body }) =>
      await tell("razorpay", body, {
        "x-razorpay-signature": razorpay.sign(body),
        "x-razorpay-event-id": id,
      }),
    async stop() {
      await Promise.all([stripe.stop(), razorpay.stop()]);
      await cloud.stop();
    },
  };
}

/** Effects that are written down in the transaction that they are part of. */
function effectsOf(owed: ReadonlyMap<string, Owed>, unwanted: ReadonlySet<string>): PurposeEffects {
  type Writer = Parameters<PurposeEffects["captured"]>[0];
  const write = async (tx: Writer, kind: string, fact: PaidFact | RefundFact, other: number) => {
    const values = sql`(${kind}, ${fact.paymentId}, ${fact.amountMinor}, ${other})`;
    await tx.execute(sql`insert into test_effects (kind, payment_id, amount, other) values ${values}`);
  };
  return {
    owed: async (_, { facilityId, subjectId }) =>
      facilityId === FACILITY_ID ? (owed.get(subjectId) ?? null) : null,
    captured: async (tx, fact) => {
      if (unwanted.has(fact.subjectId)) return "not_due";
      await write(tx, "captured", fact, fact.paidBeforeMinor);
      return "booked";
    },
    refunded: async (tx, fact) => await write(tx, "refunded", fact, fact.leftMinor),
  };
}
