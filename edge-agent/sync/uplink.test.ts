import { afterEach, describe, expect, it } from "vitest";
import { MAX_BATCH_BYTES } from "@parkme/shared/protocol/sync";
import { until } from "../devices/testing/until.ts";
import { createLog, eventOf } from "./testing/memory-log.ts";
import { acking, EDGE_ID, startRecordingCloud, type Answering } from "./testing/recording-cloud.ts";
import { createUplink, takeBatch, type Uplink, type UplinkLog, type UplinkOptions } from "./uplink.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startCloud(answer: Answering) {
  const cloud = await startRecordingCloud(answer);
  cleanups.push(cloud.down);
  return cloud;
}

function startUplink(url: string, log: UplinkLog, over: Partial<UplinkOptions> = {}) {
  const notes: string[] = [];
  const uplink = createUplink({
    url,
    edgeId: EDGE_ID,
    token: "tok-7f1d0c",
    log,
    clock: { wallMs: () => 1_767_225_600_000, monotonicMs: () => performance.now() },
    // The shortest pauses that jitter allows.
    random: () => 0,
    note: {
      info: (fields, message) => notes.push(`info ${message} ${JSON.stringify(fields)}`),
      warn: (fields, message) => notes.push(`warn ${message} ${JSON.stringify(fields)}`),
    },
    ...over,
  });
  cleanups.push(() => uplink.stop());
  uplink.start();
  return { uplink, notes };
}

async function stopQuickly(uplink: Uplink): Promise<void> {
  const startedMs = performance.now();
  await uplink.stop();
  // Far below any pause or patience of the uplink, far above what a busy machine needs.
  expect(performance.now() - startedMs).toBeLessThan(5_000);
}

