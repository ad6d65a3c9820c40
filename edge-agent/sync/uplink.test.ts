import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { MAX_BATCH_BYTES } from "@parkme/shared/protocol/log";
import { until } from "../devices/testing/until.ts";
import { readBatch } from "./post-batch.ts";
import { createLog, NOT_RESTORED } from "./testing/memory-log.ts";
import { EDGE_ID, type Fate, startRecordingCloud } from "./testing/recording-cloud.ts";
import { startRig, TOKEN, WALL_MS } from "./testing/uplink-rig.ts";
import { staticCredential } from "./credential.ts";
import { createUplink, type Uplink } from "./uplink.ts";
import type { UplinkLog, UplinkOptions } from "./uplink-parts.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Every request after hello is told its fate by its number among them, from 1 on. */
async function startCloud(fate: (nth: number) => Fate = () => undefined) {
  let nth = 0;
  const started = await startRecordingCloud(({ path }) =>
    path === "POST /api/edge/log" ? fate((nth += 1)) : undefined,
  );
  cleanups.push(started.down, () => expect(started.broken).toEqual([]));
  const spans = (): number[][] => started.cloud.seen.map(({ first, last }) => [first, last]);
  return { ...started, spans };
}

function start(url: string, log: UplinkLog, over: Partial<UplinkOptions> = {}) {
  const rig = startRig(url, log, over);
  cleanups.push(() => rig.uplink.stop());
  return rig;
}

async function stopQuickly(uplink: Uplink): Promise<void> {
  const startedMs = performance.now();
  await uplink.stop();
  // Far below any pause or patience of the uplink, far above what a busy machine needs.
  expect(performance.now() - startedMs).toBeLessThan(5_000);
}

