import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashToken } from "../accounts/secrets.ts";
import { FACILITY_ID, PROVISION, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { ackedBy, asEvents, moved, send, testId } from "../testing/events.ts";
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
});
