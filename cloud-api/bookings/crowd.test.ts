import fc from "fast-check";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bookings } from "../db/bookings-schema.ts";
import { facilities } from "../db/schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import type { BookingView } from "./booking-view.ts";
import { dueJob } from "./due.ts";
import { giveVehicle, HOUR_MS, inHours, jobDeps, layOut } from "./testing/ground.ts";

/** Sixteen who book, change and cancel at once, on few spots. */

const CLIENTS = 16;
let cloud: TestCloud;
let clients: readonly { readonly who: Person; readonly vehicle: string }[];
let spotIds: readonly string[];

beforeAll(async () => {
  cloud = await startTestCloud();
  spotIds = await layOut(cloud);
  clients = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const who = await signedIn(cloud, "driver");
      return { who, vehicle: await giveVehicle(cloud, who) };
    }),
  );
});
afterAll(() => cloud.stop());

/** What is refused because of others, and why. */
const REFUSED = new Set(["spot_taken", "none_free", "wrong_status", "invalid", "too_early"]);

type Wish = {
  readonly spot: number;
  readonly byClass: boolean;
  readonly from: number;
  readonly hours: number;
  readonly next: "keep" | "cancel" | "extend";
};

const wish: fc.Arbitrary<Wish> = fc.record({
  spot: fc.nat(2),
  byClass: fc.boolean(),
  from: fc.nat(6),
  hours: fc.integer({ min: 1, max: 4 }),
  next: fc.constantFrom("keep", "cancel", "extend"),
});

async function ask(who: Person, path: string, body: unknown): Promise<BookingView | null> {
  const response = await who.ask("POST", path, body);
  const answer = (await response.json()) as BookingView & { code: string };
  if (response.ok) return answer;
  if (REFUSED.has(answer.code)) return null;
  throw new Error(`${response.status} ${JSON.stringify(answer)}`);
}

/** All wishes of one client, one after the other. @returns how many came true. */
async function live({ who, vehicle }: (typeof clients)[number], wishes: readonly Wish[]): Promise<number> {
  let made = 0;
  for (const { spot, byClass, from, hours, next } of wishes) {
    const where = byClass ? { facility_id: FACILITY_ID, class: "standard" } : { spot_id: spotIds[spot] };
    const times = { entry_time: inHours(cloud, 1 + from), expected_exit: inHours(cloud, 1 + from + hours) };
    const booking = await ask(who, "/api/bookings/reserve/", { vehicle_id: vehicle, ...where, ...times });
    if (booking === null) continue;
    made += 1;
    const path = `/api/bookings/${booking.id}/${next}/`;
    if (next === "cancel") await ask(who, path, {});
    if (next === "extend") await ask(who, path, { expected_exit: inHours(cloud, 2 + from + hours) });
  }
  return made;
}

async function overlaps(): Promise<number> {
  const { rows } = await cloud.db.execute<{ n: number }>(sql`
    select count(*)::integer as n from bookings a join bookings b
      on a.facility_id = b.facility_id and a.spot_id = b.spot_id and a.id < b.id
        and a.entry_time < b.held_until and b.entry_time < a.held_until
    where a.status in ('PENDING', 'CONFIRMED', 'ACTIVE') and b.status in ('PENDING', 'CONFIRMED', 'ACTIVE')`);
  return rows[0]?.n ?? -1;
}

/** Those who wait for each other in a circle wait a second: it must not be. */
async function deadlocks(): Promise<number> {
  const { rows } = await cloud.db.execute<{ n: number }>(
    sql`select deadlocks::integer as n from pg_stat_database where datname = current_database()`,
  );
  return rows[0]?.n ?? -1;
}

describe("a crowd", () => {
  it("never has a spot twice, and nobody is told that it went wrong inside", async () => {
    const crowd = fc.array(fc.array(wish, { minLength: 1, maxLength: 4 }), {
      minLength: CLIENTS,
      maxLength: CLIENTS,
    });
    await fc.assert(
      fc.asyncProperty(crowd, async (wishes) => {
        await cloud.db.delete(bookings);
        const made = await Promise.all(clients.map((client, i) => live(client, wishes[i] ?? [])));
        expect(await overlaps()).toBe(0);
        expect(made.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    expect(await deadlocks()).toBe(0);
  }, 60_000);

  it("has one booking of one spot, and the others are told that it is taken", async () => {
    await cloud.db.delete(bookings);
    const times = { entry_time: inHours(cloud, 1), expected_exit: inHours(cloud, 2) };
    const asked = await Promise.all(
      clients.map(async ({ who, vehicle }) => {
        const body = { vehicle_id: vehicle, spot_id: spotIds[0], ...times };
        return (await who.ask("POST", "/api/bookings/reserve/", body)).status;
      }),
    );
    expect(asked.filter((status) => status === 201)).toHaveLength(1);
    expect(asked.filter((status) => status === 409)).toHaveLength(CLIENTS - 1);
  });

  it("has all spots of a class, each once", async () => {
    await cloud.db.delete(bookings);
    const times = { entry_time: inHours(cloud, 1), expected_exit: inHours(cloud, 2) };
    const asked = await Promise.all(
      clients.map(async ({ who, vehicle }) => {
        const body = { vehicle_id: vehicle, facility_id: FACILITY_ID, class: "standard", ...times };
        return (await who.ask("POST", "/api/bookings/reserve/", body)).status;
      }),
    );
    expect(asked.filter((status) => status === 201)).toHaveLength(spotIds.length);
  });

  it("may be looked after at the same time", async () => {
    await cloud.db.delete(bookings);
    const deps = jobDeps(cloud);
    const due = dueJob({
      facilities: {
        find: async (id) => {
          const [row] = await cloud.db.select().from(facilities).where(eq(facilities.id, id));
          return row === undefined ? null : { ...row, openingHours: null, closedAt: null };
        },
      },
      reportOverstay: async () => undefined,
      giveBack: async () => undefined,
    });
    const wishes = Array.from({ length: 3 }, (_, i): Wish => ({
      spot: i,
      byClass: true,
      from: 0,
      hours: 2,
      next: "extend",
    }));
    const later = new Date(cloud.clock.now.getTime() + 3 * HOUR_MS);
    const jobs = Array.from({ length: 20 }, () => due.run(deps, later));
    await Promise.all([...clients.map((client) => live(client, wishes)), ...jobs]);
    expect(await overlaps()).toBe(0);
    expect(deps.problems).toEqual([]);
  });
});
