import fc from "fast-check";
import { eq, sql } from "drizzle-orm";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { transact } from "../db/connection.ts";
import { spots } from "../db/places-schema.ts";
import { facilityChanges } from "../db/platform-schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { done, keyOf, makeSpotsIn, refusedAs, wrongCounts } from "../testing/places.ts";
import { COUNTS_JOB, findWrongCounts } from "./counts.queries.ts";
import type { SpotStatus } from "./counts.ts";
import type { Availability } from "./rules.ts";
import { changeSpotStatus, changeSpotStatuses, takeReadings } from "./status.queries.ts";

let cloud: TestCloud;
let owner: Person;
let staff: Person;
let ids: readonly string[];
const path = `/api/facilities/${FACILITY_ID}`;

beforeAll(async () => {
  cloud = await startTestCloud();
  owner = await signedIn(cloud, "owner");
  staff = await signedIn(cloud, "staff");
  ids = (await makeSpotsIn(owner, { slug: "roof", prefix: "R", spots: 20 })).ids;
  for (const [index, id] of ids.slice(0, 3).entries())
    await done(owner, "PATCH", `${path}/spots/${id}/`, { sensor: `sensor-${index + 1}` });
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  // Everything is free, and was a minute ago.
  const free = Object.fromEntries(ids.map((spotId) => [spotId, "free"] as const));
  await cloud.db.transaction((tx) =>
    changeSpotStatuses(tx, FACILITY_ID, asChanges(free), "a person", cloud.clock.now),
  );
  cloud.clock.now = new Date(cloud.clock.now.getTime() + 60_000);
});

const asChanges = (wanted: Readonly<Record<string, SpotStatus>>) =>
  Object.entries(wanted).map(([spotId, status]) => ({ spotId, status }));
const change = async (spotId: string, status: SpotStatus, by = "booking") =>
  await cloud.db.transaction((tx) => changeSpotStatus(tx, FACILITY_ID, spotId, status, by, cloud.clock.now));
const free = async () => (await done<Availability>(staff, "GET", `${path}/availability/`)).spots;
const spotOf = (index: number) => ids[index] ?? "";
const ago = (seconds: number) => new Date(cloud.clock.now.getTime() - seconds * 1_000).toISOString();

