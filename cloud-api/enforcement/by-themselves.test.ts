import { randomUUID } from "node:crypto";
import { eq, inArray } from "drizzle-orm";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import fc from "fast-check";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import { bookings } from "../db/bookings-schema.ts";
import { transact } from "../db/connection.ts";
import { penaltyRules, violations } from "../db/enforcement-schema.ts";
import { auditEntries } from "../db/platform-schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { ackedBy, asEvents, raised, send, started, testId } from "../testing/events.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { emptyTables } from "../testing/tables.ts";
import { OVERSTAY_JOB, reportOverstay, type Overstay } from "./overstay.ts";
import { VIOLATION_PAYMENTS } from "./payment-effects.ts";
import { makeBooking } from "./testing/ground.ts";

/** Violations that nobody reports: of gates, of overstays; and what payments make of them. */

let cloud: TestCloud;
let driver: Person;

beforeAll(async () => {
  cloud = await startTestCloud();
  driver = await signedIn(cloud, "driver");
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  cloud.clock.now = new Date("2026-07-15T12:00:00Z");
  await cloud.db.delete(violations);
  await cloud.db.delete(penaltyRules);
  await emptyTables(cloud.db);
});

async function setRule(
  kind: "overstay" | "blocked_plate" | "no_payment",
  rule: Partial<typeof penaltyRules.$inferInsert> = {},
): Promise<void> {
  const by = { currency: "EUR", changedAt: cloud.clock.now, changedBy: "a test" };
  const row = { facilityId: FACILITY_ID, kind, amountMinor: 2_000, ...by, ...rule };
  const { facilityId: _f, kind: _k, ...set } = row;
  await cloud.db
    .insert(penaltyRules)
    .values(row)
    .onConflictDoUpdate({ target: [penaltyRules.facilityId, penaltyRules.kind], set });
}

/** What the log has of the violations that are there. */
async function logged() {
  const subjects = (await all()).map(({ id }) => `violation:${id}`);
  return await cloud.db
    .select()
    .from(auditEntries)
    .where(inArray(auditEntries.subject, subjects))
    .orderBy(auditEntries.ordinal);
}

const all = async () => await cloud.db.select().from(violations).orderBy(violations.at);

describe("a gate that tells", () => {
  function debt(stay: number, amount_minor: number, at: string): SyncFact {
    return {
      kind: "ledger.entry",
      payload: {
        entry_id: testId(7, stay),
        stay_id: testId(1, stay),
        kind: "debt",
        side: "credited",
        amount_minor,
        currency: "EUR",
        method: null,
        payment_id: null,
        shift_id: null,
        place: "exit",
        actor: "alex",
        reason: "no card, no cash",
        debtor: "Jo",
        at,
      },
    };
  }

  it("of a blocked plate at its entry has it violate, once for each time", async () => {
    await setRule("blocked_plate");
    const facts = [
      raised(1, "blocked", "2026-07-15T08:00:00Z", "B XY 99 is on a list"),
      raised(2, "watched", "2026-07-15T08:01:00Z", "B XY 98 is on a list"),
      raised(3, "stuck", "2026-07-15T08:02:00Z"),
      raised(4, "blocked", "2026-07-15T08:03:00Z", "? is on a list"),
    ];
    await ackedBy(await send(cloud.app, asEvents(facts)));
    const found = await all();
    expect(found).toMatchObject([
      {
        kind: "blocked_plate",
        source: "gate",
        plate: "BXY99",
        penaltyMinor: 2_000,
        reportedBy: "harbour exit",
      },
      { kind: "blocked_plate", plate: null },
    ]);
    expect(found[0]?.at.toISOString()).toBe("2026-07-15T08:00:00.000Z");
    // The facility's own log has it.
    expect(await logged()).toMatchObject([
      { action: "violation.reported", role: "system" },
      { action: "violation.reported" },
    ]);
    // An edge that was restored tells it again, under other numbers.
    await emptyTables(cloud.db);
    await ackedBy(await send(cloud.app, asEvents(facts)));
    expect(await all()).toHaveLength(2);
  });

  it("of somebody who left owing has them violate, with their stay, their booking and their plate", async () => {
    await setRule("no_payment", { amountMinor: 5_000 });
    const times = { from: "2026-07-15T06:00:00Z", until: "2026-07-15T09:00:00Z" };
    const bookingId = await makeBooking(cloud, {
      userId: driver.userId,
      plate: "BAB1",
      ...times,
      stayId: testId(1, 1),
    });
    const facts = [
      started(1, "2026-07-15T06:00:00Z", "BAB1"),
      debt(1, -1_250, "2026-07-15T08:00:00Z"),
      debt(2, -300, "2026-07-15T08:30:00Z"),
    ];
    await ackedBy(await send(cloud.app, asEvents(facts)));
    expect(await all()).toMatchObject([
      {
        kind: "no_payment",
        plate: "BAB1",
        stayId: testId(1, 1),
        bookingId,
        userId: driver.userId,
        penaltyMinor: 5_000,
        note: "left owing 12.50 EUR: no card, no cash",
      },
      // Its stay is not known: its beginning is in quarantine, perhaps.
      { kind: "no_payment", plate: null, stayId: testId(1, 2), userId: null },
    ]);
  });

  it("makes nobody violate what its facility has no penalty for", async () => {
    await send(
      cloud.app,
      asEvents([
        raised(1, "blocked", "2026-07-15T08:00:00Z", "B XY 99 is on a list"),
        debt(1, -1_250, "2026-07-15T08:00:00Z"),
      ]),
    );
    expect(await all()).toEqual([]);
  });
});

