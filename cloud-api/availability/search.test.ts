import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { bookSpot, done, makeSpotsIn, refusedAs } from "../testing/places.ts";
import { searchStatement } from "./search.queries.ts";

let cloud: TestCloud;
let owner: Person;
const ids = new Map<string, readonly string[]>();
const path = `/api/facilities/${FACILITY_ID}`;

const KINDS = [
  { slug: "small", prefix: "C", spots: 2, like: { size: "compact" } },
  { slug: "ground", prefix: "S", spots: 4, like: {} },
  { slug: "wide", prefix: "L", spots: 2, like: { size: "large" } },
  { slug: "charging", prefix: "E", spots: 2, like: { ev: true } },
  { slug: "near-lift", prefix: "A", spots: 1, like: { accessible: true } },
  {
    slug: "bikes",
    prefix: "M",
    spots: 1,
    like: { size: "large", vehicle_types: ["MOTORCYCLE", "motorcycle"] },
  },
  { slug: "first-come", prefix: "F", spots: 1, like: { reservable: false } },
];

beforeAll(async () => {
  cloud = await startTestCloud();
  owner = await signedIn(cloud, "owner");
  for (const kind of KINDS) ids.set(kind.slug, (await makeSpotsIn(owner, kind)).ids);
});
afterAll(() => cloud.stop());

