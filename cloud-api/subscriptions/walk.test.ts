import { randomUUID } from "node:crypto";
import { and, eq } from "drizzle-orm";
import fc from "fast-check";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { passPlans, subscriptionPeriods, subscriptions } from "../db/bookings-schema.ts";
import { providerPayments, refunds } from "../db/money-schema.ts";
import { entriesIn } from "../fleet/manifest.queries.ts";
import { giveBackPayment } from "../payments/give-back.queries.ts";
import type { Job } from "../platform/job.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { askForChange, cancelNow, changeCost } from "./lifecycle.ts";
import { SUBSCRIPTION_PAYMENTS } from "./payments.ts";
import { RENEWALS_JOB } from "./renewals.ts";
import { addPeriods } from "./rules.ts";
import { findPlan, insertSubscription, lockSubscription, type PlanRow } from "./subscriptions.queries.ts";
import { TELLING_JOB } from "./telling.ts";

const START = Date.parse("2026-07-15T12:00:00Z");
const DAY = 86_400_000;
const ZONE = "Europe/Berlin";

let cloud: TestCloud;
let plans: readonly PlanRow[];
beforeAll(async () => {
  cloud = await startTestCloud();
  plans = [
    { priceMinor: 9_000, period: "month" as const, periods: 1 },
    { priceMinor: 2_333, period: "week" as const, periods: 1 },
    { priceMinor: 0, period: "month" as const, periods: 1 },
    { priceMinor: 100_001, period: "year" as const, periods: 1 },
    { priceMinor: 711, period: "day" as const, periods: 3 },
  ].map((terms, i) => ({
    ...terms,
    facilityId: FACILITY_ID,
    id: randomUUID(),
    name: `Plan ${i}`,
    kind: "subscription" as const,
    currency: "EUR",
    quotaStays: null,
    spaces: i + 1,
    maxVehicles: 1,
    tariffPass: null,
    zoneSlug: null,
    onSale: true,
    madeAt: new Date(START),
  }));
  await cloud.db.insert(passPlans).values([...plans]);
});
afterAll(() => cloud.stop());

type Act =
  | { readonly kind: "pay"; readonly times: number }
  | { readonly kind: "change"; readonly plan: number }
  | { readonly kind: "cancel" }
  | { readonly kind: "wait"; readonly days: number }
  | { readonly kind: "jobs" };
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("pay" as const), times: fc.integer({ min: 1, max: 2 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("change" as const), plan: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), days: fc.integer({ min: 0, max: 25 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("jobs" as const) }) },
);

/** What somebody does with one subscription, as payments, people and jobs do it. */
function createHolder(userId: string, id: string) {
  let now = new Date(START);
  const key = { facilityId: FACILITY_ID, subjectId: id };
  const run = async (job: Job) => await job.run({ db: cloud.db, log: pino({ level: "silent" }) }, now);

  async function buy(plan: PlanRow): Promise<void> {
    const until = new Date(addPeriods(now.getTime(), plan.period, plan.periods, ZONE));
    const same = { facilityId: FACILITY_ID, userId, planId: plan.id, currency: "EUR", madeAt: now };
    await cloud.db.transaction(async (tx) => {
      const row = {
        ...same,
        id,
        status: "pending" as const,
        plates: [id.slice(0, 8).toUpperCase()],
        validFrom: now,
        validUntil: until,
        renews: true,
        quotaStays: null,
        usedStays: 0,
        priceMinor: plan.priceMinor,
        cancelledAt: null,
        untold: false,
      };
      const period = {
        ...same,
        subscriptionId: id,
        number: 1,
        kind: "first" as const,
        status: "due" as const,
        from: now,
        until,
        valueMinor: plan.priceMinor,
        dueMinor: plan.priceMinor,
        paymentId: null,
        paidAt: null,
        refundMinor: 0,
      };
      await insertSubscription(tx, row, period);
    });
  }

  /** Through payments: what is owed less what was paid, then what becomes of the money. */
  async function pay(): Promise<void> {
    const owed = await SUBSCRIPTION_PAYMENTS.owed(cloud.db, key, now);
    const amountMinor = (owed?.amountMinor ?? 0) - (await netPaid());
    if (amountMinor <= 0) return;
    await cloud.db.transaction(async (tx) => {
      const paymentId = randomUUID();
      const money = { amountMinor, currency: "EUR" };
      await tx.insert(providerPayments).values({
        ...money,
        facilityId: FACILITY_ID,
        id: paymentId,
        userId,
        purpose: "subscription",
        subjectId: id,
        provider: "stripe",
        method: "card",
        reference: paymentId,
        status: "captured",
        capturedMinor: amountMinor,
        madeAt: now,
        changedAt: now,
      });
      const fact = { ...key, ...money, paymentId, userId, provider: "stripe", method: "card" as const };
      const took = await SUBSCRIPTION_PAYMENTS.captured(tx, { ...fact, paidBeforeMinor: 0 }, now);
      if (took === "not_due")
        await giveBackPayment(
          tx,
          { facilityId: FACILITY_ID, paymentId, amountMinor, reason: "a test", actor: "cloud" },
          now,
        );
    });
  }

  async function payments() {
    const its = and(eq(providerPayments.facilityId, FACILITY_ID), eq(providerPayments.subjectId, id));
    return await cloud.db.select().from(providerPayments).where(its);
  }

  async function netPaid(): Promise<number> {
    return (await payments()).reduce((sum, row) => sum + row.capturedMinor - row.refundedMinor, 0);
  }

  async function locked(
    work: (tx: Parameters<Parameters<typeof cloud.db.transaction>[0]>[0]) => Promise<unknown>,
  ) {
    await cloud.db.transaction(async (tx) => await work(tx));
  }

  return {
    buy,
    payments,
    now: () => now,
    run,
    async do(each: Act): Promise<void> {
      if (each.kind === "wait") now = new Date(now.getTime() + each.days * DAY + 60_000);
      else if (each.kind === "jobs") await run(RENEWALS_JOB);
      else if (each.kind === "pay") await Promise.all(Array.from({ length: each.times }, pay));
      else
        await locked(async (tx) => {
          const row = await lockSubscription(tx, FACILITY_ID, id);
          if (row === null || (row.status !== "active" && row.status !== "pending")) return;
          if (each.kind === "cancel") return await cancelNow(tx, row, "a test", giveBackPayment, now);
          const plan = await findPlan(tx, FACILITY_ID, plans[each.plan]?.id ?? "");
          if (plan === null || row.status !== "active" || row.validUntil <= now || plan.id === row.planId)
            return;
          const cost = await changeCost(tx, row, plan, now);
          return await askForChange(tx, row, { plan, cost, actor: "a test" }, giveBackPayment, now);
        });
    },
  };
}

