import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FACILITY_ID, OTHER_FACILITY_ID } from "../testing/cloud.ts";
import type { Person } from "../testing/people.ts";
import { read, readPages, startPaymentDesk, type Json, type PaymentDesk } from "./testing/payment-desk.ts";
import type { Trouble } from "./testing/provider-server.ts";

let desk: PaymentDesk;
let driver: Person;
let staff: Person;
beforeAll(async () => {
  desk = await startPaymentDesk();
  ({ driver, staff } = desk.people);
});
afterAll(() => desk.stop());
beforeEach(() => {
  desk.stripe.trouble.length = 0;
  desk.stripe.behaviour.nowS = Math.floor(desk.cloud.clock.now.getTime() / 1_000);
});

async function begin(subjectId: string, change: Json = {}, who = driver, key: string = randomUUID()) {
  const body = {
    facility_id: FACILITY_ID,
    purpose: "booking",
    subject_id: subjectId,
    provider: "stripe",
    ...change,
  };
  return await read(await who.ask("POST", "/api/payments/", body, { "idempotency-key": key }));
}

/** A payment of a new thing. @returns its id, and the provider's. */
async function begun(amountMinor = 1_500, change: Json = {}, who = driver) {
  const subjectId = desk.owe(amountMinor);
  const answer = await begin(subjectId, change, who);
  expect(answer.status).toBe("pending");
  return { subjectId, id: String(answer["id"]), reference: String(answer["reference"]) };
}

async function act(who: Person, id: string, what: string, body: Json = {}, key: string = randomUUID()) {
  return await read(await who.ask("POST", `/api/payments/${id}/${what}/`, body, { "idempotency-key": key }));
}

/** All that Stripe has to tell of an intent, in the order in which it happened there. */
const eventsOf = (reference: string) =>
  desk.stripe.events.filter(({ body }) => body.includes(`"${reference}"`));

async function tellAll(reference: string): Promise<void> {
  for (const event of eventsOf(reference)) await desk.tellStripe(event);
}

const effectsOf = async (id: string) =>
  (await desk.effects())
    .filter(({ payment_id }) => payment_id === id)
    .map(({ kind, amount, other }) => [kind, amount, other]);