describe("an overstay", () => {
  let bookingId: string;
  let overstay: Overstay;
  beforeEach(async () => {
    const times = { from: "2026-07-15T08:00:00Z", until: "2026-07-15T10:00:00Z" };
    bookingId = await makeBooking(cloud, { userId: driver.userId, plate: "BAB1", ...times });
    const ids = { facilityId: FACILITY_ID, bookingId, userId: driver.userId, spotId: null, stayId: null };
    overstay = { ...ids, plate: "BAB1", sinceAt: new Date("2026-07-15T10:00:00Z") };
  });
  const at = (time: string) => new Date(`2026-07-15T${time}Z`);
  const tell = async (time: string) =>
    await transact(cloud.db, async (tx) => await reportOverstay(tx, overstay, at(time)));
  const grow = async (time: string) =>
    await OVERSTAY_JOB.run({ db: cloud.db, log: pino({ level: "silent" }) }, at(time));

  it("is none within the grace, and one however often it is told", async () => {
    await setRule("overstay", { graceMinutes: 15, perHourMinor: 500 });
    await tell("10:15:59");
    expect(await all()).toEqual([]);
    await Promise.all([tell("10:16:00"), tell("10:16:00"), tell("10:17:00")]);
    expect(await all()).toMatchObject([
      {
        kind: "overstay",
        source: "system",
        bookingId,
        userId: driver.userId,
        penaltyMinor: 2_500,
        goesOn: true,
      },
    ]);
  });

  it("costs more for as long as it goes on, and no more when the vehicle has left", async () => {
    await setRule("overstay", { perHourMinor: 500, maxMinor: 4_200 });
    await tell("10:30:00");
    expect(await grow("10:50:00")).toBe(1);
    expect(await all()).toMatchObject([{ penaltyMinor: 2_500, minutes: 50 }]);
    await grow("13:10:00");
    expect(await all()).toMatchObject([{ penaltyMinor: 4_000, minutes: 190, goesOn: true }]);
    const left = { status: "COMPLETED", actualExit: at("13:05:00") } as const;
    await cloud.db.update(bookings).set(left).where(eq(bookings.id, bookingId));
    await grow("20:00:00");
    expect(await all()).toMatchObject([{ penaltyMinor: 4_000, minutes: 190, goesOn: false }]);
    expect(await grow("21:00:00")).toBe(0);
  });

  it("takes nothing back when the rule becomes milder, or is gone", async () => {
    await setRule("overstay", { perHourMinor: 500 });
    await tell("12:30:00");
    await setRule("overstay", { amountMinor: 100 });
    await grow("12:40:00");
    expect(await all()).toMatchObject([{ penaltyMinor: 3_500, minutes: 160 }]);
    await cloud.db.delete(penaltyRules);
    await grow("13:00:00");
    expect(await all()).toMatchObject([{ penaltyMinor: 3_500, minutes: 180 }]);
  });

  it("stays what it is once its driver disputes it", async () => {
    await setRule("overstay", { perHourMinor: 500 });
    await tell("10:30:00");
    const [violation] = await all();
    const path = `/api/violations/${violation!.id}/disputes/`;
    expect((await driver.ask("POST", path, { text: "the exit was blocked" })).status).toBe(201);
    expect(await grow("18:00:00")).toBe(0);
    expect(await all()).toMatchObject([{ status: "disputed", penaltyMinor: 2_500 }]);
  });

  it("is looked at even when there are more of them than one turn takes", async () => {
    await setRule("overstay", { perHourMinor: 500 });
    await transact(cloud.db, async (tx) => {
      for (let n = 0; n < 205; n++)
        await reportOverstay(tx, { ...overstay, bookingId: randomUUID() }, at("10:30:00"));
    });
    expect(await grow("11:30:00")).toBe(205);
    // None of these bookings is there: nobody knows when they left.
    expect((await all()).filter(({ goesOn }) => goesOn)).toEqual([]);
  });
});

