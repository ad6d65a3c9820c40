import { randomUUID } from "node:crypto";
import { eq, isNull } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bookings } from "../db/bookings-schema.ts";
import { auditEntries } from "../db/platform-schema.ts";
import { spotCounts, spots } from "../db/places-schema.ts";
import { createFacilityReader } from "../facilities/reader.ts";
import { createProcessCache } from "../platform/cache.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import type { BookingView } from "./booking-view.ts";
import type { OverstayFact } from "./deps.ts";
import { dueJob } from "./due.ts";
import { BOOKING_PAYMENTS } from "./paid.queries.ts";
import {
  giveVehicle,
  HOUR_MS,
  inHours,
  jobDeps,
  layOut,
  MINUTE_MS,
  reserved,
  rowOf,
} from "./testing/ground.ts";

/** What becomes of bookings with time, and with money. */

const NOON = new Date("2026-07-15T12:00:00Z");
let cloud: TestCloud;
let driver: Person;
let vehicle: string;
let spotIds: readonly string[];
let overstays: OverstayFact[] = [];
let given: number[] = [];

beforeAll(async () => {
  cloud = await startTestCloud();
  spotIds = await layOut(cloud, { policy: { no_show_fee_percent: 50, pay_in_advance: true } });
  driver = await signedIn(cloud, "driver");
  vehicle = await giveVehicle(cloud, driver, { plate: "BXY99" });
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  cloud.clock.now = NOON;
  [overstays, given] = [[], []];
  await cloud.db.delete(bookings);
  await cloud.db.update(spots).set({ status: "free" });
  await cloud.db.update(spotCounts).set({ occupied: 0 });
});

/** What is due at a moment, hours after noon. @returns how much was done. */
async function look(hours: number): Promise<number> {
  cloud.clock.now = new Date(NOON.getTime() + hours * HOUR_MS);
  const cache = createProcessCache(() => performance.now());
  const job = dueJob({
    facilities: createFacilityReader({ db: cloud.db, cache }),
    reportOverstay: async (_tx, fact) => void overstays.push(fact),
    giveBack: async (_tx, { keepMinor }) => void given.push(keepMinor),
  });
  const deps = jobDeps(cloud);
  const done = await job.run(deps, cloud.clock.now);
  expect(deps.problems).toEqual([]);
  return done;
}

async function book(from: number, until: number, spot = 0): Promise<BookingView> {
  return await reserved(driver, {
    vehicle_id: vehicle,
    spot_id: spotIds[spot],
    entry_time: inHours(cloud, from),
    expected_exit: inHours(cloud, until),
  });
}

async function pay({ id }: { id: string }, amountMinor: number, paidBeforeMinor = 0, currency = "EUR") {
  const fact = { facilityId: FACILITY_ID, subjectId: id, amountMinor, paidBeforeMinor, currency };
  const by = { paymentId: "p", userId: driver.userId, provider: "cash", method: "cash" } as const;
  return await cloud.db.transaction(
    async (tx) => await BOOKING_PAYMENTS.captured(tx, { ...fact, ...by }, cloud.clock.now),
  );
}

async function statusOf({ id }: { id: string }) {
  return (await rowOf(cloud, id)).status;
}

async function activate({ id }: { id: string }): Promise<void> {
  const response = await driver.ask("POST", `/api/bookings/${id}/activate/`);
  expect(response.status).toBe(200);
}