describe("a payment", () => {
  it("is begun for what is owed, and captured when the provider says so", async () => {
    const subjectId = desk.owe(1_500);
    const answer = await begin(subjectId);
    expect(answer).toMatchObject({
      status: "pending",
      purpose: "booking",
      subject_id: subjectId,
      amount: "15.00",
      captured: "0.00",
      currency: "EUR",
      client: { client_secret: expect.stringContaining("_secret_") as unknown },
    });
    const [id, reference] = [String(answer["id"]), String(answer["reference"])];
    desk.stripe.pay(reference);
    await tellAll(reference);
    const paid = await read(await driver.ask("GET", `/api/payments/${id}/`));
    expect(paid).toMatchObject({ status: "captured", captured: "15.00", method: "card" });
    expect(await effectsOf(id)).toEqual([["captured", 1_500, 0]]);
    expect(await desk.ledger(id)).toEqual([{ kind: "capture", amountMinor: 1_500 }]);
    expect(await begin(subjectId)).toMatchObject({ status: 409, code: "nothing_due" });
  });

  it("asked for again with its key is the same payment, also at the same moment", async () => {
    const subjectId = desk.owe(700);
    const before = desk.stripe.intents.length;
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => begin(subjectId, {}, driver, `same-${subjectId}`)),
    );
    const good = answers.filter(({ status }) => status === "pending");
    expect(good.length).toBe(4);
    expect(new Set(good.map((answer) => JSON.stringify(answer["client"]))).size).toBe(1);
    expect(desk.stripe.intents.length).toBe(before + 1);
    const other = await begin(desk.owe(700), {}, driver, `same-${subjectId}`);
    expect(other).toMatchObject({ status: 422, code: "idempotency_key_reused" });
    expect(await begin(desk.owe(700), {}, driver, "a key")).toMatchObject({
      status: 400,
      field: "Idempotency-Key",
    });
  });

  it("is one at a time for a thing: the second is told of the first, which may be cancelled", async () => {
    const { subjectId, id, reference } = await begun();
    expect(await begin(subjectId)).toMatchObject({ status: 409, code: "payment_open", payment_id: id });
    const both = await Promise.all([begin(desk.owe(500)), begin(desk.owe(500))]);
    expect(both.map(({ status }) => status)).toEqual(["pending", "pending"]);
    expect(await act(driver, id, "cancel")).toMatchObject({ status: "cancelled" });
    expect(desk.stripe.intents.find((intent) => intent.id === reference)?.status).toBe("canceled");
    expect(await begin(subjectId)).toMatchObject({ status: "pending", amount: "15.00" });
    expect(await act(driver, id, "cancel")).toMatchObject({ status: "cancelled" });
  });

  it("is nobody's but the payer's and those who run the facility", async () => {
    const { stranger, foreigner } = desk.people;
    const { subjectId, id } = await begun();
    for (const who of [stranger, foreigner]) {
      expect(await begin(subjectId, {}, who)).toMatchObject({ status: 404, code: "no_such_booking" });
      expect((await who.ask("GET", `/api/payments/${id}/`)).status).toBe(404);
      for (const what of ["cancel", "capture", "confirm"])
        expect((await who.ask("POST", `/api/payments/${id}/${what}/`, {})).status).toBe(
          what === "capture" && who === stranger ? 403 : 404,
        );
      expect((await who.ask("POST", `/api/payments/${id}/refunds/`, { reason: "mine" })).status).toBe(
        who === stranger ? 403 : 404,
      );
      const list = await read(await who.ask("GET", "/api/payments/"));
      expect(JSON.stringify(list)).not.toContain(id);
    }
    expect((await desk.nobody("GET", `/api/payments/${id}/`)).status).toBe(404);
    expect((await desk.nobody("POST", `/api/payments/${id}/cancel/`, {})).status).toBe(404);
    expect((await staff.ask("GET", `/api/payments/${id}/`)).status).toBe(200);
    expect((await desk.people.admin.ask("GET", `/api/payments/${id}/`)).status).toBe(200);
  });

  it("is refused where it makes no sense, and says why", async () => {
    const subjectId = desk.owe(900);
    const wrong = async (change: Json, who = driver) => {
      const { status, code, field } = await begin(subjectId, change, who);
      return [status, code, field];
    };
    expect(await wrong({ provider: "gold" })).toEqual([400, "unknown_provider", "provider"]);
    expect(await wrong({ method: "upi" })).toEqual([400, "invalid", "method"]);
    expect(await wrong({ provider: "cash" })).toEqual([403, "not_allowed", "provider"]);
    expect(await wrong({ capture: "manual" })).toEqual([403, "not_allowed", "capture"]);
    expect(await wrong({ provider: "upi" })).toEqual([409, "currency_not_taken", "provider"]);
    expect(await wrong({ subject_id: randomUUID() })).toEqual([404, "no_such_booking", undefined]);
    expect(await wrong({ facility_id: OTHER_FACILITY_ID }, staff)).toEqual([
      404,
      "no_such_booking",
      undefined,
    ]);
    expect(await wrong({ purpose: "stay", subject_id: randomUUID() }, staff)).toEqual([
      404,
      "no_such_stay",
      undefined,
    ]);
    expect(await wrong({ amount: "1.00" })).toEqual([400, "invalid", "amount"]);
    expect(await wrong({ provider: "upi", capture: "manual" }, staff)).toEqual([400, "invalid", "capture"]);
  });

  it("is taken in cash by people of the facility, and is there at once", async () => {
    const answer = await begin(desk.owe(900), { provider: "cash" }, staff);
    expect(answer).toMatchObject({ status: "captured", captured: "9.00", method: "cash", client: null });
    expect(await effectsOf(String(answer["id"]))).toEqual([["captured", 900, 0]]);
    expect(await act(staff, String(answer["id"]), "refunds", { reason: "a mistake" })).toMatchObject({
      status: "done",
    });
  });

  it("may be reserved first, and captured in part", async () => {
    const { id, reference } = await begun(2_000, { capture: "manual" }, staff);
    expect(await act(staff, id, "capture")).toMatchObject({ status: 409, code: "not_authorized" });
    desk.stripe.pay(reference);
    await tellAll(reference);
    expect(await desk.payment(id)).toMatchObject({ status: "authorized" });
    expect(await act(staff, id, "capture", { amount: "20.01" })).toMatchObject({ code: "too_much" });
    expect(await act(staff, id, "capture", { amount: "1.234" })).toMatchObject({ field: "amount" });
    expect(await act(driver, id, "capture")).toMatchObject({ status: 403 });
    expect(await act(staff, id, "capture", { amount: "12.50" })).toMatchObject({
      status: "captured",
      captured: "12.50",
    });
    await tellAll(reference);
    expect(await desk.ledger(id)).toEqual([{ kind: "capture", amountMinor: 1_250 }]);
  });

  it("whose attempt failed goes on, and says why", async () => {
    const { id, reference } = await begun();
    desk.stripe.decline(reference);
    await tellAll(reference);
    expect(await desk.payment(id)).toMatchObject({ status: "pending", failure: "insufficient_funds" });
    desk.stripe.pay(reference);
    expect(await act(driver, id, "confirm")).toMatchObject({ status: "captured", failure: null });
  });

  it("that the provider refuses has failed, and another may be begun", async () => {
    const subjectId = desk.owe(20);
    const answer = await begin(subjectId);
    expect(answer).toMatchObject({
      status: "failed",
      failure: "Stripe: amount_too_small (400)",
      client: null,
    });
    desk.owed.set(subjectId, { userId: driver.userId, amountMinor: 2_000, currency: "EUR" });
    expect(await begin(subjectId)).toMatchObject({ status: "pending" });
  });

  it("leaves no secret, no card and nothing of the payer in the database", async () => {
    const { reference } = await begun();
    desk.stripe.decline(reference);
    desk.stripe.pay(reference);
    await tellAll(reference);
    const rows = await desk.cloud.db.execute(
      sql`select provider_payments::text from provider_payments union all select provider_events::text from provider_events union all select audit_entries::text from audit_entries`,
    );
    const text = JSON.stringify(rows.rows);
    expect(text).toContain(reference);
    for (const secret of ["_secret_", "4242", "payer@example.test"])
      expect(text.includes(secret)).toBe(false);
  });
});

