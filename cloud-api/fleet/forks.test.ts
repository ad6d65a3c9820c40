import { gunzipSync } from "node:zlib";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { ackedBy, asEvents, batchText, chained, moved, paid, sendLines, started } from "../testing/events.ts";
import { emptyTables, everything, rowsOf } from "../testing/tables.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const rows = (query: string) => rowsOf(cloud.db, query);
const AT = "2026-07-15T08:00:00Z";
const LINES = chained(asEvents([started(1, AT), moved("in", 1, AT), paid(1, 100, AT), moved("out", 1, AT)]));
/** The same edge, restored after line 2, and on from there. */
const OTHER = chained(asEvents([started(2, AT), moved("in", 2, AT), paid(2, 300, AT)], 3), LINES[1]?.hash);

describe("a line that has the number of another", () => {
  beforeEach(async () => {
    await sendLines(cloud.app, LINES);
  });

  it("is kept beside it, told, and changes nothing of what is here", async () => {
    const before = await everything(cloud.db);
    for (let time = 1; time <= 2; time++) {
      const response = await sendLines(cloud.app, [...LINES.slice(0, 2), ...OTHER]);
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "sync_fork", seq: 3 });
      expect(await everything(cloud.db)).toEqual(before);
      expect(await rows("select seq, hash, line from edge_forks order by seq")).toEqual(
        OTHER.slice(0, 2).map(({ seq, hash, text }) => ({ seq: String(seq), hash, line: text })),
      );
      expect(await rows("select kind, detail, count from sync_incidents")).toEqual([
        { kind: "fork", detail: "its line 3 is another one than ours", count: time },
      ]);
    }
    expect(await ackedBy(await sendLines(cloud.app, LINES.slice(2)))).toBe(4);
  });

  it("is seen by the line before the batch as well, with lines and by a heartbeat", async () => {
    const next = chained(asEvents([started(3, AT)], 5), OTHER[1]?.hash);
    for (const lines of [next, []]) {
      const header = { first: 5, previous_hash: OTHER[1]?.hash ?? "" };
      const response = await sendLines(cloud.app, lines, { header });
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "sync_fork", seq: 4 });
    }
    expect(await rows("select cursor from edges order by cursor desc limit 1")).toEqual([{ cursor: "4" }]);
  });
});

describe("a log of before lines were chained", () => {
  it("goes on with the hash that the edge says, which holds from then on", async () => {
    await cloud.db.execute(sql`update edges set cursor = 2, head_hash = null`);
    expect(await ackedBy(await sendLines(cloud.app, LINES.slice(2)))).toBe(4);
    expect(await rows("select head_hash from edges where cursor = 4")).toEqual([
      { head_hash: LINES[3]?.hash },
    ]);
    expect(await ackedBy(await sendLines(cloud.app, LINES))).toBe(4);
    const response = await sendLines(cloud.app, chained(asEvents([started(3, AT)], 5), OTHER[1]?.hash));
    expect(response.status).toBe(409);
  });
});

describe("the archive", () => {
  it("is each batch as it came, with the lines of it that were new", async () => {
    await sendLines(cloud.app, LINES.slice(0, 2));
    await sendLines(cloud.app, LINES.slice(1, 4));
    await sendLines(cloud.app, LINES);
    await sendLines(cloud.app, []);
    const batches = await rows(
      "select first_seq, last_seq, previous_hash, body from edge_batches order by last_seq",
    );
    expect(batches.map(({ body: _body, ...batch }) => batch)).toEqual([
      { first_seq: "1", last_seq: "2", previous_hash: LINES[0]?.previous },
      { first_seq: "3", last_seq: "4", previous_hash: LINES[1]?.hash },
    ]);
    const body = batches[1]?.["body"] as Buffer;
    expect(gunzipSync(body).toString()).toBe(batchText(LINES.slice(1, 4)));
  });

  it("keeps the hash and the history of each event", async () => {
    await sendLines(cloud.app, LINES);
    expect(
      await rows("select seq, epoch, encode(hash, 'hex') as hash from edge_events order by seq"),
    ).toEqual(LINES.map(({ seq, hash }) => ({ seq: String(seq), epoch: "1", hash })));
  });
});

describe("an edge", () => {
  it("is known by its clock and by what waits", async () => {
    cloud.clock.now = new Date("2026-07-15T12:00:00Z");
    await sendLines(cloud.app, LINES, { header: { waiting: 42, wall_time: "2036-07-15T12:00:00.000Z" } });
    const [edge] = await rows("select clock_offset_ms, waiting from edges where cursor = 4");
    expect(edge).toEqual({ clock_offset_ms: String(3_653 * 86_400_000), waiting: "42" });
  });
});