describe("the uplink", () => {
  it("sends the log in order, in bounded batches, and remembers what is acknowledged", async () => {
    const cloud = await startCloud(acking);
    const kept = createLog(1_203);
    const { uplink, notes } = startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 1_203, "the whole log to be acknowledged");
    expect(cloud.batches.map(({ first, last }) => [first, last])).toEqual([
      [1, 500],
      [501, 1_000],
      [1_001, 1_203],
    ]);
    expect(kept.cursors).toEqual([500, 1_000, 1_203]);
    expect(cloud.requests[0]).toMatchObject({
      path: "POST /api/edge/events",
      authorization: "Bearer tok-7f1d0c",
    });
    expect(uplink.status()).toEqual({ connected: true, pending: 0, lastAckWallMs: 1_767_225_600_000 });
    expect(notes).toHaveLength(1);
  });

  it("goes on from the cursor on the disk", async () => {
    const cloud = await startCloud(acking);
    const kept = createLog(10, 7);
    startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 10, "the rest");
    expect(cloud.batches.map(({ first, last }) => [first, last])).toEqual([[8, 10]]);
  });

  it("keeps batches below the limit of bytes, but sends an event that is larger by itself", async () => {
    const cloud = await startCloud(acking);
    const kept = createLog(0);
    for (const length of [100_000, 100_000, 100_000, 300_000, 10]) kept.write("é".repeat(length / 2));
    startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 5, "all of it");
    expect(cloud.batches.map(({ first, last }) => [first, last])).toEqual([
      [1, 2],
      [3, 3],
      [4, 4],
      [5, 5],
    ]);
    expect(cloud.requests.filter(({ bytes }) => bytes > MAX_BATCH_BYTES)).toHaveLength(1);
  });

  it("sends soon what is written later", async () => {
    const cloud = await startCloud(acking);
    const kept = createLog(1);
    const { uplink } = startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 1, "the first event");
    kept.write();
    kept.write();
    uplink.poke();
    uplink.poke();
    // Well before the uplink would look by itself.
    await until(() => kept.cursor() === 3, "the poked events", 8_000);
    expect(cloud.batches.at(-1)).toMatchObject({ first: 2, last: 3 });
  });

  it("believes a cloud that knows more than the cursor, but never more than was written", async () => {
    const ahead = await startCloud(() => ({ body: { cursor: 40 } }));
    const kept = createLog(50, 30);
    startUplink(ahead.url, kept.log);
    await until(() => kept.cursors[0] === 40, "the cloud's cursor");

    const liar = await startCloud(() => ({ body: { cursor: 51 } }));
    const other = createLog(50);
    const { uplink, notes } = startUplink(liar.url, other.log);
    await until(() => liar.batches.length >= 2, "another try");
    expect(other.cursors).toEqual([]);
    expect(uplink.status()).toMatchObject({ connected: false, pending: 50, lastAckWallMs: null });
    expect(notes).toEqual([expect.stringMatching(/^warn .*"cursor":51/)]);
  });

  it.each([
    ["acknowledges nothing", { body: { cursor: 30 } }],
    ["acknowledges less than it has", { body: { cursor: 0 } }],
    ["asks for what comes next anyway", { status: 409, body: { code: "sync_gap", expected: 31 } }],
    ["asks for what was never written", { status: 409, body: { code: "sync_gap", expected: 99 } }],
  ])("pauses before it tries again a cloud that %s", async (_what, reply) => {
    const cloud = await startCloud(() => reply);
    const kept = createLog(50, 30);
    startUplink(cloud.url, kept.log);
    await until(() => cloud.batches.length >= 3, "three tries");
    const [first, second, third] = cloud.batches;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(200);
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThan(400);
    expect(kept.cursors).toEqual([]);
  });

  it("goes back when the cloud misses earlier events, and sends them again in order", async () => {
    const cloud = await startCloud(({ first, last }) =>
      first > 21 && cloud.batches.length === 1
        ? { status: 409, body: { code: "sync_gap", expected: 21 } }
        : { body: { cursor: last } },
    );
    const kept = createLog(50, 30);
    startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 50, "the end of the log");
    expect(kept.cursors).toEqual([20, 50]);
    expect(cloud.batches.map(({ first }) => first)).toEqual([31, 21]);
  });

  it.each([
    ["an error", { status: 500, body: { code: "internal" } }],
    ["too many requests", { status: 429, body: {} }],
    ["a refused token", { status: 401, body: {} }],
    ["a conflict of another kind", { status: 409, body: { code: "fork", expected: 1 } }],
    ["a page of a hotel's wireless network", { body: "<html>Please sign in</html>" }],
    ["nothing at all", { body: "" }],
    ["another document", { body: { cursor: "500" } }],
    ["half a document", { body: '{"cursor": 5' }],
    ["an acknowledgement under another status", { status: 202, body: { cursor: 3 } }],
    ["a redirection", { status: 307, body: {}, headers: { location: "http://127.0.0.1:1/elsewhere" } }],
    ["a document without end", { body: `{"cursor": 3, "padding": "${"x".repeat(100_000)}"}` }],
  ])("tries again after %s, until it is understood", async (_what, reply) => {
    const cloud = await startCloud((batch, response) =>
      cloud.batches.length === 1 ? reply : acking(batch, response),
    );
    const kept = createLog(3);
    const { uplink, notes } = startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 3, "the acknowledgement");
    expect(kept.cursors).toEqual([3]);
    expect(cloud.batches.map(({ first, last }) => [first, last])).toEqual([
      [1, 3],
      [1, 3],
    ]);
    expect(uplink.status().connected).toBe(true);
    expect(notes).toEqual([
      expect.stringMatching(/^warn the cloud cannot be reached/),
      expect.stringMatching(/^info the cloud is connected/),
    ]);
  });

  it("does not swallow an answer without end", async () => {
    let written = 0;
    const cloud = await startCloud((_batch, response) => {
      response.writeHead(200);
      const pour = (): void => {
        while (!response.destroyed && response.write("x".repeat(16_384))) written += 16_384;
      };
      response.on("drain", pour);
      pour();
      return null;
    });
    const kept = createLog(3);
    startUplink(cloud.url, kept.log);
    await until(() => cloud.batches.length >= 2, "the uplink to hang up and try again");
    expect(written).toBeLessThan(50_000_000);
    expect(kept.cursors).toEqual([]);
  });

  it("waits longer from try to try while the cloud is away, and catches up when it is back", async () => {
    const cloud = await startCloud((batch, response) =>
      cloud.batches.length < 4 ? { status: 503, body: {} } : acking(batch, response),
    );
    const kept = createLog(3);
    const { notes } = startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 3, "the cloud to answer");
    const times = cloud.batches.map(({ atMs }) => atMs);
    const pauses = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    // Half of 500, 1000 and 2000 ms, as `random` is 0; a busy machine only makes them longer.
    for (const [i, shortest] of [250, 500, 1_000].entries())
      expect(pauses[i]).toBeGreaterThanOrEqual(shortest - 5);
    expect(notes.filter((note) => note.startsWith("warn"))).toHaveLength(1);
  });

  it("spreads the pauses of many edges by chance", async () => {
    const cloud = await startCloud(() => ({ status: 503, body: {} }));
    startUplink(cloud.url, createLog(1).log, { random: () => 0.999 });
    await until(() => cloud.batches.length >= 2, "another try");
    const [first, second] = cloud.batches;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(700);
  });

  it("survives a server that goes down and comes back on the same port", async () => {
    const cloud = await startCloud(acking);
    const kept = createLog(1);
    const { uplink, notes } = startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 1, "the first event");
    await cloud.down();
    kept.write();
    uplink.poke();
    await until(() => !uplink.status().connected, "the loss to be noticed");
    expect(uplink.status()).toMatchObject({ pending: 1, lastAckWallMs: 1_767_225_600_000 });
    await cloud.up();
    await until(() => kept.cursor() === 2, "the second event", 20_000);
    expect(notes.map((note) => note.slice(0, 4))).toEqual(["info", "warn", "info"]);
    expect(notes.join()).not.toContain("tok-7f1d0c");
  });

  it("gives up an answer that never comes, and sends the same again", async () => {
    const cloud = await startCloud((batch, response) =>
      cloud.batches.length === 1 ? null : acking(batch, response),
    );
    const kept = createLog(2);
    const { notes } = startUplink(cloud.url, kept.log, { requestTimeoutMs: 300 });
    await until(() => kept.cursor() === 2, "the second try");
    expect(cloud.batches.map(({ first }) => first)).toEqual([1, 1]);
    expect(notes[0]).toMatch(/timeout/);
  });

  it("gives up an answer that begins and does not end", async () => {
    const cloud = await startCloud((batch, response) => {
      if (cloud.batches.length > 1) return acking(batch, response);
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"cur');
      return null;
    });
    const kept = createLog(2);
    startUplink(cloud.url, kept.log, { requestTimeoutMs: 300 });
    await until(() => kept.cursor() === 2, "the second try");
  });

  it("goes on after the disk refused to be read or written", async () => {
    const cloud = await startCloud(acking);
    const kept = createLog(4);
    kept.break(new Error("database is locked"));
    const { notes } = startUplink(cloud.url, kept.log);
    await until(() => notes.length > 0, "the refusal to be told");
    expect(notes[0]).toMatch(/database is locked/);
    kept.break(null);
    await until(() => kept.cursor() === 4, "the log to be sent");
  });
});

