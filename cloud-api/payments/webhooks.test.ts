import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FACILITY_ID } from "../testing/cloud.ts";
import { read, startPaymentDesk, type Json, type PaymentDesk } from "./testing/payment-desk.ts";

let desk: PaymentDesk;
beforeAll(async () => {
  desk = await startPaymentDesk();
});
afterAll(() => desk.stop());

async function begun(provider: string, change: Json = {}, currency = "EUR") {
  const subjectId = desk.owe(1_000, { currency });
  const body = { facility_id: FACILITY_ID, purpose: "booking", subject_id: subjectId, provider, ...change };
  const answer = await read(await desk.people.driver.ask("POST", "/api/payments/", body));
  expect(answer.status).toBe("pending");
  return { id: String(answer["id"]), reference: String(answer["reference"]) };
}

const kept = async (eventId: string) => {
  const { rows } = await desk.cloud.db.execute<Json>(
    sql`select outcome, facility_id, kind from provider_events where event_id = ${eventId}`,
  );
  return rows[0];
};

describe("a webhook of Stripe", () => {
  it("is refused when it is forged, changed, or an old one played again", async () => {
    const { reference, id } = await begun("stripe");
    desk.stripe.pay(reference);
    const event = desk.stripe.events.at(-1);
    if (event === undefined) throw new Error("nothing was told");
    const nowS = Math.floor(desk.cloud.clock.now.getTime() / 1_000);
    const signature = desk.stripe.sign(event.body, nowS);
    const status = async (body: string, signed: string) => (await desk.tellStripe({ body }, signed)).status;
    expect(await status(event.body.replace("1000", "1001"), signature)).toBe(401);
    expect(await status(event.body, "")).toBe(401);
    expect(await status(event.body, signature.replace(/v1=../, "v1=00"))).toBe(401);
    expect(await status(event.body, desk.stripe.sign(event.body, nowS - 301))).toBe(401);
    expect(await desk.payment(id)).toMatchObject({ status: "pending" });
    expect(await status(event.body, signature)).toBe(200);
    expect(await desk.payment(id)).toMatchObject({ status: "captured" });
    expect(await read(await desk.tellStripe(event, signature))).toMatchObject({ outcome: "duplicate" });
  });

  it("of another kind is kept, and means nothing; what it says of the payer is not kept", async () => {
    const object = {
      object: "customer",
      email: "payer@example.test",
      card: { number: "4242424242424242" },
      note: "4242 4242 4242 4242",
    };
    const body = JSON.stringify({
      id: "evt_other",
      object: "event",
      type: "customer.created",
      created: 1,
      data: { object },
    });
    expect(await read(await desk.tellStripe({ body }))).toMatchObject({ status: 200, outcome: "ignored" });
    const { rows } = await desk.cloud.db.execute<{ payload: unknown }>(
      sql`select payload from provider_events where event_id = 'evt_other'`,
    );
    expect(JSON.stringify(rows[0]?.payload)).not.toMatch(/payer@|4242/);
  });

  it("of a payment that is none of ours, or not what we asked for, is for a person to look at", async () => {
    const { reference, id } = await begun("stripe");
    desk.stripe.pay(reference);
    const event = desk.stripe.events.at(-1)?.body ?? "";
    const tell = async (
      change: (intent: Record<string, unknown>) => object,
      eventId = `evt_${randomUUID()}`,
    ) => {
      const all = JSON.parse(event) as { data: { object: Record<string, unknown> } };
      const body = JSON.stringify({ ...all, id: eventId, data: { object: change(all.data.object) } });
      return (await read(await desk.tellStripe({ body })))["outcome"];
    };
    expect(await tell((intent) => ({ ...intent, id: "pi_away", metadata: {} }))).toBe("unmatched");
    expect(await tell((intent) => ({ ...intent, id: "pi_away" }))).toBe("unmatched");
    expect(await tell((intent) => ({ ...intent, currency: "usd" }))).toBe("unmatched");
    expect(await tell((intent) => ({ ...intent, amount_received: 1_001 }))).toBe("unmatched");
    expect(await tell((intent) => ({ ...intent, status: "paid_in_gold" }))).toBe("ignored");
    expect(await desk.payment(id)).toMatchObject({ status: "pending" });
    expect(await tell((intent) => intent, "evt_good")).toBe("applied");
    expect(await kept("evt_good")).toEqual({
      outcome: "applied",
      facility_id: FACILITY_ID,
      kind: "payment_intent.succeeded",
    });
    expect(await tell((intent) => ({ ...intent, latest_charge: "ch_second" }))).toBe("unmatched");
    expect(await desk.ledger(id)).toHaveLength(1);
  });

  it("is answered, whatever it is", async () => {
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({
          id: fc.string(),
          object: fc.constant("event"),
          type: fc.constantFrom("payment_intent.succeeded", "refund.updated"),
          created: fc.integer(),
          data: fc.record({ object: fc.jsonValue() }),
        })
        .map((event) => JSON.stringify(event)),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const { status } = await desk.tellStripe({ body });
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 60 },
    );
    expect((await desk.tellStripe({ body: "x".repeat(300_000) })).status).toBe(413);
  });
});