describe("the uplink", () => {
  it("sends the log in order, in bounded batches, and remembers what is acknowledged", async () => {
    const { url, spans, cloud, requests } = await startCloud();
    const kept = createLog(1_203);
    const { uplink, notes } = start(url, kept.log);
    await until(() => kept.cursor() === 1_203, "the whole log to be acknowledged");
    expect(spans()).toEqual([
      [1, 500],
      [501, 1_000],
      [1_001, 1_203],
    ]);
    expect(cloud.lines).toEqual(kept.lines);
    expect(cloud.seen.map(({ waiting }) => waiting)).toEqual([703, 203, 0]);
    expect(kept.cursors).toEqual([500, 1_000, 1_203]);
    expect(requests.map(({ path }) => path).slice(0, 2)).toEqual([
      "POST /api/edge/hello",
      "POST /api/edge/log",
    ]);
    expect(new Set(requests.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${TOKEN}`]));
    expect(uplink.status()).toMatchObject({
      connected: true,
      pending: 0,
      lastAckWallMs: WALL_MS,
      fenced: null,
    });
    expect(uplink.agreed()).toBe(true);
    expect(notes).toHaveLength(1);
  });

  it("goes on where the cloud is, whatever its own disk says", async () => {
    const { url, spans, cloud } = await startCloud();
    const kept = createLog(10, 3);
    cloud.lines.push(...kept.lines.slice(0, 7));
    start(url, kept.log);
    await until(() => kept.cursor() === 10, "the rest");
    expect(spans()).toEqual([[8, 10]]);
  });

  it("keeps batches below the limit of bytes, but sends a line that is larger by itself", async () => {
    const { url, spans } = await startCloud();
    const kept = createLog(0);
    for (const length of [100_000, 100_000, 100_000, 300_000, 10]) kept.write("é".repeat(length / 2));
    start(url, kept.log);
    await until(() => kept.cursor() === 5, "all of it");
    expect(spans()).toEqual([
      [1, 2],
      [3, 3],
      [4, 4],
      [5, 5],
    ]);
  });

  it("takes no more than the cloud grants, and pauses as it wants", async () => {
    const { url, spans, cloud } = await startCloud();
    cloud.window = { events: 40, pause_ms: 700 };
    const kept = createLog(100);
    const { pauses } = start(url, kept.log, { random: () => 1 });
    await until(() => kept.cursor() === 100, "all of it");
    expect(spans()).toEqual([
      [1, 40],
      [41, 80],
      [81, 100],
    ]);
    expect(pauses.slice(0, 3)).toEqual([1_050, 1_050, 1_050]);
  });

  it("comes back after the time that a busy cloud names, never sooner, and calls it no outage", async () => {
    const busy = { status: 429, body: { code: "busy", retry_after_ms: 1_200 } };
    const { url } = await startCloud((nth) => (nth < 3 ? busy : undefined));
    const kept = createLog(3);
    const { pauses, notes } = start(url, kept.log, { random: () => 0.5 });
    await until(() => kept.cursor() === 3, "the cloud to have time");
    expect(pauses.slice(1, 3)).toEqual([1_500, 1_500]);
    expect(notes).toEqual([expect.stringMatching(/^info/)]);
  });

  it("sends soon what is written later", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(1);
    const { uplink, pauses } = start(url, kept.log);
    await until(() => pauses.includes(10_000), "the uplink to wait for news");
    kept.write();
    kept.write();
    uplink.poke();
    uplink.poke();
    await until(() => kept.cursor() === 3, "the poked events", 8_000);
    expect(cloud.seen.at(-1)).toMatchObject({ first: 2, last: 3 });
  });

  it("shows that it is there while it has nothing to say", async () => {
    const { url, cloud } = await startCloud();
    start(url, createLog(0).log);
    await until(() => cloud.seen.length >= 3, "heartbeats");
    expect(cloud.seen.every(({ first, last }) => first === 1 && last === 0)).toBe(true);
  });

  it("records how far its clock is off, be it by ten years, and sends on", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(4);
    const wallMs = WALL_MS + 10 * 365 * 86_400_000;
    const { uplink } = start(url, kept.log, {
      clock: { wallMs: () => wallMs, monotonicMs: () => performance.now() },
    });
    await until(() => kept.cursor() === 4, "the log");
    expect(cloud.lines).toHaveLength(4);
    const { cloudOffsetMs } = uplink.status();
    expect(Math.abs((cloudOffsetMs ?? 0) + 10 * 365 * 86_400_000)).toBeLessThan(60_000);
    expect(kept.link().clockOffsetMs).toBe(cloudOffsetMs);
  });
});

const html = { status: 200, body: "<html>Please sign in</html>" };
const ack = (over: object) => ({
  status: 200,
  body: {
    epoch: 1,
    seq: 3,
    hash: "0".repeat(64),
    window: { events: 9, pause_ms: 0 },
    now: "2026-01-01T00:00:00Z",
    ...over,
  },
});

describe("an answer that is none", () => {
  it.each<[string, Fate]>([
    ["an error", { status: 500, body: { code: "internal" } }],
    ["too many requests, of a proxy", { status: 429, body: {} }],
    ["a busy cloud that names no sane time", { status: 429, body: { code: "busy", retry_after_ms: 1e12 } }],
    ["a conflict of another kind", { status: 409, body: { code: "fork", expected: 1 } }],
    ["a refusal under another status", { status: 500, body: { code: "fenced" } }],
    ["a proxy's 403", { status: 403, body: "<html>" }],
    ["a page of a hotel's wireless network", html],
    ["nothing at all", { status: 200, body: "" }],
    ["another document", ack({ seq: "3" })],
    ["half a document", { status: 200, body: '{"epoch": 1, "seq": 3' }],
    ["an acknowledgement without a window", ack({ window: { events: 0, pause_ms: -1 } })],
    ["an acknowledgement under another status", { ...ack({}), status: 202 }],
    ["a document without end", { status: 200, body: `{"seq": 3, "padding": "${"x".repeat(100_000)}"}` }],
    ["a chain that was broken on its way", { status: 422, body: { code: "broken_chain", seq: 2 } }],
    ["a lost connection", (response: ServerResponse) => void response.destroy()],
    [
      "a redirection",
      (response: ServerResponse) =>
        void response.writeHead(307, { location: "http://127.0.0.1:1/elsewhere" }).end(),
    ],
  ])("is no acknowledgement: %s", async (_what, fate) => {
    const { url, cloud } = await startCloud((nth) => (nth === 1 ? fate : undefined));
    const kept = createLog(3);
    const { uplink, notes } = start(url, kept.log);
    await until(() => kept.cursor() === 3, "the acknowledgement");
    expect(cloud.lines).toEqual(kept.lines);
    expect(uplink.status().connected).toBe(true);
    expect(notes).toEqual([
      expect.stringMatching(/^warn the cloud cannot be reached/),
      expect.stringMatching(/^info the cloud is connected/),
    ]);
  });

  it.each<[string, Fate]>([
    ["acknowledges another line than ours", ack({})],
    ["acknowledges what was never written", ack({ seq: 99 })],
    ["acknowledges another epoch", ack({ epoch: 7 })],
    ["acknowledges nothing", ack({ seq: 0 })],
    ["asks for what comes next anyway", { status: 409, body: { code: "sync_gap", expected: 1 } }],
    ["asks for what was never written", { status: 409, body: { code: "sync_gap", expected: 99 } }],
    ["has another line", { status: 409, body: { code: "sync_fork", seq: 1 } }],
    ["is in another epoch", { status: 403, body: { code: "old_epoch", epoch: 4 } }],
  ])("is asked by a hello where it is, with longer and longer pauses, when it %s", async (_what, fate) => {
    const { url, cloud } = await startCloud((nth) => (nth < 4 ? fate : undefined));
    const kept = createLog(3);
    const { notes, pauses } = start(url, kept.log);
    await until(() => kept.cursor() === 3, "the acknowledgement");
    expect(cloud.hellos.map(({ claim }) => claim)).toEqual([true, false, false, false]);
    expect(pauses.filter((ms) => ms > 0).slice(0, 3)).toEqual([250, 500, 1_000]);
    expect(kept.cursors).toEqual([3]);
    expect(notes.filter((note) => note.startsWith("warn"))).toHaveLength(1);
  });

  it("is hung up on when it has no end", async () => {
    let written = 0;
    const { url, cloud } = await startCloud((nth) => (nth > 1 ? undefined : pour));
    function pour(response: ServerResponse): void {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(16_384))) written += 16_384;
      };
      response.on("drain", more);
      more();
    }
    const kept = createLog(3);
    start(url, kept.log);
    await until(() => kept.cursor() === 3, "the uplink to hang up and try again");
    expect(written).toBeLessThan(50_000_000);
    expect(cloud.lines).toHaveLength(3);
  });
});

describe("an outage", () => {
  it("is waited for longer from try to try, up to a limit, and told once", async () => {
    const { url } = await startCloud((nth) => (nth < 12 ? { status: 503, body: {} } : undefined));
    const kept = createLog(3);
    const { notes, pauses } = start(url, kept.log);
    await until(() => kept.cursor() === 3, "the cloud to answer", 20_000);
    const waits = pauses.filter((ms) => ms > 0);
    expect(waits.slice(0, 9)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    expect(notes.filter((note) => note.startsWith("warn"))).toHaveLength(1);
  });

  it("is waited for by many edges with pauses that chance spreads", async () => {
    const { url } = await startCloud(() => ({ status: 503, body: {} }));
    const { pauses } = start(url, createLog(1).log, { random: () => 0.75 });
    await until(() => pauses.length >= 3, "another try");
    expect(pauses.slice(1, 3)).toEqual([625, 1_250]);
  });

  it("makes batches smaller until one gets through, then larger again", async () => {
    const { url, spans } = await startCloud((nth) => (nth < 4 ? "silence" : undefined));
    const kept = createLog(900);
    start(url, kept.log, { requestTimeoutMs: 251 });
    await until(() => kept.cursor() === 900, "all of it", 20_000);
    expect(spans()).toEqual([
      [1, 63],
      [64, 189],
      [190, 441],
      [442, 900],
    ]);
  });

  it("in which an answer is lost makes nothing twice", async () => {
    const { url, cloud, spans } = await startCloud((nth) => (nth === 1 || nth === 3 ? "swallow" : undefined));
    const kept = createLog(700);
    start(url, kept.log);
    await until(() => kept.cursor() === 700, "all of it");
    expect(spans().slice(0, 2)).toEqual([
      [1, 500],
      [1, 250],
    ]);
    expect(cloud.lines).toEqual(kept.lines);
    // The cloud says how far it was already.
    expect(kept.cursors[0]).toBe(500);
  });

  it("of a server that goes down ends when it comes back", async () => {
    const { url, down, up } = await startCloud();
    const kept = createLog(1);
    const { uplink, notes } = start(url, kept.log);
    await until(() => kept.cursor() === 1, "the first event");
    await down();
    kept.write();
    uplink.poke();
    await until(() => !uplink.status().connected, "the loss to be noticed");
    expect(uplink.status()).toMatchObject({ pending: 1, lastAckWallMs: WALL_MS });
    await up();
    await until(() => kept.cursor() === 2, "the second event", 20_000);
    expect(notes.map((note) => note.slice(0, 4))).toEqual(["info", "warn", "info"]);
    expect(notes.join()).not.toContain(TOKEN);
  });

  it.each<[string, Fate]>([
    ["never comes", "silence"],
    [
      "begins and does not end",
      (response) => void response.writeHead(200, { "content-type": "application/json" }).write('{"seq'),
    ],
  ])("is an answer that %s, too", async (_what, fate) => {
    const { url } = await startCloud((nth) => (nth === 1 ? fate : undefined));
    const kept = createLog(2);
    const { notes } = start(url, kept.log, { requestTimeoutMs: 301 });
    await until(() => kept.cursor() === 2, "the second try");
    expect(notes[0]).toMatch(/timeout/);
  });

  it("of its own disk ends when that is read and written again", async () => {
    const { url } = await startCloud();
    const kept = createLog(4);
    kept.break(new Error("database is locked"));
    const { notes } = start(url, kept.log);
    await until(() => notes.length > 0, "the refusal to be told");
    expect(notes[0]).toMatch(/database is locked/);
    kept.break(null);
    await until(() => kept.cursor() === 4, "the log to be sent");
  });
});

describe("stopping the uplink", () => {
  it("is quick while it waits for news", async () => {
    const { url } = await startCloud();
    const kept = createLog(1);
    const { uplink } = start(url, kept.log);
    await until(() => kept.cursor() === 1, "the event");
    await stopQuickly(uplink);
  });

  it("is quick while it waits for an answer", async () => {
    const { url, requests } = await startCloud(() => "silence");
    const { uplink, notes } = start(url, createLog(1).log);
    await until(() => requests.length === 2, "the request");
    await stopQuickly(uplink);
    expect(notes).toEqual([]);
  });

  it("is quick while it waits before another try", async () => {
    const { url, requests } = await startCloud(() => ({ status: 503, body: {} }));
    const { uplink, notes } = start(url, createLog(1).log, { random: () => 60_000 });
    await until(() => notes.length === 1, "the failure");
    await stopQuickly(uplink);
    expect(requests).toHaveLength(2);
  });

  it("does nothing when it never started", async () => {
    const { log } = createLog(1);
    const uplink = createUplink({
      url: "http://127.0.0.1:1",
      credential: staticCredential(EDGE_ID, "t"),
      log,
      restoring: NOT_RESTORED,
      taken: () => ({ downlink: 0, manifest: 0 }),
      bootId: "b",
      version: "1",
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
      random: () => 0,
      alarm: { begin: () => undefined, over: () => undefined },
      note: { info: () => undefined, warn: () => undefined },
    });
    uplink.poke();
    await uplink.stop();
    expect(uplink.status()).toEqual({
      connected: false,
      pending: 1,
      lastAckWallMs: null,
      fenced: null,
      epoch: 1,
      restoring: null,
      cloudOffsetMs: null,
    });
  });
});

describe("a batch", () => {
  const { log } = createLog(0);
  it("is the longest run from the front that fits", () => {
    const kept = createLog(0);
    for (let i = 0; i < 300; i++) kept.write("x".repeat(1_000));
    const batch = readBatch(kept.log.logLines, 0, 500);
    expect(batch).toEqual(kept.lines.slice(0, batch.length));
    const bytes = (n: number): number =>
      kept.lines.slice(0, n).reduce((sum, { line }) => sum + Buffer.byteLength(line) + 1, 0);
    expect(bytes(batch.length)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
    expect(bytes(batch.length + 1)).toBeGreaterThan(MAX_BATCH_BYTES);
    expect(readBatch(kept.log.logLines, 10, 150)).toEqual(kept.lines.slice(10, 160));
  });

  it("of nothing is nothing, and one line always fits", () => {
    expect(readBatch(log.logLines, 0, 500)).toEqual([]);
    const kept = createLog(0);
    kept.write("x".repeat(MAX_BATCH_BYTES));
    kept.write();
    expect(readBatch(kept.log.logLines, 0, 500).map(({ seq }) => seq)).toEqual([1]);
  });
});
