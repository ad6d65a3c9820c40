import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changeSpotStatus } from "../availability/status.queries.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { bookSpot, done, makeSpotsIn, refusedAs, wrongCounts } from "../testing/places.ts";
import type { Availability } from "../availability/rules.ts";

let cloud: TestCloud;
let owner: Person;
let staff: Person;
let stranger: Person;
let zoneId: string;
const path = `/api/facilities/${FACILITY_ID}`;

beforeAll(async () => {
  cloud = await startTestCloud();
  owner = await signedIn(cloud, "owner");
  staff = await signedIn(cloud, "staff");
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
  zoneId = (await makeSpotsIn(owner, { slug: "ground", prefix: "G", spots: 3 })).zoneId;
});
afterAll(() => cloud.stop());

type Spot = { id: string; number: string } & Record<string, unknown>;
type List = { items: Spot[]; next_cursor: string | null };
const anybody = { ask: async (method: string, where: string) => await cloud.app.request(where, { method }) };
const newSpot = async (more: object) =>
  await done<Spot>(owner, "POST", `${path}/spots/`, { zone_id: zoneId, ...more });
const numbers = async (query = "") =>
  (await done<List>(anybody, "GET", `${path}/spots/?limit=200${query}`)).items.map(({ number }) => number);
const sums = async () => (await done<Availability>(anybody, "GET", `${path}/availability/`)).spots;

describe("zones", () => {
  const zones = `${path}/zones/`;
  const zone = async (slug: string, more: object = {}) =>
    await done<{ id: string }>(owner, "POST", zones, { slug, name: slug, ...more });

  it("lie in each other, in no circle", async () => {
    const tower = await zone("tower");
    const floor = await zone("tower-1", { parent_id: tower.id, level: 1 });
    const corner = await zone("tower-1-a", { parent_id: floor.id });
    const patch = async (id: string, body: object) =>
      await refusedAs(await owner.ask("PATCH", zones + id, body));
    expect(await patch(tower.id, { parent_id: corner.id })).toBe("400 invalid parent_id");
    expect(await patch(tower.id, { parent_id: tower.id })).toBe("400 invalid parent_id");
    expect(await patch(tower.id, { parent_id: crypto.randomUUID() })).toBe("400 invalid parent_id");
    await done(owner, "PATCH", zones + corner.id, { parent_id: null, name: "Corner", level: -2 });
    const { items } = await done<{ items: object[] }>(anybody, "GET", zones);
    expect(items).toContainEqual({
      id: corner.id,
      parent_id: null,
      slug: "tower-1-a",
      name: "Corner",
      level: -2,
    });
    expect(items).toContainEqual(expect.objectContaining({ id: floor.id, parent_id: tower.id, level: 1 }));
  });

  it("are closed when nothing is in them, and opened again under their slug", async () => {
    const outer = await zone("outer");
    const inner = await zone("inner", { parent_id: outer.id });
    const close = async (id: string) => await owner.ask("DELETE", zones + id);
    expect(await refusedAs(await close(outer.id))).toBe("409 zone_in_use");
    expect(await refusedAs(await close(zoneId))).toBe("409 zone_in_use");
    expect((await close(inner.id)).status).toBe(204);
    expect(await refusedAs(await close(inner.id))).toBe("404 no_such_zone");
    expect((await close(outer.id)).status).toBe(204);
    expect((await zone("inner")).id).toBe(inner.id);
    const again = await owner.ask("POST", zones, { slug: "inner", name: "Inner" });
    expect(await refusedAs(again)).toBe("409 slug_taken slug");
  });

  it("are made by those who own the facility", async () => {
    const body = { slug: "mine", name: "Mine" };
    expect(await refusedAs(await staff.ask("POST", zones, body))).toBe("403 not_allowed");
    expect(await refusedAs(await stranger.ask("POST", zones, body))).toBe("404 no_such_facility");
    expect(await refusedAs(await stranger.ask("DELETE", zones + zoneId))).toBe("404 no_such_facility");
    expect((await anybody.ask("POST", zones)).status).toBe(401);
  });

  it("page by slug", async () => {
    type Zones = { items: { slug: string }[]; next_cursor: string | null };
    const all = (await done<Zones>(anybody, "GET", zones)).items.map(({ slug }) => slug);
    const first = await done<Zones>(anybody, "GET", `${zones}?limit=2`);
    const rest = await done<Zones>(anybody, "GET", `${zones}?cursor=${first.next_cursor}`);
    expect([...first.items, ...rest.items].map(({ slug }) => slug)).toEqual(all);
  });
});

