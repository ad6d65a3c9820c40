import { randomUUID } from "node:crypto";
import { and, eq, isNotNull, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import { bookings } from "../db/bookings-schema.ts";
import { spotCounts, spots } from "../db/places-schema.ts";
import { facilities, stays } from "../db/schema.ts";
import { manifestEntries } from "../db/sync-schema.ts";
import { createFacilityReader } from "../facilities/reader.ts";
import { createProcessCache } from "../platform/cache.ts";
import { EFFECTS } from "../fleet/effects.ts";
import { EDGE, FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import type { BookingView } from "./booking-view.ts";
import { tellGates } from "./publisher.queries.ts";
import { concernsBookings, followGates, linkStays } from "./stays.queries.ts";
import { giveVehicle, HOUR_MS, inHours, jobDeps, layOut, reserved, rowOf } from "./testing/ground.ts";

/** What gates hear of bookings, and what is heard of gates. */

const NOON = new Date("2026-07-15T12:00:00Z");
let cloud: TestCloud;
let driver: Person;
let vehicle: string;
let spotIds: readonly string[];

beforeAll(async () => {
  cloud = await startTestCloud();
  spotIds = await layOut(cloud);
  driver = await signedIn(cloud, "driver");
  vehicle = await giveVehicle(cloud, driver, { plate: "BXY99" });
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  cloud.clock.now = NOON;
  await cloud.db.delete(bookings);
  await cloud.db.delete(stays);
  await cloud.db.update(spots).set({ status: "free" });
  await cloud.db.update(spotCounts).set({ occupied: 0 });
});

async function book(from = 1, until = 4, spot = 0): Promise<BookingView> {
  return await reserved(driver, {
    vehicle_id: vehicle,
    spot_id: spotIds[spot],
    entry_time: inHours(cloud, from),
    expected_exit: inHours(cloud, until),
  });
}

async function act({ id }: { id: string }, what: string, body?: unknown): Promise<void> {
  const response = await driver.ask("POST", `/api/bookings/${id}/${what}/`, body);
  expect(response.status).toBe(200);
}

describe("a gate is told", () => {
  async function tell(): Promise<number> {
    const deps = jobDeps(cloud);
    const told = await tellGates(deps, cloud.clock.now);
    expect(deps.problems).toEqual([]);
    return told;
  }

  async function entries() {
    const rows = await cloud.db
      .select()
      .from(manifestEntries)
      .where(and(eq(manifestEntries.section, "reservations"), isNotNull(manifestEntries.body)));
    return rows.map(({ body }) => JSON.parse(body ?? "") as Record<string, unknown>);
  }

  it("of bookings, of what becomes of them, and of their end", async () => {
    const booking = await book();
    expect(await tell()).toBe(1);
    const entry = {
      id: booking.id,
      plates: ["BXY99"],
      codes: [booking.ticket_number],
      from: booking.entry_time,
      until: booking.expected_exit,
      early_minutes: 15,
    };
    expect(await entries()).toEqual([entry]);
    expect(await tell()).toBe(0);
    await act(booking, "extend", { expected_exit: inHours(cloud, 5) });
    expect(await tell()).toBe(1);
    expect(await entries()).toEqual([{ ...entry, until: inHours(cloud, 5) }]);
    await act(booking, "cancel", {});
    await tell();
    expect(await entries()).toEqual([]);
  });

  it("of many at once, by several who tell at the same time, each once", async () => {
    const row = await rowOf(cloud, (await book()).id);
    const many = Array.from({ length: 300 }, (_, n) => ({
      ...row,
      id: randomUUID(),
      ticketNumber: `PKM-X${n}`,
      spotId: null,
    }));
    await cloud.db.insert(bookings).values(many);
    const told = await Promise.all([tell(), tell(), tell()]);
    expect(told.reduce((sum, n) => sum + n, 0)).toBe(301);
    expect(await entries()).toHaveLength(301);
    await cloud.db.update(bookings).set({ status: "COMPLETED", untold: true });
    await tell();
  });

  it("of the others, where one cannot be an entry", async () => {
    const good = await book();
    const bad = await rowOf(cloud, (await book(5, 6)).id);
    await cloud.db.update(bookings).set({ plate: "?" }).where(eq(bookings.id, bad.id));
    const deps = jobDeps(cloud);
    expect(await tellGates(deps, NOON)).toBe(2);
    expect(deps.problems).toEqual([expect.objectContaining({ booking: bad.id })]);
    expect((await entries()).map(({ id }) => id)).toEqual([good.id]);
    await cloud.db.update(bookings).set({ status: "COMPLETED", untold: true });
    await tell();
  });
});

type StayValues = typeof stays.$inferInsert;

/** As the log's projection writes it. */
async function gateSays(stay: Partial<StayValues> & { stayId: string }): Promise<void> {
  const row = { facilityId: FACILITY_ID, status: "provisional", rightKind: "reservation", ...stay } as const;
  await cloud.db
    .insert(stays)
    .values(row)
    .onConflictDoUpdate({ target: [stays.facilityId, stays.stayId], set: stay });
}

async function begins(booking: { id: string }, stayId: string): Promise<void> {
  const payload: EventPayload<"stay.started"> = {
    stay_id: stayId,
    lane: "entry",
    ticket_number: "PKM-00000000",
    plate: "BXY99",
    entry_at: inHours(cloud, 0),
    right: { kind: "reservation", id: booking.id.toUpperCase() },
    zone: null,
    inside: false,
  };
  expect(concernsBookings(payload)).toBe(true);
  await gateSays({ stayId, entryAt: cloud.clock.now });
  const told = [{ seq: 1, eventId: randomUUID(), payload }];
  // It may be told again.
  for (let n = 0; n < 2; n++)
    await cloud.db.transaction(async (tx) => await linkStays(tx, EDGE, told, cloud.clock.now));
}

let given: number[] = [];

async function follow(): Promise<number> {
  const deps = jobDeps(cloud);
  const cache = createProcessCache(() => performance.now());
  const its = {
    facilities: createFacilityReader({ db: cloud.db, cache }),
    giveBack: async (_tx: unknown, { keepMinor }: { keepMinor: number }) => void given.push(keepMinor),
  };
  const done = await followGates(deps, its, cloud.clock.now);
  expect(deps.problems).toEqual([]);
  return done;
}

async function spotStatus() {
  const [spot] = await cloud.db
    .select()
    .from(spots)
    .where(eq(spots.id, spotIds[0] ?? ""));
  return spot?.status;
}

describe("a stay at a gate", () => {
  beforeEach(() => {
    given = [];
  });

  it("takes its booking along, to its final price", async () => {
    const booking = await book();
    const stayId = randomUUID();
    cloud.clock.now = new Date(NOON.getTime() + HOUR_MS);
    await begins(booking, stayId);
    expect(await follow()).toBe(0);
    expect(await rowOf(cloud, booking.id)).toMatchObject({ status: "CONFIRMED", stayId });
    await gateSays({ stayId, status: "open" });
    expect(await follow()).toBe(1);
    expect(await follow()).toBe(0);
    const active = await rowOf(cloud, booking.id);
    expect(active).toMatchObject({ status: "ACTIVE", stayId, actualEntry: cloud.clock.now });
    expect(active.dueAt).toEqual(new Date(booking.expected_exit));
    expect(await spotStatus()).toBe("occupied");

    const exitAt = new Date(NOON.getTime() + 4.5 * HOUR_MS);
    await gateSays({ stayId, status: "closed", exitAt, feeMinor: 400, feeCurrency: "EUR" });
    expect(await follow()).toBe(1);
    expect(await follow()).toBe(0);
    expect(await (await driver.ask("GET", `/api/bookings/${booking.id}/`)).json()).toMatchObject({
      status: "COMPLETED",
      actual_exit: exitAt.toISOString(),
      estimated_price: "12.00",
      final_price: "16.00",
      gate_price: "4.00",
      due: "12.00",
    });
    expect(await spotStatus()).toBe("free");
  });

  it("that never came about leaves it as it was, for the next one", async () => {
    const booking = await book();
    const [first, second] = [randomUUID(), randomUUID()];
    await begins(booking, first);
    await gateSays({ stayId: first, status: "void" });
    expect(await follow()).toBe(1);
    expect(await rowOf(cloud, booking.id)).toMatchObject({ status: "CONFIRMED", stayId: null });
    await begins(booking, first);
    await begins(booking, second);
    await gateSays({ stayId: second, status: "open" });
    await follow();
    expect(await rowOf(cloud, booking.id)).toMatchObject({ status: "ACTIVE", stayId: second });
  });

  it("that began before the gate heard of the end brings the booking back, and money that was kept is not given back", async () => {
    const booking = await book();
    const stayId = randomUUID();
    await act(booking, "cancel", {});
    const other = await book(2, 3);
    await begins(booking, stayId);
    await gateSays({ stayId, status: "open" });
    await follow();
    // Its spot is another's by now.
    expect(await rowOf(cloud, booking.id)).toMatchObject({
      status: "ACTIVE",
      spotId: null,
      finalMinor: null,
    });
    expect(await rowOf(cloud, other.id)).toMatchObject({ status: "CONFIRMED", spotId: spotIds[0] });
    await gateSays({ stayId, status: "closed", exitAt: NOON, feeMinor: 0, feeCurrency: "EUR" });
    await follow();
    expect(await rowOf(cloud, booking.id)).toMatchObject({
      status: "COMPLETED",
      finalMinor: 1_200,
      gateMinor: 0,
    });
    expect(given).toEqual([]);
  });

  it("of another reservation, another facility or none concerns no booking", async () => {
    const booking = await book();
    const right = (kind: "permit" | "reservation", id: string) => ({ right: { kind, id } });
    expect(concernsBookings({ right: null })).toBe(false);
    expect(concernsBookings(right("permit", booking.id))).toBe(false);
    expect(concernsBookings(right("reservation", "R-1"))).toBe(false);
    const elsewhere = { ...EDGE, facilityId: randomUUID() };
    const payload = { stay_id: randomUUID(), ...right("reservation", booking.id) };
    const told = [{ seq: 1, eventId: randomUUID(), payload: payload as EventPayload<"stay.started"> }];
    await cloud.db.transaction(async (tx) => await linkStays(tx, elsewhere, told, NOON));
    expect(await rowOf(cloud, booking.id)).toMatchObject({ stayId: null });
  });

  it("is heard of by the log's effects", () => {
    expect(EFFECTS.map(({ effects }) => effects["stay.started"])).toContain(linkStays);
  });

  it("is found by an index, however many bookings there were", async () => {
    const plan = await cloud.db.transaction(async (tx) => {
      await tx.execute(sql`set local enable_seqscan = off`);
      const { rows } = await tx.execute<{ "QUERY PLAN": string }>(sql`
        explain select b.id from bookings b join stays s on s.facility_id = b.facility_id and s.stay_id = b.stay_id
        where b.stay_id is not null and b.status <> 'COMPLETED' and s.status = 'closed'`);
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    });
    expect(plan).toContain("bookings_at_gate");
  });

  it("belongs to a facility whose policy may have changed", async () => {
    const booking = await book();
    await cloud.db
      .update(facilities)
      .set({ bookingPolicy: { overstay_grace_minutes: 45 } })
      .where(eq(facilities.id, FACILITY_ID));
    const stayId = randomUUID();
    await cloud.db.update(bookings).set({ spotId: null }).where(eq(bookings.id, booking.id));
    await begins(booking, stayId);
    await gateSays({ stayId, status: "open" });
    await follow();
    const { dueAt } = await rowOf(cloud, booking.id);
    expect(dueAt).toEqual(new Date(Date.parse(booking.expected_exit) + 0.75 * HOUR_MS));
  });
});