describe("stopping the uplink", () => {
  it("is quick while it waits for news", async () => {
    const cloud = await startCloud(acking);
    const kept = createLog(1);
    const { uplink } = startUplink(cloud.url, kept.log);
    await until(() => kept.cursor() === 1, "the event");
    await stopQuickly(uplink);
  });

  it("is quick while it waits for an answer", async () => {
    const cloud = await startCloud(() => null);
    const { uplink, notes } = startUplink(cloud.url, createLog(1).log, { random: () => 60 });
    await until(() => cloud.batches.length === 1, "the request");
    await stopQuickly(uplink);
    expect(notes).toEqual([]);
  });

  it("is quick while it waits before another try", async () => {
    const cloud = await startCloud(() => ({ status: 503, body: {} }));
    const { uplink, notes } = startUplink(cloud.url, createLog(1).log, { random: () => 60 });
    await until(() => notes.length === 1, "the failure");
    await stopQuickly(uplink);
    const { length } = cloud.batches;
    await until(() => cloud.batches.length === length, "no more requests");
  });

  it("does nothing when it never started", async () => {
    const { log } = createLog(1);
    const uplink = createUplink({
      url: "http://127.0.0.1:1",
      edgeId: EDGE_ID,
      token: "t",
      log,
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
      random: () => 0,
      note: { info: () => undefined, warn: () => undefined },
    });
    uplink.poke();
    await uplink.stop();
    expect(uplink.status()).toEqual({ connected: false, pending: 1, lastAckWallMs: null });
  });
});

describe("a batch", () => {
  it("is the longest run from the front that fits", () => {
    const events = Array.from({ length: 10 }, (_, i) => eventOf(i + 1, "x".repeat(60_000)));
    const batch = takeBatch(events);
    expect(batch).toEqual(events.slice(0, 4));
    const body = JSON.stringify({ edge_id: EDGE_ID, events: batch });
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
  });

  it("of nothing is nothing, and one event always fits", () => {
    expect(takeBatch([])).toEqual([]);
    const huge = eventOf(1, "x".repeat(MAX_BATCH_BYTES));
    expect(takeBatch([huge, eventOf(2)])).toEqual([huge]);
  });
});