describe("whatever somebody does with a subscription", () => {
  it("no money is given back that did not come, and the gate knows what is active", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.array(act, { minLength: 2, maxLength: 12 }), async (first, acts) => {
        const [userId, id] = [randomUUID(), randomUUID()];
        const holder = createHolder(userId, id);
        const plan = plans[first];
        if (plan === undefined) return;
        await holder.buy(plan);
        for (const each of acts) {
          await holder.do(each);
          await check(holder, id);
        }
        await holder.run(RENEWALS_JOB);
        await holder.run(TELLING_JOB);
        await checkGate(id, holder.now());
        // The jobs have done what there was to do.
        expect(await holder.run(TELLING_JOB)).toBe(0);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

async function check(holder: ReturnType<typeof createHolder>, id: string): Promise<void> {
  const paid = await holder.payments();
  const back = await cloud.db.select().from(refunds);
  let kept = 0;
  for (const payment of paid) {
    const given = back
      .filter(({ paymentId }) => paymentId === payment.id)
      .map(({ amountMinor }) => amountMinor);
    const sum = given.reduce((all, amount) => all + amount, 0);
    expect(sum).toBeLessThanOrEqual(payment.capturedMinor);
    kept += payment.capturedMinor - sum;
  }
  const periods = await cloud.db
    .select()
    .from(subscriptionPeriods)
    .where(eq(subscriptionPeriods.subscriptionId, id));
  expect(periods.filter(({ status }) => status === "due").length).toBeLessThanOrEqual(1);
  // What was kept is what was paid for periods less what was given back of them: nothing else.
  const booked = periods
    .filter(({ status }) => status === "paid")
    .reduce((sum, { dueMinor, refundMinor }) => sum + dueMinor - refundMinor, 0);
  expect(kept).toBe(booked);
  for (const { refundMinor, dueMinor, from, until } of periods) {
    expect(refundMinor).toBeGreaterThanOrEqual(0);
    expect(refundMinor).toBeLessThanOrEqual(dueMinor);
    expect(until.getTime()).toBeGreaterThanOrEqual(from.getTime());
  }
  // Those that are paid follow each other: no time is paid for twice.
  const times = periods.filter(({ status, from, until }) => status === "paid" && until > from);
  const sorted = times.toSorted((a, b) => a.from.getTime() - b.from.getTime());
  for (const [i, { from }] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before !== undefined) expect(from.getTime()).toBeGreaterThanOrEqual(before.until.getTime());
  }
}

async function checkGate(id: string, now: Date): Promise<void> {
  const [row] = await cloud.db.select().from(subscriptions).where(eq(subscriptions.id, id));
  const entry = (await entriesIn(cloud.db, FACILITY_ID, "permits")).find(({ key }) => key === id);
  if (row?.status !== "active") return expect(entry).toBeUndefined();
  expect(row.validUntil.getTime()).toBeGreaterThan(now.getTime());
  expect(JSON.parse(entry?.body ?? "{}")).toMatchObject({
    valid_from: row.validFrom.toISOString(),
    valid_until: row.validUntil.toISOString(),
  });
}
