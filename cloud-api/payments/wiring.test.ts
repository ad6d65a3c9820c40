import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bookings } from "../db/bookings-schema.ts";
import { violations } from "../db/enforcement-schema.ts";
import { stays } from "../db/schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { read } from "./testing/payment-desk.ts";

/** Payments in the whole cloud: what they are for is what the other parts of the platform say it is. */

let cloud: TestCloud;
let staff: Person;
let driver: Person;
beforeAll(async () => {
  cloud = await startTestCloud();
  [staff, driver] = await Promise.all([signedIn(cloud, "staff"), signedIn(cloud, "driver")]);
});
afterAll(() => cloud.stop());

async function pay(purpose: string, subjectId: string, who = staff) {
  const body = { facility_id: FACILITY_ID, purpose, subject_id: subjectId, provider: "cash" };
  return await read(await who.ask("POST", "/api/payments/", body));
}

const refund = async (paymentId: unknown) =>
  await read(await staff.ask("POST", `/api/payments/${String(paymentId)}/refunds/`, { reason: "a mistake" }));

describe("money taken at the counter", () => {
  it("closes a violation, and opens it again when it is given back", async () => {
    const id = randomUUID();
    const at = cloud.clock.now;
    await cloud.db.insert(violations).values({
      facilityId: FACILITY_ID,
      id,
      kind: "overstay",
      status: "open",
      source: "patrol",
      sourceKey: id,
      userId: driver.userId,
      penaltyMinor: 4_000,
      currency: "EUR",
      pictures: [],
      reportedBy: "a test",
      at,
      dueAt: at,
    });
    const status = async () =>
      (await cloud.db.select().from(violations).where(eq(violations.id, id))).map((row) => row.status);
    expect(await pay("violation", id, driver)).toMatchObject({ status: 403, code: "not_allowed" });
    const paid = await pay("violation", id);
    expect(paid).toMatchObject({ status: "captured", captured: "40.00" });
    expect(await status()).toEqual(["paid"]);
    expect(await pay("violation", id)).toMatchObject({ status: 409, code: "nothing_due" });
    expect(await refund(paid["id"])).toMatchObject({ status: "done", amount: "40.00" });
    expect(await status()).toEqual(["open"]);
    expect(await pay("violation", id)).toMatchObject({ status: "captured" });
  });

  it("is written down with a booking, and not taken for one that is cancelled", async () => {
    const id = randomUUID();
    const at = cloud.clock.now;
    const until = new Date(at.getTime() + 3_600_000);
    await cloud.db.insert(bookings).values({
      facilityId: FACILITY_ID,
      id,
      userId: driver.userId,
      vehicleId: randomUUID(),
      plate: "BAB123",
      vehicleType: "car",
      status: "CONFIRMED",
      ticketNumber: "PKM-A3F7B2C1",
      class: "standard",
      entryTime: at,
      expectedExit: until,
      heldUntil: until,
      estimatedMinor: 1_600,
      currency: "EUR",
      appliedRule: "a test",
      tariff: "t@1",
      madeAt: at,
      changedAt: at,
    });
    expect(await pay("booking", id)).toMatchObject({ status: "captured", captured: "16.00" });
    const [row] = await cloud.db.select().from(bookings).where(eq(bookings.id, id));
    expect(row?.paidMinor).toBe(1_600);
    expect(await pay("booking", id)).toMatchObject({ status: 409, code: "nothing_due" });
    expect(await pay("booking", randomUUID())).toMatchObject({ status: 404, code: "no_such_booking" });
    expect(await pay("subscription", randomUUID())).toMatchObject({
      status: 404,
      code: "no_such_subscription",
    });
  });

  it("is never a price of nothing where a facility has no tariff", async () => {
    const stayId = randomUUID();
    const entryAt = new Date(cloud.clock.now.getTime() - 3_600_000);
    await cloud.db.insert(stays).values({
      facilityId: FACILITY_ID,
      stayId,
      status: "open",
      ticketNumber: "PKM-00000001",
      plate: "BAB123",
      entryAt,
    });
    const asked = await cloud.app.request(`/api/facilities/${FACILITY_ID}/stays/due/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ticket_number: "PKM-00000001", plate: "B-AB 123" }),
    });
    expect(await read(asked)).toMatchObject({ status: 409, code: "tariff_missing" });
  });
});
