import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditEntries } from "../db/platform-schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { bookSpot, done, makeSpotsIn, refusedAs, wrongCounts } from "../testing/places.ts";
import { listStatement } from "./facility.queries.ts";

let cloud: TestCloud;
let owner: Person;
let admin: Person;
let staff: Person;
let driver: Person;
let stranger: Person;

beforeAll(async () => {
  cloud = await startTestCloud();
  [owner, admin, staff, driver] = (await Promise.all(
    (["owner", "admin", "staff", "driver"] as const).map((role) => signedIn(cloud, role)),
  )) as [Person, Person, Person, Person];
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
});
afterAll(() => cloud.stop());

type Facility = { id: string; slug: string; name: string } & Record<string, unknown>;
type List = { items: Facility[]; next_cursor: string | null };

let made = 0;
const newFacility = (more: object = {}) => ({
  slug: `lot-${(made += 1)}`,
  name: `Lot ${made}`,
  time_zone: "Europe/Berlin",
  currency: "EUR",
  capacity: 50,
  ...more,
});
const make = async (more: object = {}, who: Person = owner) =>
  await done<Facility>(who, "POST", "/api/facilities/", newFacility(more));
/** As somebody who is not signed in. */
const anybody = { ask: async (method: string, path: string) => await cloud.app.request(path, { method }) };
const list = async (query: string) => await done<List>(anybody, "GET", `/api/facilities/?${query}`);
const slugs = async (query: string) => (await list(query)).items.map(({ slug }) => slug);