/** Stripe's library asks once more by itself, with the same key, when a connection is cut. */
function goAway(trouble: Trouble): void {
  desk.stripe.trouble.push(...(trouble.startsWith("cut_") ? [trouble, trouble] : [trouble]));
}

describe("a provider that is away", () => {
  const TROUBLE: readonly Trouble[] = [
    "cut_before",
    "cut_after",
    "hang_after",
    "error_500",
    "error_429",
    "nonsense",
  ];

  it.each(TROUBLE)("when a payment is begun (%s): the same request goes on with it", async (trouble) => {
    const subjectId = desk.owe(800);
    const before = desk.stripe.intents.length;
    goAway(trouble);
    const answer = await begin(subjectId, {}, driver, `away-${subjectId}`);
    expect(answer).toMatchObject({ status: 503, code: "provider_away" });
    const id = String(answer["payment_id"]);
    expect(await desk.payment(id)).toMatchObject({ status: "created", reference: null });
    expect(await begin(subjectId)).toMatchObject({ code: "payment_open", payment_id: id });
    const again = await begin(subjectId, {}, driver, `away-${subjectId}`);
    expect(again).toMatchObject({
      id,
      status: "pending",
      client: { client_secret: expect.any(String) as unknown },
    });
    expect(desk.stripe.intents.length).toBe(before + 1);
  });

  it("and a program that ends between two steps leave nothing behind: the job takes it up", async () => {
    const subjectId = desk.owe(800);
    const before = desk.stripe.intents.length;
    goAway("cut_after");
    const id = String((await begin(subjectId))["payment_id"]);
    await desk.later(20);
    expect(await desk.payment(id)).toMatchObject({ status: "created", polls: 0 });
    desk.stripe.trouble.push(...Array.from({ length: 40 }, () => "error_500" as const));
    await desk.later(20);
    expect(await desk.payment(id)).toMatchObject({ status: "created", polls: 1 });
    desk.stripe.trouble.length = 0;
    await desk.later(60);
    expect(await desk.payment(id)).toMatchObject({ status: "pending" });
    expect(desk.stripe.intents.length).toBe(before + 1);
    const { reference } = await desk.payment(id);
    desk.stripe.pay(reference ?? "");
    // No webhook comes.
    await desk.later(300);
    expect(await desk.payment(id)).toMatchObject({ status: "captured", pollAt: null });
    expect(await effectsOf(id)).toEqual([["captured", 800, 0]]);
  });

  it("does not keep a payment from being cancelled that it never answered for", async () => {
    goAway("cut_after");
    const id = String((await begin(desk.owe(800)))["payment_id"]);
    expect(await act(driver, id, "cancel")).toMatchObject({ status: "cancelled" });
    await desk.later(3_600);
    expect(await desk.payment(id)).toMatchObject({ status: "cancelled", reference: null });
  });

  it("is told of what nobody finished after a day", async () => {
    const { id, reference } = await begun();
    await desk.later(25 * 3_600);
    expect(await desk.payment(id)).toMatchObject({ status: "cancelled" });
    expect(desk.stripe.intents.find((intent) => intent.id === reference)?.status).toBe("canceled");
    await desk.later(3 * 3_600);
    expect(await desk.payment(id)).toMatchObject({ pollAt: null });
  });
});

