import { createHash, createPublicKey } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  GENESIS_HASH,
  helloAnswerSchema,
  type Hello,
  type LogPlace,
  type NewEpoch,
} from "@parkme/shared/protocol/log";
import { EDGE_ID, EDGE_TOKEN, OTHER_EDGE_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import {
  ackedBy,
  asEvents,
  BOOT,
  chained,
  moved,
  sendLines,
  started,
  type TestLine,
} from "../testing/events.ts";
import { emptyTables, everything, rowsOf } from "../testing/tables.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const rows = (query: string) => rowsOf(cloud.db, query);
const incidents = () => rows("select kind, detail, count from sync_incidents order by kind, detail");
const EVENTS = asEvents(
  [1, 2, 3].flatMap((stay) => [
    started(stay, `2026-07-15T08:0${stay}:00Z`),
    moved("in", stay, `2026-07-15T08:0${stay}:10Z`),
  ]),
);
const LINES = chained(EVENTS);
const GENESIS: LogPlace = { epoch: 1, seq: 0, hash: GENESIS_HASH };
const placeOf = (line: TestLine | undefined, epoch = 1): LogPlace =>
  line === undefined ? GENESIS : { epoch, seq: line.seq, hash: line.hash };

async function post(path: string, body: unknown, token = EDGE_TOKEN): Promise<Response> {
  return await cloud.app.request(path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** What an edge says whose log is these lines. */
function helloOf(lines: readonly TestLine[], change: Partial<Hello> = {}): Hello {
  return {
    edge_id: EDGE_ID,
    boot_id: BOOT,
    claim: false,
    version: "1.2.3",
    head: placeOf(lines.at(-1)),
    acked: 0,
    locator: [...lines.toReversed().map((line) => placeOf(line)), GENESIS],
    downlink: 0,
    manifest: 0,
    wall_time: "2026-07-15T12:00:05.000Z",
    ...change,
  };
}

const sayHello = (lines: readonly TestLine[], change: Partial<Hello> = {}) =>
  post("/api/edge/hello", helloOf(lines, change));
const beginEpoch = (change: Partial<NewEpoch>) =>
  post("/api/edge/epochs", {
    epoch: 2,
    parent: placeOf(LINES[5]),
    boot_id: BOOT,
    reason: "restored from a backup",
    ...change,
  });
const heard = async (response: Response) => helloAnswerSchema.parse(await response.json());
const codeOf = async (response: Response) => {
  const { code } = (await response.json()) as { code: string };
  return `${response.status} ${code}`;
};

describe("POST /api/edge/hello", () => {
  it("lets a new edge go on, and gives it the key that is kept", async () => {
    const answer = await heard(await sayHello([]));
    expect(answer).toMatchObject({ verdict: "go_on", head: GENESIS, common: GENESIS });
    const key = createPublicKey({
      key: Buffer.from(answer.signing_key, "base64"),
      format: "der",
      type: "spki",
    });
    expect(key.asymmetricKeyType).toBe("ed25519");
    expect((await heard(await sayHello([]))).signing_key).toBe(answer.signing_key);
  });

  it("notes what the edge says of itself", async () => {
    await sayHello([], { manifest: 7 });
    expect(
      await rows(
        `select boot_id, version, manifest_version, clock_offset_ms from edges where id = '${EDGE_ID}'`,
      ),
    ).toEqual([{ boot_id: BOOT, version: "1.2.3", manifest_version: "7", clock_offset_ms: "5000" }]);
  });

  it("hears nothing that was damaged on its way, and says by what its own answer is known to be whole", async () => {
    const body = JSON.stringify(helloOf([]));
    const digest = (text: string) => `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;
    const say = (announced: string) =>
      cloud.app.request("/api/edge/hello", {
        method: "POST",
        headers: { authorization: `Bearer ${EDGE_TOKEN}`, "content-digest": announced },
        body,
      });
    expect(await codeOf(await say(digest(body.replace("1.2.3", "1.2.2"))))).toBe("400 invalid");
    expect(await rows(`select boot_id from edges where id = '${EDGE_ID}'`)).toEqual([{ boot_id: null }]);
    const answer = await say(digest(body));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-digest")).toBe(digest(await answer.text()));
  });

  it("tells an edge that is ahead where to go on", async () => {
    await sendLines(cloud.app, LINES.slice(0, 3));
    const answer = await heard(await sayHello(LINES, { acked: 3 }));
    expect(answer).toMatchObject({ verdict: "go_on", head: placeOf(LINES[2]), common: placeOf(LINES[2]) });
    expect(await incidents()).toEqual([]);
  });

  it("sees that we were restored: the edge has an acknowledgement of what we do not know", async () => {
    await sendLines(cloud.app, LINES.slice(0, 3));
    const answer = await heard(await sayHello(LINES, { acked: 6, downlink: 40 }));
    expect(answer).toMatchObject({ verdict: "go_on", head: placeOf(LINES[2]) });
    expect(await incidents()).toEqual([
      {
        kind: "cloud_restored",
        detail: "lines up to 6 were acknowledged, and ours end at 3",
        count: 1,
      },
    ]);
    const [facility] = await rows("select max(downlink_seq)::int as seq from facilities");
    expect(facility).toEqual({ seq: 40 });
    expect(await ackedBy(await sendLines(cloud.app, LINES.slice(3)))).toBe(6);
  });

  it("sees that the edge was restored: its log ends before ours, or parts from it", async () => {
    await sendLines(cloud.app, LINES);
    const behind = await heard(await sayHello(LINES.slice(0, 2)));
    expect(behind).toMatchObject({ verdict: "adopt", head: placeOf(LINES[5]), common: placeOf(LINES[1]) });
    const other = chained(asEvents([started(9, "2026-07-15T08:00:00Z")], 3), LINES[1]?.hash);
    const parted = await heard(await sayHello([...LINES.slice(0, 2), ...other]));
    expect(parted).toMatchObject({ verdict: "adopt", common: placeOf(LINES[1]) });
    const stranger = await heard(await sayHello(chained(asEvents([started(9, "2026-07-15T08:00:00Z")]))));
    expect(stranger).toMatchObject({ verdict: "adopt", common: GENESIS });
    expect((await incidents()).map(({ kind }) => kind)).toEqual(["edge_restored", "edge_restored"]);
  });

  it("adopts where the edge has pruned what we lack", async () => {
    await sendLines(cloud.app, LINES.slice(0, 2));
    const locator = LINES.slice(3).map((line) => placeOf(line));
    const answer = await heard(await sayHello(LINES, { acked: 6, locator }));
    expect(answer).toMatchObject({ verdict: "adopt", common: GENESIS, head: placeOf(LINES[1]) });
  });

  it.each([
    ["half of a JSON text", '{"edge_id":'],
    ["nothing", ""],
    ["a locator without end", helloOf([], { locator: Array.from({ length: 65 }, () => GENESIS) })],
    ["a boot that is none", helloOf([], { boot_id: "\0" })],
    ["a head without a hash", { ...helloOf([]), head: { epoch: 1, seq: 1 } }],
    ["a negative acknowledgement", helloOf([], { acked: -1 })],
    ["a time that is none", helloOf([], { wall_time: "noon" })],
  ])("answers 400 to %s", async (_what, body) => {
    const before = await everything(cloud.db);
    expect(await codeOf(await post("/api/edge/hello", body))).toBe("400 invalid");
    expect(await everything(cloud.db)).toEqual(before);
  });

  it("answers 401 to strangers and to the token of another edge, 413 to too much", async () => {
    expect(await codeOf(await post("/api/edge/hello", helloOf([]), "nobody"))).toBe("401 unknown_edge");
    expect(await codeOf(await sayHello([], { edge_id: OTHER_EDGE_ID }))).toBe("401 unknown_edge");
    expect(await codeOf(await post("/api/edge/hello", "x".repeat(40_000)))).toBe("413 body_too_large");
  });
});

describe("fencing", () => {
  it("keeps the program out whose place was taken, until it is started anew", async () => {
    await sayHello([], { claim: true, boot_id: "first" });
    expect((await sendLines(cloud.app, LINES.slice(0, 1), { header: { boot_id: "first" } })).status).toBe(
      200,
    );
    await sayHello(LINES.slice(0, 1), { claim: true, boot_id: "second" });
    expect((await sendLines(cloud.app, [], { header: { boot_id: "second" } })).status).toBe(200);
    const before = await everything(cloud.db);
    const refused = [
      await sendLines(cloud.app, LINES.slice(1), { header: { boot_id: "first" } }),
      await sendLines(cloud.app, [], { header: { boot_id: "first" } }),
      await sayHello(LINES, { boot_id: "first" }),
      await sayHello(LINES, { claim: true, boot_id: "first" }),
      await beginEpoch({ boot_id: "first" }),
    ];
    for (const response of refused) expect(await codeOf(response)).toBe("403 fenced");
    expect(await everything(cloud.db)).toEqual(before);
    expect(await incidents()).toMatchObject([{ kind: "fenced", count: refused.length }]);
    expect((await sendLines(cloud.app, LINES.slice(1), { header: { boot_id: "second" } })).status).toBe(200);
    expect((await sayHello(LINES, { claim: true, boot_id: "third" })).status).toBe(200);
  });

  it("is not done by a hello alone, which may have been under way since before the program was killed", async () => {
    await sayHello([], { claim: true, boot_id: "first" });
    await sendLines(cloud.app, LINES.slice(0, 1), { header: { boot_id: "first" } });
    await sayHello([], { claim: true, boot_id: "killed" });
    await sayHello([], { claim: true, boot_id: "killed" });
    expect((await sendLines(cloud.app, LINES.slice(1, 2), { header: { boot_id: "first" } })).status).toBe(
      200,
    );
    await sayHello(LINES.slice(0, 2), { claim: true, boot_id: "second" });
    expect((await sendLines(cloud.app, LINES.slice(2), { header: { boot_id: "second" } })).status).toBe(200);
    for (const boot_id of ["first", "killed"])
      expect(await codeOf(await sendLines(cloud.app, LINES, { header: { boot_id } }))).toBe("403 fenced");
  });

  it("hears a program whose hello we have forgotten, because we were restored", async () => {
    await sayHello([], { claim: true, boot_id: "of-the-backup" });
    expect((await sendLines(cloud.app, LINES, { header: { boot_id: "later" } })).status).toBe(200);
    expect(await codeOf(await sayHello(LINES, { boot_id: "of-the-backup" }))).toBe("403 fenced");
  });
});

describe("POST /api/edge/epochs", () => {
  beforeEach(async () => {
    await sendLines(cloud.app, LINES);
  });

  it("begins a history behind the end of the log, once: the one before is over", async () => {
    const response = await beginEpoch({});
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ epoch: 2 });
    const after = await everything(cloud.db);
    expect((await beginEpoch({})).status).toBe(200);
    expect((await beginEpoch({ boot_id: "another-one" })).status).toBe(200);
    expect(await everything(cloud.db)).toEqual(after);
    expect(
      await rows("select epoch, parent_epoch, parent_seq, parent_hash, reason from edge_epochs"),
    ).toEqual([
      {
        epoch: "2",
        parent_epoch: "1",
        parent_seq: "6",
        parent_hash: LINES[5]?.hash,
        reason: "restored from a backup",
      },
    ]);
    expect(await incidents()).toMatchObject([{ kind: "edge_restored", count: 1 }]);

    const next = asEvents([started(7, "2026-07-15T09:00:00Z")], 7);
    const old = chained(next, LINES[5]?.hash);
    expect(await codeOf(await sendLines(cloud.app, old))).toBe("403 old_epoch");
    expect(await codeOf(await sendLines(cloud.app, []))).toBe("403 old_epoch");
    expect(await incidents()).toContainEqual({
      kind: "old_epoch",
      detail: "it writes epoch 1; epoch 2 has begun",
      count: 2,
    });
    const stale = await sendLines(cloud.app, old, { header: { epoch: 2 } });
    expect(await codeOf(stale)).toBe("422 broken_chain");
    const fresh = chained(
      next.map((event) => ({ ...event, epoch: 2 })),
      LINES[5]?.hash,
    );
    expect(await ackedBy(await sendLines(cloud.app, fresh, { header: { epoch: 2 } }))).toBe(7);
  });

  it("refuses a parent that is not the end, and a history that is over", async () => {
    expect(await codeOf(await beginEpoch({ parent: placeOf(LINES[3]) }))).toBe("409 sync_gap");
    const other = { ...placeOf(LINES[5]), hash: "a".repeat(64) };
    expect(await codeOf(await beginEpoch({ parent: other }))).toBe("409 sync_fork");
    expect(await codeOf(await beginEpoch({ epoch: 1 }))).toBe("403 old_epoch");
    expect(await codeOf(await beginEpoch({ epoch: Number.MAX_SAFE_INTEGER }))).toBe("403 old_epoch");
    expect(await rows("select * from edge_epochs")).toEqual([]);
  });

  it("is told by the log as well, when we have forgotten it", async () => {
    const [event] = asEvents([started(7, "2026-07-15T09:00:00Z")], 7);
    const line = chained([{ ...event!, epoch: 3 }], LINES[5]?.hash);
    expect(await ackedBy(await sendLines(cloud.app, line, { header: { epoch: 3 } }))).toBe(7);
    expect(await rows("select epoch, parent_epoch, parent_seq, parent_hash from edge_epochs")).toEqual([
      { epoch: "3", parent_epoch: "1", parent_seq: "6", parent_hash: LINES[5]?.hash },
    ]);
    expect(await codeOf(await sendLines(cloud.app, []))).toBe("403 old_epoch");
  });

  it.each([
    ["nothing", ""],
    ["no parent", { epoch: 2, boot_id: BOOT, reason: "r" }],
    ["no reason", { epoch: 2, parent: GENESIS, boot_id: BOOT, reason: "" }],
    ["an epoch of none", { epoch: 0, parent: GENESIS, boot_id: BOOT, reason: "r" }],
  ])("answers 400 to %s", async (_what, body) => {
    expect(await codeOf(await post("/api/edge/epochs", body))).toBe("400 invalid");
  });
});