describe("a booking that is paid in advance", () => {
  it("is pending until all of it is paid, and told to nobody before", async () => {
    const booking = await book(1, 4);
    expect(booking).toMatchObject({
      status: "PENDING",
      pay_by: new Date(NOON.getTime() + 15 * MINUTE_MS).toISOString(),
    });
    expect((await rowOf(cloud, booking.id)).untold).toBe(false);
    const subject = { facilityId: FACILITY_ID, subjectId: booking.id };
    expect(await BOOKING_PAYMENTS.owed(cloud.db, subject, NOON)).toEqual({
      userId: driver.userId,
      amountMinor: 1_200,
      currency: "EUR",
    });
    expect(await pay(booking, 500)).toBe("booked");
    expect(await statusOf(booking)).toBe("PENDING");
    expect(await pay(booking, 700, 500)).toBe("booked");
    const paid = await rowOf(cloud, booking.id);
    expect(paid).toMatchObject({ status: "CONFIRMED", paidMinor: 1_200, untold: true });
    expect(paid.dueAt).toEqual(new Date(NOON.getTime() + 2 * HOUR_MS));
    expect(await (await driver.ask("GET", `/api/bookings/${booking.id}/`)).json()).toMatchObject({
      paid: "12.00",
      due: "0.00",
      pay_by: null,
    });
  });

  it("holds its spot, and loses it when it is not paid in time; money that comes later is not due", async () => {
    const booking = await book(1, 4);
    await expect(book(2, 3)).rejects.toThrow("spot_taken");
    expect(await look(0.2)).toBe(0);
    expect(await look(0.25)).toBe(1);
    expect(await rowOf(cloud, booking.id)).toMatchObject({
      status: "CANCELLED",
      finalMinor: 0,
      cancelReason: "not paid in time",
    });
    expect(await pay(booking, 1_200)).toBe("not_due");
    await book(2, 3);
    const [entry] = await cloud.db
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.action, "booking.expired"));
    expect(entry).toMatchObject({ actor: "cloud", role: "system", subject: `booking:${booking.id}` });
  });

  it("takes no money that is not its own", async () => {
    const booking = await book(1, 4);
    expect(await pay(booking, 1_201)).toBe("not_due");
    expect(await pay(booking, 1_200, 0, "USD")).toBe("not_due");
    expect(await pay({ id: FACILITY_ID }, 1)).toBe("not_due");
    const none = { facilityId: FACILITY_ID, subjectId: FACILITY_ID };
    expect(await BOOKING_PAYMENTS.owed(cloud.db, none, NOON)).toBeNull();
    expect(await statusOf(booking)).toBe("PENDING");
  });

  it("knows what was given back", async () => {
    const booking = await book(1, 4);
    await pay(booking, 1_200);
    const refund = {
      facilityId: FACILITY_ID,
      subjectId: booking.id,
      paymentId: "p",
      refundId: "r",
      currency: "EUR",
    };
    await cloud.db.transaction(
      async (tx) =>
        await BOOKING_PAYMENTS.refunded(tx, { ...refund, amountMinor: 1_000, leftMinor: 200 }, NOON),
    );
    expect(await rowOf(cloud, booking.id)).toMatchObject({ status: "CONFIRMED", paidMinor: 200 });
  });
});

describe("nobody", () => {
  it("who comes has lost the space, and gets back what is more than the fee", async () => {
    const booking = await book(1, 4);
    await pay(booking, 1_200);
    expect(await look(1.99)).toBe(0);
    expect(await look(2)).toBe(1);
    expect(await rowOf(cloud, booking.id)).toMatchObject({
      status: "NO_SHOW",
      finalMinor: 600,
      dueAt: null,
      untold: true,
    });
    expect(given).toEqual([600]);
    expect(await look(2)).toBe(0);
  });
});

describe("a vehicle that stays over", () => {
  it("keeps its spot as long as nobody else has booked it, and is told of from the grace on", async () => {
    const booking = await book(0, 1);
    await pay(booking, 400);
    await activate(booking);
    const next = await book(1.75, 3);
    await pay(next, 800);
    expect(await look(1)).toBe(1);
    expect(await rowOf(cloud, booking.id)).toMatchObject({
      heldUntil: new Date(NOON.getTime() + 1.25 * HOUR_MS),
      overstayAt: null,
    });
    expect(overstays).toEqual([]);
    await look(1.25);
    const over = await rowOf(cloud, booking.id);
    expect(over).toMatchObject({
      heldUntil: new Date(NOON.getTime() + 1.5 * HOUR_MS),
      overstayAt: cloud.clock.now,
    });
    expect(overstays).toEqual([
      {
        facilityId: FACILITY_ID,
        bookingId: booking.id,
        stayId: null,
        spotId: spotIds[0],
        userId: driver.userId,
        plate: "BXY99",
        sinceAt: new Date(NOON.getTime() + HOUR_MS),
      },
    ]);
    for (const hours of [1.5, 1.75, 2, 2.25]) await look(hours);
    expect((await rowOf(cloud, booking.id)).heldUntil).toEqual(new Date(NOON.getTime() + 1.75 * HOUR_MS));
    expect(overstays.length).toBeGreaterThan(3);
    expect(await statusOf(next)).toBe("CONFIRMED");
  });

  it("is looked at again and again until it leaves", async () => {
    const booking = await book(0, 1);
    await pay(booking, 400);
    await activate(booking);
    for (let hours = 1; hours <= 6; hours += 0.25) expect(await look(hours)).toBe(1);
    expect((await rowOf(cloud, booking.id)).heldUntil > cloud.clock.now).toBe(true);
    await driver.ask("POST", `/api/bookings/${booking.id}/complete/`);
    expect(await look(9)).toBe(0);
    const done = await rowOf(cloud, booking.id);
    expect(done).toMatchObject({ status: "COMPLETED", finalMinor: 2_400, paidMinor: 400 });
  });
});

it("deals with many that are due, and with none twice", async () => {
  const one = await book(1, 2);
  await pay(one, 400);
  const row = await rowOf(cloud, one.id);
  const many = Array.from({ length: 220 }, (_, n) => ({
    ...row,
    id: randomUUID(),
    ticketNumber: `PKM-${n}`,
    spotId: null,
  }));
  await cloud.db.insert(bookings).values(many);
  const both = await Promise.all([look(2), look(2)]);
  expect(both.reduce((sum, n) => sum + n, 0)).toBe(221);
  expect(await cloud.db.$count(bookings, isNull(bookings.dueAt))).toBe(221);
});
