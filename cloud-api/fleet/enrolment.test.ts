import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { enrolledSchema, enrolmentText, type Enrolled } from "@parkme/shared/protocol/enrolment";
import { signingKey } from "./cloud-keys.queries.ts";
import { enrol, makeEnrolmentCode } from "./enrolment.ts";
import {
  EDGE_ID,
  EDGE_TOKEN,
  FACILITY_ID,
  signIn,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";

const OTHER_FACILITY_ID = "0192a000-0000-7000-8000-000000000002";

let cloud: TestCloud;
let cookie: string;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  // New windows of the attempt limits.
  cloud.clock.now = new Date(cloud.clock.now.getTime() + 3_600_000);
  cookie = await signIn(cloud.app);
});

type Box = { readonly publicKey: string; readonly privateKey: KeyObject; readonly name: string };

function box(name = "box"): Box {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    publicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    privateKey,
    name,
  };
}

async function makeCode(facilityId = FACILITY_ID, headers: Record<string, string> = { "x-parkme": "1" }) {
  return await cloud.app.request(`/api/facilities/${facilityId}/enrolments`, {
    method: "POST",
    headers: { cookie, ...headers },
  });
}

async function codeFor(facilityId?: string): Promise<string> {
  const { code } = (await (await makeCode(facilityId)).json()) as { code: string };
  return code;
}

/** What the box sends; `change` spoils it. */
function requestOf({ publicKey, privateKey, name }: Box, typed: string, facilityId = FACILITY_ID) {
  const fields = { code: typed.replaceAll("-", ""), facility_id: facilityId, public_key: publicKey, name };
  const proof = sign(null, Buffer.from(enrolmentText(fields)), privateKey).toString("base64");
  return { ...fields, code: typed, proof };
}

