import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { err } from "@parkme/shared/domain/result";
import { downlink } from "../db/sync-schema.ts";
import { payments, stays, validations } from "../db/schema.ts";
import { FACILITY_ID, OTHER_FACILITY_ID } from "../testing/cloud.ts";
import { stayPayments } from "./stay-payments.ts";
import { MINUTE_MINOR, read, startPaymentDesk, type Json, type PaymentDesk } from "./testing/payment-desk.ts";

let desk: PaymentDesk;
beforeAll(async () => {
  desk = await startPaymentDesk();
});
afterAll(() => desk.stop());

let serial = 0;

/** A stay that began an hour ago. */
async function stay(change: Partial<typeof stays.$inferInsert> = {}) {
  const ticketNumber = `PKM-${(++serial).toString().padStart(8, "0")}`;
  const stayId = randomUUID();
  const entryAt = new Date(desk.cloud.clock.now.getTime() - 3_600_000);
  const row = {
    facilityId: FACILITY_ID,
    stayId,
    status: "open" as const,
    ticketNumber,
    plate: "BAB123",
    entryAt,
  };
  await desk.cloud.db.insert(stays).values({ ...row, ...change });
  return { stayId, ticketNumber };
}

const path = (what: string, facilityId = FACILITY_ID) => `/api/facilities/${facilityId}/stays/${what}/`;
const due = async (ticketNumber: string, plate = "b-ab 123", facilityId = FACILITY_ID) =>
  await read(await desk.nobody("POST", path("due", facilityId), { ticket_number: ticketNumber, plate }));
const pay = async (ticketNumber: string, change: Json = {}) =>
  await read(
    await desk.nobody("POST", path("pay"), {
      ticket_number: ticketNumber,
      plate: "BAB123",
      provider: "stripe",
      ...change,
    }),
  );

const told = async (stayId: string) => {
  const rows = await desk.cloud.db.select().from(downlink).orderBy(downlink.seq);
  const bodies = rows.map(({ body }) => JSON.parse(body) as Json);
  return bodies.filter((body) => body["stay_id"] === stayId);
};