const spotOf = (slug: string, index = 0) => ids.get(slug)?.[index] ?? "";
const hours = (from: number, until: number): [Date, Date] => [at(from), at(until)];
const at = (hour: number) => new Date(cloud.clock.now.getTime() + hour * 3_600_000);
const range = (from: number, until: number) => ({
  from: at(from).toISOString(),
  until: at(until).toISOString(),
});
/** As somebody who is not signed in. */
const ask = async (body: unknown) =>
  await cloud.app.request(`${path}/search_spots`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const find = async (body: object) => {
  const answer = (await (await ask(body)).json()) as { items: { number: string }[] };
  return answer.items.map(({ number }) => number).join(" ");
};

describe("search_spots", () => {
  it("gives what fits, tightest first; chargers and accessible spots to those only who need them", async () => {
    expect(await find({})).toBe("C1 C2 F1 S1 S2 S3 S4 L1 L2 M1");
    expect(await find({ vehicle_size: "STANDARD" })).toBe("F1 S1 S2 S3 S4 L1 L2 M1");
    expect(await find({ vehicle_size: "compact", vehicle_type: "VAN" })).toBe("F1 S1 S2 S3 S4 L1 L2");
    expect(await find({ vehicle_size: "large", vehicle_type: "CAR" })).toBe("L1 L2");
    expect(await find({ vehicle_size: "large", vehicle_type: "motorcycle" })).toBe("L1 L2 M1");
    expect(await find({ vehicle_type: "BUS" })).toBe("");
    expect(await find({ needs_ev: true })).toBe("E1 E2");
    expect(await find({ needs_accessible: true })).toBe("A1");
    expect(await find({ needs_ev: true, needs_accessible: true })).toBe("");
    expect(await find({ limit: 3 })).toBe("C1 C2 F1");
  });

  it("gives for a time what nobody has booked in it, to its very ends", async () => {
    const wanted = { vehicle_type: "car", vehicle_size: "standard", ...range(10, 12) };
    expect(await find(wanted)).toBe("S1 S2 S3 S4 L1 L2");
    await bookSpot(cloud, spotOf("ground", 0), hours(11, 13));
    await bookSpot(cloud, spotOf("ground", 1), hours(12, 13));
    await bookSpot(cloud, spotOf("ground", 2), hours(8, 10));
    await bookSpot(cloud, spotOf("wide", 0), hours(10, 12), "PENDING");
    await bookSpot(cloud, spotOf("wide", 1), hours(9, 13), "ACTIVE");
    for (const over of ["CANCELLED", "COMPLETED", "NO_SHOW"] as const)
      await bookSpot(cloud, spotOf("ground", 3), hours(10, 12), over);
    expect(await find(wanted)).toBe("S2 S3 S4");
    expect(await find({ ...wanted, ...range(7, 14) })).toBe("S4");
  });

  it("gives for now what nobody stands on, has blocked, or has booked; for later whatever stands there", async () => {
    await done(owner, "PATCH", `${path}/spots/${spotOf("charging", 0)}/`, { status: "occupied" });
    expect(await find({ needs_ev: true })).toBe("E2");
    expect(await find({ needs_ev: true, ...range(30, 31) })).toBe("E1 E2");
    expect(await find({ needs_ev: true, ...range(0, 1) })).toBe("E2");
    await done(owner, "PATCH", `${path}/spots/${spotOf("charging", 0)}/`, { status: "blocked" });
    expect(await find({ needs_ev: true, ...range(30, 31) })).toBe("E2");
    await bookSpot(cloud, spotOf("charging", 1), hours(-1, 1));
    expect(await find({ needs_ev: true })).toBe("");
    await done(owner, "PATCH", `${path}/spots/${spotOf("charging", 0)}/`, { status: "free" });
    expect(await find({ needs_ev: true })).toBe("E1");
  });

  it("says whether the facility is open then, and takes bookings", async () => {
    const weekly = { thu: [{ from: "08:00", until: "20:00" }] };
    await done(owner, "PATCH", path, { opening_hours: { weekly }, bookable: true });
    const said = async (body: object) => {
      const { open, bookable } = (await (await ask(body)).json()) as Record<string, unknown>;
      return [open, bookable];
    };
    // Now it is a Wednesday, 14:00 in Berlin.
    expect(await said({})).toEqual([false, true]);
    expect(await said(range(18, 30))).toEqual([true, true]);
    expect(await said(range(18, 31))).toEqual([false, true]);
    await done(owner, "PATCH", path, { opening_hours: null, bookable: false });
    expect(await said({})).toEqual([true, false]);
  });

  it("looks into a zone, and into all that lie in it", async () => {
    const zones = await done<{ items: { id: string; slug: string }[] }>(owner, "GET", `${path}/zones/`);
    const zoneId = (slug: string) => zones.items.find((zone) => zone.slug === slug)?.id;
    await done(owner, "PATCH", `${path}/zones/${zoneId("wide")}/`, { parent_id: zoneId("near-lift") });
    expect(await find({ zone_id: zoneId("wide") })).toBe("L1 L2");
    expect(await find({ zone_id: zoneId("near-lift") })).toBe("L1 L2");
    expect(await find({ zone_id: crypto.randomUUID() })).toBe("");
  });

  it.each([
    [{ vehicle_size: "huge" }, "400 invalid vehicle_size"],
    [{ from: "2026-08-01T00:00:00Z" }, "400 invalid until"],
    [{ until: "2026-08-01T00:00:00Z" }, "400 invalid until"],
    [{ from: "2026-08-01T00:00:00Z", until: "2026-08-01T00:00:00Z" }, "400 invalid until"],
    [{ from: "2026-08-01T00:00:00Z", until: "2028-08-01T00:00:00Z" }, "400 invalid until"],
    [{ from: "2026-07-15T10:00:00Z", until: "2026-07-15T12:00:00Z" }, "400 invalid until"],
    [{ from: "0026-08-01T00:00:00Z", until: "2026-08-01T00:00:00Z" }, "400 invalid from"],
    [{ zone_id: "roof" }, "400 invalid zone_id"],
    [{ limit: 1_000 }, "400 invalid limit"],
    [{ needs_ev: "yes" }, "400 invalid needs_ev"],
    [{ colour: "red" }, "400 invalid colour"],
    [[], "400 invalid body"],
    [null, "400 invalid body"],
  ])("refuses %j", async (body, refusal) => {
    expect(await refusedAs(await ask(body))).toBe(refusal);
  });
});

describe("the plan of a search", () => {
  it("goes by indexes, where there are many spots and many bookings", async () => {
    await cloud.db.execute(sql`
      insert into spots (facility_id, id, zone_id, number, size, size_rank, status_at, status_by)
      select f.id, gen_random_uuid(), gen_random_uuid(), n::text, 'standard', 2, now(), 'a test'
      from (select gen_random_uuid() as id from generate_series(1, 40)) f, generate_series(1, 500) n`);
    await cloud.db.execute(sql`
      insert into bookings (facility_id, id, plate, vehicle_type, status, ticket_number, spot_id, entry_time,
        expected_exit, held_until, estimated_minor, currency, applied_rule, tariff, made_at, changed_at)
      select facility_id, id, 'X', 'car', 'CONFIRMED', id::text, id, now(), now(), now() + interval '1 hour', 0,
        'EUR', '', '', now(), now() from spots where status_by = 'a test'`);
    await cloud.db.execute(sql`analyze spots, bookings`);
    const [first] = (
      await cloud.db.execute<{ id: string }>(
        sql`select facility_id as id from spots where status_by = 'a test' limit 1`,
      )
    ).rows;
    const search = { sizeRank: 2, vehicleType: null, ev: false, accessible: false, zoneId: null, limit: 50 };
    for (const its of [null, { from: at(1), until: at(3) }]) {
      const statement = searchStatement(first?.id ?? "", { ...search, range: its }, cloud.clock.now);
      const plan = await cloud.db.execute(sql`explain (format json) ${statement}`);
      expect(JSON.stringify(plan.rows)).not.toContain("Seq Scan");
    }
  });
});