describe("spots", () => {
  it("are made one by one, and counted", async () => {
    const before = await sums();
    const spot = await newSpot({
      number: "V1",
      size: "LARGE",
      vehicle_types: ["VAN", "van"],
      sensor: "magnet-1",
    });
    expect(spot).toMatchObject({ size: "large", vehicle_types: ["van"], status: "free", sensor: "magnet-1" });
    expect(await sums()).toMatchObject({ total: before.total + 1, free: before.free + 1 });
    // Sensors are nobody else's business.
    const seen = await done(anybody, "GET", `${path}/spots/${spot.id}`);
    expect(seen).toMatchObject({ number: "V1", sensor: null, status_by: null });
    expect(await done(staff, "GET", `${path}/spots/${spot.id}`)).toMatchObject({ sensor: "magnet-1" });
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("are made as a range, all of it or nothing", async () => {
    const range = { zone_id: zoneId, prefix: "B", from: 8, until: 12, digits: 3, ev: true };
    expect(await done(owner, "POST", `${path}/spots/bulk/`, range)).toEqual({ created: 5, changed: 0 });
    expect(await numbers("&ev=true")).toEqual(["B008", "B009", "B010", "B011", "B012"]);
    const overlapping = await owner.ask("POST", `${path}/spots/bulk/`, { ...range, from: 12, until: 15 });
    expect(overlapping.status).toBe(409);
    expect(await overlapping.json()).toMatchObject({ code: "number_taken", numbers: ["B012"] });
    expect(await numbers("&ev=true")).toHaveLength(5);
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("change what they are, and their counts go with them", async () => {
    const spot = await newSpot({ number: "X1" });
    const to = `${path}/spots/${spot.id}/`;
    await done(owner, "PATCH", to, { status: "occupied" });
    const other = await done<{ id: string }>(owner, "POST", `${path}/zones/`, {
      slug: "other",
      name: "Other",
    });
    const change = { zone_id: other.id, size: "oversize", ev: true, accessible: true, number: "X2" };
    expect(await done(owner, "PATCH", to, change)).toMatchObject({ ...change, status: "occupied" });
    const { zones, ev } = await done<Availability>(anybody, "GET", `${path}/availability/`);
    expect(zones.find(({ id }) => id === other.id)?.spots).toMatchObject({ total: 1, occupied: 1 });
    expect(ev.occupied).toBe(1);
    await done(owner, "PATCH", to, { status: "blocked", reservable: false, vehicle_types: ["bus"] });
    expect(await wrongCounts(cloud)).toEqual([]);
    expect(await done(owner, "PATCH", to, {})).toMatchObject({ ...change, status: "blocked" });
  });

  it("are freed and blocked by staff, who change nothing else", async () => {
    const spot = await newSpot({ number: "P1" });
    const to = `${path}/spots/${spot.id}/`;
    const blocked = await done(staff, "PATCH", to, { status: "blocked" });
    expect(blocked).toMatchObject({ status: "blocked", status_by: staff.email });
    expect(await refusedAs(await staff.ask("PATCH", to, { status: "free", ev: true }))).toBe(
      "403 not_allowed ev",
    );
    expect(await done(staff, "GET", to)).toMatchObject({ status: "blocked", ev: false });
    expect(await refusedAs(await staff.ask("DELETE", to))).toBe("403 not_allowed");
    expect(await refusedAs(await stranger.ask("PATCH", to, { status: "free" }))).toBe("404 no_such_facility");
    const nowhere = `${path}/spots/${crypto.randomUUID()}/`;
    expect(await refusedAs(await staff.ask("PATCH", nowhere, { status: "free" }))).toBe("404 no_such_spot");
    expect(await refusedAs(await owner.ask("PATCH", nowhere, { ev: true }))).toBe("404 no_such_spot");
  });

  it("have numbers and sensors of their own", async () => {
    const spot = await newSpot({ number: "U1", sensor: "radar-1" });
    await newSpot({ number: "U2" });
    const asked = async (body: object) =>
      await refusedAs(await owner.ask("POST", `${path}/spots/`, { zone_id: zoneId, ...body }));
    expect(await asked({ number: "U1" })).toBe("409 number_taken number");
    expect(await asked({ number: "U3", sensor: "radar-1" })).toBe("409 sensor_taken number");
    const patch = async (body: object) =>
      await refusedAs(await owner.ask("PATCH", `${path}/spots/${spot.id}/`, body));
    expect(await patch({ number: "U2" })).toBe("409 number_taken number");
    await newSpot({ number: "U4", sensor: "radar-2" });
    expect(await patch({ sensor: "radar-2" })).toBe("409 sensor_taken sensor");
    expect(await patch({ zone_id: crypto.randomUUID() })).toBe("400 invalid zone_id");
  });

  it("are closed when nobody has booked them, and opened again under their number", async () => {
    const spot = await newSpot({ number: "D1", sensor: "radar-9" });
    const to = `${path}/spots/${spot.id}/`;
    const [from, until] = [1, 2].map((days) => new Date(cloud.clock.now.getTime() + days * 86_400_000)) as [
      Date,
      Date,
    ];
    const other = await newSpot({ number: "D2" });
    await bookSpot(cloud, other.id, [from, until]);
    expect(await refusedAs(await owner.ask("DELETE", `${path}/spots/${other.id}/`))).toBe("409 has_bookings");
    await done(owner, "PATCH", to, { status: "occupied" });
    expect((await owner.ask("DELETE", to)).status).toBe(204);
    expect(await refusedAs(await owner.ask("GET", to))).toBe("404 no_such_spot");
    expect(await refusedAs(await owner.ask("DELETE", to))).toBe("404 no_such_spot");
    expect(await wrongCounts(cloud)).toEqual([]);
    const again = await newSpot({ number: "D1", ev: true, sensor: "radar-9" });
    expect(again).toMatchObject({ id: spot.id, status: "free", ev: true });
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("page by number, and are filtered", async () => {
    const all = await numbers();
    const first = await done<List>(anybody, "GET", `${path}/spots/?limit=4`);
    const rest = await done<List>(anybody, "GET", `${path}/spots/?limit=200&cursor=${first.next_cursor}`);
    expect([...first.items, ...rest.items].map(({ number }) => number)).toEqual(all);
    expect(await numbers("&status=blocked&size=oversize&accessible=true")).toEqual(["X2"]);
    expect(await numbers(`&zone_id=${crypto.randomUUID()}`)).toEqual([]);
  });

  it.each([
    [{ number: "" }, "number"],
    [{ number: "x".repeat(21) }, "number"],
    [{ number: "N1", zone_id: "ground" }, "zone_id"],
    [{ number: "N1", zone_id: crypto.randomUUID() }, "zone_id"],
    [{ number: "N1", size: "tiny" }, "size"],
    [{ number: "N1", vehicle_types: ["tank"] }, "vehicle_types.0"],
    [{ number: "N1", status: "occupied" }, "status"],
    [{ number: "N1", sensor: "" }, "sensor"],
  ])("refuse %j", async (body, field) => {
    const answer = await owner.ask("POST", `${path}/spots/`, { zone_id: zoneId, ...body });
    expect(await refusedAs(answer)).toBe(`400 invalid ${field}`);
  });

  it.each([
    [{ from: 2, until: 1 }, "until"],
    [{ from: 0, until: 5_000 }, "until"],
    [{ from: -1, until: 1 }, "from"],
    [{ from: 0, until: 1e6 }, "until"],
    [{ from: 0, until: 1, digits: 7 }, "digits"],
    [{ from: 0, until: 1, sensor: "one" }, "sensor"],
  ])("refuse the range %j", async (range, field) => {
    const answer = await owner.ask("POST", `${path}/spots/bulk/`, { zone_id: zoneId, prefix: "Q", ...range });
    expect(await refusedAs(answer)).toBe(`400 invalid ${field}`);
  });
});

describe("spots that many change at once", () => {
  it("end in counts that are right, and nobody is told that something broke", async () => {
    const { ids, zoneId: home } = await makeSpotsIn(owner, { slug: "busy", prefix: "Z", spots: 8 });
    const away = await done<{ id: string }>(owner, "POST", `${path}/zones/`, { slug: "away", name: "Away" });
    const spot = fc.nat({ max: 7 }).map((index) => `${path}/spots/${ids[index] ?? ""}/`);
    const patch = fc.record(
      {
        zone_id: fc.constantFrom(home, away.id),
        size: fc.constantFrom("compact", "large"),
        ev: fc.boolean(),
        status: fc.constantFrom("free", "occupied", "blocked"),
        number: fc.constantFrom("Z1", "Z2", "Z99"),
      },
      { requiredKeys: [] },
    );
    const request: fc.Arbitrary<readonly [string, string, unknown]> = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant("PATCH"), spot, patch) },
      { weight: 2, arbitrary: fc.tuple(fc.constant("DELETE"), spot, fc.constant(undefined)) },
      {
        weight: 2,
        arbitrary: fc.tuple(
          fc.constant("POST"),
          fc.constant(`${path}/spots/import/`),
          fc.record({
            csv: fc.constantFrom("number,zone\nZ1,busy\nZ2,away\nZ3,busy", "number,zone,ev\nZ4,away,yes"),
          }),
        ),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constant("POST"),
          fc.constant(`${path}/spots/bulk/`),
          fc.record({
            zone_id: fc.constant(home),
            prefix: fc.constant("Z"),
            from: fc.constant(5),
            until: fc.constant(8),
          }),
        ),
      },
      {
        weight: 3,
        arbitrary: fc.tuple(
          fc.constant("POST"),
          fc.constant(`${path}/occupancy/`),
          fc
            .array(fc.tuple(fc.nat({ max: 8 }), fc.boolean()), { minLength: 1, maxLength: 4 })
            .map((said) => ({
              readings: said.map(([n, occupied]) => ({
                spot_number: `Z${n + 1}`,
                occupied,
                at: cloud.clock.now.toISOString(),
              })),
            })),
        ),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 10, maxLength: 30 }), async (requests) => {
        cloud.clock.now = new Date(cloud.clock.now.getTime() + 1_000);
        const answers = await Promise.all(requests.map(([method, to, body]) => owner.ask(method, to, body)));
        for (const answer of answers) if (answer.status >= 500) throw new Error(await answer.text());
        expect(await wrongCounts(cloud)).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});

describe("a spot that changes what it is while something drives onto it", () => {
  it("is occupied afterwards", async () => {
    const spot = await newSpot({ number: "W1" });
    let changed: Promise<unknown> = Promise.resolve();
    await cloud.db.transaction(async (tx) => {
      await changeSpotStatus(tx, FACILITY_ID, spot.id, "occupied", "gate", cloud.clock.now);
      changed = done(owner, "PATCH", `${path}/spots/${spot.id}/`, { ev: true });
      const waiting = sql`select count(*)::integer as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      await expect
        .poll(async () => (await cloud.db.execute(waiting)).rows, { timeout: 5_000 })
        .toEqual([{ n: 1 }]);
    });
    expect(await changed).toMatchObject({ status: "occupied", ev: true });
    expect(await wrongCounts(cloud)).toEqual([]);
  });
});

describe("a file of spots", () => {
  const load = async (csv: string, who: Person = owner) =>
    await who.ask("POST", `${path}/spots/import/`, { csv });

  it("makes and changes spots by their numbers, whatever stands on them", async () => {
    const first = await load("number,zone,sensor\nI1,ground,eye-1\nI2,ground,eye-2\nI3,ground,\n");
    expect(await first.json()).toEqual({ created: 3, changed: 0 });
    const spots = (await done<List>(owner, "GET", `${path}/spots/?limit=200`)).items;
    const i1 = spots.find(({ number }) => number === "I1");
    await done(owner, "PATCH", `${path}/spots/${i1?.id}/`, { status: "occupied" });
    // Two sensors change places.
    const second = await load(
      "zone;number;sensor;accessible\nground;I1;eye-2;yes\nground;I2;eye-1;no\nground;I4;;1\n",
    );
    expect(await second.json()).toEqual({ created: 1, changed: 2 });
    expect(await done(owner, "GET", `${path}/spots/${i1?.id}/`)).toMatchObject({
      status: "occupied",
      accessible: true,
      sensor: "eye-2",
    });
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("is taken whole, or not at all", async () => {
    const before = await numbers();
    const answer = await load("number,zone,size\nJ1,ground,large\nJ2,nowhere,large\nJ3,ground,enormous\n");
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: "invalid",
      field: "csv",
      errors: [
        { line: 3, field: "zone" },
        { line: 4, field: "size" },
      ],
    });
    expect(await refusedAs(await load("number,zone,sensor\nJ1,ground,radar-1\n"))).toBe(
      "409 sensor_taken csv",
    );
    expect(await refusedAs(await load("number,zone,sensor\nJ1,ground,s\nJ2,ground,s\n"))).toBe(
      "409 sensor_taken csv",
    );
    expect(await numbers()).toEqual(before);
  });

  it("holds thousands of spots", async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => `"K""${index}",ground`);
    const answer = await load(`number,zone\n${rows.join("\n")}`);
    expect(await answer.json()).toEqual({ created: 3_000, changed: 0 });
    expect(await wrongCounts(cloud)).toEqual([]);
  });

  it("is for those who own the facility", async () => {
    expect(await refusedAs(await load("number,zone\n", staff))).toBe("403 not_allowed");
    expect(await refusedAs(await load("number,zone\n", stranger))).toBe("404 no_such_facility");
  });
});
