import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { lineOf, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_LINE_BYTES } from "@parkme/shared/protocol/log";
import { EDGE_TOKEN, OTHER_EDGE_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import {
  ackedBy,
  asEvents,
  batchText,
  chained,
  chainTexts,
  moved,
  send,
  sendBody,
  sendLines,
  sendText,
  started,
  type TestLine,
} from "../testing/events.ts";
import { emptyTables, everything, rowsOf } from "../testing/tables.ts";
import { MAX_BODY_BYTES, MAX_TEXT_BYTES } from "./log-body.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const rows = (query: string) => rowsOf(cloud.db, query);
const EVENTS = asEvents([
  started(1, "2026-07-15T08:00:00Z"),
  moved("in", 1, "2026-07-15T08:00:10Z"),
  moved("out", 1, "2026-07-15T09:00:00Z"),
]);
const LINES = chained(EVENTS);
const TEXT = batchText(LINES);
const GZIP = gzipSync(TEXT);

async function codeOf(response: Response): Promise<string> {
  const { code } = (await response.json()) as { code: string };
  return `${response.status} ${code}`;
}

/** One byte of the body is another one. */
function flipped(body: Buffer, at: number): Buffer {
  const other = Buffer.from(body);
  other[at] = (other[at] ?? 0) ^ 0x55;
  return other;
}

describe("a body that is no batch is refused, and nothing of it is kept", () => {
  const header = TEXT.split("\n")[0] ?? "";
  const replaced = (change: object) =>
    gzipSync(TEXT.replace(header, JSON.stringify({ ...(JSON.parse(header) as object), ...change })));
  const invalid: [string, Buffer][] = [
    ["nothing", Buffer.alloc(0)],
    ["no gzip", Buffer.from(TEXT)],
    ["gzip that is cut short", GZIP.subarray(0, GZIP.length - 9)],
    ["gzip without its end", GZIP.subarray(0, 40)],
    ["gzip that is damaged", flipped(GZIP, 40)],
    ["gzip with a wrong checksum", flipped(GZIP, GZIP.length - 6)],
    ["junk behind the gzip", Buffer.concat([GZIP, Buffer.from("junk")])],
    ["zeros behind the gzip", Buffer.concat([GZIP, Buffer.alloc(64)])],
    ["two gzips", Buffer.concat([GZIP, gzipSync(`${LINES[2]?.text}\n`)])],
    ["no text", gzipSync("")],
    ["text that is no UTF-8", gzipSync(Buffer.concat([Buffer.from(TEXT), Buffer.from([0xff, 0xfe, 0x0a])]))],
    ["a last line without its end", gzipSync(TEXT.slice(0, -1))],
    ["no header", gzipSync(`${LINES[0]?.text}\n`)],
    ["a header that is no JSON", gzipSync(`{\n${LINES[0]?.text}\n`)],
    ["a header with a negative epoch", replaced({ epoch: -1 })],
    ["a header with a short hash", replaced({ previous_hash: "00" })],
    ["a header without a boot", replaced({ boot_id: null })],
    ["a header with a time that is none", replaced({ wall_time: "yesterday" })],
    ["too many lines", gzipSync(`${header}\n${"{}\n".repeat(MAX_BATCH_EVENTS + 1)}`)],
  ];
  it.each(invalid)("%s: 400", async (_what, body) => {
    const response = await sendBody(cloud.app, body);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await codeOf(response)).toBe("400 invalid");
    expect(await rows("select * from edge_events")).toEqual([]);
    expect(await rows("select * from sync_incidents")).toEqual([]);
  });

  it("what is not said to be gzip: 415", async () => {
    for (const encoding of ["", "br", "identity"])
      expect(
        await codeOf(await sendBody(cloud.app, GZIP, { headers: { "content-encoding": encoding } })),
      ).toBe("415 not_gzip");
  });

  it("a bomb, and a line that is too long: 413", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 });
    expect(bomb.length).toBeLessThan(MAX_BODY_BYTES);
    expect(await codeOf(await sendBody(cloud.app, bomb))).toBe("413 body_too_large");
    const longLine = chainTexts(["x".repeat(MAX_LINE_BYTES + 1)]);
    expect(await codeOf(await sendLines(cloud.app, longLine))).toBe("413 body_too_large");
    expect(await codeOf(await sendBody(cloud.app, Buffer.alloc(MAX_BODY_BYTES + 1)))).toBe(
      "413 body_too_large",
    );
  });

  it("the batch of another edge: 401", async () => {
    const body = gzipSync(batchText(LINES, { edge_id: OTHER_EDGE_ID }));
    expect(await codeOf(await sendBody(cloud.app, body, { token: EDGE_TOKEN }))).toBe("401 unknown_edge");
  });
});