describe("Razorpay", () => {
  it("takes an order that the payer's checkout pays", async () => {
    const { id, reference } = await begun("razorpay");
    expect(reference).toMatch(/^order_/);
    desk.razorpay.decline(reference);
    const paymentId = desk.razorpay.pay(reference);
    const proof = {
      razorpay_payment_id: paymentId,
      razorpay_signature: desk.razorpay.checkout(reference, paymentId),
    };
    const confirm = async (given: Json) =>
      await read(await desk.people.driver.ask("POST", `/api/payments/${id}/confirm/`, { proof: given }));
    expect(await confirm({ ...proof, razorpay_payment_id: "pay_other" })).toMatchObject({
      status: 409,
      code: "provider_refused",
    });
    expect(await confirm({ ...proof, razorpay_signature: "00" })).toMatchObject({ status: 409 });
    expect(await confirm(proof)).toMatchObject({ status: "captured", method: "upi" });
    for (const event of desk.razorpay.events) await desk.tellRazorpay(event);
    for (const event of desk.razorpay.events.toReversed())
      expect(await read(await desk.tellRazorpay(event))).toMatchObject({ outcome: "duplicate" });
    expect(await desk.ledger(id)).toEqual([{ kind: "capture", amountMinor: 1_000 }]);
    expect(await desk.payment(id)).toMatchObject({ charge: paymentId, reference });
  });

  it("is told by webhooks alone, in any order", async () => {
    const { id, reference } = await begun("razorpay");
    const before = desk.razorpay.events.length;
    desk.razorpay.decline(reference);
    desk.razorpay.pay(reference, "card");
    for (const event of desk.razorpay.events.slice(before).toReversed())
      expect(await read(await desk.tellRazorpay(event))).toMatchObject({ outcome: "applied" });
    expect(await desk.payment(id)).toMatchObject({
      status: "captured",
      method: "card",
      capturedMinor: 1_000,
    });
  });

  it("shows a UPI QR code for one payment, which is closed when it is cancelled", async () => {
    const { id, reference } = await begun("razorpay", { method: "upi" }, "INR");
    expect(reference).toMatch(/^qr_/);
    const again = await begun("razorpay", { method: "upi" }, "INR");
    await desk.people.driver.ask("POST", `/api/payments/${again.id}/cancel/`, {});
    expect(desk.razorpay.codes.map(({ closed }) => closed)).toEqual([false, true]);
    const before = desk.razorpay.events.length;
    desk.razorpay.pay(reference);
    for (const event of desk.razorpay.events.slice(before)) await desk.tellRazorpay(event);
    expect(await desk.payment(id)).toMatchObject({ status: "captured", method: "upi" });
    expect(await desk.ledger(id)).toHaveLength(1);
  });

  it("makes one order, though it has no keys for them: what may have been made is looked for", async () => {
    for (const method of ["online", "upi"]) {
      const body = {
        facility_id: FACILITY_ID,
        purpose: "booking",
        subject_id: desk.owe(1_000, { currency: "INR" }),
        provider: "razorpay",
        method,
      };
      const key = { "idempotency-key": randomUUID() };
      const made = () => desk.razorpay.orders.length + desk.razorpay.codes.length;
      const before = made();
      // The question what there is goes well; the answer to the order itself is lost.
      desk.razorpay.trouble.push("nonsense");
      expect((await desk.people.driver.ask("POST", "/api/payments/", body, key)).status).toBe(503);
      expect(made()).toBe(before);
      const lost = desk.razorpay.requests.length;
      const first = desk.people.driver.ask("POST", "/api/payments/", body, key);
      await until(() => desk.razorpay.requests.length > lost);
      desk.razorpay.trouble.push("cut_after");
      expect([201, 503]).toContain((await first).status);
      desk.razorpay.trouble.length = 0;
      expect(await read(await desk.people.driver.ask("POST", "/api/payments/", body, key))).toMatchObject({
        status: "pending",
      });
      expect(made()).toBe(before + 1);
    }
  });

  it("gives money back once, also when its answer is lost", async () => {
    const { id, reference } = await begun("razorpay");
    desk.razorpay.pay(reference);
    await desk.people.driver.ask("POST", `/api/payments/${id}/confirm/`, {});
    desk.razorpay.trouble.push("cut_after");
    const ask = async () =>
      await read(
        await desk.people.staff.ask("POST", `/api/payments/${id}/refunds/`, {
          reason: "rain",
          amount: "4.00",
        }),
      );
    expect(await ask()).toMatchObject({ status: "asked" });
    await desk.later(31, "payments.refunds");
    expect(await desk.refundsOf(id)).toMatchObject([{ status: "done", amountMinor: 400 }]);
    desk.razorpay.behaviour.refunds = "pending";
    expect(await ask()).toMatchObject({ status: "pending" });
    expect(
      desk.razorpay.refunds.filter(({ payment_id }) =>
        desk.razorpay.payments.some((one) => one.id === payment_id && one.of === reference),
      ),
    ).toHaveLength(2);
    const last = desk.razorpay.refunds.at(-1);
    if (last !== undefined) last.status = "processed";
    await desk.later(60, "payments.refunds");
    expect(await desk.ledger(id)).toHaveLength(3);
    desk.razorpay.behaviour.refunds = "processed";
  });

  it("may be paid after it was cancelled here: the money counts, or goes back", async () => {
    const { id, reference } = await begun("razorpay");
    expect(await read(await desk.people.driver.ask("POST", `/api/payments/${id}/cancel/`, {}))).toMatchObject(
      { status: "cancelled" },
    );
    desk.razorpay.pay(reference);
    await desk.later(3_600);
    expect(await desk.payment(id)).toMatchObject({ status: "captured" });
  });

  it("reserves money and captures all of it", async () => {
    const body = {
      facility_id: FACILITY_ID,
      purpose: "booking",
      subject_id: desk.owe(1_000),
      provider: "razorpay",
      capture: "manual",
    };
    const { staff } = desk.people;
    const answer = await read(await staff.ask("POST", "/api/payments/", body));
    desk.razorpay.pay(String(answer["reference"]), "card");
    const path = `/api/payments/${String(answer["id"])}`;
    expect(await read(await staff.ask("POST", `${path}/confirm/`, {}))).toMatchObject({
      status: "authorized",
    });
    expect(await read(await staff.ask("POST", `${path}/capture/`, { amount: "5.00" }))).toMatchObject({
      status: 409,
    });
    expect(await read(await staff.ask("POST", `${path}/capture/`, {}))).toMatchObject({
      status: "captured",
      method: "card",
    });
  });
});

