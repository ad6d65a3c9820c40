import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { assertionText, nonceAnswerSchema, tokenAnswerSchema } from "@parkme/shared/protocol/enrolment";
import {
  EDGE_ID,
  EDGE_TOKEN,
  FACILITY_ID,
  PROVISION,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { provision } from "../facilities/provision.ts";
import { edgeFinder } from "./edge-auth.ts";
import { revokeEdge } from "./enrolment.queries.ts";
import { makeNonce } from "./nonces.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());

const KEY_ID = "3f2c8a10-0000-4000-8000-000000000001";
let privateKey: KeyObject;
beforeEach(async () => {
  pass(3_600);
  await cloud.db.execute(sql`delete from edge_keys`);
  await cloud.db.execute(sql`delete from sync_incidents`);
  await cloud.db.execute(sql`update edges set token_revoked_at = null`);
  privateKey = await addKey(KEY_ID);
});

async function addKey(id: string): Promise<KeyObject> {
  const pair = generateKeyPairSync("ed25519");
  const publicKey = pair.publicKey.export({ format: "der", type: "spki" });
  await cloud.db.execute(sql`insert into edge_keys (id, edge_id, public_key, name, enrolled_at)
    values (${id}, ${EDGE_ID}, ${publicKey}, 'box', now())`);
  return pair.privateKey;
}

/** Seconds go by at the cloud. */
function pass(seconds: number): void {
  cloud.clock.now = new Date(cloud.clock.now.getTime() + seconds * 1_000);
}

const clock = { wallMs: () => cloud.clock.now.getTime(), monotonicMs: () => 0 };
const revoke = async () => await revokeEdge(cloud.db, EDGE_ID, "test", cloud.clock.now);

async function post(path: string, body: unknown = {}): Promise<Response> {
  return await cloud.app.request(path, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function nonce(): Promise<string> {
  const response = await post("/api/edge/nonce");
  expect(response.status).toBe(200);
  return nonceAnswerSchema.parse(await response.json()).nonce;
}

function assertionFor(text: string, { keyId = KEY_ID, key = privateKey } = {}) {
  const assertion = sign(null, Buffer.from(assertionText(keyId, text)), key).toString("base64");
  return { key_id: keyId, nonce: text, assertion };
}

async function tokenOf(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  const answer = tokenAnswerSchema.parse(await response.json());
  expect(answer.expires_in_s).toBe(600);
  return answer.token;
}

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${((await response.json()) as { code: string }).code}`;
}

/** What the token is worth: the edge's id, or why it is worth nothing. */
async function worthOf(token: string): Promise<string> {
  const found = await edgeFinder(cloud.db, clock)(`Bearer ${token}`);
  return found.ok ? found.value.id : found.error.code;
}

describe("a token", () => {
  it("is for whoever signs a nonce with an enrolled key, and lets in for ten minutes", async () => {
    const token = await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
    expect(await worthOf(token)).toBe(EDGE_ID);
    pass(599);
    expect(await worthOf(token)).toBe(EDGE_ID);
    pass(1);
    expect(await worthOf(token)).toBe("token_expired");
  });

  it("is kept as a hash, and forgotten when it is over", async () => {
    const first = await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
    const { rows } = await cloud.db.execute<{ text: string }>(
      sql`select edge_tokens::text as text from edge_tokens`,
    );
    expect(rows.map(({ text }) => text).join()).not.toContain(Buffer.from(first).toString("hex"));
    pass(600);
    const second = await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
    expect(await worthOf(first)).toBe("unknown_edge");
    expect(await worthOf(second)).toBe(EDGE_ID);
    const { rows: left } = await cloud.db.execute(sql`select 1 from edge_tokens where key_id = ${KEY_ID}`);
    expect(left).toHaveLength(1);
  });

  it("ends with the next request when its key is revoked, and there is no other", async () => {
    const token = await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
    expect(await revoke()).toBe(true);
    expect(await worthOf(token)).toBe("revoked");
    expect(await codeOf(await post("/api/edge/token", assertionFor(await nonce())))).toBe("401 revoked");
    expect(await revoke()).toBe(false);
    // That it was revoked is told to the key's holder only.
    const stranger = generateKeyPairSync("ed25519").privateKey;
    const forged = assertionFor(await nonce(), { key: stranger });
    expect(await codeOf(await post("/api/edge/token", forged))).toBe("401 bad_assertion");
  });
});

describe("a nonce", () => {
  it("is good for one token, also when it is answered many times at once", async () => {
    const answer = assertionFor(await nonce());
    const many = await Promise.all(Array.from({ length: 8 }, () => post("/api/edge/token", answer)));
    expect(many.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array(7).fill(401)]);
    pass(59);
    expect(await codeOf(await post("/api/edge/token", answer))).toBe("401 nonce_spent");
  });

  it("is good for a minute", async () => {
    const early = assertionFor(await nonce());
    pass(59);
    await tokenOf(await post("/api/edge/token", early));
    const late = assertionFor(await nonce());
    pass(60);
    expect(await codeOf(await post("/api/edge/token", late))).toBe("401 nonce_spent");
  });

  it("is one of ours, as we wrote it", async () => {
    const good = await nonce();
    const last = good.endsWith("A") ? "B" : "A";
    const forged = [
      makeNonce(Buffer.alloc(32), cloud.clock.now.getTime()),
      `${good.slice(0, -1)}${last}`,
      `B${good.slice(1)}`,
      `${good}=`,
      ` ${good}`,
      `${good}AAAA`,
      "x".repeat(51),
    ];
    for (const text of forged)
      expect(await codeOf(await post("/api/edge/token", assertionFor(text)))).toBe("401 nonce_spent");
    await tokenOf(await post("/api/edge/token", assertionFor(good)));
  });
});

describe("an assertion", () => {
  it("that is not right is an incident, counted up, and stopped after ten", async () => {
    const stranger = generateKeyPairSync("ed25519").privateKey;
    const codes = [];
    for (let n = 0; n < 12; n++)
      codes.push(await codeOf(await post("/api/edge/token", assertionFor(await nonce(), { key: stranger }))));
    expect(codes).toEqual([
      ...Array<string>(10).fill("401 bad_assertion"),
      ...Array<string>(2).fill("429 too_many_attempts"),
    ]);
    const { rows } = await cloud.db.execute(
      sql`select edge_id, facility_id, kind, count from sync_incidents`,
    );
    expect(rows).toEqual([{ edge_id: EDGE_ID, facility_id: FACILITY_ID, kind: "bad_assertion", count: 10 }]);
    pass(60);
    await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
  });

  it("answers its own nonce, for its own key", async () => {
    const other = "3f2c8a10-0000-4000-8000-000000000002";
    const [first, second] = [await nonce(), await nonce()];
    const wrong = [
      [{ ...assertionFor(first), nonce: second }, "401 bad_assertion"],
      [{ ...assertionFor(first), key_id: other }, "401 unknown_key"],
      [{ ...assertionFor(first), assertion: Buffer.alloc(64).toString("base64") }, "401 bad_assertion"],
      [{ ...assertionFor(first), assertion: "" }, "400 invalid"],
      [{ ...assertionFor(first), key_id: "nonsense" }, "400 invalid"],
      [{ ...assertionFor(first), nonce: 7 }, "400 invalid"],
      ["", "400 invalid"],
      ["[[[", "400 invalid"],
    ] as const;
    for (const [body, expected] of wrong)
      expect(await codeOf(await post("/api/edge/token", body))).toBe(expected);
    await tokenOf(await post("/api/edge/token", assertionFor(first)));
  });
});

describe("a token of provisioning", () => {
  it("is worth as much as one that was fetched, until it is revoked; a restart does not give it back", async () => {
    await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
    expect(await worthOf(EDGE_TOKEN)).toBe(EDGE_ID);
    pass(10 * 365 * 86_400);
    expect(await worthOf(EDGE_TOKEN)).toBe(EDGE_ID);
    await revoke();
    expect(await worthOf(EDGE_TOKEN)).toBe("revoked");
    await provision(cloud.db, PROVISION);
    expect(await worthOf(EDGE_TOKEN)).toBe("revoked");
  });

  it("counts again when the file has another one", async () => {
    await revoke();
    const [harbour, ...others] = PROVISION.facilities;
    const edge = { id: EDGE_ID, tokenHash: Buffer.alloc(32, 7) };
    await provision(cloud.db, { ...PROVISION, facilities: [{ ...harbour!, edge }, ...others] });
    expect(await worthOf(EDGE_TOKEN)).toBe("unknown_edge");
    await provision(cloud.db, PROVISION);
    expect(await worthOf(EDGE_TOKEN)).toBe(EDGE_ID);
  });

  it("and its facility's keys are left alone by a file that names no edge", async () => {
    const token = await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
    await provision(cloud.db, {
      ...PROVISION,
      facilities: PROVISION.facilities.map((facility) => ({ ...facility, edge: null })),
    });
    expect(await worthOf(token)).toBe(EDGE_ID);
    expect(await worthOf(EDGE_TOKEN)).toBe(EDGE_ID);
  });

  it("ends the enrolment of an edge that another one replaces by the file", async () => {
    const token = await tokenOf(await post("/api/edge/token", assertionFor(await nonce())));
    const [harbour, ...others] = PROVISION.facilities;
    const edge = { id: "0192a000-0000-7000-8000-0000000000e9", tokenHash: Buffer.alloc(32, 9) };
    await provision(cloud.db, { ...PROVISION, facilities: [{ ...harbour!, edge }, ...others] });
    expect(await worthOf(token)).toBe("revoked");
    expect(await worthOf(EDGE_TOKEN)).toBe("unknown_edge");
    await provision(cloud.db, PROVISION);
    expect(await worthOf(EDGE_TOKEN)).toBe(EDGE_ID);
  });
});