describe("a chain that does not hold", () => {
  async function isRefused(lines: readonly TestLine[], seq: number, header = {}): Promise<void> {
    const response = await sendLines(cloud.app, lines, { header });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "broken_chain", seq });
    expect(await rows("select * from edge_events")).toEqual([]);
    expect(await rows("select kind, count from sync_incidents")).toEqual([
      { kind: "broken_chain", count: 1 },
    ]);
  }

  it("because a line was changed on its way", async () => {
    const changed = LINES.map((line, index) =>
      index === 1 ? { ...line, text: line.text.replace("normal", "tailgate") } : line,
    );
    await isRefused(changed, 1);
  });

  it("because a line was left out, or two changed their places", async () => {
    await isRefused([LINES[0]!, LINES[2]!], 2);
    await emptyTables(cloud.db);
    await isRefused([LINES[1]!, LINES[0]!, LINES[2]!], 1, { first: 1 });
  });

  it("because the hash before it is another one", async () => {
    await isRefused(LINES, 1, { previous_hash: "a".repeat(64) });
  });

  it("because the history of a line is older than that of the line before, or newer than the edge's", async () => {
    const [first, second, third] = EVENTS;
    await isRefused(chained([first!, { ...second!, epoch: 3 }, { ...third!, epoch: 2 }]), 3, { epoch: 3 });
    await emptyTables(cloud.db);
    await isRefused(chained([first!, { ...second!, epoch: 3 }]), 2, { epoch: 2 });
  });

  it("is counted up while nobody has seen it, and the right batch is taken afterwards", async () => {
    for (let time = 0; time < 3; time++)
      await sendLines(cloud.app, LINES, { header: { hash: "b".repeat(64) } });
    expect(await rows("select kind, count from sync_incidents")).toEqual([
      { kind: "broken_chain", count: 3 },
    ]);
    expect(await ackedBy(await sendLines(cloud.app, LINES))).toBe(3);
  });
});

describe("what a batch may be", () => {
  it("is its lines with the rows behind a tab, hashed as they are and not read", async () => {
    const texts = EVENTS.map((event) =>
      lineOf({ ...event, payload: JSON.stringify(event.payload) }, '[["stays",{"plate":"\\u0000"}]]'),
    );
    expect(await ackedBy(await sendLines(cloud.app, chainTexts(texts)))).toBe(3);
    expect(await rows("select distinct outcome from edge_events")).toEqual([{ outcome: "applied" }]);
    const [batch] = await rows("select body from edge_batches");
    expect(gunzipSync(batch?.["body"] as Buffer).toString()).toContain(texts[2]);
  });

  it("is one line of two megabytes, or as many as the protocol has room for", async () => {
    const event = { ...EVENTS[0]!, kind: "filler" };
    const long = lineOf({ ...event, payload: `{"fill":"${"x".repeat(MAX_LINE_BYTES)}"}` }, null);
    const fits = long.replace("x".repeat(long.length - MAX_LINE_BYTES), "");
    expect(await ackedBy(await sendLines(cloud.app, chainTexts([fits])))).toBe(1);
    await emptyTables(cloud.db);
    const fill = "x".repeat(Math.floor(MAX_BATCH_BYTES / MAX_BATCH_EVENTS) - 300);
    const many = Array.from({ length: MAX_BATCH_EVENTS }, (_, index) => ({
      ...event,
      seq: index + 1,
      payload: { fill },
    }));
    expect(batchText(chained(many)).length).toBeLessThan(MAX_TEXT_BYTES);
    expect(await ackedBy(await send(cloud.app, many))).toBe(MAX_BATCH_EVENTS);
  });

  it("holds lines that cannot be read in their places: they are in quarantine, and hold nobody up", async () => {
    const texts = [LINES[0]!.text, "nonsense", `${LINES[1]!.text}x`, "", "\u0000", LINES[1]!.text];
    texts[5] = texts[5]!.replace('"seq":2', '"seq":6');
    expect(await ackedBy(await sendLines(cloud.app, chainTexts(texts)))).toBe(6);
    expect(await rows("select seq, kind, outcome from edge_events order by seq")).toEqual([
      { seq: "1", kind: "stay.started", outcome: "applied" },
      ...["2", "3", "4", "5"].map((seq) => ({ seq, kind: "unreadable", outcome: "quarantined" })),
      { seq: "6", kind: "movement.recorded", outcome: "applied" },
    ]);
    expect(await rows("select detail from sync_incidents where kind = 'quarantined'")).toHaveLength(1);
    const before = await everything(cloud.db);
    expect(await ackedBy(await sendLines(cloud.app, chainTexts(texts)))).toBe(6);
    expect(await everything(cloud.db)).toEqual(before);
  });

  it("is gzip in any upper or lower case", async () => {
    const response = await sendText(cloud.app, TEXT, { headers: { "content-encoding": "GZIP" } });
    expect(await ackedBy(response)).toBe(3);
  });
});