describe("UPI without a gateway", () => {
  it("is a link that any app reads, confirmed by people of the facility with the bank's number, once", async () => {
    const { driver, staff } = desk.people;
    const begin = async () => {
      const subject_id = desk.owe(12_050, { currency: "INR" });
      const body = { facility_id: FACILITY_ID, purpose: "booking", subject_id, provider: "upi" };
      return await read(await driver.ask("POST", "/api/payments/", body));
    };
    const answer = await begin();
    const link = new URL((answer["client"] as Record<string, string>)["upi_uri"] ?? "");
    expect(link.protocol).toBe("upi:");
    expect(Object.fromEntries(link.searchParams)).toMatchObject({
      pa: "parking@bank",
      pn: "Example Parking",
      am: "120.50",
      cu: "INR",
      tr: answer["reference"],
    });
    expect(link.href).not.toContain("+");
    const confirm = async (who: typeof driver, id: unknown, proof: Json) =>
      await read(await who.ask("POST", `/api/payments/${String(id)}/confirm/`, { proof }));
    const utr = "312345678901";
    expect(await confirm(driver, answer["id"], { utr })).toMatchObject({ status: "pending" });
    expect(await confirm(staff, answer["id"], { utr: "12" })).toMatchObject({
      status: 409,
      code: "provider_refused",
    });
    expect(await confirm(staff, answer["id"], { utr })).toMatchObject({
      status: "captured",
      captured: "120.50",
    });
    const other = await begin();
    expect(await confirm(staff, other["id"], { utr })).toMatchObject({
      status: 409,
      code: "not_this_payment",
    });
    const refund = await staff.ask("POST", `/api/payments/${String(answer["id"])}/refunds/`, {
      reason: "rain",
    });
    expect(await read(refund)).toMatchObject({ status: 409, code: "provider_refused" });
  });
});

/** Waits for what another part of the same process does, a turn of the loop at a time. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
