import { logAckSchema, logRefusalSchema, type LogEvent } from "@parkme/shared/protocol/log";
import { gzipSync } from "node:zlib";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SYNC_SCHEMA_VERSION } from "@parkme/shared/protocol/sync";
import {
  EDGE,
  EDGE_ID,
  FACILITY_ID,
  OTHER_EDGE_ID,
  OTHER_EDGE_TOKEN,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import {
  ackedBy,
  asEvents,
  batchText,
  chained,
  chainTexts,
  fee,
  moved,
  paid,
  raised,
  send,
  sendBody,
  sendLines,
  started,
  testId,
  voided,
} from "../testing/events.ts";
import { emptyTables, everything, rowsOf } from "../testing/tables.ts";
import { ingestBatch } from "./ingest.ts";
import { readBatch } from "./log-body.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const rows = (query: string) => rowsOf(cloud.db, query);

/** Two vehicles: one came and left and paid, one came and backed out; then something about nothing in particular. */
const DAY = asEvents([
  started(1, "2026-07-15T08:00:00Z"),
  moved("in", 1, "2026-07-15T08:00:10Z", { plate: "BAB1" }),
  started(2, "2026-07-15T08:05:00Z"),
  voided(2, "2026-07-15T08:05:30Z"),
  paid(1, 450, "2026-07-15T10:00:00Z"),
  moved("out", 1, "2026-07-15T10:00:30Z", { plate: "BAB1", fee: fee(450) }),
  {
    kind: "vend.granted",
    payload: {
      command_id: testId(5, 1),
      lane: "exit",
      actor: "alex",
      reason: "lost",
      at: "2026-07-15T10:01:00Z",
    },
  },
  raised(1, "tailgate", "2026-07-15T10:02:00Z", "two cars"),
]);

async function outcomes(): Promise<unknown[]> {
  return (await rows("select outcome from edge_events order by seq")).map((row) => row["outcome"]);
}

describe("POST /api/edge/log", () => {
  it("applies a batch and acknowledges its last event", async () => {
    const response = await send(cloud.app, DAY);
    expect(response.status).toBe(200);
    expect(logAckSchema.parse(await response.json())).toEqual({
      epoch: 1,
      seq: 8,
      hash: chained(DAY).at(-1)?.hash,
      window: { events: 500, pause_ms: 0 },
      now: cloud.clock.now.toISOString(),
    });
    expect(
      await rows("select status, plate, fee_minor, entry_lane, exit_lane from stays order by stay_id"),
    ).toEqual([
      { status: "closed", plate: "B AB 1", fee_minor: "450", entry_lane: "entry", exit_lane: "exit" },
      { status: "void", plate: "B AB 2", fee_minor: null, entry_lane: "entry", exit_lane: null },
    ]);
    expect(await rows("select direction, fee_minor from movements order by at")).toEqual([
      { direction: "in", fee_minor: null },
      { direction: "out", fee_minor: "450" },
    ]);
    expect(await rows("select amount_minor, method, actor from payments")).toEqual([
      { amount_minor: "450", method: "cash", actor: "alex" },
    ]);
    expect(await rows("select reason from vends")).toEqual([{ reason: "lost" }]);
    expect(await rows("select kind, detail from alarms")).toEqual([{ kind: "tailgate", detail: "two cars" }]);
    expect(new Set(await outcomes())).toEqual(new Set(["applied"]));
  });

  it("keeps every event as it came", async () => {
    await send(cloud.app, DAY);
    const stored = await rows("select seq, event_id, kind, payload from edge_events order by seq");
    expect(stored).toEqual(
      DAY.map(({ seq, event_id, kind, payload }) => ({ seq: String(seq), event_id, kind, payload })),
    );
  });

  it("changes nothing when a batch is sent again", async () => {
    await send(cloud.app, DAY);
    const before = await everything(cloud.db);
    const again = await send(cloud.app, DAY);
    expect(again.status).toBe(200);
    expect(await ackedBy(again)).toBe(8);
    expect(await everything(cloud.db)).toEqual(before);
  });

  it("takes only what is new of a batch that overlaps the one before", async () => {
    await send(cloud.app, DAY.slice(0, 5));
    const response = await send(cloud.app, DAY.slice(2));
    expect(await ackedBy(response)).toBe(8);
    expect(await rows("select count(*)::int as count from movements")).toEqual([{ count: 2 }]);
  });

  it("refuses a gap, tells what it expects, and keeps nothing of the batch", async () => {
    await send(cloud.app, DAY.slice(0, 2));
    const before = await everything(cloud.db);
    const response = await send(cloud.app, DAY.slice(3));
    expect(response.status).toBe(409);
    expect(logRefusalSchema.parse(await response.json())).toEqual({ code: "sync_gap", expected: 3 });
    expect(await everything(cloud.db)).toEqual(before);
  });

  it("refuses a gap inside a batch, and a batch in the wrong order", async () => {
    const [first, second, third] = DAY;
    expect((await send(cloud.app, [first!, third!])).status).toBe(422);
    expect((await send(cloud.app, [second!, first!])).status).toBe(422);
    expect(await outcomes()).toEqual([]);
  });

  it("applies a batch once when it is sent several times at the same time", async () => {
    const responses = await Promise.all(Array.from({ length: 6 }, () => send(cloud.app, DAY)));
    const statuses = responses.map((response) => response.status);
    expect(statuses).toContain(200);
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    const together = await everything(cloud.db);
    expect(await rows("select count(*)::int as count from edge_events")).toEqual([{ count: 8 }]);
    await emptyTables(cloud.db);
    await send(cloud.app, DAY);
    expect(await everything(cloud.db)).toEqual(together);
  });

  it("applies a batch once when several API processes take it at the same time", async () => {
    const batch = readBatch(gzipSync(batchText(chained(DAY))));
    if (!batch.ok) throw new Error("the batch cannot be read");
    const { value } = batch;
    const ingest = async () => await ingestBatch(cloud.db, EDGE, value, cloud.clock.now);
    const outcomesOfAll = await Promise.all(Array.from({ length: 6 }, ingest));
    const duplicates = outcomesOfAll.map((one) => (one.kind === "applied" ? one.duplicates : -1));
    expect(duplicates.toSorted((one, other) => one - other)).toEqual([0, 8, 8, 8, 8, 8]);
    expect(await rows("select count(*)::int as count from edge_events")).toEqual([{ count: 8 }]);
    expect(await rows("select count(*)::int as count from edge_batches")).toEqual([{ count: 1 }]);
  });

  it("knows how far an edge is behind, and that a heartbeat means nothing waits", async () => {
    const edge = async () =>
      (
        await rows(`select behind_ms, last_seen_at::text as seen, cursor from edges where id = '${EDGE_ID}'`)
      )[0];
    cloud.clock.now = new Date("2026-07-15T10:12:00Z");
    await send(cloud.app, DAY);
    expect(await edge()).toEqual({ behind_ms: "600000", seen: "2026-07-15 10:12:00+00", cursor: "8" });
    cloud.clock.now = new Date("2026-07-15T10:13:00Z");
    await send(cloud.app, DAY);
    expect(await edge()).toEqual({ behind_ms: "600000", seen: "2026-07-15 10:13:00+00", cursor: "8" });
    cloud.clock.now = new Date("2026-07-15T10:14:00Z");
    const heartbeat = await send(cloud.app, []);
    expect(await ackedBy(heartbeat)).toBe(8);
    expect(await edge()).toEqual({ behind_ms: "0", seen: "2026-07-15 10:14:00+00", cursor: "8" });
  });
});

describe("poison", () => {
  it("puts an event with a bad payload in quarantine and goes on", async () => {
    const bad = DAY.map((event, index) =>
      index === 4 ? { ...event, payload: { amount_minor: "much" } } : event,
    );
    const response = await send(cloud.app, bad);
    expect(await ackedBy(response)).toBe(8);
    expect(await rows("select seq, error from edge_events where outcome = 'quarantined'")).toEqual([
      { seq: "5", error: expect.stringContaining("payment_id") },
    ]);
    expect(await rows("select status from stays order by stay_id")).toEqual([
      { status: "closed" },
      { status: "void" },
    ]);
    expect(await rows("select * from payments")).toEqual([]);
  });

  it("puts an event that PostgreSQL refuses in quarantine, and applies the others of the batch", async () => {
    const facts = [
      moved("in", 1, "2026-07-15T08:00:00Z"),
      {
        kind: "vend.granted" as const,
        payload: {
          command_id: testId(5, 1),
          lane: "exit",
          actor: "alex",
          reason: "no \0 in text",
          at: "2026-07-15T08:00:00Z",
        },
      },
      moved("in", 2, "2026-07-15T08:01:00Z"),
      { ...moved("in", 3, "0000-01-01T00:00:00Z") },
      moved("in", 4, "2026-07-15T08:02:00Z"),
    ];
    const response = await send(cloud.app, asEvents(facts));
    expect(await ackedBy(response)).toBe(5);
    expect(await outcomes()).toEqual(["applied", "quarantined", "applied", "quarantined", "applied"]);
    expect(await rows("select count(*)::int as count from stays where status = 'open'")).toEqual([
      { count: 3 },
    ]);
    expect(await rows("select payload::text from edge_events where seq = 2")).toEqual([
      { payload: expect.stringContaining("no \\u0000 in text") },
    ]);
  });

  it("stores an unknown kind as it came", async () => {
    const unknown = { ...DAY[0]!, kind: "permit.used", payload: { anything: [1, { deep: true }] } };
    expect((await send(cloud.app, [unknown])).status).toBe(200);
    expect(await rows("select kind, payload, outcome from edge_events")).toEqual([
      { kind: "permit.used", payload: { anything: [1, { deep: true }] }, outcome: "unknown" },
    ]);
  });

  it("does not apply a newer version of a payload as if it knew it", async () => {
    await send(cloud.app, [{ ...DAY[0]!, schema_version: SYNC_SCHEMA_VERSION + 1 }]);
    expect(await outcomes()).toEqual(["quarantined"]);
    expect(await rows("select * from stays")).toEqual([]);
  });

  it("survives envelopes that are allowed but cannot be stored as they are", async () => {
    const nested = "nested too deep for JSON.stringify";
    const odd: LogEvent[] = [
      { ...asEvents([voided(1, "2026-07-15T08:00:00Z")])[0]!, kind: "nul \0 and \ud800 half" },
      { ...asEvents([voided(1, "2026-07-15T08:00:00Z")], 2)[0]!, wall_time: "0000-01-01T00:00:00+23:59" },
      {
        ...asEvents([voided(1, "2026-07-15T08:00:00Z")], 3)[0]!,
        wall_time: `2026-01-01T00:00:00.${"1".repeat(500)}Z`,
      },
      { ...asEvents([voided(1, "2026-07-15T08:00:00Z")], 4)[0]!, schema_version: Number.MAX_SAFE_INTEGER },
      { ...asEvents([voided(1, "2026-07-15T08:00:00Z")], 5)[0]!, kind: "deep", payload: { nested } },
      { ...asEvents([voided(1, "2026-07-15T08:00:00Z")], 6)[0]!, kind: "__proto__" },
    ];
    const depth = 50_000;
    const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const texts = chained(odd).map(({ text }) => text.replace(JSON.stringify(nested), deep));
    const response = await sendLines(cloud.app, chainTexts(texts));
    expect(await ackedBy(response)).toBe(6);
    expect(await outcomes()).toEqual([
      "unknown",
      "applied",
      "applied",
      "quarantined",
      "quarantined",
      "unknown",
    ]);
  });

  it("keeps nothing, and does not call it poison, when the failure is not the data's", async () => {
    await cloud.db.execute(sql`alter table movements rename to movements_away`);
    try {
      expect((await send(cloud.app, DAY)).status).toBe(500);
    } finally {
      await cloud.db.execute(sql`alter table movements_away rename to movements`);
    }
    expect(await outcomes()).toEqual([]);
    expect(await rows("select * from stays")).toEqual([]);
    expect((await send(cloud.app, DAY)).status).toBe(200);
  });
});

describe("who may send what", () => {
  it.each([
    ["no token", ""],
    ["a wrong token", "not-a-token-of-anybody-at-all"],
  ])("answers 401 to %s, whatever the body is", async (_what, token) => {
    const response = await sendBody(cloud.app, Buffer.from("{"), { token });
    expect(response.status).toBe(401);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ code: "unknown_edge", status: 401 });
  });

  it("answers 401 to the token of another edge", async () => {
    const response = await sendLines(cloud.app, chained(DAY), { edgeId: EDGE_ID, token: OTHER_EDGE_TOKEN });
    expect(response.status).toBe(401);
    expect(await outcomes()).toEqual([]);
  });

  it("writes to the facility of the token, and to no other one", async () => {
    await send(cloud.app, DAY);
    await send(cloud.app, asEvents([moved("out", 1, "2026-07-15T09:00:00Z", { plate: "THIEF" })]), {
      edgeId: OTHER_EDGE_ID,
      token: OTHER_EDGE_TOKEN,
    });
    expect(
      await rows(
        `select plate, exit_lane from stays where facility_id = '${FACILITY_ID}' and stay_id = '${testId(1, 1)}'`,
      ),
    ).toEqual([{ plate: "B AB 1", exit_lane: "exit" }]);
  });
});

describe("metrics", () => {
  it("counts new movements only, and unlisted lanes as other", async () => {
    const value = async (labels: string) => {
      const text = await (await cloud.app.request("/metrics")).text();
      return Number(new RegExp(`^parkme_movements_total\\{${labels}\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
    };
    const entry = 'facility="harbour",lane="entry",direction="in"';
    const other = 'facility="harbour",lane="other",direction="in"';
    const [entryBefore, otherBefore] = [await value(entry), await value(other)];
    const events = asEvents([
      moved("in", 1, "2026-07-15T08:00:00Z"),
      moved("in", 2, "2026-07-15T08:01:00Z"),
      moved("in", 3, "2026-07-15T08:02:00Z", { lane: "side-door" }),
    ]);
    await send(cloud.app, events);
    await send(cloud.app, events);
    expect(await value(entry)).toBe(entryBefore + 2);
    expect(await value(other)).toBe(otherBefore + 1);
  });
});
