import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type ManifestChange,
  type ManifestHeader,
  manifestHeaderSchema,
  type ManifestLine,
  manifestLineSchema,
  signedManifestText,
} from "@parkme/shared/protocol/manifest";
import { bucketDigest, bucketOf, entryHash, manifestDigest } from "@parkme/shared/protocol/manifest-digest";
import {
  EDGE_ID,
  EDGE_TOKEN,
  FACILITY_ID,
  OTHER_EDGE_TOKEN,
  signIn,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { rowsOf } from "../testing/tables.ts";
import { signingKey } from "./cloud-keys.queries.ts";
import { MANIFEST_EFFECTS } from "./manifest-effects.queries.ts";
import type { ManifestChanged, ManifestView } from "./manifest-contract.ts";
import { sha256, tooMany } from "./manifest-rules.ts";
import { publish, raiseManifestAbove } from "./manifest.queries.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  await rowsOf(cloud.db, "truncate manifests, manifest_entries, manifest_buckets, downlink");
  await rowsOf(cloud.db, "update facilities set downlink_seq = 0, downlink_hash = null");
  await rowsOf(cloud.db, "update edges set manifest_version = 0");
});

function permit(n: number, more: object = {}): ManifestChange {
  const body = {
    id: `P-${n}`,
    plates: [`B AB ${n}`],
    account: "Acme",
    valid_from: "2026-01-01T00:00:00Z",
    valid_until: "2027-01-01T00:00:00Z",
    ...more,
  };
  return { section: "permits", key: `P-${n}`, body: JSON.stringify(body) };
}
const gone = (n: number): ManifestChange => ({ section: "permits", key: `P-${n}`, body: null });

async function published(...changes: ManifestChange[]) {
  const done = await cloud.db.transaction((tx) => publish(tx, FACILITY_ID, changes, cloud.clock.now));
  if (!done.ok) throw new Error(JSON.stringify(done.error));
  return done.value;
}

type Page = { readonly header: ManifestHeader; readonly lines: readonly ManifestLine[] };