describe("changeSpotStatus", () => {
  it("writes the spot, its count, and that it changed; the same again writes nothing", async () => {
    expect(await change(spotOf(0), "occupied")).toEqual({ outcome: "changed", before: "free" });
    const [row] = await cloud.db
      .select()
      .from(spots)
      .where(eq(spots.id, spotOf(0)));
    expect(row).toMatchObject({ status: "occupied", statusBy: "booking", statusAt: cloud.clock.now });
    const told = async () => await cloud.db.select().from(facilityChanges);
    const before = await told();
    expect(before.at(-1)).toMatchObject({
      kind: "availability",
      body: { changed: 1, spots: [{ id: spotOf(0), number: "R1", status: "occupied" }] },
    });
    expect(await change(spotOf(0), "occupied")).toEqual({ outcome: "same", before: "occupied" });
    expect(await told()).toEqual(before);
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("leaves what a person blocked to persons", async () => {
    await change(spotOf(0), "blocked", "owner@example.test");
    expect(await change(spotOf(0), "free")).toEqual({ outcome: "kept_blocked", before: "blocked" });
    expect((await change(spotOf(0), "free", "owner@example.test")).outcome).toBe("changed");
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("knows no spot of another facility, and none that is closed", async () => {
    const other = await cloud.db.transaction((tx) =>
      changeSpotStatus(tx, crypto.randomUUID(), spotOf(0), "occupied", "gate", cloud.clock.now),
    );
    expect(other).toEqual({ outcome: "no_such_spot", before: null });
    const made = await done<{ id: string }>(owner, "POST", `${path}/spots/`, {
      number: "gone",
      zone_id: (await done<Availability>(owner, "GET", `${path}/availability/`)).zones[0]?.id,
    });
    await done(owner, "DELETE", `${path}/spots/${made.id}/`);
    expect((await change(made.id, "occupied")).outcome).toBe("no_such_spot");
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("ends in counts that are right when many change many spots at once", async () => {
    const step = fc.tuple(
      fc.uniqueArray(fc.integer({ min: 0, max: 19 }), { minLength: 1, maxLength: 6 }),
      fc.constantFrom<SpotStatus>("free", "occupied", "blocked"),
      fc.constantFrom("booking", "sensor", "a person"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24 }), async (steps) => {
        await Promise.all(
          steps.map(([which, status, by]) =>
            cloud.db.transaction((tx) => {
              const changes = which.map((index) => ({ spotId: spotOf(index), status }));
              return changeSpotStatuses(tx, FACILITY_ID, changes, by, cloud.clock.now);
            }),
          ),
        );
        expect(await wrongCounts(cloud)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});

describe("sensors", () => {
  const tell = async (readings: readonly object[], who: Person = staff) =>
    await who.ask("POST", `${path}/occupancy/`, { readings });

  it("say what is free from then on, for everybody at once", async () => {
    expect(await free()).toMatchObject({ total: 20, free: 20 });
    const readings = [
      { sensor: "sensor-1", occupied: true, at: ago(1) },
      { spot_number: "R5", occupied: true, at: ago(2) },
      { sensor: "sensor-9", occupied: true, at: ago(2) },
    ];
    const answer = { changed: 2, ignored: [{ index: 2, why: "unknown" }] };
    expect(await (await tell(readings)).json()).toEqual(answer);
    expect(await free()).toMatchObject({ total: 20, free: 18, occupied: 2 });
    // Told again, it is old news.
    expect(await (await tell(readings)).json()).toMatchObject({ changed: 0 });
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("do not undo by a late reading what a later one confirmed", async () => {
    await tell([{ sensor: "sensor-1", occupied: false, at: ago(5) }]);
    const late = await tell([{ sensor: "sensor-1", occupied: true, at: ago(20) }]);
    expect(await late.json()).toEqual({ changed: 0, ignored: [{ index: 0, why: "old" }] });
    expect((await free()).free).toBe(20);
  });

  it("are believed by those only who run the facility", async () => {
    const reading = [{ sensor: "sensor-1", occupied: true, at: ago(1) }];
    const driver = await signedIn(cloud, "driver");
    expect(await refusedAs(await tell(reading, driver))).toBe("403 not_allowed");
    const organisationId = await foreignOrganisation(cloud);
    const stranger = await signedIn(cloud, "owner", { organisationId });
    expect(await refusedAs(await tell(reading, stranger))).toBe("404 no_such_facility");
    const elsewhere = await signedIn(cloud, "staff", { facilities: [] });
    expect(await refusedAs(await tell(reading, elsewhere))).toBe("404 no_such_facility");
    expect((await free()).free).toBe(20);
  });

  it("may have a key of their own, which does nothing else", async () => {
    const key = await keyOf(cloud, owner, ["occupancy:write"], [FACILITY_ID]);
    const body = { readings: [{ sensor: "sensor-1", occupied: true, at: ago(1) }] };
    expect(await done(key, "POST", `${path}/occupancy/`, body)).toMatchObject({ changed: 1 });
    const spot = `${path}/spots/${spotOf(0)}/`;
    expect(await refusedAs(await key.ask("PATCH", spot, { status: "free" }))).toBe("403 not_allowed");
    // It sees no more than anybody does.
    expect(await done(key, "GET", spot)).toMatchObject({ sensor: null, status: "occupied" });
    const other = await keyOf(cloud, owner, ["facilities:write"], [FACILITY_ID]);
    expect(await refusedAs(await other.ask("POST", `${path}/occupancy/`, body))).toBe("403 not_allowed");
    expect(await done(other, "PATCH", spot, { status: "free", ev: false })).toMatchObject({ status: "free" });
    const elsewhere = (await done<{ items: { id: string }[] }>(owner, "GET", "/api/facilities/?mine=true"))
      .items;
    const shibuya = elsewhere.find(({ id }) => id !== FACILITY_ID)?.id;
    const there = await key.ask("POST", `/api/facilities/${shibuya}/occupancy/`, body);
    expect(await refusedAs(there)).toBe("404 no_such_facility");
  });

  it("are heard of by processes that were not asked", async () => {
    expect((await free()).free).toBe(20);
    await change(spotOf(9), "occupied", "gate");
    await expect.poll(async () => (await free()).free, { timeout: 5_000 }).toBe(19);
  });

  it.each([
    [[], "400 invalid readings"],
    [[{ sensor: "s", occupied: true }], "400 invalid readings.0.at"],
    [[{ occupied: true, at: "2026-07-15T12:00:00Z" }], "400 invalid readings.0.sensor"],
    [
      [{ sensor: "s", spot_number: "1", occupied: true, at: "2026-07-15T12:00:00Z" }],
      "400 invalid readings.0.sensor",
    ],
    [[{ sensor: "s", occupied: "yes", at: "2026-07-15T12:00:00Z" }], "400 invalid readings.0.occupied"],
    [[{ sensor: "s", occupied: true, at: "yesterday" }], "400 invalid readings.0.at"],
    [
      [{ sensor: "s", occupied: true, at: "2026-07-15T12:00:00Z", plate: "B" }],
      "400 invalid readings.0.plate",
    ],
    [
      Array.from({ length: 1_001 }, () => ({ sensor: "s", occupied: true, at: "2026-07-15T12:00:00Z" })),
      "400 invalid readings",
    ],
  ])("are refused when they say %j", async (readings, refusal) => {
    expect(await refusedAs(await tell(readings))).toBe(refusal);
  });
});

describe("what sensors cost", () => {
  it("is two statements for a batch, however many spots it is of", async () => {
    await cloud.db.execute(sql`
      insert into spots (facility_id, id, zone_id, number, size, size_rank, status_at, status_by, sensor)
      select ${FACILITY_ID}, gen_random_uuid(), (select zone_id from spots limit 1), 'many-' || n, 'standard', 2,
        to_timestamp(0), 'a test', 'eye-' || n
      from generate_series(1, 5000) n`);
    await COUNTS_JOB.run({ db: cloud.db, log: pino({ level: "silent" }) }, cloud.clock.now);
    await cloud.db.execute(sql`analyze spots`);
    const readings = Array.from({ length: 1_000 }, (_, n) => ({
      ...(n % 2 === 0 ? { sensor: `eye-${n}` } : { spot_number: `many-${n}` }),
      occupied: true,
      at: cloud.clock.now,
    }));
    let statements = 0;
    await transact(cloud.db, async (tx, client) => {
      const spy = vi.spyOn(client, "query");
      const { changed } = await takeReadings(tx, FACILITY_ID, readings, cloud.clock.now);
      statements = spy.mock.calls.length;
      spy.mockRestore();
      expect(changed).toBe(999);
    });
    expect(statements).toBe(2);
    expect(await wrongCounts(cloud)).toEqual([]);
  });
});

describe("the check of the counts", () => {
  it("finds nothing, and puts right what somebody broke", async () => {
    const silent = { db: cloud.db, log: pino({ level: "silent" }) };
    expect(await COUNTS_JOB.run(silent, cloud.clock.now)).toBe(0);
    await cloud.db.execute(sql`update spot_counts set total = total + 1`);
    await cloud.db.execute(sql`update spots set status = 'occupied' where id = ${spotOf(7)}`);
    expect(await findWrongCounts(cloud.db)).toEqual([{ facilityId: FACILITY_ID, rows: 1 }]);
    expect(await COUNTS_JOB.run(silent, cloud.clock.now)).toBe(1);
    expect(await wrongCounts(cloud)).toEqual([]);
    expect(await COUNTS_JOB.run(silent, cloud.clock.now)).toBe(0);
  });
});
