import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import fc from "fast-check";
import { FACILITY_ID } from "../testing/cloud.ts";
import type { Person } from "../testing/people.ts";
import { giveBackPayment, giveBackSubject } from "./give-back.queries.ts";
import { read, startPaymentDesk, type Json, type PaymentDesk } from "./testing/payment-desk.ts";

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
  desk.stripe.behaviour.refunds = "succeeded";
});

/** A payment of Stripe that was captured. */
async function paid(amountMinor = 1_000, subjectId = desk.owe(amountMinor)) {
  const body = { facility_id: FACILITY_ID, purpose: "booking", subject_id: subjectId, provider: "stripe" };
  const begun = await read(await driver.ask("POST", "/api/payments/", body));
  const [id, reference] = [String(begun["id"]), String(begun["reference"])];
  desk.stripe.pay(reference);
  expect(await read(await driver.ask("POST", `/api/payments/${id}/confirm/`, {}))).toMatchObject({
    status: "captured",
  });
  return { id, reference, subjectId };
}

async function refund(id: string, body: Json = {}, key: string = randomUUID(), who = staff) {
  const all = { reason: "it rained", ...body };
  return await read(await who.ask("POST", `/api/payments/${id}/refunds/`, all, { "idempotency-key": key }));
}

const given = (reference: string) =>
  desk.stripe.refunds.filter(({ intent, status }) => intent.id === reference && status !== "failed");
const net = async (id: string) =>
  (await desk.ledger(id)).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
const refundEvents = (refundId: string) =>
  desk.stripe.events.filter(({ body, type }) => type.startsWith("refund.") && body.includes(`"${refundId}"`));

