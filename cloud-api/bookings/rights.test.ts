import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capacityRights, capacitySales, downlink } from "../db/sync-schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import type { BookingView } from "./booking-view.ts";
import { giveVehicle, layOut, rowOf } from "./testing/ground.ts";

/** Bookings of spaces that a gate has given the cloud the rights to. */

let cloud: TestCloud;
let driver: Person;
let vehicle: string;

beforeAll(async () => {
  cloud = await startTestCloud();
  const day = [{ from: "08:00", until: "20:00" }];
  const weekly = { mon: day, tue: day, wed: day, thu: day, fri: day, sat: day, sun: day };
  const openingHours = { weekly, exceptions: [] };
  await layOut(cloud, { spots: 0, facility: { gateRights: true, openingHours } });
  driver = await signedIn(cloud, "driver");
  vehicle = await giveVehicle(cloud, driver);
  const slots = ["14", "15", "16"].map((hour) => new Date(`2026-07-15T${hour}:00:00Z`));
  const rights = { facilityId: FACILITY_ID, class: "standard", held: 5 };
  await cloud.db.insert(capacityRights).values(slots.map((slot) => ({ ...rights, slot })));
});
afterAll(() => cloud.stop());

type Answer = BookingView & {
  readonly code?: string;
  readonly request_id?: string;
  readonly free?: number;
  readonly field?: string;
};

async function ask(path: string, body: unknown): Promise<{ status: number; answer: Answer }> {
  const response = await driver.ask("POST", path, body);
  return { status: response.status, answer: (await response.json()) as Answer };
}

async function book(more = {}) {
  return await ask("/api/bookings/reserve/", {
    vehicle_id: vehicle,
    facility_id: FACILITY_ID,
    class: "standard",
    entry_time: "2026-07-15T14:10:00Z",
    expected_exit: "2026-07-15T16:00:00Z",
    ...more,
  });
}

async function sold(): Promise<number[]> {
  const books = await cloud.db.select().from(capacityRights).orderBy(capacityRights.slot);
  return books.map((book) => book.sold);
}

describe("rights to spaces", () => {
  it("are sold, each once; for more, the gate is asked once", async () => {
    const asked = await Promise.all(Array.from({ length: 12 }, () => book()));
    const made = asked.filter(({ status }) => status === 201);
    expect(made).toHaveLength(5);
    expect(made[0]?.answer).toMatchObject({ spot_id: null, class: "standard", status: "CONFIRMED" });
    expect(await sold()).toEqual([5, 5, 0]);
    const refused = asked.filter(({ status }) => status === 409).map(({ answer }) => answer);
    expect(refused).toHaveLength(7);
    expect(refused[0]).toMatchObject({ code: "not_enough_rights", free: 0 });
    expect(new Set(refused.map(({ request_id: id }) => id)).size).toBe(1);
    const requests = await cloud.db.select().from(downlink).where(eq(downlink.kind, "rights_request"));
    expect(requests).toHaveLength(1);
  });

  it("are sold again when a booking is cancelled, and follow one that is extended", async () => {
    const [first, second] = await cloud.db.select().from(capacitySales);
    expect(first?.amount).toBe(1);
    const bookings = await driver.ask("GET", "/api/bookings/");
    const { items } = (await bookings.json()) as { items: BookingView[] };
    expect((await ask(`/api/bookings/${items[0]?.id}/cancel/`, {})).status).toBe(200);
    expect(await sold()).toEqual([4, 4, 0]);
    const longer = { expected_exit: "2026-07-15T16:30:00Z" };
    expect((await ask(`/api/bookings/${items[1]?.id}/extend/`, longer)).status).toBe(200);
    expect(await sold()).toEqual([4, 4, 1]);
    const row = await rowOf(cloud, items[1]?.id ?? "");
    expect([first?.id, second?.id]).not.toContain(row.saleId);
    const beyond = { expected_exit: "2026-07-15T17:30:00Z" };
    expect(await ask(`/api/bookings/${items[1]?.id}/extend/`, beyond)).toMatchObject({
      status: 409,
      answer: { code: "none_free" },
    });
    expect(await sold()).toEqual([4, 4, 1]);
  });

  it("are sold for times at which the facility is open", async () => {
    const closed = { status: 409, answer: { code: "closed_then" } };
    const times = (from: string, until: string) => ({ entry_time: from, expected_exit: until });
    const late = await book(times("2026-07-15T18:30:00Z", "2026-07-16T08:00:00Z"));
    expect(late).toMatchObject({ ...closed, answer: { field: "entry_time" } });
    const leaves = await book(times("2026-07-15T17:30:00Z", "2026-07-15T18:01:00Z"));
    expect(leaves).toMatchObject({ ...closed, answer: { field: "expected_exit" } });
    // Over night, and until the last moment.
    const open = { status: 409, answer: { code: "not_enough_rights" } };
    expect(await book(times("2026-07-15T17:30:00Z", "2026-07-16T18:00:00Z"))).toMatchObject(open);
  });

  it("are of classes and zones that there are", async () => {
    expect(await book({ class: "gold" })).toMatchObject({ status: 404, answer: { code: "no_such_class" } });
    expect(await book({ zone: "roof" })).toMatchObject({ status: 404, answer: { code: "no_such_zone" } });
    expect(await book({ zone: "p1" })).toMatchObject({ status: 409, answer: { code: "not_enough_rights" } });
    await cloud.db.insert(capacityRights).values(
      ["14", "15"].map((hour) => ({
        facilityId: FACILITY_ID,
        class: "p1",
        held: 1,
        slot: new Date(`2026-07-15T${hour}:00:00Z`),
      })),
    );
    expect(await book({ zone: "p1" })).toMatchObject({ status: 201, answer: { zone: "p1", spot_id: null } });
  });
});