describe("money", () => {
  it("that comes for what is not owed any more goes back by itself", async () => {
    const { subjectId, id, reference } = await begun();
    desk.unwanted.add(subjectId);
    desk.stripe.pay(reference);
    await tellAll(reference);
    expect(await desk.payment(id)).toMatchObject({ status: "captured" });
    expect(await desk.refundsOf(id)).toMatchObject([{ status: "asked", amountMinor: 1_500, actor: "cloud" }]);
    await desk.later(1, "payments.refunds");
    expect(await desk.refundsOf(id)).toMatchObject([{ status: "done" }]);
    expect((await desk.ledger(id)).reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(0);
    expect(await effectsOf(id)).toEqual([["refunded", 1_500, 0]]);
  });

  it("is booked once and with what it means, in whatever order words come, twice or at once, and however often a step is lost", async () => {
    const step = fc.oneof(
      fc.record({ tell: fc.nat(9) }),
      fc.record({ trouble: fc.constantFrom<Trouble>("cut_before", "cut_after", "error_500", "nonsense") }),
      fc.constantFrom("poll", "confirm", "cancel", "repeat", "pay", "decline"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.boolean(), async (steps, together) => {
        const subjectId = desk.owe(600);
        const key = randomUUID();
        await begin(subjectId, {}, driver, key);
        const { rows } = await desk.cloud.db.execute<{ id: string; reference: string }>(
          sql`select id, reference from provider_payments where subject_id = ${subjectId}`,
        );
        const { id = "", reference = "" } = rows[0] ?? {};
        const play = async (what: (typeof steps)[number]): Promise<void> => {
          if (what === "poll") return void (await desk.later(4_000));
          if (what === "repeat") return void (await begin(subjectId, {}, driver, key));
          if (what === "pay") return desk.stripe.pay(reference);
          if (what === "decline") return desk.stripe.decline(reference);
          if (typeof what === "string") return void (await act(driver, id, what));
          if ("trouble" in what) return void desk.stripe.trouble.push(what.trouble);
          const told = eventsOf(reference);
          const event = told[what.tell % Math.max(1, told.length)];
          if (event !== undefined) await desk.tellStripe(event);
        };
        if (together) await Promise.all(steps.map(play));
        else for (const what of steps) await play(what);
        desk.stripe.trouble.length = 0;
        const paid = desk.stripe.intents.find((intent) => intent.id === reference)?.status === "succeeded";
        await desk.later(4_000);
        expect(await desk.ledger(id)).toEqual(paid ? [{ kind: "capture", amountMinor: 600 }] : []);
        expect(await effectsOf(id)).toEqual(paid ? [["captured", 600, 0]] : []);
        expect((await desk.payment(id)).status === "captured").toBe(paid);
      }),
      { numRuns: 20 },
    );
  });

  it("that is booked is never changed, by nobody", async () => {
    const { db } = desk.cloud;
    await expect(db.$client.query("update provider_ledger set amount_minor = 1")).rejects.toThrow(
      "never changed",
    );
    await expect(db.$client.query("delete from provider_ledger")).rejects.toThrow("never changed");
    await expect(db.$client.query("truncate provider_ledger")).rejects.toThrow("never changed");
  });
});

describe("the list of payments", () => {
  it("pages through what one may see, newest first, by what it is asked for", async () => {
    const subjectId = desk.owe(500);
    const answer = await begin(subjectId, { purpose: "violation" });
    expect(answer).toMatchObject({ purpose: "violation" });
    const ids = (await readPages(driver, "/api/payments/", 5)).map((item) => item["id"]);
    expect(new Set(ids).size).toBe(ids.length);
    const { rows } = await desk.cloud.db.execute<{ n: number }>(
      sql`select count(*)::int n from provider_payments where user_id = ${driver.userId}`,
    );
    expect(ids.length).toBe(rows[0]?.n);
    const one = await read(
      await staff.ask(
        "GET",
        `/api/payments/?purpose=violation&subject_id=${subjectId}&facility_id=${FACILITY_ID}&status=pending&provider=stripe`,
      ),
    );
    expect(one["items"]).toMatchObject([{ id: answer["id"] }]);
    const none = await read(await staff.ask("GET", `/api/payments/?facility_id=${OTHER_FACILITY_ID}`));
    expect(none["items"]).toEqual([]);
    expect(await read(await driver.ask("GET", "/api/payments/?cursor=xyz"))).toMatchObject({
      status: 400,
      field: "cursor",
    });
  });
});
