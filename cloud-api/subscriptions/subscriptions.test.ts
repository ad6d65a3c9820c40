import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readEntry } from "@parkme/shared/protocol/manifest-sections";
import { providerPayments, refunds } from "../db/money-schema.ts";
import { subscriptionPeriods, subscriptions, subscriptionStays } from "../db/bookings-schema.ts";
import { bodyOf, entriesIn } from "../fleet/manifest.queries.ts";
import type { Job } from "../platform/job.ts";
import { EDGE, FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { started, testId, voided } from "../testing/events.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { SUBSCRIPTION_PAYMENTS } from "./payments.ts";
import { RENEWALS_JOB } from "./renewals.ts";
import { TELLING_JOB } from "./telling.ts";
import { SUBSCRIPTION_EFFECTS } from "./usage.ts";

const START = new Date("2026-07-15T12:00:00Z");
const DAY = 86_400_000;
const PLANS = `/api/facilities/${FACILITY_ID}/plans/`;

let cloud: TestCloud;
let owner: Person;
let staff: Person;
let driver: Person;
let other: Person;
let stranger: Person;

type Answer = Record<string, unknown> & { readonly status_code: number };
async function ask(who: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await who.ask(method, path, body);
  const text = await response.text();
  const json = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { ...json, status_code: response.status };
}

beforeAll(async () => {
  cloud = await startTestCloud();
  // Sign-ins last for thirty days, and terms for longer.
  cloud.clock.now = new Date("2026-10-01T00:00:00Z");
  [owner, staff, driver, other] = await Promise.all([
    signedIn(cloud, "owner"),
    signedIn(cloud, "staff"),
    signedIn(cloud, "driver"),
    signedIn(cloud, "driver"),
  ]);
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
  cloud.clock.now = START;
  const tariffs = `/api/facilities/${FACILITY_ID}/tariffs/`;
  const document = {
    hourly: 2,
    passes: { nights: { name: "Nights", windows: [{ from: "18:00", to: "08:00" }] } },
  };
  expect(await ask(owner, "POST", tariffs, { document })).toMatchObject({ status_code: 201 });
  expect(await ask(owner, "POST", `${tariffs}standard/1/publish/`, {})).toMatchObject({ status_code: 200 });
});
afterAll(() => cloud.stop());
beforeEach(() => {
  cloud.clock.now = START;
});

let plates = 0;
async function vehicle(who: Person = driver): Promise<{ readonly id: string; readonly plate: string }> {
  plates += 1;
  const made = await ask(who, "POST", "/api/vehicles/", { plate: `B-SU ${1_000 + plates}` });
  expect(made).toMatchObject({ status_code: 201 });
  return { id: String(made["id"]), plate: String(made["plate"]) };
}

async function plan(more: Record<string, unknown> = {}): Promise<string> {
  const made = await ask(owner, "POST", PLANS, { name: "Monthly", price: "90.00", period: "month", ...more });
  expect(made).toMatchObject({ status_code: 201 });
  return String(made["id"]);
}

async function buy(
  planId: string,
  more: Record<string, unknown> = {},
  who: Person = driver,
): Promise<Answer> {
  const { id } = await vehicle(who);
  const asked = { facility_id: FACILITY_ID, plan_id: planId, vehicle_ids: [id], ...more };
  return await ask(who, "POST", "/api/subscriptions/", asked);
}

/** As a payment does that was captured. */
async function pay(id: unknown, amountMinor: number, paymentId = randomUUID()): Promise<string> {
  return await cloud.db.transaction(async (tx) => {
    const row = {
      facilityId: FACILITY_ID,
      id: paymentId,
      userId: driver.userId,
      purpose: "subscription" as const,
      subjectId: String(id),
      provider: "stripe",
      method: "card" as const,
      reference: paymentId,
      status: "captured" as const,
      amountMinor,
      capturedMinor: amountMinor,
      currency: "EUR",
      madeAt: cloud.clock.now,
      changedAt: cloud.clock.now,
    };
    await tx.insert(providerPayments).values(row).onConflictDoNothing();
    const fact = { facilityId: FACILITY_ID, subjectId: String(id), paymentId, userId: driver.userId };
    const how = {
      provider: "stripe",
      method: "card" as const,
      amountMinor,
      currency: "EUR",
      paidBeforeMinor: 0,
    };
    return await SUBSCRIPTION_PAYMENTS.captured(tx, { ...fact, ...how }, cloud.clock.now);
  });
}

async function run(job: Job): Promise<number> {
  return await job.run({ db: cloud.db, log: pino({ level: "silent" }) }, cloud.clock.now);
}

async function permit(id: unknown): Promise<unknown> {
  const body = await bodyOf(cloud.db, FACILITY_ID, "permits", String(id));
  if (body === null) return null;
  const read = readEntry({ section: "permits", key: String(id), body });
  expect(read.ok).toBe(true);
  return JSON.parse(body);
}

const at = (text: string) => {
  cloud.clock.now = new Date(text);
};
const seen = async (id: unknown, who: Person = driver) =>
  await ask(who, "GET", `/api/subscriptions/${String(id)}/`);

describe("plans", () => {
  it("are made and changed by owners, and shown to everybody while they are sold", async () => {
    expect(await ask(staff, "POST", PLANS, { name: "A", price: "1", period: "day" })).toMatchObject({
      status_code: 403,
    });
    expect(await ask(stranger, "POST", PLANS, { name: "A", price: "1", period: "day" })).toMatchObject({
      status_code: 404,
    });
    const id = await plan({ name: "Day pass", kind: "pass", price: "12.50", period: "day", max_vehicles: 3 });
    const shown = await ask(driver, "GET", `${PLANS}${id}/`);
    expect(shown).toMatchObject({
      price: "12.50",
      currency: "EUR",
      kind: "pass",
      quota_stays: null,
      on_sale: true,
    });
    const changed = await ask(owner, "PATCH", `${PLANS}${id}/`, { price: "13", on_sale: false });
    expect(changed).toMatchObject({ status_code: 200, price: "13.00", on_sale: false });
    const listed = async (who: Person) =>
      ((await ask(who, "GET", PLANS))["items"] as { id: string }[]).map((row) => row.id);
    expect(await listed(driver)).not.toContain(id);
    expect(await listed(staff)).toContain(id);
    expect(await ask(stranger, "DELETE", `${PLANS}${id}/`)).toMatchObject({ status_code: 404 });
    expect(await ask(owner, "DELETE", `${PLANS}${id}/`)).toMatchObject({ status_code: 204 });
    expect(await ask(driver, "GET", `${PLANS}${id}/`)).toMatchObject({ status_code: 404 });
  });

  it("name a pass that the tariff has, and an amount that the currency has", async () => {
    const asked = { name: "A", price: "1", period: "day" };
    expect(await ask(owner, "POST", PLANS, { ...asked, tariff_pass: "days" })).toMatchObject({
      status_code: 422,
      code: "no_such_pass",
      field: "tariff_pass",
    });
    expect(await ask(owner, "POST", PLANS, { ...asked, price: "1.005" })).toMatchObject({ field: "price" });
    expect(await ask(owner, "POST", PLANS, { ...asked, price: "-1" })).toMatchObject({ field: "price" });
    expect(await ask(owner, "POST", PLANS, { ...asked, periods: 0 })).toMatchObject({ field: "periods" });
  });
});

describe("a subscription", () => {
  it("is pending until it is paid; then the gate has it, and estimates know it", async () => {
    const planId = await plan();
    const made = await buy(planId);
    expect(made).toMatchObject({
      status_code: 201,
      status: "pending",
      due: { amount: "90.00", kind: "first" },
    });
    expect(made).toMatchObject({ valid_until: "2026-08-15T12:00:00.000Z", renews: true });
    const id = made["id"];
    await run(TELLING_JOB);
    expect(await permit(id)).toBeNull();
    const asked = { facility_id: FACILITY_ID, duration_hours: 3 };
    expect(await ask(driver, "POST", "/api/pricing/estimate/", asked)).toMatchObject({
      subscription_used: false,
    });
    const owed = await SUBSCRIPTION_PAYMENTS.owed(
      cloud.db,
      { facilityId: FACILITY_ID, subjectId: String(id) },
      START,
    );
    expect(owed).toEqual({ userId: driver.userId, amountMinor: 9_000, currency: "EUR" });
    expect(await pay(id, 9_000)).toBe("booked");
    expect(await seen(id)).toMatchObject({ status: "active", due: null });
    await run(TELLING_JOB);
    expect(await permit(id)).toEqual({
      id,
      plates: made["plates"],
      account: id,
      valid_from: "2026-07-15T12:00:00.000Z",
      valid_until: "2026-08-15T12:00:00.000Z",
      spaces: 1,
    });
    await vi.waitFor(async () =>
      expect(await ask(driver, "POST", "/api/pricing/estimate/", asked)).toMatchObject({
        subscription_used: true,
        total: "0.00",
      }),
    );
    expect(await ask(other, "POST", "/api/pricing/estimate/", asked)).toMatchObject({ total: "6.00" });
    expect(await run(TELLING_JOB)).toBe(0);
  });

  it("begins when it is paid, where that is late; a payment counts once, and another is not wanted", async () => {
    const made = await buy(await plan());
    at("2026-07-16T06:00:00Z");
    const payment = randomUUID();
    expect(await pay(made["id"], 9_000, payment)).toBe("booked");
    expect(await pay(made["id"], 9_000, payment)).toBe("booked");
    expect(await pay(made["id"], 9_000)).toBe("not_due");
    expect(await seen(made["id"])).toMatchObject({
      valid_from: "2026-07-16T06:00:00.000Z",
      valid_until: "2026-08-16T06:00:00.000Z",
    });
    const periods = await cloud.db
      .select()
      .from(subscriptionPeriods)
      .where(eq(subscriptionPeriods.subscriptionId, String(made["id"])));
    expect(periods).toHaveLength(1);
  });

  it("is paid by one of several payments at once", async () => {
    const made = await buy(await plan());
    const done = await Promise.all([1, 2, 3, 4].map(async () => await pay(made["id"], 9_000)));
    expect(done.toSorted()).toEqual(["booked", "not_due", "not_due", "not_due"]);
  });

  it("takes only what it costs", async () => {
    const made = await buy(await plan());
    expect(await pay(made["id"], 8_999)).toBe("not_due");
    expect(await seen(made["id"])).toMatchObject({ status: "pending" });
    expect(await pay(randomUUID(), 9_000)).toBe("not_due");
  });

  it("lapses when nobody pays for it within a day, and money that comes then is not wanted", async () => {
    const made = await buy(await plan());
    at("2026-07-16T11:59:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(made["id"])).toMatchObject({ status: "pending" });
    at("2026-07-16T12:01:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(made["id"])).toMatchObject({ status: "cancelled", due: null });
    expect(await pay(made["id"], 9_000)).toBe("not_due");
  });

  it("that costs nothing is active at once", async () => {
    const made = await buy(await plan({ price: "0" }));
    expect(made).toMatchObject({ status_code: 201, status: "active", due: null });
  });

  it("is only of the driver's own vehicles, and of as many as the plan takes", async () => {
    const planId = await plan({ max_vehicles: 2 });
    const [mine, second, third, theirs] = [
      await vehicle(),
      await vehicle(),
      await vehicle(),
      await vehicle(other),
    ];
    const asked = (vehicle_ids: string[]) => ({ facility_id: FACILITY_ID, plan_id: planId, vehicle_ids });
    const bought = async (ids: string[]) => await ask(driver, "POST", "/api/subscriptions/", asked(ids));
    expect(await bought([mine.id, theirs.id])).toMatchObject({ status_code: 404, code: "no_such_vehicle" });
    expect(await bought([mine.id, mine.id])).toMatchObject({ status_code: 400, field: "vehicle_ids" });
    expect(await bought([mine.id, second.id, third.id])).toMatchObject({
      status_code: 422,
      field: "vehicle_ids",
    });
    expect(await bought([])).toMatchObject({ status_code: 400, field: "vehicle_ids" });
    const made = await bought([mine.id, second.id]);
    expect(made["plates"]).toEqual([mine.plate, second.plate].toSorted());
    const changed = await ask(driver, "PATCH", `/api/subscriptions/${String(made["id"])}/`, {
      vehicle_ids: [third.id],
      renews: false,
    });
    expect(changed).toMatchObject({ plates: [third.plate], renews: false });
    // Nobody else parks by it: the vehicle stays with the driver for as long as the subscription names it.
    const named = await ask(driver, "DELETE", `/api/vehicles/${third.id}/`);
    expect(named).toMatchObject({ status_code: 409, code: "vehicle_subscribed" });
    expect(await ask(driver, "DELETE", `/api/vehicles/${mine.id}/`)).toMatchObject({ status_code: 204 });
  });

  it("begins at most ninety days ahead, and not in the past", async () => {
    const planId = await plan();
    expect(await buy(planId, { valid_from: "2026-07-15T11:00:00Z" })).toMatchObject({
      code: "valid_from_past",
    });
    expect(await buy(planId, { valid_from: "2026-11-15T11:00:00Z" })).toMatchObject({
      code: "valid_from_far",
    });
    const made = await buy(planId, { valid_from: "2026-08-31T00:00:00+02:00" });
    expect(made).toMatchObject({ valid_until: "2026-09-29T22:00:00.000Z" });
    await pay(made["id"], 9_000);
    expect(await seen(made["id"])).toMatchObject({
      valid_from: "2026-08-30T22:00:00.000Z",
      status: "active",
    });
  });

  it("is seen by its driver and by who runs the facility", async () => {
    const made = await buy(await plan());
    expect(await seen(made["id"], staff)).toMatchObject({ status_code: 200 });
    for (const who of [other, stranger]) {
      expect(await seen(made["id"], who)).toMatchObject({ status_code: 404 });
      const cancelled = await ask(who, "POST", `/api/subscriptions/${String(made["id"])}/cancel/`, {});
      expect(cancelled).toMatchObject({ status_code: 404 });
    }
    const listed = async (who: Person, query = "") =>
      ((await ask(who, "GET", `/api/subscriptions/?limit=200${query}`))["items"] as { id: string }[]).map(
        ({ id }) => id,
      );
    expect(await listed(driver)).toContain(made["id"]);
    expect(await listed(staff, `&facility_id=${FACILITY_ID}&status=pending`)).toContain(made["id"]);
    expect(await listed(other)).not.toContain(made["id"]);
    expect(await listed(stranger)).toEqual([]);
    expect(await ask(stranger, "GET", `/api/subscriptions/?facility_id=${FACILITY_ID}`)).toMatchObject({
      status_code: 404,
    });
    const [plate] = made["plates"] as string[];
    const found = await ask(staff, "GET", `/api/facilities/${FACILITY_ID}/plates/${plate}/`);
    expect(found).toMatchObject({ status_code: 200, subscriptions: [] });
    await pay(made["id"], 9_000);
    expect(await ask(staff, "GET", `/api/facilities/${FACILITY_ID}/plates/${plate}/`)).toMatchObject({
      subscriptions: [{ id: made["id"] }],
    });
    expect(await ask(stranger, "GET", `/api/facilities/${FACILITY_ID}/plates/${plate}/`)).toMatchObject({
      status_code: 404,
    });
  });
});

describe("cash at the desk", () => {
  it("pays a subscription, its renewal, and nothing twice", async () => {
    const made = await buy(await plan({ price: "31" }));
    const take = async () =>
      await ask(staff, "POST", "/api/payments/", {
        facility_id: FACILITY_ID,
        purpose: "subscription",
        subject_id: made["id"],
        provider: "cash",
      });
    const settle = async (paid: Answer) =>
      await ask(staff, "POST", `/api/payments/${String(paid["id"])}/capture/`, {});
    const first = await take();
    expect(first).toMatchObject({ status_code: 201, amount: "31.00" });
    if (first["status"] !== "captured") expect(await settle(first)).toMatchObject({ status_code: 200 });
    expect(await seen(made["id"])).toMatchObject({ status: "active", due: null });
    expect((await take()).status_code).toBe(409);
    at("2026-08-12T12:00:00Z");
    await run(RENEWALS_JOB);
    const second = await take();
    expect(second).toMatchObject({ status_code: 201, amount: "31.00" });
    if (second["status"] !== "captured") expect(await settle(second)).toMatchObject({ status_code: 200 });
    expect(await seen(made["id"])).toMatchObject({ valid_until: "2026-09-15T12:00:00.000Z", due: null });
  });
});

describe("renewal", () => {
  it("can be paid a week ahead, goes on without a gap, and ends where it is not paid", async () => {
    const made = await buy(await plan(), { valid_from: "2026-07-31T10:00:00Z" });
    const id = made["id"];
    await pay(id, 9_000);
    at("2026-08-20T10:00:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(id)).toMatchObject({ due: null });
    at("2026-08-25T10:00:00Z");
    await run(RENEWALS_JOB);
    await run(RENEWALS_JOB);
    expect(await seen(id)).toMatchObject({
      due: {
        kind: "renewal",
        amount: "90.00",
        from: "2026-08-31T10:00:00.000Z",
        until: "2026-09-30T10:00:00.000Z",
      },
    });
    const owed = await SUBSCRIPTION_PAYMENTS.owed(
      cloud.db,
      { facilityId: FACILITY_ID, subjectId: String(id) },
      cloud.clock.now,
    );
    // Payments subtract what was paid for the first term.
    expect(owed?.amountMinor).toBe(18_000);
    expect(await pay(id, 9_000)).toBe("booked");
    expect(await seen(id)).toMatchObject({
      valid_from: "2026-07-31T10:00:00.000Z",
      valid_until: "2026-09-30T10:00:00.000Z",
    });
    at("2026-09-25T10:00:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(id)).toMatchObject({ due: { until: "2026-10-31T11:00:00.000Z" } });
    await run(TELLING_JOB);
    expect(await permit(id)).toMatchObject({ valid_until: "2026-09-30T10:00:00.000Z" });
    at("2026-09-30T10:00:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(id)).toMatchObject({ status: "ended", due: null });
    await run(TELLING_JOB);
    expect(await permit(id)).toBeNull();
    expect(await pay(id, 9_000)).toBe("not_due");
  });

  it("is not offered to who does not want it, or when the plan is not sold any more", async () => {
    const planId = await plan();
    const made = await buy(planId);
    await pay(made["id"], 9_000);
    const cancelled = await ask(driver, "POST", `/api/subscriptions/${String(made["id"])}/cancel/`, {});
    expect(cancelled).toMatchObject({
      status_code: 200,
      refund: "0.00",
      subscription: { status: "active", renews: false },
    });
    const second = await buy(planId);
    await pay(second["id"], 9_000);
    await ask(owner, "PATCH", `${PLANS}${planId}/`, { on_sale: false });
    at("2026-08-12T10:00:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(made["id"])).toMatchObject({ due: null });
    expect(await seen(second["id"])).toMatchObject({ due: null });
  });

  it("of what costs nothing comes by itself", async () => {
    const made = await buy(await plan({ price: "0" }));
    at("2026-08-12T10:00:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(made["id"])).toMatchObject({
      status: "active",
      valid_until: "2026-09-15T12:00:00.000Z",
    });
  });
});

describe("a change of plan", () => {
  it("costs what is left to pay, and is in force when that is paid", async () => {
    const [small, large] = [await plan({ price: "31" }), await plan({ price: "62", spaces: 2 })];
    const made = await buy(small);
    await pay(made["id"], 3_100);
    at("2026-07-25T12:00:00Z");
    const path = `/api/subscriptions/${String(made["id"])}/change/`;
    const dry = await ask(driver, "POST", path, { plan_id: large, dry_run: true });
    expect(dry).toMatchObject({ cost: { due: "41.00", refund: "0.00" }, subscription: { due: null } });
    const asked = await ask(driver, "POST", path, { plan_id: large });
    expect(asked).toMatchObject({
      subscription: { plan_id: small, due: { amount: "41.00", kind: "change" } },
    });
    at("2026-07-25T12:30:00Z");
    expect(await pay(made["id"], 4_100)).toBe("booked");
    expect(await seen(made["id"])).toMatchObject({
      plan_id: large,
      price: "62.00",
      valid_from: "2026-07-15T12:00:00.000Z",
      valid_until: "2026-08-25T12:30:00.000Z",
    });
    await run(TELLING_JOB);
    expect(await permit(made["id"])).toMatchObject({ spaces: 2 });
    const same = await ask(driver, "POST", path, { plan_id: large });
    expect(same).toMatchObject({ status_code: 409, code: "same_plan" });
  });

  it("is not kept for longer than an hour", async () => {
    const [small, large] = [await plan({ price: "31" }), await plan({ price: "62" })];
    const made = await buy(small);
    await pay(made["id"], 3_100);
    const path = `/api/subscriptions/${String(made["id"])}/change/`;
    await ask(driver, "POST", path, { plan_id: large });
    at("2026-07-15T13:00:00Z");
    expect(await seen(made["id"])).toMatchObject({ due: null });
    expect(await pay(made["id"], 3_100)).toBe("not_due");
    await run(RENEWALS_JOB);
    expect(await ask(driver, "POST", path, { plan_id: large })).toMatchObject({ status_code: 200 });
  });

  it("gives back what the cheaper plan leaves over, at once", async () => {
    const [small, large] = [await plan({ price: "10" }), await plan({ price: "62" })];
    const made = await buy(large);
    const payment = randomUUID();
    await pay(made["id"], 6_200, payment);
    at("2026-07-25T12:00:00Z");
    const changed = await ask(driver, "POST", `/api/subscriptions/${String(made["id"])}/change/`, {
      plan_id: small,
    });
    expect(changed).toMatchObject({
      cost: { due: "0.00", refund: "32.00" },
      subscription: { plan_id: small, due: null },
    });
    expect(await givenBack(payment)).toBe(3_200);
    // And what is left of the cheaper one.
    const cancelled = await ask(driver, "POST", `/api/subscriptions/${String(made["id"])}/cancel/`, {
      at: "now",
    });
    expect(cancelled).toMatchObject({ refund: "10.00" });
    expect(await givenBack(payment)).toBe(4_200);
  });

  it("is for what is active, to what is sold, in the same currency", async () => {
    const [small, large] = [await plan({ price: "31" }), await plan({ price: "62", on_sale: false })];
    const made = await buy(small);
    const path = `/api/subscriptions/${String(made["id"])}/change/`;
    expect(await ask(driver, "POST", path, { plan_id: small })).toMatchObject({ code: "not_active" });
    await pay(made["id"], 3_100);
    expect(await ask(driver, "POST", path, { plan_id: large })).toMatchObject({ status_code: 404 });
    expect(await ask(other, "POST", path, { plan_id: small })).toMatchObject({ status_code: 404 });
  });
});

async function givenBack(paymentId: string): Promise<number> {
  const rows = await cloud.db.select().from(refunds).where(eq(refunds.paymentId, paymentId));
  return rows.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

describe("cancelling now", () => {
  it("gives back what is left, and the gate lets it in no more", async () => {
    const made = await buy(await plan({ price: "31" }));
    const payment = randomUUID();
    await pay(made["id"], 3_100, payment);
    await run(TELLING_JOB);
    at("2026-07-30T12:00:00Z");
    const path = `/api/subscriptions/${String(made["id"])}/cancel/`;
    const done = await ask(driver, "POST", path, { at: "now" });
    expect(done).toMatchObject({ refund: "16.00", currency: "EUR", subscription: { status: "cancelled" } });
    expect(await givenBack(payment)).toBe(1_600);
    await run(TELLING_JOB);
    expect(await permit(made["id"])).toBeNull();
    expect(await ask(driver, "POST", path, { at: "now" })).toMatchObject({
      status_code: 409,
      code: "subscription_over",
    });
    expect(await givenBack(payment)).toBe(1_600);
  });

  it("gives back what was paid ahead as well", async () => {
    const made = await buy(await plan({ price: "31" }));
    const [first, second] = [randomUUID(), randomUUID()];
    await pay(made["id"], 3_100, first);
    at("2026-08-10T12:00:00Z");
    await run(RENEWALS_JOB);
    expect(await pay(made["id"], 3_100, second)).toBe("booked");
    const path = `/api/subscriptions/${String(made["id"])}/cancel/`;
    const done = await ask(driver, "POST", path, { at: "now" });
    expect(done).toMatchObject({
      refund: "36.00",
      subscription: { valid_until: "2026-08-10T12:00:00.000Z" },
    });
    expect(await givenBack(second)).toBe(3_100);
    expect(await givenBack(first)).toBe(500);
  });

  it("before it begins gives everything back", async () => {
    const made = await buy(await plan({ price: "31" }), { valid_from: "2026-08-01T00:00:00Z" });
    const payment = randomUUID();
    await pay(made["id"], 3_100, payment);
    const path = `/api/subscriptions/${String(made["id"])}/cancel/`;
    expect(await ask(staff, "POST", path, { at: "now" })).toMatchObject({ refund: "31.00" });
    expect(await givenBack(payment)).toBe(3_100);
  });

  it("gives back once, whoever asks at once", async () => {
    const made = await buy(await plan({ price: "31" }));
    const payment = randomUUID();
    await pay(made["id"], 3_100, payment);
    const path = `/api/subscriptions/${String(made["id"])}/cancel/`;
    const done = await Promise.all(
      [driver, staff, driver, staff].map(async (who) => await ask(who, "POST", path, { at: "now" })),
    );
    expect(done.map(({ status_code: code }) => String(code)).toSorted()).toEqual([
      "200",
      "409",
      "409",
      "409",
    ]);
    expect(await givenBack(payment)).toBe(3_100);
  });

  it("of what was never paid gives nothing back", async () => {
    const made = await buy(await plan());
    const done = await ask(driver, "POST", `/api/subscriptions/${String(made["id"])}/cancel/`, {});
    expect(done).toMatchObject({ refund: "0.00", subscription: { status: "cancelled" } });
    await run(TELLING_JOB);
    expect(await permit(made["id"])).toBeNull();
  });
});

describe("a quota of stays", () => {
  const edge = { ...EDGE };
  const begin = (id: unknown, stay: number, when: string) => {
    const fact = started(stay, when);
    if (fact.kind !== "stay.started") throw new Error("not a stay");
    const payload = { ...fact.payload, right: { kind: "permit" as const, id: String(id) } };
    return { seq: stay, eventId: testId(0xe, stay), payload };
  };
  const tell = async (told: readonly ReturnType<typeof begin>[]) =>
    await cloud.db.transaction(async (tx) => {
      await SUBSCRIPTION_EFFECTS["stay.started"](tx, edge, told, cloud.clock.now);
    });

  it("is used up by stays that gates tell of, each once, and begins anew with the period", async () => {
    const made = await buy(await plan({ quota_stays: 2, period: "week", periods: 2 }));
    const id = made["id"];
    await pay(id, 9_000);
    await run(TELLING_JOB);
    const first = begin(id, 1, "2026-07-15T13:00:00Z");
    await tell([first]);
    await tell([first]);
    expect(await seen(id)).toMatchObject({ used_stays: 1 });
    expect(await run(TELLING_JOB)).toBe(0);
    await tell([begin(id, 2, "2026-07-16T13:00:00Z"), begin(randomUUID(), 3, "2026-07-16T13:00:00Z")]);
    expect(await seen(id)).toMatchObject({ used_stays: 2 });
    await run(TELLING_JOB);
    expect(await permit(id)).toBeNull();
    const gone = voided(2, "2026-07-16T13:01:00Z");
    if (gone.kind !== "stay.voided") throw new Error("not a stay");
    await cloud.db.transaction(async (tx) => {
      const told = [{ seq: 9, eventId: testId(0xe, 9), payload: gone.payload }];
      await SUBSCRIPTION_EFFECTS["stay.voided"](tx, edge, told, cloud.clock.now);
    });
    await run(TELLING_JOB);
    expect(await permit(id)).not.toBeNull();
    await tell([begin(id, 4, "2026-07-17T13:00:00Z")]);
    await run(TELLING_JOB);
    expect(await permit(id)).toBeNull();
    at("2026-07-22T11:59:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(id)).toMatchObject({ used_stays: 2 });
    at("2026-07-22T12:01:00Z");
    await run(RENEWALS_JOB);
    expect(await seen(id)).toMatchObject({ used_stays: 0 });
    await run(TELLING_JOB);
    expect(await permit(id)).toMatchObject({ valid_until: "2026-07-29T12:00:00.000Z" });
  });

  it("counts against what is given back", async () => {
    const made = await buy(await plan({ quota_stays: 10, price: "31" }));
    await pay(made["id"], 3_100);
    await tell(
      [21, 22, 23, 24, 25, 26, 27, 28, 29].map((stay) => begin(made["id"], stay, "2026-07-15T12:30:00Z")),
    );
    at("2026-07-15T13:00:00Z");
    const path = `/api/subscriptions/${String(made["id"])}/cancel/`;
    expect(await ask(driver, "POST", path, { at: "now" })).toMatchObject({ refund: "3.10" });
  });

  it("of another facility's subscription stays as it is", async () => {
    const made = await buy(await plan({ quota_stays: 2 }));
    await pay(made["id"], 9_000);
    const foreign = { ...EDGE, facilityId: "0192a000-0000-7000-8000-000000000002" };
    await cloud.db.transaction(async (tx) => {
      const told = [begin(made["id"], 40, "2026-07-15T12:30:00Z")];
      await SUBSCRIPTION_EFFECTS["stay.started"](tx, foreign, told, cloud.clock.now);
    });
    expect(await seen(made["id"])).toMatchObject({ used_stays: 0 });
    const kept = await cloud.db
      .select()
      .from(subscriptionStays)
      .where(eq(subscriptionStays.subscriptionId, String(made["id"])));
    expect(kept).toEqual([]);
  });
});

describe("the gate's permits", () => {
  it("follow a change of the plan", async () => {
    const planId = await plan({ tariff_pass: "nights" });
    const made = await buy(planId);
    await pay(made["id"], 9_000);
    await run(TELLING_JOB);
    expect(await permit(made["id"])).toMatchObject({ pass: "nights", spaces: 1 });
    await ask(owner, "PATCH", `${PLANS}${planId}/`, { spaces: 4, tariff_pass: null, zone: "deck-2" });
    await run(TELLING_JOB);
    const after = await permit(made["id"]);
    expect(after).toMatchObject({ spaces: 4, zone: "deck-2" });
    expect(after).not.toHaveProperty("pass");
  });

  it("are all of those that are active, whatever happened before", async () => {
    cloud.clock.now = new Date(START.getTime() + DAY);
    await run(RENEWALS_JOB);
    await run(TELLING_JOB);
    const active = await cloud.db.select().from(subscriptions).where(eq(subscriptions.status, "active"));
    const good = active.filter(({ quotaStays, usedStays }) => quotaStays === null || usedStays < quotaStays);
    const told = (await entriesIn(cloud.db, FACILITY_ID, "permits")).map(({ key }) => key);
    expect(told.toSorted()).toEqual(good.map(({ id }) => id).toSorted());
  });
});