async function post(body: unknown, path = "/api/edge/enrol"): Promise<Response> {
  return await cloud.app.request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function enrolled(response: Response): Promise<Enrolled> {
  expect(response.status).toBe(200);
  return enrolledSchema.parse(await response.json());
}

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${((await response.json()) as { code: string }).code}`;
}

async function tokenStatus(token: string): Promise<string> {
  const response = await cloud.app.request("/api/edge/log", {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
  });
  return response.status === 401 ? await codeOf(response) : "let in";
}

describe("making a code", () => {
  it("needs a session, our own page, and a facility of the own organisation", async () => {
    expect(await codeOf(await makeCode(FACILITY_ID, { "x-parkme": "1", cookie: "" }))).toBe(
      "401 not_signed_in",
    );
    expect(await codeOf(await makeCode(FACILITY_ID, {}))).toBe("403 own_page_only");
    await cloud.db.execute(
      sql`insert into organisations (slug, name) values ('rival', 'Rival') on conflict do nothing`,
    );
    const foreign = "0192a000-0000-7000-8000-00000000000f";
    await cloud.db
      .execute(sql`insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity)
      select ${foreign}, id, 'rival-lot', 'Rival', 'UTC', 'EUR', 10 from organisations where slug = 'rival'
      on conflict do nothing`);
    for (const id of [foreign, "0192a000-0000-7000-8000-0000000000ff", "nonsense", "%00"])
      expect(await codeOf(await makeCode(id))).toBe("404 no_such_facility");
    const made = await makeCode();
    expect(made.status).toBe(201);
    expect(await made.json()).toEqual({
      code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/),
      facility: { id: FACILITY_ID, slug: "harbour", name: "Harbour Square" },
      expires_at: new Date(cloud.clock.now.getTime() + 15 * 60_000).toISOString(),
    });
  });

  it("keeps only a hash, and voids the codes before it that nobody has used", async () => {
    const first = await codeFor();
    const second = await codeFor();
    const { rows } = await cloud.db.execute<{ text: string }>(
      sql`select enrolment_codes::text as text from enrolment_codes`,
    );
    const kept = rows.map(({ text }) => text).join();
    for (const code of [first, second]) {
      expect(kept).not.toContain(code.replaceAll("-", ""));
      expect(kept).not.toContain(createHash("sha256").update(code.replaceAll("-", "")).digest("hex"));
    }
    expect(await codeOf(await post(requestOf(box(), first)))).toBe("404 code_unknown");
    await enrolled(await post(requestOf(box(), second)));
  });
});

describe("enrolling", () => {
  it("makes the box the facility's edge, and takes the former one's token away", async () => {
    await cloud.db.execute(
      sql`update edges set last_seen_at = now(), token_revoked_at = null where id = ${EDGE_ID}`,
    );
    await cloud.db.execute(sql`delete from edge_keys`);
    expect(await tokenStatus(EDGE_TOKEN)).toBe("let in");
    const answer = await enrolled(await post(requestOf(box("front desk PC"), await codeFor())));
    expect(answer).toEqual({
      edge_id: EDGE_ID,
      key_id: expect.any(String),
      facility: { id: FACILITY_ID, slug: "harbour", name: "Harbour Square" },
      signing_key: (await signingKey(cloud.db)).publicKey,
      now: cloud.clock.now.toISOString(),
    });
    expect(await tokenStatus(EDGE_TOKEN)).toBe("401 revoked");
    const { rows } = await cloud.db.execute(
      sql`select kind, detail, facility_id from sync_incidents order by at desc limit 1`,
    );
    expect(rows).toEqual([
      {
        kind: "replaced",
        detail: "front desk PC has enrolled in place of an edge with a token file",
        facility_id: FACILITY_ID,
      },
    ]);
  });

  it("reads the code as people type it", async () => {
    const code = await codeFor();
    const typed = ` ${code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l")} `;
    const sent = requestOf(box(), code);
    await enrolled(await post({ ...sent, code: typed }));
  });

  it("takes a code for fifteen minutes, to the millisecond", async () => {
    for (const [afterMs, status] of [
      [15 * 60_000 - 1, 200],
      [15 * 60_000, 404],
    ] as const) {
      const code = await codeFor();
      cloud.clock.now = new Date(cloud.clock.now.getTime() + afterMs);
      expect((await post(requestOf(box(), code))).status).toBe(status);
    }
  });

  it("mints an edge where the facility has none", async () => {
    const id = "0192a000-0000-7000-8000-00000000000e";
    await cloud.db
      .execute(sql`insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity)
      select ${id}, id, 'new-lot', 'New', 'UTC', 'EUR', 10 from organisations where slug = 'example'`);
    const first = await enrolled(await post(requestOf(box(), await codeFor(id), id)));
    expect(first.edge_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    const second = await enrolled(await post(requestOf(box(), await codeFor(id), id)));
    expect(second.edge_id).toBe(first.edge_id);
    expect(second.key_id).not.toBe(first.key_id);
  });

  it("answers the same box alike for as long as the code would be good, and nobody else", async () => {
    const code = await codeFor();
    const [own, thief] = [box("own"), box("thief")];
    const first = await enrolled(await post(requestOf(own, code)));
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 14 * 60_000);
    const again = await enrolled(await post(requestOf(own, code)));
    expect(again).toEqual({ ...first, now: cloud.clock.now.toISOString() });
    expect(await codeOf(await post(requestOf(thief, code)))).toBe("409 code_used");
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 61_000);
    expect(await codeOf(await post(requestOf(own, code)))).toBe("404 code_unknown");
  });

  it("lets exactly one of many win who use one code at the same moment", async () => {
    for (let round = 0; round < 5; round++) {
      const code = await codeFor();
      const requests = Array.from({ length: 8 }, (_, n) => requestOf(box(`box ${n}`), code));
      const answers = await Promise.all(requests.map((request) => post(request)));
      const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
      const { rows } = await cloud.db.execute(
        sql`select id from edge_keys where edge_id = ${EDGE_ID} and revoked_at is null`,
      );
      const winner = await enrolled(answers.find(({ status }) => status === 200)!);
      expect(rows).toEqual([{ id: winner.key_id }]);
      cloud.clock.now = new Date(cloud.clock.now.getTime() + 600_000);
    }
  });

  it("leaves one key in force when two codes of a facility are used at the same moment", async () => {
    const now = cloud.clock.now;
    const codes = [];
    for (let n = 0; n < 4; n++) {
      codes.push((await makeEnrolmentCode(cloud.db, FACILITY_ID, "test", now)).code);
      // A newer code voids the older ones: this one is put aside for a moment.
      await cloud.db.execute(sql`update enrolment_codes set used_at = ${now} where used_by is null`);
    }
    await cloud.db.execute(sql`update enrolment_codes set used_at = null where used_by is null`);
    const outcomes = await Promise.all(
      codes.map((code, n) =>
        enrol(cloud.db, { ...requestOf(box(`${n}`), code), code: code.replaceAll("-", "") }, now),
      ),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["enrolled", "enrolled", "enrolled", "enrolled"]);
    const { rows } = await cloud.db.execute(
      sql`select id from edge_keys where edge_id = ${EDGE_ID} and revoked_at is null`,
    );
    expect(rows).toHaveLength(1);
  });

  it("says which facility a code is for before it is used up", async () => {
    const code = await codeFor(OTHER_FACILITY_ID);
    const wrong = await post(requestOf(box(), code, FACILITY_ID));
    expect(wrong.status).toBe(409);
    expect(await wrong.json()).toMatchObject({
      code: "other_facility",
      facility: { id: OTHER_FACILITY_ID, slug: "shibuya", name: "Shibuya Tower" },
    });
    await enrolled(await post(requestOf(box(), code, OTHER_FACILITY_ID)));
  });

  it("refuses a key that is not Ed25519, and a proof that is not of this key, code, facility and name", async () => {
    const code = await codeFor();
    const mine = box();
    const good = requestOf(mine, code);
    const x25519 = generateKeyPairSync("x25519")
      .publicKey.export({ format: "der", type: "spki" })
      .toString("base64");
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
      format: "der",
      type: "spki",
    });
    const refused = [
      { ...good, public_key: x25519 },
      { ...good, public_key: ec.toString("base64") },
      { ...good, public_key: Buffer.alloc(44, 7).toString("base64") },
      { ...good, public_key: box().publicKey },
      { ...good, name: "another name" },
      { ...good, facility_id: OTHER_FACILITY_ID },
      { ...good, proof: requestOf(box(), code).proof },
      { ...good, proof: "" },
    ];
    for (const body of refused) expect(await codeOf(await post(body))).toBe("400 invalid");
    await enrolled(await post(good));
  });

  it("refuses bodies that are garbage", async () => {
    const good = requestOf(box(), await codeFor());
    const bad = [
      "",
      "[",
      "null",
      "[]",
      "{}",
      { ...good, code: 7 },
      { ...good, code: "O".repeat(65) },
      { ...good, name: "" },
    ];
    for (const body of bad) expect(await codeOf(await post(body))).toBe("400 invalid");
    expect(await codeOf(await post({ ...good, name: "x".repeat(5_000) }))).toBe("413 body_too_large");
    const strange = box("a\u0000b\ud800");
    expect((await post(requestOf(strange, good.code))).status).toBe(200);
  });
});

