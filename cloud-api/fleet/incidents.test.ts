import { createPublicKey, verify } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EDGE_ID, FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { emptyTables } from "../testing/tables.ts";
import { nonceSecret, signingKey } from "./cloud-keys.queries.ts";
import { markSeen, raiseIncident } from "./incidents.queries.ts";
import { readLink } from "./link-view.queries.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const at = (minute: number) => new Date(Date.UTC(2026, 6, 15, 12, minute));
const report = (detail: string) =>
  ({ facilityId: FACILITY_ID, edgeId: EDGE_ID, kind: "fork", detail }) as const;
/** As headquarters sees them. */
const all = async (facilityId = FACILITY_ID) => (await readLink(cloud.db, facilityId, at(9))).incidents;
const open = async () => (await all()).filter(({ seen }) => seen === null);

describe("incidents", () => {
  it("are counted up while they are open, however many raise them at once", async () => {
    await Promise.all(Array.from({ length: 8 }, () => raiseIncident(cloud.db, report("one"), at(1))));
    await raiseIncident(cloud.db, report("two"), at(2));
    expect(await open()).toMatchObject([
      { detail: "two", count: 1, at: at(2).toISOString(), last_at: at(2).toISOString(), seen: null },
      { detail: "one", count: 8 },
    ]);
  });

  it("are new ones after somebody has seen them", async () => {
    await raiseIncident(cloud.db, report("one"), at(1));
    const [first] = await open();
    const seen = { facilityId: FACILITY_ID, incidentId: first?.id ?? "", by: "alex" };
    expect(await markSeen(cloud.db, seen, at(5))).toBe(true);
    expect(await markSeen(cloud.db, seen, at(6))).toBe(false);
    expect(await open()).toEqual([]);
    await raiseIncident(cloud.db, report("one"), at(7));
    expect(await open()).toMatchObject([{ count: 1, at: at(7).toISOString() }]);
    expect(await all()).toMatchObject([
      { at: at(7).toISOString(), seen: null },
      { at: at(1).toISOString(), seen: { at: at(5).toISOString(), by: "alex" } },
    ]);
  });

  it("are those of their facility", async () => {
    await raiseIncident(cloud.db, report("one"), at(1));
    const stranger = "0192a000-0000-7000-8000-0000000000ff";
    expect(await all(stranger)).toEqual([]);
    const [first] = await open();
    const seen = { facilityId: stranger, incidentId: first?.id ?? "", by: "kim" };
    expect(await markSeen(cloud.db, seen, at(2))).toBe(false);
  });

  it("take any words", async () => {
    await raiseIncident(cloud.db, report("\0\ud800 and more"), at(1));
    await raiseIncident(cloud.db, report("\u{1f697}".repeat(5_000)), at(2));
    const [long, odd] = await open();
    expect(long?.detail.length).toBeLessThanOrEqual(500);
    expect(odd?.detail).toBe("\uFFFD\uFFFD and more");
  });
});

describe("the cloud's own keys", () => {
  it("are made once, by whoever needs them first", async () => {
    await cloud.db.execute(sql`truncate cloud_keys`);
    const keys = await Promise.all(Array.from({ length: 6 }, () => signingKey(cloud.db)));
    expect(new Set(keys.map(({ publicKey }) => publicKey)).size).toBe(1);
    const nonces = await Promise.all(Array.from({ length: 6 }, () => nonceSecret(cloud.db)));
    expect(new Set(nonces.map((secret) => secret.toString("hex"))).size).toBe(1);
    expect(nonces[0]).toHaveLength(32);
  });

  it("sign what their public half verifies, and nothing else", async () => {
    const { publicKey, sign } = await signingKey(cloud.db);
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    const signature = Buffer.from(sign("grün"), "base64");
    expect(verify(null, Buffer.from("grün"), key, signature)).toBe(true);
    expect(verify(null, Buffer.from("rot"), key, signature)).toBe(false);
  });
});
