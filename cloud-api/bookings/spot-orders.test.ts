import { randomBytes, randomUUID } from "node:crypto";
import { eq, inArray, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "../db/connection.ts";
import { bookings, idempotencyKeys, vehicles } from "../db/bookings-schema.ts";
import { SPOT_SIZES } from "../db/places-schema.ts";
import { auditEntries, facilityChanges } from "../db/platform-schema.ts";
import { EDGE, FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { BLANK, type BookingRow } from "./booking-row.ts";
import { writeSpots, type SpotOrder } from "./spot-orders.queries.ts";
import { spotWriter } from "./spot-writer.ts";
import { giveVehicle, HOUR_MS, inHours, layOut } from "./testing/ground.ts";
import { mintBookingNumber } from "./ticket-number.ts";

/** Bookings of numbered spots that are written together: each is as if it were alone. */

const SPOTS = 6;
const PATIENCE = { timeout: 10_000 };
let cloud: TestCloud;
let driver: Person;
let vehicle: typeof vehicles.$inferSelect;
let spotIds: readonly string[];

beforeAll(async () => {
  cloud = await startTestCloud();
  spotIds = await layOut(cloud, { spots: SPOTS });
  driver = await signedIn(cloud, "driver");
  vehicle = await vehicleOf(driver);
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  await cloud.db.delete(bookings);
});

async function vehicleOf(who: Person): Promise<typeof vehicles.$inferSelect> {
  const id = await giveVehicle(cloud, who);
  const [row] = await cloud.db.select().from(vehicles).where(eq(vehicles.id, id));
  if (row === undefined) throw new Error("there is no such vehicle");
  return row;
}

/** Of the spot of a number from 0, for one hour. */
function orderOf(spot: number, fromHours: number, more: Partial<BookingRow> = {}): SpotOrder {
  const now = cloud.clock.now;
  const entryTime = new Date(now.getTime() + fromHours * HOUR_MS);
  const expectedExit = new Date(entryTime.getTime() + HOUR_MS);
  const row: BookingRow = {
    ...BLANK,
    facilityId: FACILITY_ID,
    id: randomUUID(),
    userId: driver.userId,
    vehicleId: vehicle.id,
    plate: vehicle.plate,
    vehicleType: vehicle.type,
    ev: vehicle.ev,
    accessible: vehicle.accessible,
    kind: "reservation",
    status: "CONFIRMED",
    ticketNumber: mintBookingNumber(randomBytes),
    spotId: spotIds[spot] ?? "",
    entryTime,
    expectedExit,
    heldUntil: expectedExit,
    estimatedMinor: 400,
    currency: "EUR",
    appliedRule: "hourly",
    tariff: "standard@1",
    madeAt: now,
    changedAt: now,
    untold: true,
    ...more,
  };
  const actor = `driver:${row.userId ?? ""}`;
  const entry = { organisationId: EDGE.organisationId, actor, role: "driver", requestId: row.id };
  return { row, as: null, entry, mustBeFree: false, once: null };
}

/** As spots of the ground are. */
const asLaidOut = (spot: number): NonNullable<SpotOrder["as"]> => ({
  facilityId: FACILITY_ID,
  number: `A${spot + 1}`,
  sizeRank: SPOT_SIZES.indexOf("standard"),
  ev: false,
  accessible: false,
  vehicleTypes: [],
  isReservable: true,
});

const write = async (orders: readonly SpotOrder[]) =>
  (await writeSpots(cloud.db.$client, orders, "passing")).map(({ kind }) => kind);

const written = async () => (await cloud.db.select().from(bookings)).map(({ id }) => id).sort();
const idsOf = (...orders: readonly SpotOrder[]) => orders.map(({ row }) => row.id).sort();

describe("bookings that are written together", () => {
  it("are each written or not, whatever becomes of the others", async () => {
    const before = orderOf(0, 1);
    expect(await write([before])).toEqual(["written"]);
    const stranger = await signedIn(cloud, "driver");
    const good = { ...orderOf(1, 1), as: asLaidOut(1) };
    const behind = orderOf(0, 2);
    const taken = orderOf(0, 1.5);
    const foreign = orderOf(2, 1, { vehicleId: (await vehicleOf(stranger)).id });
    const asStranger = orderOf(2, 1, { userId: stranger.userId });
    const sold = orderOf(2, 1, { plate: "OTHER1" });
    const otherSize = { ...orderOf(2, 1), as: { ...asLaidOut(2), sizeRank: 0 } };
    const nowhere = orderOf(2, 1, { spotId: randomUUID() });
    const sameNumber = orderOf(3, 1, { ticketNumber: before.row.ticketNumber });
    const all = [good, taken, foreign, asStranger, sold, otherSize, nowhere, sameNumber, behind];
    expect(await write(all)).toEqual([
      "written",
      "taken",
      "unsure",
      "unsure",
      "unsure",
      "unsure",
      "unsure",
      "unsure",
      "written",
    ]);
    expect(await written()).toEqual(idsOf(before, good, behind));
    const entries = await cloud.db
      .select()
      .from(auditEntries)
      .where(inArray(auditEntries.requestId, idsOf(before, ...all)));
    expect(entries.map(({ subject }) => subject).sort()).toEqual(
      idsOf(before, good, behind).map((id) => `booking:${id}`),
    );
    const changes = await cloud.db.select().from(facilityChanges).where(eq(facilityChanges.kind, "booking"));
    const told = changes.map(({ body }) => body as { id: string });
    expect(told.map(({ id }) => id).sort()).toEqual(idsOf(before, good, behind));
  });

  it("have a spot once where several of them want it at the same time", async () => {
    const same = Array.from({ length: 8 }, () => orderOf(0, 1));
    const outcomes = await write([...same, orderOf(0, 2)]);
    expect(outcomes.filter((kind) => kind === "written")).toHaveLength(2);
    expect(outcomes.at(-1)).toBe("written");
  });

  it("do not wait for the lock of a spot; one by itself does", async () => {
    const [locked, other] = [orderOf(0, 1), orderOf(1, 1)];
    const waiting = await locking(
      `select from spots where id = '${spotIds[0] ?? ""}' for update`,
      async () => {
        expect(await write([locked, other])).toEqual(["unsure", "written"]);
        const one = writeSpots(cloud.db.$client, [locked], "waiting");
        await expect.poll(waitsForLock, PATIENCE).toBe(1);
        return { one };
      },
    );
    expect(await waiting.one).toEqual([{ kind: "written", number: "A1" }]);
  });

  it("keep the answer that their key has from now on, and none where nothing was written", async () => {
    const request = randomBytes(32);
    const withKey = (order: SpotOrder) => ({
      ...order,
      once: { key: order.row.id, request, answer: { a: 1 } },
    });
    const [good, taken] = [withKey(orderOf(0, 1)), withKey(orderOf(0, 1))];
    expect(await write([good])).toEqual(["written"]);
    expect(await write([taken])).toEqual(["taken"]);
    const kept = await cloud.db.select().from(idempotencyKeys).where(eq(idempotencyKeys.request, request));
    expect(kept).toMatchObject([{ owner: driver.userId, key: good.row.id, status: 201, answer: { a: 1 } }]);
  });

  it("are not there where the statement fails because of one; then each is written by itself", async () => {
    const once = { key: randomUUID(), request: randomBytes(32), answer: {} };
    expect(await write([{ ...orderOf(0, 1), once }])).toEqual(["written"]);
    const [good, again] = [orderOf(1, 1), { ...orderOf(2, 1), once }];
    await expect(write([good, again])).rejects.toThrow("idempotency_keys");
    expect(await written()).toHaveLength(1);
    const warned = vi.fn<(fields: unknown, message?: string) => void>();
    const writer = spotWriter(cloud.db.$client, { warn: warned });
    const outcomes = await Promise.all([writer(good), writer(again)]);
    expect(outcomes).toEqual([{ kind: "unsure" }, { kind: "unsure" }]);
    expect(warned).toHaveBeenCalledOnce();
  });
});

/** Does something while a statement's locks are held, by a connection of their own. */
async function locking<T>(statement: string, work: (locker: Client) => Promise<T>): Promise<T> {
  const locker = await cloud.db.$client.connect();
  try {
    await locker.query("begin");
    await locker.query(statement);
    return await work(locker);
  } finally {
    await locker.query("rollback");
    locker.release();
  }
}

/** Backends that wait for a lock to write bookings. */
async function waitsForLock(): Promise<number> {
  return (await waitingPids()).length;
}

async function waitingPids(): Promise<readonly number[]> {
  const { rows } = await cloud.db.execute<{ pid: number }>(sql`
    select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      and query like '%json_populate_recordset(null::bookings%' and pid <> pg_backend_pid()`);
  return rows.map(({ pid }) => pid);
}

async function reserve(spot: number, from: number, headers = {}): Promise<{ status: number; code?: string }> {
  const times = { entry_time: inHours(cloud, from), expected_exit: inHours(cloud, from + 1) };
  const body = { vehicle_id: vehicle.id, spot_id: spotIds[spot], ...times };
  const response = await driver.ask("POST", "/api/bookings/reserve/", body, headers);
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, ...(code === undefined ? {} : { code }) };
}

describe("drivers who book at the same time", () => {
  it("are written once each where the connection breaks under all of them", async () => {
    await Promise.all([0, 1, 2].map((spot) => reserve(spot, 1)));
    const asked = await locking("lock table audit_entries in share mode", async (locker) => {
      const three = [0, 1, 2].map((spot) => reserve(spot, 3));
      await expect.poll(waitsForLock, PATIENCE).toBeGreaterThan(0);
      for (const pid of await waitingPids()) await locker.query("select pg_terminate_backend($1)", [pid]);
      return three;
    });
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await written()).toHaveLength(6);
  });

  it("are told by one statement that a spot is taken, which is no error of the database", async () => {
    await Promise.all(spotIds.map((_, spot) => reserve(spot, 1)));
    const asked = vi.spyOn(cloud.db.$client, "query");
    const refused = await Promise.all(Array.from({ length: 20 }, (_, i) => reserve(i % SPOTS, 1)));
    const names = asked.mock.calls
      .map(([query]) => String(Reflect.get(Object(query), "name")))
      .filter((name) => name.startsWith("bookings."));
    const results = await Promise.allSettled(asked.mock.results.map(({ value }) => value as unknown));
    asked.mockRestore();
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["spot_taken"]));
    expect(new Set(names)).toEqual(new Set(["bookings.write_spots"]));
    expect(names.length).toBeLessThanOrEqual(20);
    expect(results.filter(({ status }) => status === "rejected")).toEqual([]);
  });

  it("are answered once for each key, beside others, and twice in one go", async () => {
    await reserve(0, 1);
    const key = { "idempotency-key": randomUUID() };
    const asked = [reserve(1, 5, key), reserve(2, 5), reserve(1, 5, key), reserve(3, 5), reserve(1, 5, key)];
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const other = [reserve(4, 7, key), reserve(5, 7)];
    expect(await Promise.all(other)).toEqual([
      { status: 422, code: "idempotency_key_reused" },
      { status: 201 },
    ]);
    expect(await written()).toHaveLength(5);
  });
});
