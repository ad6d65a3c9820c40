import fc from "fast-check";
import { gunzipSync } from "node:zlib";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  GENESIS_HASH,
  lineOf,
  MAX_BATCH_BYTES,
  tailHeaderSchema,
  type TailHeader,
} from "@parkme/shared/protocol/log";
import { EDGE_TOKEN, OTHER_EDGE_TOKEN, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import {
  ackedBy,
  asEvents,
  chainTexts,
  hashAfter,
  moved,
  sendLines,
  type TestLine,
} from "../testing/events.ts";
import { emptyTables } from "../testing/tables.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

/** Lines with rows, some of them long. */
const LINES = chainTexts(
  asEvents(Array.from({ length: 40 }, (_, index) => moved("in", index + 1, "2026-07-15T08:00:00Z"))).map(
    (event, index) =>
      lineOf({ ...event, payload: JSON.stringify(event.payload) }, `["${"ü".repeat(index * 300)}"]`),
  ),
);

async function ask(after: string, token = EDGE_TOKEN): Promise<Response> {
  return await cloud.app.request(`/api/edge/log?after=${after}`, {
    headers: { authorization: `Bearer ${token}` },
  });
}

type Tail = { readonly header: TailHeader; readonly texts: readonly string[] };

async function tail(after: number, token = EDGE_TOKEN): Promise<Tail> {
  const response = await ask(String(after), token);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-encoding")).toBe("gzip");
  const text = gunzipSync(Buffer.from(await response.arrayBuffer())).toString();
  expect(text.endsWith("\n")).toBe(true);
  const [header, ...texts] = text.slice(0, -1).split("\n");
  return { header: tailHeaderSchema.parse(JSON.parse(header ?? "")), texts };
}

/** As an edge fetches it: page by page, the chain verified. */
async function fetchAll(after: number): Promise<string[]> {
  const all: string[] = [];
  for (let last = after; ;) {
    const { header, texts } = await tail(last);
    if (header.last === 0) return all;
    expect(header.first).toBe(last + 1);
    let hash = header.previous_hash;
    for (const text of texts) hash = hashAfter(hash, text);
    expect(hash).toBe(LINES[header.last - 1]?.hash);
    expect(header.previous_hash).toBe(LINES[header.first - 2]?.hash ?? GENESIS_HASH);
    expect(texts).toHaveLength(header.last - header.first + 1);
    all.push(...texts);
    last = header.last;
  }
}

async function sendAll(lines: readonly TestLine[], step: number, overlap: number): Promise<void> {
  for (let at = 0; at < lines.length; at += step)
    await ackedBy(await sendLines(cloud.app, lines.slice(Math.max(0, at - overlap), at + step)));
}

describe("GET /api/edge/log", () => {
  it(
    "gives back every line as it came, from anywhere, however it was sent",
    { timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 20 }),
          fc.nat({ max: 5 }),
          fc.nat({ max: LINES.length }),
          async (step, overlap, after) => {
            await emptyTables(cloud.db);
            await sendAll(LINES, step, overlap);
            expect(await fetchAll(after)).toEqual(LINES.slice(after).map(({ text }) => text));
          },
        ),
        { numRuns: 10 },
      );
    },
  );

  it("answers about a batch at a time, and at least one line", async () => {
    await sendAll(LINES, 7, 0);
    const { texts } = await tail(0);
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.length).toBeLessThan(LINES.length);
    expect(Buffer.byteLength(texts.join("\n"))).toBeLessThanOrEqual(MAX_BATCH_BYTES + texts.length);
    const long = chainTexts([LINES[0]!.text.replace("]", `,"${"x".repeat(MAX_BATCH_BYTES)}"]`)]);
    await emptyTables(cloud.db);
    await ackedBy(await sendLines(cloud.app, long));
    expect((await tail(0)).texts).toHaveLength(1);
  });

  it("has nothing behind the end, nothing of another edge, and nothing of before lines were chained", async () => {
    const none = { previous_hash: GENESIS_HASH, first: 0, last: 0 };
    expect((await tail(0)).header).toMatchObject(none);
    await sendLines(cloud.app, LINES.slice(0, 3));
    const head = { epoch: 1, seq: 3, hash: LINES[2]?.hash };
    expect(await tail(3)).toEqual({ header: { ...none, previous_hash: head.hash, head }, texts: [] });
    expect((await tail(999_999_999)).texts).toEqual([]);
    expect((await tail(0, OTHER_EDGE_TOKEN)).texts).toEqual([]);
    await sendLines(cloud.app, LINES.slice(3, 6));
    await cloud.db.execute(sql`delete from edge_batches where last_seq = 3`);
    expect((await tail(0)).header).toMatchObject({ first: 4, last: 6, previous_hash: head.hash });
  });

  it.each(["", "-1", "1.5", "1e3", "many", "99999999999999999999"])(
    "answers 400 to after=%s",
    async (after) => {
      const response = await ask(after);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid", field: "after" });
    },
  );

  it("answers 401 to strangers", async () => {
    expect((await ask("0", "nobody")).status).toBe(401);
  });
});