describe("the payment of a violation", () => {
  async function made(change: Partial<typeof violations.$inferInsert> = {}): Promise<string> {
    const [id, now] = [randomUUID(), cloud.clock.now];
    await cloud.db.insert(violations).values({
      facilityId: FACILITY_ID,
      id,
      kind: "other",
      status: "open",
      source: "patrol",
      sourceKey: id,
      userId: driver.userId,
      penaltyMinor: 3_000,
      currency: "EUR",
      pictures: [],
      reportedBy: "a test",
      at: now,
      dueAt: now,
      ...change,
    });
    return id;
  }
  const statusOf = async (id: string) =>
    (await cloud.db.select().from(violations).where(eq(violations.id, id)))[0]?.status;
  const capture = async (subjectId: string, amountMinor: number, paidBeforeMinor = 0, currency = "EUR") => {
    const who = { paymentId: randomUUID(), userId: driver.userId, provider: "cash", method: "cash" } as const;
    const fact = { facilityId: FACILITY_ID, subjectId, amountMinor, paidBeforeMinor, currency, ...who };
    return await transact(cloud.db, (tx) => VIOLATION_PAYMENTS.captured(tx, fact, cloud.clock.now));
  };
  const refund = async (subjectId: string, amountMinor: number, leftMinor: number) => {
    const ids = { facilityId: FACILITY_ID, subjectId, paymentId: randomUUID(), refundId: randomUUID() };
    const fact = { ...ids, amountMinor, leftMinor, currency: "EUR" };
    await transact(cloud.db, (tx) => VIOLATION_PAYMENTS.refunded(tx, fact, cloud.clock.now));
  };
  const owed = async (subjectId: string) =>
    await VIOLATION_PAYMENTS.owed(cloud.db, { facilityId: FACILITY_ID, subjectId }, cloud.clock.now);

  it("closes it, and parts of it leave it open until all of it is there", async () => {
    const id = await made();
    expect(await owed(id)).toEqual({ userId: driver.userId, amountMinor: 3_000, currency: "EUR" });
    expect([await capture(id, 1_000), await statusOf(id)]).toEqual(["booked", "open"]);
    expect([await capture(id, 2_000, 1_000), await statusOf(id)]).toEqual(["booked", "paid"]);
    expect((await owed(id))?.amountMinor).toBe(3_000);
    expect(await capture(id, 3_000, 3_000)).toBe("not_due");
  });

  it.each([
    ["open", "booked", "paid", 3_000],
    ["disputed", "booked", "paid", 3_000],
    ["upheld", "booked", "paid", 3_000],
    ["dismissed", "not_due", "dismissed", 0],
    ["void", "not_due", "void", 0],
  ] as const)("of one that is %s is %s: it is %s then", async (status, outcome, then, due) => {
    const id = await made({ status });
    expect((await owed(id))?.amountMinor).toBe(due);
    expect([await capture(id, 3_000), await statusOf(id)]).toEqual([outcome, then]);
  });

  it("is not due for what is not there, or in another currency", async () => {
    expect(await owed(randomUUID())).toBeNull();
    expect(await capture(randomUUID(), 3_000)).toBe("not_due");
    const id = await made();
    expect([await capture(id, 3_000, 0, "USD"), await statusOf(id)]).toEqual(["not_due", "open"]);
  });

  it("that is given back opens it again; what was paid twice does not", async () => {
    const id = await made();
    await capture(id, 3_000);
    await refund(id, 3_000, 3_000);
    expect(await statusOf(id)).toBe("paid");
    await refund(id, 1, 2_999);
    expect(await statusOf(id)).toBe("open");
    await refund(id, 100, 2_899);
    expect(await statusOf(id)).toBe("open");
    expect((await logged()).map(({ action }) => action)).toEqual(["violation.paid", "violation.refunded"]);
  });

  it("is booked once when two come at the same moment", async () => {
    const id = await made();
    const outcomes = await Promise.all([capture(id, 3_000), capture(id, 3_000), capture(id, 3_000)]);
    expect(outcomes.toSorted()).toEqual(["booked", "not_due", "not_due"]);
  });

  it("ends as the sum of all says, whatever the parts were", async () => {
    const part = fc.integer({ min: 1, max: 2_500 });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
        const id = await made();
        let paid = 0;
        for (const amount of parts) {
          const outcome = await capture(id, amount, paid);
          expect(outcome).toBe(paid >= 3_000 ? "not_due" : "booked");
          if (outcome === "booked") paid += amount;
        }
        expect(await statusOf(id)).toBe(paid >= 3_000 ? "paid" : "open");
      }),
      { numRuns: 25 },
    );
  });
});