describe("making a facility", () => {
  it("is for its owner at once, and for everybody who looks", async () => {
    const facility = await make({ kind: "mall", city: "Bremen", latitude: 53.08, longitude: 8.8 });
    expect(facility).toMatchObject({
      kind: "mall",
      open_now: true,
      availability: { capacity: 50, free: 50 },
    });
    expect(facility["organisation_id"]).not.toBeNull();
    const path = `/api/facilities/${facility.id}`;
    await done(owner, "POST", `${path}/zones/`, { slug: "roof", name: "Roof" });
    expect(await done(anybody, "GET", path)).toMatchObject({ city: "Bremen", organisation_id: null });
    const entries = await cloud.db.select().from(auditEntries);
    expect(
      entries.filter(({ facilityId }) => facilityId === facility.id).map(({ action }) => action),
    ).toEqual(["facility.made", "zone.made"]);
  });

  it("takes an unlisted one, which nobody else sees", async () => {
    const { id } = await make({ listed: false });
    const path = `/api/facilities/${id}`;
    expect((await owner.ask("GET", path)).status).toBe(200);
    expect((await admin.ask("GET", path)).status).toBe(200);
    for (const who of [anybody, driver, stranger, staff]) {
      for (const what of ["", "/availability", "/zones", "/spots"])
        expect(await refusedAs(await who.ask("GET", path + what))).toBe("404 no_such_facility");
    }
    expect(await refusedAs(await driver.ask("POST", `${path}/search_spots`, {}))).toBe(
      "404 no_such_facility",
    );
  });

  it("is for admins and owners, in the owner's organisation", async () => {
    for (const who of [staff, driver])
      expect(await refusedAs(await who.ask("POST", "/api/facilities", newFacility()))).toBe(
        "403 not_allowed",
      );
    const foreign = await foreignOrganisation(cloud);
    const asked = async (who: Person, organisation?: string) =>
      await who.ask("POST", "/api/facilities", newFacility({ organisation_id: organisation }));
    expect(await refusedAs(await asked(owner, foreign))).toBe("404 no_such_organisation");
    expect(await refusedAs(await asked(admin))).toBe("400 invalid organisation_id");
    expect(await refusedAs(await asked(admin, crypto.randomUUID()))).toBe("404 no_such_organisation");
    expect((await asked(admin, foreign)).status).toBe(201);
  });

  it("is made once for a key", async () => {
    const body = newFacility();
    const key = { "idempotency-key": "one-lot" };
    const answers = await Promise.all([1, 2].map(() => owner.ask("POST", "/api/facilities", body, key)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(await refusedAs(await owner.ask("POST", "/api/facilities", body))).toBe("409 slug_taken slug");
  });

  it.each([
    [{ slug: "Not A Slug" }, "slug"],
    [{ time_zone: "+02:00" }, "time_zone"],
    [{ time_zone: "Mars/Olympus" }, "time_zone"],
    [{ currency: "eur" }, "currency"],
    [{ capacity: 0 }, "capacity"],
    [{ capacity: 1.5 }, "capacity"],
    [{ country: "Germany" }, "country"],
    [{ latitude: 91, longitude: 0 }, "latitude"],
    [{ latitude: 53 }, "longitude"],
    [{ longitude: 8 }, "latitude"],
    [
      { opening_hours: { weekly: { mon: [{ from: "25:00", until: "26:00" }] } } },
      "opening_hours.weekly.mon.0.from",
    ],
    [{ booking_policy: { max_hours: 0 } }, "booking_policy.max_hours"],
    [{ name: " " }, "name"],
    [{ name: "x".repeat(81) }, "name"],
    [{ id: crypto.randomUUID() }, "id"],
    [{ name: "half \ud800" }, "name"],
  ])("refuses %j", async (more, field) => {
    const answer = await owner.ask("POST", "/api/facilities", newFacility(more));
    expect(await refusedAs(answer)).toBe(`400 invalid ${field}`);
  });
});

describe("changing a facility", () => {
  it("changes what is named, and everybody sees it at once", async () => {
    const { id } = await make({ city: "Kiel" });
    const path = `/api/facilities/${id}`;
    expect(await slugs("city=Kiel")).toHaveLength(1);
    const hours = { weekly: { mon: [{ from: "08:00", until: "18:00" }] }, exceptions: [] };
    const policy = { max_hours: 24 };
    const change = { city: "Lübeck", opening_hours: hours, capacity: 70, booking_policy: policy };
    expect(await done(owner, "PATCH", path, change)).toMatchObject({
      capacity: 70,
      name: expect.any(String),
    });
    expect(await done(anybody, "GET", path)).toMatchObject({
      city: "Lübeck",
      capacity: 70,
      availability: { capacity: 70, free: 70 },
      booking_policy: policy,
      // A Wednesday.
      open_now: false,
      next_change_at: "2026-07-20T06:00:00.000Z",
    });
    expect(await slugs("city=Kiel")).toEqual([]);
    expect(await slugs("city=LÜBECK")).toHaveLength(1);
    await done(owner, "PATCH", path, { opening_hours: null });
    expect(await done(anybody, "GET", path)).toMatchObject({ open_now: true, next_change_at: null });
    await done(owner, "PATCH", path, { listed: false });
    expect(await refusedAs(await anybody.ask("GET", path))).toBe("404 no_such_facility");
  });

  it("is for those who own it", async () => {
    const path = `/api/facilities/${FACILITY_ID}`;
    for (const who of [staff, driver])
      expect(await refusedAs(await who.ask("PATCH", path, { name: "Mine" }))).toBe("403 not_allowed");
    expect(await refusedAs(await stranger.ask("PATCH", path, { name: "Mine" }))).toBe("404 no_such_facility");
    expect(await refusedAs(await stranger.ask("DELETE", path))).toBe("404 no_such_facility");
    expect(await done(anybody, "GET", path)).toMatchObject({ name: "Harbour Square" });
    expect((await admin.ask("PATCH", path, {})).status).toBe(200);
  });

  it("keeps its currency and slug, and half a place is none", async () => {
    const path = `/api/facilities/${FACILITY_ID}`;
    expect(await refusedAs(await owner.ask("PATCH", path, { currency: "USD" }))).toBe("400 invalid currency");
    expect(await refusedAs(await owner.ask("PATCH", path, { slug: "other" }))).toBe("400 invalid slug");
    expect(await refusedAs(await owner.ask("PATCH", path, { latitude: 3 }))).toBe("400 invalid longitude");
  });

  it("closes it for good, unless it is booked", async () => {
    const { id } = await make();
    const path = `/api/facilities/${id}`;
    const { ids } = await makeSpotsIn(owner, { slug: "roof", prefix: "R", spots: 1, facilityId: id });
    const day = (n: number) => new Date(cloud.clock.now.getTime() + n * 86_400_000);
    const booking = await bookSpot(cloud, ids[0] ?? "", [day(1), day(2)], "CONFIRMED", id);
    expect(await refusedAs(await owner.ask("DELETE", path))).toBe("409 has_bookings");
    await cloud.db.execute(sql`update bookings set status = 'CANCELLED' where id = ${booking}`);
    expect((await owner.ask("DELETE", path)).status).toBe(204);
    expect((await owner.ask("DELETE", path)).status).toBe(204);
    expect(await done(owner, "GET", `${path}/spots`)).toEqual({ items: [], next_cursor: null });
    expect(await wrongCounts(cloud)).toEqual([]);
    expect(await refusedAs(await anybody.ask("GET", path))).toBe("404 no_such_facility");
    expect(await done(owner, "GET", path)).toMatchObject({ open_now: false, listed: false });
    expect(await refusedAs(await owner.ask("PATCH", path, { name: "Again" }))).toBe("409 facility_closed");
    const mine = await done<List>(owner, "GET", "/api/facilities/?mine=true&limit=200");
    expect(mine.items.map((facility) => facility.id)).toContain(id);
  });
});

describe("the list of facilities", () => {
  beforeAll(async () => {
    const lots = [
      { slug: "berlin-mitte", city: "Berlin", kind: "street", latitude: 52.52, longitude: 13.405 },
      { slug: "berlin-west", city: "Berlin", kind: "mall", latitude: 52.5, longitude: 13.3 },
      { slug: "potsdam", city: "Potsdam", kind: "mall", latitude: 52.39, longitude: 13.06 },
      { slug: "fiji-west", city: "Fiji", latitude: -17, longitude: 179.95 },
      { slug: "fiji-east", city: "Fiji", latitude: -17, longitude: -179.95 },
      { slug: "the-pole", city: "Pole", latitude: 89.9, longitude: 20 },
      { slug: "beyond-the-pole", city: "Pole", latitude: 89.9, longitude: -160, bookable: true },
    ];
    for (const lot of lots) await make({ country: "XX", address: "100% Street_1", ...lot });
  });

  it("finds by city, kind and words", async () => {
    expect((await slugs("city=berlin&country=XX")).toSorted()).toEqual(["berlin-mitte", "berlin-west"]);
    expect(await slugs("city=Berlin&kind=mall")).toEqual(["berlin-west"]);
    expect(await slugs("country=XX&bookable=true")).toEqual(["beyond-the-pole"]);
    expect(await slugs("q=POTS")).toEqual(["potsdam"]);
    expect(await slugs("q=100%25+Street_")).toHaveLength(7);
    expect(await slugs("q=100_+Street")).toEqual([]);
    expect(await slugs("q=%25%25%25")).toEqual([]);
  });

  it("finds what is near, nearest first, over the date line and the pole too", async () => {
    const near = async (place: string, km: number) => await slugs(`near=${place}&radius_km=${km}`);
    expect(await near("52.52,13.40", 5)).toEqual(["berlin-mitte"]);
    // In the square around the circle, but not in the circle.
    expect(await near("52.52,13.40", 25)).toEqual(["berlin-mitte", "berlin-west"]);
    expect(await near("52.52,13.40", 40)).toEqual(["berlin-mitte", "berlin-west", "potsdam"]);
    expect(await near("-17,180", 10)).toHaveLength(2);
    expect(await near("-17,-179.99", 8)).toEqual(["fiji-east", "fiji-west"]);
    expect(await near("89.95,20", 40)).toEqual(["the-pole", "beyond-the-pole"]);
    const [first] = (await list("near=52.52,13.40&radius_km=40")).items;
    expect(first?.["distance_km"]).toBeCloseTo(0.338, 2);
  });

  it("pages through all of it, once each", async () => {
    for (const query of ["country=XX", "country=XX&near=52,13&radius_km=500"]) {
      const all = await slugs(query);
      const paged: string[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const page: List = await list(`${query}&limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
        expect(page.items.length).toBeLessThanOrEqual(2);
        paged.push(...page.items.map(({ slug }) => slug));
        cursor = page.next_cursor;
      }
      expect(paged).toEqual(all);
    }
  });

  it("finds what is open at a time", async () => {
    const weekly = { sun: [{ from: "10:00", until: "12:00" }] };
    await make({ slug: "sundays", city: "Ulm", opening_hours: { weekly } });
    await make({ slug: "always", city: "Ulm" });
    expect((await slugs("city=Ulm&open_at=2026-07-19T09:00:00Z")).toSorted()).toEqual(["always", "sundays"]);
    expect(await slugs("city=Ulm&open_at=2026-07-20T09:00:00Z")).toEqual(["always"]);
    expect(await slugs("city=Ulm&limit=1&open_at=2026-07-20T09:00:00%2B02:00")).toHaveLength(1);
  });

  it("knows where there are chargers and accessible spots, and what is free", async () => {
    const { id, slug } = await make({ city: "Jena" });
    await make({ city: "Jena" });
    const spots = { slug: "roof", prefix: "E", spots: 3, like: { ev: true }, facilityId: id };
    expect(await slugs("city=Jena&has_ev_charging=true")).toEqual([]);
    const { ids } = await makeSpotsIn(owner, spots);
    expect(await slugs("city=Jena&has_ev_charging=true")).toEqual([slug]);
    expect(await slugs("city=Jena&has_ev_charging=true&has_accessible=true")).toEqual([]);
    expect(await slugs("city=Jena&has_ev_charging=false")).toHaveLength(1);
    await done(owner, "PATCH", `/api/facilities/${id}/spots/${ids[0]}`, { status: "occupied" });
    const [found] = (await list("city=Jena&has_ev_charging=true")).items;
    expect(found).toMatchObject({ has_ev_charging: true, availability: { ev: { total: 3, free: 2 } } });
  });

  it("shows those who run facilities all of theirs, and nobody else's", async () => {
    const mine = async (who: Person) =>
      (await done<List>(who, "GET", "/api/facilities/?mine=true&limit=200")).items.map(({ slug }) => slug);
    expect(await mine(staff)).toEqual(["harbour"]);
    expect(await mine(driver)).toEqual([]);
    expect(await mine(stranger)).toEqual([]);
    expect(await mine(owner)).toContain("harbour");
    expect((await mine(admin)).length).toBeGreaterThan((await mine(owner)).length - 1);
    expect(await refusedAs(await anybody.ask("GET", "/api/facilities?mine=true"))).toBe("401 not_signed_in");
  });

  it.each([
    ["near=here", "near"],
    ["near=91,0", "near"],
    ["near=1,181", "near"],
    ["radius_km=5", "radius_km"],
    ["near=1,1&radius_km=501", "radius_km"],
    ["near=1,1&radius_km=nothing", "radius_km"],
    ["has_ev_charging=perhaps", "has_ev_charging"],
    ["kind=castle", "kind"],
    ["open_at=now", "open_at"],
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["cursor=nonsense", "cursor"],
    [`cursor=${Buffer.from("[-1,1]").toString("base64url")}`, "cursor"],
    ["city=a&city=b", "city"],
    ["colour=red", "colour"],
    ["q=%00", "q"],
  ])("refuses ?%s", async (query, field) => {
    expect(await refusedAs(await anybody.ask("GET", `/api/facilities?${query}`))).toBe(
      `400 invalid ${field}`,
    );
  });

  it("refuses a cursor of another list", async () => {
    const { next_cursor: byId } = await list("limit=1");
    const { next_cursor: byPlace } = await list("near=52,13&radius_km=500&limit=1");
    const asked = async (query: string) =>
      await refusedAs(await anybody.ask("GET", `/api/facilities?${query}`));
    expect(await asked(`near=52,13&cursor=${byId}`)).toBe("400 invalid cursor");
    expect(await asked(`cursor=${byPlace}`)).toBe("400 invalid cursor");
  });
});

describe("what lists cost", () => {
  it("is no query at all once they are cached, however many facilities there are", async () => {
    let queries = 0;
    const pool = cloud.db.$client;
    const original = pool.query.bind(pool);
    const counted = ((...args: unknown[]) => {
      queries += 1;
      return (original as (...all: unknown[]) => unknown)(...args);
    }) as typeof pool.query;
    pool.query = counted;
    try {
      await list("country=XX&limit=100&q=street");
      // The list, the facilities and what is free there: for the first time one query each, at most.
      expect(queries).toBeLessThanOrEqual(3);
      queries = 0;
      await list("country=XX&limit=100&q=street");
      expect(queries).toBe(0);
    } finally {
      pool.query = original;
    }
  });

  it("goes by indexes, where there are many facilities", async () => {
    await cloud.db.execute(sql`
      insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity, city, latitude, longitude)
      select gen_random_uuid(), (select id from organisations limit 1), 'many-' || n, 'Many', 'Etc/UTC', 'EUR', 1,
        'City ' || n % 200, n % 180 - 90, n % 360 - 180
      from generate_series(1, 20000) n`);
    await cloud.db.execute(sql`analyze facilities`);
    const near = { latitude: 52, longitude: 13, radiusKm: 5 };
    for (const filter of [{ city: "City 7" }, { near }, {}]) {
      const statement = listStatement("listed", filter, 51, null);
      const plan = await cloud.db.execute(sql`explain (format json) ${statement}`);
      expect(JSON.stringify(plan.rows)).not.toContain("Seq Scan");
    }
  });
});
