import { randomUUID } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKeys } from "../db/accounts-schema.ts";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { findKey } from "./keys.queries.ts";

let cloud: TestCloud;
let admin: Person;
let owner: Person;
let stranger: Person;
beforeAll(async () => {
  cloud = await startTestCloud();
  admin = await signedIn(cloud, "admin");
  owner = await signedIn(cloud, "owner");
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
});
afterAll(() => cloud.stop());

type Key = { readonly id: string; readonly key: string; readonly prefix: string };
const make = async (by: Person, body: object = {}) =>
  await by.ask("POST", "/api/api-keys/", { name: "Guidance", scopes: ["occupancy:write"], ...body });
const made = async (by: Person, body: object = {}) => {
  const answer = await make(by, body);
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Key;
};
const find = async (token: string) => await findKey(cloud.db, token, cloud.clock.now);

describe("an API key", () => {
  it("is shown once, and kept as its hash", async () => {
    const { key, id, prefix } = await made(owner);
    expect(key).toMatch(/^pmk_[\w-]{43}$/);
    expect(key.startsWith(prefix)).toBe(true);
    const list = await (await owner.ask("GET", "/api/api-keys/")).text();
    expect(list).toContain(id);
    expect(list).not.toContain(key);
    const { rows } = await cloud.db.execute<{ text: string }>(
      sql`select string_agg(k::text, '') || (select string_agg(a::text, '') from audit_entries a) as text from api_keys k`,
    );
    expect(rows[0]?.text).not.toContain(key);
    expect(rows[0]?.text).not.toContain(Buffer.from(key).toString("hex"));
  });

  it("acts as staff of its facilities, within its scopes", async () => {
    const one = await made(owner, { facility_ids: [OTHER_FACILITY_ID] });
    expect(await find(one.key)).toEqual({
      kind: "key",
      role: "staff",
      actorId: one.id,
      name: "Guidance",
      email: null,
      organisationId: expect.any(String),
      facilityIds: [OTHER_FACILITY_ID],
      keyScopes: ["occupancy:write"],
      signInId: null,
    });
    const all = await find((await made(owner)).key);
    expect(all?.facilityIds.toSorted()).toEqual([FACILITY_ID, OTHER_FACILITY_ID]);
  });

  it("is no person: headquarters' routes and people's calls are not for it", async () => {
    const { key } = await made(owner);
    const get = async (path: string) =>
      (await cloud.app.request(path, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await get("/api/users/me/")).toBe(403);
    expect(await get(`/api/facilities/${FACILITY_ID}/link`)).toBe(403);
    expect(await get("/api/dashboard")).toBe(403);
  });

  it("is good until it is over, or taken away", async () => {
    const expires_at = new Date(cloud.clock.now.getTime() + 3_600_000).toISOString();
    const { key } = await made(owner, { expires_at });
    expect(await find(key)).not.toBeNull();
    expect(await findKey(cloud.db, key, new Date(expires_at))).toBeNull();
    const other = await made(owner);
    const get = async () =>
      await cloud.app.request("/api/users/me/", { headers: { authorization: `Bearer ${other.key}` } });
    expect((await get()).status).toBe(403);
    const revoke = async (by: Person) => (await by.ask("DELETE", `/api/api-keys/${other.id}/`)).status;
    expect([await revoke(stranger), await revoke(owner), await revoke(owner)]).toEqual([404, 204, 404]);
    expect((await get()).status).toBe(401);
    expect(await find(other.key)).toBeNull();
  });

  it("has its last use written at most once a minute", async () => {
    const { key, id } = await made(owner);
    const used = async () =>
      (await cloud.db.select().from(apiKeys).where(eq(apiKeys.id, id)))[0]?.lastUsedAt ?? null;
    const at = (ms: number) => new Date(cloud.clock.now.getTime() + ms);
    expect(await used()).toBeNull();
    await findKey(cloud.db, key, at(0));
    await findKey(cloud.db, key, at(59_999));
    expect(await used()).toEqual(at(0));
    await findKey(cloud.db, key, at(60_000));
    expect(await used()).toEqual(at(60_000));
  });

  it.each(["", "pmk_", `pmk_${"A".repeat(43)}`, "pmk_\u0000", "x".repeat(2_000)])(
    "is not %j",
    async (token) => {
      expect(await find(token)).toBeNull();
    },
  );
});

describe("making keys", () => {
  it.each([
    ["scopes", { scopes: [] }],
    ["scopes", { scopes: ["occupancy:write", "occupancy:write"] }],
    ["scopes.0", { scopes: ["everything"] }],
    ["name", { name: "" }],
    ["facility_ids", { facility_ids: [] }],
    ["expires_at", { expires_at: "2020-01-01T00:00:00Z" }],
    ["expires_at", { expires_at: "tomorrow" }],
    ["key", { key: "pmk_mine" }],
  ])("names what is wrong: %s in %j", async (field, wrong) => {
    const answer = await make(owner, wrong);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ field });
  });

  it("is for owners of their own organisation, and for admins who name one", async () => {
    const { organisation_id } = (await (await make(owner)).json()) as { organisation_id: string };
    expect((await make(admin)).status).toBe(400);
    expect((await make(admin, { organisation_id })).status).toBe(201);
    expect((await make(admin, { organisation_id: randomUUID() })).status).toBe(404);
    expect((await make(stranger, { organisation_id })).status).toBe(404);
    expect((await make(stranger, { facility_ids: [FACILITY_ID] })).status).toBe(404);
    for (const role of ["staff", "driver"] as const)
      expect((await make(await signedIn(cloud, role))).status).toBe(403);
    const list = async (by: Person, query = "") =>
      ((await (await by.ask("GET", `/api/api-keys/${query}`)).json()) as { items: unknown[] }).items;
    expect(await list(stranger)).toEqual([]);
    expect(await list(stranger, `?organisation_id=${organisation_id}`)).toEqual([]);
    expect((await list(admin)).length).toBe((await list(owner)).length);
  });

  it("is listed page by page, the newest first", async () => {
    const seen: string[] = [];
    for (let cursor = ""; ;) {
      const page = (await (await owner.ask("GET", `/api/api-keys/?limit=2${cursor}`)).json()) as {
        items: { id: string }[];
        next_cursor: string | null;
      };
      seen.push(...page.items.map(({ id }) => id));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(seen.length).toBeGreaterThan(4);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("ends at a hundred", async () => {
    const full = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
    const { id } = await made(full);
    await cloud.db
      .execute(sql`insert into api_keys (id, organisation_id, name, prefix, key_hash, scopes, made_by, made_at)
      select gen_random_uuid(), organisation_id, 'x', 'pmk_x', sha256(gen_random_uuid()::text::bytea), scopes, made_by, made_at
      from api_keys, generate_series(1, 99) where id = ${id}`);
    const answer = await make(full);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: "too_many_keys" });
    await full.ask("DELETE", `/api/api-keys/${id}/`);
    expect((await make(full)).status).toBe(201);
  });
});