describe("a refund", () => {
  it("gives back a part, and never more than was captured", async () => {
    const { id, reference } = await paid();
    expect(await refund(id, { amount: "4.00" })).toMatchObject({
      status: "done",
      amount: "4.00",
      currency: "EUR",
    });
    expect(await refund(id, { amount: "6.01" })).toMatchObject({
      status: 409,
      code: "too_much",
      refundable: "6.00",
    });
    expect(await refund(id, { amount: "0.00" })).toMatchObject({ status: 409, code: "too_much" });
    expect(await refund(id)).toMatchObject({ status: "done", amount: "6.00" });
    expect(await refund(id)).toMatchObject({ status: 409, code: "too_much", refundable: "0.00" });
    expect(given(reference).map(({ amount }) => amount)).toEqual([400, 600]);
    expect(await net(id)).toBe(0);
    expect(await desk.payment(id)).toMatchObject({
      status: "captured",
      capturedMinor: 1_000,
      refundedMinor: 1_000,
    });
    const effects = (await desk.effects()).filter(({ payment_id }) => payment_id === id);
    expect(effects.map(({ kind, amount, other }) => [kind, amount, other])).toEqual([
      ["captured", 1_000, 0],
      ["refunded", 400, 600],
      ["refunded", 600, 0],
    ]);
    const list = (await (await driver.ask("GET", `/api/payments/${id}/refunds/`)).json()) as readonly Json[];
    expect(list.map(({ amount, status }) => `${String(amount)} ${String(status)}`).toSorted()).toEqual([
      "4.00 done",
      "6.00 done",
    ]);
    expect((await desk.people.stranger.ask("GET", `/api/payments/${id}/refunds/`)).status).toBe(404);
  });

  it("asked for again with its key is the same one; with another wish it is refused", async () => {
    const { id, reference } = await paid();
    const both = await Promise.all([1, 2, 3].map(() => refund(id, { amount: "3.00" }, `again-${id}`)));
    expect(new Set(both.map((answer) => answer["id"])).size).toBe(1);
    expect(given(reference)).toHaveLength(1);
    expect(await refund(id, { amount: "2.00" }, `again-${id}`)).toMatchObject({ status: 422 });
  });

  it("asked for at once by many is never more than there is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 6 }),
        async (parts) => {
          const { id, reference } = await paid(100);
          await Promise.all(parts.map((part) => refund(id, { amount: (part / 100).toFixed(2) })));
          const sum = given(reference).reduce((total, { amount }) => total + amount, 0);
          expect(sum).toBeLessThanOrEqual(100);
          expect(await net(id)).toBe(100 - sum);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("is for payments that were captured, and for those who run the facility", async () => {
    const { id } = await paid();
    expect(await refund(id, {}, "k1", driver)).toMatchObject({ status: 403 });
    expect(await refund(id, {}, "k1", desk.people.foreigner)).toMatchObject({
      status: 404,
      code: "no_such_payment",
    });
    expect(await refund(randomUUID())).toMatchObject({ status: 404 });
    expect(await refund(id, { amount: "1", reason: "" })).toMatchObject({ status: 400, field: "reason" });
    const body = {
      facility_id: FACILITY_ID,
      purpose: "booking",
      subject_id: desk.owe(900),
      provider: "stripe",
    };
    const open = await read(await driver.ask("POST", "/api/payments/", body));
    expect(await refund(String(open["id"]))).toMatchObject({ status: 409, code: "not_captured" });
  });

  it.each(["cut_after", "hang_after", "error_500", "nonsense"] as const)(
    "whose answer is lost (%s) is asked for again by itself, and given once",
    async (trouble) => {
      const { id, reference } = await paid();
      desk.stripe.trouble.push(...(trouble === "cut_after" ? [trouble, trouble] : [trouble]));
      expect(await refund(id, { amount: "5.00" })).toMatchObject({ status: "asked", reference: null });
      await desk.later(31, "payments.refunds");
      expect(await desk.refundsOf(id)).toMatchObject([{ status: "done", pollAt: null }]);
      expect(given(reference)).toHaveLength(1);
      expect(await net(id)).toBe(500);
    },
  );

  it("is looked for before it is asked for again: providers forget their keys", async () => {
    const { id, reference } = await paid();
    desk.stripe.trouble.push("hang_after");
    expect(await refund(id, { amount: "5.00" })).toMatchObject({ status: "asked" });
    desk.stripe.forgetKeys();
    await desk.later(31, "payments.refunds");
    expect(given(reference)).toHaveLength(1);
    expect(await desk.refundsOf(id)).toMatchObject([{ status: "done" }]);
  });

  it("that takes days is done when the provider says so, by a webhook or when it is asked", async () => {
    desk.stripe.behaviour.refunds = "pending";
    const [one, other] = [await paid(), await paid()];
    for (const { id } of [one, other]) expect(await refund(id)).toMatchObject({ status: "pending" });
    expect(await net(one.id)).toBe(1_000);
    const idOf = (reference: string) => given(reference)[0]?.id ?? "";
    for (const { reference } of [one, other]) desk.stripe.moveRefund(idOf(reference), "succeeded");
    for (const event of refundEvents(idOf(one.reference))) await desk.tellStripe(event);
    expect(await desk.refundsOf(one.id)).toMatchObject([{ status: "done" }]);
    await desk.later(60, "payments.refunds");
    expect(await desk.refundsOf(other.id)).toMatchObject([{ status: "done" }]);
    expect([await net(one.id), await net(other.id)]).toEqual([0, 0]);
  });

  it("that the bank sends back later is undone in the ledger, and may be given again", async () => {
    const { id, reference } = await paid();
    await refund(id);
    const first = given(reference)[0]?.id ?? "";
    desk.stripe.moveRefund(first, "failed");
    for (const event of refundEvents(first).toReversed()) await desk.tellStripe(event);
    for (const event of refundEvents(first)) await desk.tellStripe(event);
    expect(await desk.refundsOf(id)).toMatchObject([{ status: "failed" }]);
    expect(await net(id)).toBe(1_000);
    expect(await desk.payment(id)).toMatchObject({ refundedMinor: 0 });
    expect(await refund(id)).toMatchObject({ status: "done", amount: "10.00" });
    expect(await net(id)).toBe(0);
  });

  it("made in the provider's own pages is written down as such, and only once", async () => {
    const { id, reference } = await paid();
    const byHand = desk.stripe.refundByHand(reference, 250);
    for (const event of [...refundEvents(byHand), ...refundEvents(byHand)]) await desk.tellStripe(event);
    expect(await desk.refundsOf(id)).toMatchObject([
      {
        status: "done",
        amountMinor: 250,
        reference: byHand,
        actor: "stripe",
        reason: "made at the provider",
      },
    ]);
    expect(await refund(id, { amount: "7.51" })).toMatchObject({ code: "too_much", refundable: "7.50" });
  });

  it("told of before its payment comes again, and is not lost", async () => {
    const subjectId = desk.owe(1_000);
    const body = { facility_id: FACILITY_ID, purpose: "booking", subject_id: subjectId, provider: "stripe" };
    const begun = await read(await driver.ask("POST", "/api/payments/", body));
    const reference = String(begun["reference"]);
    desk.stripe.pay(reference);
    const [event] = refundEvents(desk.stripe.refundByHand(reference, 1_000));
    if (event === undefined) throw new Error("nothing was told");
    expect(await read(await desk.tellStripe(event))).toMatchObject({ status: 409, code: "too_early" });
    await driver.ask("POST", `/api/payments/${String(begun["id"])}/confirm/`, {});
    expect(await read(await desk.tellStripe(event))).toMatchObject({ outcome: "applied" });
    expect(await net(String(begun["id"]))).toBe(0);
  });

  it("that the provider refuses leaves the money where it is", async () => {
    const { id, reference } = await paid();
    // The provider has given all of it back already, and nobody has told us.
    desk.stripe.refundByHand(reference, 1_000);
    expect(await refund(id)).toMatchObject({ status: 409, code: "provider_refused" });
    expect(await desk.refundsOf(id)).toMatchObject([{ status: "failed" }]);
    expect(await net(id)).toBe(1_000);
  });
});

describe("money that another part of the platform gives back", () => {
  const why = { reason: "cancelled", actor: "cloud" };

  it("is what was paid beyond what is kept, the newest payment first", async () => {
    const subjectId = desk.owe(1_000);
    const first = await paid(1_000, subjectId);
    desk.cloud.clock.now = new Date(desk.cloud.clock.now.getTime() + 60_000);
    desk.owed.set(subjectId, { userId: driver.userId, amountMinor: 1_600, currency: "EUR" });
    const second = await paid(1_600, subjectId);
    expect(await desk.payment(second.id)).toMatchObject({ capturedMinor: 600 });
    const subject = { facilityId: FACILITY_ID, purpose: "booking", subjectId } as const;
    const { db, clock } = desk.cloud;
    const give = async (keepMinor: number) =>
      await db.transaction(
        async (tx) => await giveBackSubject(tx, { ...subject, keepMinor, ...why }, clock.now),
      );
    expect(await give(700)).toBe(900);
    expect(await give(700)).toBe(0);
    await desk.later(1, "payments.refunds");
    expect([await net(first.id), await net(second.id)]).toEqual([700, 0]);
    expect(await give(-5)).toBe(700);
    await desk.later(1, "payments.refunds");
    expect(await net(first.id)).toBe(0);
  });

  it("twice at the same moment is asked for once where there is not enough for both", async () => {
    const { id, reference } = await paid();
    const { db, clock } = desk.cloud;
    const give = async () =>
      await db.transaction(
        async (tx) =>
          await giveBackPayment(
            tx,
            { facilityId: FACILITY_ID, paymentId: id, amountMinor: 800, ...why },
            clock.now,
          ),
      );
    const sums = await Promise.all([give(), give()]);
    await desk.later(1, "payments.refunds");
    await desk.later(60, "payments.refunds");
    const all = given(reference).reduce((sum, { amount }) => sum + amount, 0);
    expect(all).toBeLessThanOrEqual(1_000);
    expect(sums).toContain(800);
    expect(await net(id)).toBe(1_000 - all);
  });
});