describe("somebody with a ticket", () => {
  it("sees what it costs, pays without an account, and the gate is told once", async () => {
    const { stayId, ticketNumber } = await stay();
    expect(await due(ticketNumber.toLowerCase())).toMatchObject({
      status: 200,
      price: "1.20",
      paid: "0.00",
      due: "1.20",
      currency: "EUR",
    });
    const answer = await pay(ticketNumber);
    expect(answer).toMatchObject({ status: "pending", amount: "1.20", purpose: "stay", subject_id: stayId });
    const id = String(answer["id"]);
    desk.stripe.pay(String(answer["reference"]));
    expect(await read(await desk.nobody("POST", `/api/payments/${id}/confirm/`, {}))).toMatchObject({
      status: "captured",
    });
    for (const event of desk.stripe.events) await desk.tellStripe(event);
    await desk.later(60);
    expect(await read(await desk.nobody("GET", `/api/payments/${id}/`))).toMatchObject({
      status: "captured",
    });
    const charge = desk.stripe.intents.at(-1)?.charge;
    expect(await told(stayId)).toMatchObject([
      { payment_id: id, method: "online", amount_minor: 120, currency: "EUR", reference: charge },
    ]);
    const paid = Math.floor(61) * MINUTE_MINOR - 120;
    expect(await due(ticketNumber)).toMatchObject({ paid: "1.20", due: `0.0${paid}` });
    // What we told the gate comes back from it, and is the same money.
    const back = {
      facilityId: FACILITY_ID,
      paymentId: randomUUID(),
      stayId,
      lane: "cloud",
      method: "online",
    };
    const when = { at: desk.cloud.clock.now, actor: "cloud", currency: "EUR", reference: charge ?? null };
    await desk.cloud.db.insert(payments).values({ ...back, ...when, amountMinor: 120 });
    expect(await due(ticketNumber)).toMatchObject({ price: "1.22", paid: "1.20" });
    // What was paid at the gate besides is taken off the price.
    await desk.cloud.db
      .insert(payments)
      .values({ ...back, ...when, paymentId: randomUUID(), reference: null, amountMinor: 1 });
    expect(await due(ticketNumber)).toMatchObject({ price: "1.21", paid: "1.20", due: "0.01" });
    await desk.cloud.db
      .insert(payments)
      .values({ ...back, ...when, paymentId: randomUUID(), reference: null, amountMinor: 1 });
    expect(await pay(ticketNumber)).toMatchObject({ status: 409, code: "nothing_due" });
  });

  it("learns nothing from a wrong plate, ticket or facility: they are all the same", async () => {
    const { ticketNumber } = await stay();
    const closed = await stay({ status: "closed" });
    const ancient = await stay({ entryAt: new Date("2026-01-01T00:00:00Z") });
    const unseen = await stay({ plate: null });
    const wrong = [
      await due(ticketNumber, "XYZ999"),
      await due("PKM-ZZZZZZZZ"),
      await due(ticketNumber, "BAB123", OTHER_FACILITY_ID),
      await due(ticketNumber, "BAB123", randomUUID()),
      await due(closed.ticketNumber),
      await due(ancient.ticketNumber),
      await due(unseen.ticketNumber),
    ];
    for (const answer of wrong) expect(answer).toEqual({ ...wrong[0] });
    expect(wrong[0]).toMatchObject({ status: 404, code: "no_such_stay" });
    expect(await pay(ticketNumber, { plate: "XYZ999" })).toMatchObject({ status: 404 });
    expect(await due("17")).toMatchObject({ status: 400, field: "ticket_number" });
    expect(await pay(ticketNumber, { provider: "cash" })).toMatchObject({ status: 403 });
  });

  it("asks with a key again and goes on with the same payment", async () => {
    const { ticketNumber } = await stay();
    const body = { ticket_number: ticketNumber, plate: "BAB123", provider: "stripe" };
    const ask = async (key: string) =>
      await read(await desk.nobody("POST", path("pay"), body, { "idempotency-key": key }));
    const first = await ask("1");
    expect(await ask("1")).toMatchObject({ id: first["id"], client: first["client"] });
    expect(await ask("2")).toMatchObject({ status: 409, code: "payment_open" });
    // The same key with another ticket is another payment.
    const other = await stay();
    const second = await desk.nobody(
      "POST",
      path("pay"),
      { ...body, ticket_number: other.ticketNumber },
      { "idempotency-key": "1" },
    );
    expect((await read(second))["id"]).not.toBe(first["id"]);
  });

  it("whose stay is under a permit or a booking is sent to the gate, and a stay without a price has none", async () => {
    const { ticketNumber } = await stay({ rightKind: "permit", rightId: randomUUID() });
    expect(await due(ticketNumber)).toMatchObject({ status: 409, code: "priced_at_the_gate" });
    const priceless = stayPayments(async () =>
      err({ code: "tariff_missing", message: "there is no tariff" }),
    );
    const { stayId } = await stay();
    const owed = priceless.owed(
      desk.cloud.db,
      { facilityId: FACILITY_ID, subjectId: stayId },
      desk.cloud.clock.now,
    );
    await expect(owed).rejects.toThrow("tariff_missing");
  });

  it("has the merchants' discounts in the price", async () => {
    const { stayId } = await stay();
    const seen: unknown[] = [];
    const row = {
      facilityId: FACILITY_ID,
      stayId,
      merchant: "Bakery",
      actor: "desk",
      at: desk.cloud.clock.now,
    };
    await desk.cloud.db.insert(validations).values([
      { ...row, validationId: randomUUID(), name: "Bakery", value: `{"kind":"minutes","minutes":30}` },
      { ...row, validationId: randomUUID(), name: "Broken", value: `{"kind":"gold"}` },
    ]);
    const spy = stayPayments(async (_, asked) => {
      seen.push(asked.validations);
      return err({ code: "enough", message: "seen" });
    });
    await expect(
      spy.owed(desk.cloud.db, { facilityId: FACILITY_ID, subjectId: stayId }, desk.cloud.clock.now),
    ).rejects.toThrow("seen");
    expect(seen).toEqual([[{ name: "Bakery", value: { kind: "minutes", minutes: 30 } }]]);
  });
});

describe("money for a stay", () => {
  it("is given back when the vehicle has left, not before", async () => {
    const { stayId, ticketNumber } = await stay();
    const answer = await pay(ticketNumber);
    const id = String(answer["id"]);
    desk.stripe.pay(String(answer["reference"]));
    await desk.nobody("POST", `/api/payments/${id}/confirm/`, {});
    const refund = async () =>
      await read(
        await desk.people.staff.ask("POST", `/api/payments/${id}/refunds/`, { reason: "a free day" }),
      );
    expect(await refund()).toMatchObject({ status: 409, code: "stay_open" });
    await desk.cloud.db.execute(sql`update stays set status = 'closed' where stay_id = ${stayId}`);
    expect(await refund()).toMatchObject({ status: "done", amount: "1.20" });
    expect(await told(stayId)).toHaveLength(1);
  });

  it("is begun by people of the facility too, and is no driver's to begin without the ticket", async () => {
    const { stayId } = await stay();
    const body = { facility_id: FACILITY_ID, purpose: "stay", subject_id: stayId, provider: "stripe" };
    expect((await desk.people.driver.ask("POST", "/api/payments/", body)).status).toBe(404);
    expect(
      await read(await desk.people.staff.ask("POST", "/api/payments/", { ...body, provider: "cash" })),
    ).toMatchObject({ code: "cash_at_the_gate" });
    expect((await desk.people.staff.ask("POST", "/api/payments/", body)).status).toBe(201);
  });
});
