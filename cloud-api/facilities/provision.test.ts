import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashToken } from "../accounts/secrets.ts";
import { changeSpotStatus } from "../availability/status.queries.ts";
import type { ProvisionedPlaces } from "../config/provision-places.ts";
import { FACILITY_ID, PROVISION, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { ackedBy, asEvents, moved, send, testId } from "../testing/events.ts";
import { wrongCounts } from "../testing/places.ts";
import { rowsOf } from "../testing/tables.ts";
import { provision } from "./provision.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());

const rows = (query: string) => rowsOf(cloud.db, query);

const [harbour, tower] = PROVISION.facilities as [
  (typeof PROVISION.facilities)[0] & object,
  (typeof PROVISION.facilities)[0] & object,
];

describe("provision", () => {
  it("changes nothing when it is applied again", async () => {
    const all = async () => ({
      facilities: await rows("select * from facilities order by id"),
      lanes: await rows("select * from lanes order by facility_id, slug"),
      edges: await rows("select * from edges order by id"),
      organisations: await rows("select * from organisations"),
    });
    const before = await all();
    await provision(cloud.db, PROVISION);
    expect(await all()).toEqual(before);
  });

  it("takes over what changed, and keeps the cursor and what happened", async () => {
    const events = asEvents([moved("in", 1, "2026-07-15T08:00:00Z")]);
    expect((await send(cloud.app, events)).status).toBe(200);
    const changed = { ...harbour, name: "Harbour North", capacity: 90, lanes: harbour.lanes.slice(1) };
    await provision(cloud.db, { ...PROVISION, facilities: [changed, tower] });
    expect(await rows(`select name, capacity from facilities where id = '${FACILITY_ID}'`)).toEqual([
      { name: "Harbour North", capacity: 90 },
    ]);
    expect(await rows(`select slug from lanes where facility_id = '${FACILITY_ID}'`)).toEqual([
      { slug: "exit" },
    ]);
    expect(await rows("select lane from movements")).toEqual([{ lane: "entry" }]);
    expect(await ackedBy(await send(cloud.app, events))).toBe(1);
    await provision(cloud.db, PROVISION);
  });

  it("publishes a tariff once, and the next version of it", async () => {
    const tariff = (version: number, price: string) => ({
      ...PROVISION,
      facilities: [{ ...tower, tariff: { id: "standard", version, document: { flat: { price } } } }],
    });
    const published = () =>
      rows(`select version, status, document ->> 'flat' as flat from tariff_versions
        where facility_id = '${tower.id}' order by version`);
    await provision(cloud.db, tariff(1, "500"));
    await provision(cloud.db, tariff(1, "900"));
    expect(await published()).toEqual([{ version: 1, status: "published", flat: '{"price":"500"}' }]);
    await provision(cloud.db, tariff(2, "600"));
    expect(await published()).toHaveLength(2);
  });

  it("fences the edge that another one replaces", async () => {
    const token = "the-token-of-the-new-edge-0003";
    const edge = { id: testId(9, 1), tokenHash: hashToken(token) };
    await provision(cloud.db, { ...PROVISION, facilities: [{ ...harbour, edge }, tower] });
    expect((await send(cloud.app, asEvents([moved("in", 2, "2026-07-15T08:00:00Z")], 2))).status).toBe(401);
    const first = asEvents([moved("in", 3, "2026-07-15T08:00:00Z")]);
    expect((await send(cloud.app, first, { edgeId: edge.id, token })).status).toBe(200);
    await provision(cloud.db, PROVISION);
  });

  it("is all or nothing: a time zone unknown to PostgreSQL leaves the facilities before it unwritten", async () => {
    const broken = { ...tower, timeZone: "Mars/Olympus_Mons" };
    await expect(
      provision(cloud.db, { ...PROVISION, facilities: [{ ...harbour, name: "Renamed" }, broken] }),
    ).rejects.toThrow("time zone");
    expect(await rows("select name from facilities where name = 'Renamed'")).toEqual([]);
  });

  it("makes zones and spots, again without a change, and leaves what is there as it is", async () => {
    const like = { digits: 2, accessible: false, vehicle_types: [], reservable: true };
    const places: ProvisionedPlaces = {
      about: { kind: "mall", city: "Kiel", latitude: 54.3, longitude: 10.1 },
      zones: [
        { slug: "ground", name: "Ground floor", level: 0, parent: null },
        { slug: "ramp", name: "Ramp", level: 0, parent: "ground" },
      ],
      spots: [
        { ...like, zone: "ground", prefix: "A", from: 1, until: 20, size: "standard", ev: false },
        { ...like, zone: "ramp", prefix: "E", from: 1, until: 4, size: "large", ev: true },
      ],
    };
    const wanted = { ...PROVISION, facilities: [{ ...harbour, places }, tower] };
    await provision(cloud.db, wanted, cloud.clock.now);
    const all = async () => ({
      facilities: await rows("select * from facilities order by id"),
      zones: await rows("select * from zones order by slug"),
      spots: await rows("select * from spots order by number"),
      counts: await rows("select * from spot_counts order by size"),
    });
    const before = await all();
    expect(before.spots).toHaveLength(24);
    expect(before.spots[0]).toMatchObject({ number: "A01", size_rank: 2, status: "free" });
    expect(before.counts).toMatchObject([
      { size: "large", total: 4 },
      { size: "standard", total: 20 },
    ]);
    expect(await rows("select city, kind from facilities where kind = 'mall'")).toHaveLength(1);
    await provision(cloud.db, wanted, new Date(cloud.clock.now.getTime() + 1_000));
    expect(await all()).toEqual(before);

    await cloud.db.transaction((tx) =>
      changeSpotStatus(tx, FACILITY_ID, String(before.spots[0]?.["id"]), "occupied", "gate", cloud.clock.now),
    );
    const fewer = {
      ...places,
      spots: places.spots.slice(0, 1).map((range) => ({ ...range, until: 2, ev: true })),
    };
    await provision(cloud.db, { ...PROVISION, facilities: [{ ...harbour, places: fewer }, tower] });
    expect(await rows("select status, ev from spots order by number limit 3")).toEqual([
      { status: "occupied", ev: true },
      { status: "free", ev: true },
      { status: "free", ev: false },
    ]);
    expect(await wrongCounts(cloud)).toEqual([]);
    // A file that says nothing of them leaves them.
    await provision(cloud.db, PROVISION);
    expect(await rows("select number from spots")).toHaveLength(24);
  });
});