describe("guessing", () => {
  const guess = (n: number) => requestOf(thief, n.toString().padStart(16, "0"));
  const thief = box("thief");

  it("is stopped long before it can matter, and told how long to wait", async () => {
    const good = requestOf(box(), await codeFor());
    const counts = new Map<number, number>();
    let last: Response | null = null;
    for (let n = 0; n < 10_000; n++) {
      last = await post(guess(n));
      counts.set(last.status, (counts.get(last.status) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ 404: 10, 429: 9_990 });
    expect(last?.headers.get("retry-after")).toBe("300");
    expect(await last?.json()).toMatchObject({ code: "too_many_attempts", retry_after_s: 300 });
    // Nor does the right code get through from there now; when the time is over, it does.
    expect(await codeOf(await post(good))).toBe("429 too_many_attempts");
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 301_000);
    await enrolled(await post(good));
  });

  it("is stopped also when it comes from everywhere, for a minute", async () => {
    const from = async (address: string, body: unknown) =>
      await cloud.app.request(
        "/api/edge/enrol",
        { method: "POST", body: JSON.stringify(body) },
        { incoming: { socket: { remoteAddress: address } } },
      );
    let answered = 0;
    for (let n = 0; n < 1_000; n++) {
      const { status } = await from(`2001:db8::${n.toString(16)}`, guess(n));
      if (status === 404) answered += 1;
    }
    expect(answered).toBe(60);
    const good = requestOf(box(), await codeFor());
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 61_000);
    expect((await from("2001:db8::1:1", good)).status).toBe(200);
  });
});