async function page(query: string, token = EDGE_TOKEN): Promise<Page | number> {
  const response = await cloud.app.request(`/api/edge/manifest?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (response.status !== 200) return response.status;
  const text = gunzipSync(Buffer.from(await response.arrayBuffer())).toString("utf8");
  const [header, ...lines] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  return {
    header: manifestHeaderSchema.parse(header),
    lines: lines.map((line) => manifestLineSchema.parse(line)),
  };
}

async function havingOf(version: number): Promise<string> {
  const [row] = await rowsOf(cloud.db, `select digest from manifests where version = ${version}`);
  const digest = row?.["digest"];
  return `have=${version}&digest=${typeof digest === "string" ? digest : LOST}`;
}

/** The digest of a manifest that this cloud does not know. */
const LOST = "f".repeat(64);

/** Follows the pages to the end, as an edge does that has a version of this cloud. */
async function pulled(have: number): Promise<Page & { readonly pages: number }> {
  let [query, pages] = [await havingOf(have), 0];
  const lines: ManifestLine[] = [];
  for (;;) {
    const next = await page(query);
    if (typeof next === "number") throw new Error(`status ${next}`);
    pages += 1;
    lines.push(...next.lines);
    if (next.header.next === null) return { header: next.header, lines, pages };
    query = `cursor=${next.header.next}`;
  }
}

/** What an edge that had `entries` has after these lines. */
function applied(entries: ReadonlyMap<string, string>, lines: readonly ManifestLine[]): Map<string, string> {
  const after = new Map(entries);
  for (const [section, key, body] of lines) {
    if (body === null) after.delete(`${section}\0${key}`);
    else after.set(`${section}\0${key}`, body);
  }
  return after;
}

function digestOf(entries: ReadonlyMap<string, string>): string {
  const hashes = new Map<number, string[]>();
  for (const [name, body] of entries) {
    const [section = "", key = ""] = name.split("\0");
    const bucket = bucketOf(section, key, sha256);
    const hash = entryHash({ section, key, body }, sha256);
    const others = hashes.get(bucket);
    if (others === undefined) hashes.set(bucket, [hash]);
    else others.push(hash);
  }
  return manifestDigest(
    new Map([...hashes].map(([bucket, of]) => [bucket, bucketDigest(of, sha256)])),
    sha256,
  );
}

describe("publishing", () => {
  it("signs every version, and tells the edge of it", async () => {
    expect(await published(permit(1), permit(2))).toEqual({ version: 1, changed: 2 });
    const { header, lines } = await pulled(0);
    expect(header).toMatchObject({
      facility_id: FACILITY_ID,
      version: 1,
      entries: 2,
      full: true,
      next: null,
    });
    expect(header.digest).toBe(digestOf(applied(new Map(), lines)));
    const { publicKey } = await signingKey(cloud.db);
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    const signature = Buffer.from(header.signature, "base64");
    expect(verify(null, Buffer.from(signedManifestText(header)), key, signature)).toBe(true);
    expect(await rowsOf(cloud.db, "select kind, body from downlink")).toEqual([
      { kind: "manifest", body: '{"version":1}' },
    ]);
  });

  it("makes no version where nothing changes", async () => {
    await published(permit(1));
    expect(await published(permit(1), gone(7))).toEqual({ version: 1, changed: 0 });
    expect(await page(await havingOf(1))).toBe(204);
    expect(await rowsOf(cloud.db, "select version from manifests")).toHaveLength(1);
  });

  it("counts the last of several changes of one entry", async () => {
    expect(await published(permit(1, { spaces: 1 }), permit(1, { spaces: 2 }), gone(1))).toEqual({
      version: 0,
      changed: 0,
    });
    await published(gone(1), permit(1, { spaces: 2 }));
    expect((await pulled(0)).lines.map(([, , body]) => body)).toEqual([permit(1, { spaces: 2 }).body]);
  });

  it("refuses everything when a body is not right, with the place of each problem", async () => {
    const wrong: ManifestChange[] = [
      permit(1),
      permit(2, { valid_until: "2025-01-01T00:00:00Z" }),
      { ...permit(3), key: "P-4" },
      { section: "permits", key: "P-5", body: "{" },
      { section: "wishes", key: "a", body: "{}" },
      {
        section: "tariffs",
        key: "standard@1",
        body: '{"id":"standard","version":1,"document":{"flat":{"price":-5}}}',
      },
      { section: "staff", key: "alex", body: '{"name":"Alex","pin":"1234"}' },
    ];
    const done = await cloud.db.transaction((tx) => publish(tx, FACILITY_ID, wrong, cloud.clock.now));
    expect(done.ok ? [] : done.error.map(({ path }) => path.map(String).join("."))).toEqual([
      "1.body.valid_until",
      "2.key",
      "3.body",
      "4.section",
      "5.body.document.flat.price",
      "6.body.pin",
    ]);
    expect(await rowsOf(cloud.db, "select 1 from manifest_entries")).toEqual([]);
  });

  it("refuses more entries than a section may have", async () => {
    const zones = Array.from({ length: 257 }, (_, n) => ({
      section: "zones",
      key: `z-${n}`,
      body: JSON.stringify({ zone: `z-${n}`, capacity: 1 }),
    }));
    const done = await cloud.db.transaction((tx) => publish(tx, FACILITY_ID, zones, cloud.clock.now));
    expect(done).toMatchObject({ ok: false, error: [{ message: expect.stringContaining("256") }] });
    await published(...zones.slice(1));
  });

  it("goes on above what any of its edges has, after the cloud was restored", async () => {
    await published(permit(1));
    await cloud.db.transaction((tx) =>
      raiseManifestAbove(tx, FACILITY_ID, { version: 9, digest: LOST }, cloud.clock.now),
    );
    expect(await pulled(9)).toMatchObject({
      header: { version: 10, full: true },
      lines: [["permits", "P-1", permit(1).body]],
    });
    await rowsOf(cloud.db, `update edges set manifest_version = 20 where facility_id = '${FACILITY_ID}'`);
    expect((await published(permit(2))).version).toBe(21);
    // Edges that ask with what this cloud has never heard of.
    expect((await pulled(30)).header).toMatchObject({ version: 31, entries: 2, full: true });
    const other = await page(`have=31&digest=${LOST}`);
    expect(other).toMatchObject({ header: { version: 32, entries: 2, full: true } });
    expect(await page(`have=30&digest=${LOST}`)).toMatchObject({ header: { version: 32, full: true } });
  });
});

describe("a manifest", () => {
  it("has at most so many entries in a section, in the lists together, and in all", () => {
    const lists = (permits: number, blocked: number) =>
      new Map([
        ["permits", permits],
        ["blocked", blocked],
      ]);
    expect(tooMany(lists(150_000, 50_000))).toBeNull();
    expect(tooMany(lists(150_000, 50_001))).toContain("200000 is the most");
    expect(tooMany(new Map([["staff", 1_001]]))).toContain("1000 is the most");
    expect(tooMany(new Map([["later", 210_001]]))).toContain("210000 is the most");
  });
});

describe("pages", () => {
  it("have what changed, what was removed, and nothing else", async () => {
    await published(permit(1), permit(2), permit(3));
    await published(permit(2, { spaces: 4 }), gone(3), permit(5));
    const { header, lines } = await pulled(1);
    expect(header).toMatchObject({ version: 2, full: false, entries: 3 });
    expect(lines.map(([, key, body]) => [key, body === null])).toEqual([
      ["P-2", false],
      ["P-3", true],
      ["P-5", false],
    ]);
    expect((await pulled(0)).lines.map(([, key]) => key)).toEqual(["P-1", "P-2", "P-5"]);
  });

  it("meet at the end what is published between two of them", async () => {
    await published(...Array.from({ length: 4_500 }, (_, n) => permit(n)));
    const first = await page("have=0");
    if (typeof first === "number") throw new Error(`status ${first}`);
    const seen = first.lines[0]?.[1] ?? "";
    await published({ section: "permits", key: seen, body: null }, permit(5_000));
    let entries = applied(new Map(), first.lines);
    let { header } = first;
    while (header.next !== null) {
      const next = await page(`cursor=${header.next}`);
      if (typeof next === "number") throw new Error(`status ${next}`);
      entries = applied(entries, next.lines);
      ({ header } = next);
    }
    expect(header).toMatchObject({ version: 2, entries: 4_500 });
    expect(entries.has(`permits\0${seen}`)).toBe(false);
    expect(digestOf(entries)).toBe(header.digest);
  });

  it("are no longer than they may be, and lose nothing between them", async () => {
    const long = (n: number): ManifestChange =>
      permit(n, {
        account: "A",
        pass: "x".repeat(60),
        plates: Array.from({ length: 50 }, (_, i) => `B${n} ${i} ${" ".repeat(40)}`.slice(0, 60)),
      });
    await published(...Array.from({ length: 600 }, (_, n) => long(n)));
    const { pages, lines, header } = await pulled(0);
    expect(pages).toBeGreaterThan(1);
    expect(digestOf(applied(new Map(), lines))).toBe(header.digest);
  });

  it("are refused to strangers, and for what is no place in a manifest", async () => {
    await published(permit(1));
    expect(await page("have=0", "nobody")).toBe(401);
    expect(await page("have=0", OTHER_EDGE_TOKEN)).toBe(204);
    for (const query of [
      "",
      "have=-1",
      "have=1",
      "have=1&digest=x",
      "have=x",
      "have=1e30",
      "cursor=",
      "cursor=AAAA",
      `cursor=${"A".repeat(2_000)}`,
      `cursor=${Buffer.from('[true,0,0,"a\\u0000",""]').toString("base64url")}`,
    ])
      expect(await page(query)).toBe(400);
  });
});

describe("100,000 permits", () => {
  it("are published and told whole, and then as what changes", { timeout: 120_000 }, async () => {
    await published(...Array.from({ length: 100_000 }, (_, n) => permit(n)));
    const { header, lines, pages } = await pulled(0);
    expect([header.entries, lines.length, pages]).toEqual([100_000, 100_000, 50]);
    await published(permit(7, { spaces: 2 }), gone(8));
    const delta = await pulled(1);
    expect(delta.lines).toHaveLength(2);
    expect(digestOf(applied(applied(new Map(), lines), delta.lines))).toBe(delta.header.digest);
  });
});

describe("what edges tell", () => {
  const edge = { id: EDGE_ID, facilityId: FACILITY_ID, facilitySlug: "harbour", organisationId: FACILITY_ID };
  const at = "2026-07-15T12:00:00Z";
  const newKey = (): string =>
    generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).toString("base64");
  async function told(...keys: readonly string[]): Promise<void> {
    const facts = keys.map((public_key, seq) => ({
      seq,
      eventId: "",
      payload: { key_id: 1, public_key, at },
    }));
    await cloud.db.transaction((tx) => MANIFEST_EFFECTS["ticket_key.made"](tx, edge, facts, cloud.clock.now));
  }
  const keys = async () =>
    (await pulled(0)).lines.map(([, key, body]) => [
      key,
      (JSON.parse(body ?? "{}") as { until: string | null }).until,
    ]);
  const textOf = (spki: string): string => Buffer.from(spki, "base64").subarray(12).toString("base64url");

  it("is which manifest they have", async () => {
    const fact = { seq: 1, eventId: "", payload: { version: 7, digest: LOST, at } };
    await cloud.db.transaction((tx) => MANIFEST_EFFECTS["manifest.taken"](tx, edge, [fact], cloud.clock.now));
    expect(await rowsOf(cloud.db, `select manifest_version from edges where id = '${EDGE_ID}'`)).toEqual([
      { manifest_version: "7" },
    ]);
  });

  it("is the key that signs their tickets: those before it stay good for what they signed, the latest twenty of them", async () => {
    const [one, two] = [newKey(), newKey()];
    await told(one, two, two, "no key", Buffer.alloc(44).toString("base64"));
    expect(await keys()).toEqual(
      expect.arrayContaining([
        [textOf(one), at],
        [textOf(two), null],
      ]),
    );
    await told(...Array.from({ length: 30 }, newKey));
    const kept = await keys();
    expect([kept.length, kept.filter(([, until]) => until === null).length]).toEqual([20, 1]);
    expect((await pulled(0)).header.entries).toBe(20);
  });
});

describe("headquarters", () => {
  const url = `/api/facilities/${FACILITY_ID}/manifest`;
  let cookie: string;
  beforeAll(async () => {
    cookie = await signIn(cloud.app);
  });
  async function ask(
    path: string,
    method = "GET",
    body?: unknown,
    headers: Record<string, string> = { "x-parkme": "1" },
  ) {
    const json = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    return await cloud.app.request(path, {
      method,
      headers: { cookie, "content-type": "application/json", ...headers },
      ...json,
    });
  }
  const bodyOf = (n: number): unknown => JSON.parse(permit(n).body ?? "");

  it("changes entries one by one, and sees what is in force", async () => {
    const put = await ask(`${url}/permits/P-1`, "PUT", bodyOf(1));
    expect(await put.json()).toEqual({ version: 1, changed: 1 } satisfies ManifestChanged);
    expect(await (await ask(`${url}/permits/P-1`)).json()).toEqual(bodyOf(1));
    expect((await ask(`${url}/permits/P-1`, "DELETE")).status).toBe(200);
    expect((await ask(`${url}/permits/P-1`, "DELETE")).status).toBe(404);
    expect((await ask(`${url}/permits/P-1`)).status).toBe(404);
    await ask(`${url}/blocked/${encodeURIComponent("BÄ1")}`, "PUT", { plate: "b ä 1", reason: "house ban" });
    await rowsOf(cloud.db, `update edges set manifest_version = 2 where facility_id = '${FACILITY_ID}'`);
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 90_000);
    expect(await (await ask(url)).json()).toMatchObject({
      version: 3,
      entries: 1,
      sections: { blocked: 1 },
      edge: { version: 2, age_seconds: 90, newest: false },
    } satisfies Partial<Record<keyof ManifestView, unknown>>);
  });

  it("changes many at once, all of them or none, and is told where they are wrong", async () => {
    const changes = [permit(1), permit(2)].map(({ section, key, body }) => ({
      section,
      key,
      body: JSON.parse(body ?? "") as unknown,
    }));
    expect(await (await ask(url, "POST", { changes })).json()).toEqual({ version: 1, changed: 2 });
    const wrong = [...changes, { section: "permits", key: "P-3", body: { id: "P-3" } }];
    const refused = await ask(url, "POST", {
      changes: [...wrong, { section: "permits", key: "P-1", body: null }],
    });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      code: "manifest_invalid",
      field: "changes.2.body.account",
      problems: [
        { path: "changes.2.body.account" },
        { path: "changes.2.body.valid_from" },
        { path: "changes.2.body.valid_until" },
      ],
    });
    expect((await pulled(0)).header).toMatchObject({ version: 1, entries: 2 });
    for (const garbage of [
      "",
      "[]",
      "{",
      { changes: [] },
      { changes: [{}] },
      { changes: [{ section: "Permits", key: "\u0001", body: 1 }] },
    ])
      expect((await ask(url, "POST", garbage)).status).toBe(422);
    expect((await ask(`${url}/permits/P-1`, "PUT", "{")).status).toBe(400);
    expect((await ask(`${url}/permits/P-1`, "PUT", "null")).status).toBe(400);
  });

  it("is only let near its own facilities, and from its own page", async () => {
    const foreign = "0192a000-0000-7000-8000-00000000ffff";
    expect((await ask(`/api/facilities/${foreign}/manifest`)).status).toBe(404);
    expect((await ask(`/api/facilities/${foreign}/manifest/permits/P-1`, "PUT", bodyOf(1))).status).toBe(404);
    expect((await ask(`${url}/permits/P-1`, "PUT", bodyOf(1), {})).status).toBe(403);
    expect((await cloud.app.request(url)).status).toBe(401);
  });
});
