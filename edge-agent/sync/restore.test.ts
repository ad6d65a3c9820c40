import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HelloAnswer, LogPlace } from "@parkme/shared/protocol/log";
import { RestoreRefused } from "../store/restore-lines.ts";
import { Archive, backUp, recordRows } from "../store/testing/archive.ts";
import { newFolder, START_MS, type Folder } from "../store/testing/gate-db.ts";
import { RandomGate } from "../store/testing/random-gate.ts";
import { staticCredential } from "./credential.ts";
import { createRestore } from "./restore.ts";
import { startArchiveCloud } from "./testing/archive-cloud.ts";

const END_MS = START_MS + 90 * 86_400_000;

let folder: Folder;
let source: RandomGate;
let gate: RandomGate;
const cleanups: (() => Promise<void> | void)[] = [];
beforeEach(() => {
  folder = newFolder();
  source = new RandomGate(folder.path("source.db"), 11);
  source.live(60);
  backUp(source.desk.db, folder.path("gate.db"));
  source.live(120);
  gate = new RandomGate(folder.path("gate.db"), 11, 1, 10_000_000);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  source.close();
  gate.close();
  folder.remove();
});

async function startCloud(more: { readonly page?: number } = {}) {
  const archive = new Archive();
  archive.take(source.desk.store);
  const started = await startArchiveCloud(archive, more);
  cleanups.push(started.down);
  return started;
}

/** What a restore does to the world, and what it was told to. */
function restoreAt(url: string, meanwhile: () => void = () => undefined) {
  const alarms: string[] = [];
  const notes: string[] = [];
  const stopping = new AbortController();
  let ms = 0;
  const restore = createRestore({
    url,
    credential: staticCredential(randomUUID(), "tok-7f1d0c"),
    log: gate.desk.store,
    bootId: "boot-2",
    // Each look at the clock takes a millisecond, so that there are pauses; the gate goes on in each.
    clock: { wallMs: () => END_MS, monotonicMs: () => (ms += 1) },
    timers: {
      after: (wait, work) => {
        if (wait < 1_000) {
          meanwhile();
          setImmediate(work);
        }
        return () => undefined;
      },
    },
    alarm: { begin: (detail) => alarms.push(detail), over: () => alarms.push("over") },
    note: { info: (_fields, message) => notes.push(message) },
  });
  return {
    restore,
    alarms,
    notes,
    stopping,
    run: (answer: HelloAnswer) => restore.run(answer, stopping.signal),
  };
}

function answerOf(archive: Archive, common: LogPlace = archive.common(gate.desk.store)): HelloAnswer {
  const { head } = archive;
  const window = { events: 500, pause_ms: 0 };
  return { verdict: "adopt", head, common, window, signing_key: "", now: new Date(END_MS).toISOString() };
}

describe("a restore from the cloud", () => {
  it("gets page by page all that is missing, while the gate goes on, and tells of the new epoch", async () => {
    const { cloud, url } = await startCloud();
    let lived = 0;
    const seen = new Set<number>();
    const { restore, run, alarms, notes, stopping } = restoreAt(url, () => {
      seen.add(restore.progress()?.adopted ?? -1);
      if (lived++ < 20) gate.live(1);
    });
    const before = recordRows(source.desk.db);
    const answer = answerOf(cloud.archive);
    const { common, head } = answer;
    expect(await run(answer)).toBe("done");

    const now = recordRows(gate.desk.db);
    for (const name of ["payments", "ledger", "movements", "receipts"]) {
      expect(before[name]?.length).toBeGreaterThan(5);
      const ids = new Set((now[name] ?? []).map((row) => JSON.stringify(Object.values(row)[0])));
      const lost = (before[name] ?? []).filter((row) => !ids.has(JSON.stringify(Object.values(row)[0])));
      expect(lost).toEqual([]);
    }
    expect(seen.size).toBeGreaterThan(5);
    expect(restore.progress()).toBeNull();
    expect(alarms).toEqual([`lines ${common.seq + 1} to ${head.seq} come from the cloud`, "over"]);
    expect(notes).toHaveLength(1);

    await restore.tellEpoch(answer, stopping.signal);
    expect(cloud.epochs).toEqual([
      { epoch: 2, parent: head, boot_id: "boot-2", reason: "the edge was restored" },
    ]);
    const known = new Archive(cloud.archive);
    known.take(gate.desk.store);
    expect(known.head).toEqual(gate.desk.store.logHead());
  });

  it("begins where the two part, however little the cloud was told of", async () => {
    const { cloud, url } = await startCloud();
    const common = cloud.archive.common(gate.desk.store);
    const low = { epoch: 1, seq: 3, hash: cloud.archive.hashAt(3) };
    const { run } = restoreAt(url);
    expect(await run(answerOf(cloud.archive, low))).toBe("done");
    expect(recordRows(gate.desk.db)).toEqual(recordRows(source.desk.db));
    const restored = gate.desk.store.logLines(cloud.archive.head.seq, 1).map(({ line }) => line);
    expect(restored).toEqual([expect.stringContaining(`"common_seq":${common.seq},`)]);
  });

  it("goes on after it was stopped, wherever that was", async () => {
    const { cloud, url } = await startCloud({ page: 15 });
    const answer = answerOf(cloud.archive);
    let stops = 0;
    for (let done = false; !done; stops += 1) {
      let pauses = 0;
      const { run, stopping } = restoreAt(url, () => {
        pauses += 1;
        if (pauses > 3) stopping.abort();
      });
      done = (await run(answer)) === "done";
      expect(gate.desk.store.restoring.place() === null).toBe(done);
    }
    expect(stops).toBeGreaterThan(3);
    expect(recordRows(gate.desk.db)).toEqual(recordRows(source.desk.db));
  });

  it("takes nothing of a page that is not the cloud's log, and goes on when it is", async () => {
    const { cloud, url } = await startCloud({ page: 10 });
    const answer = answerOf(cloud.archive);
    const first = restoreAt(url);
    // It has begun, and has the first page.
    let had = 0;
    cloud.garble = (text, asked) => (asked > 3 ? "" : text);
    await expect(first.run(answer)).rejects.toThrow(RestoreRefused);
    const lineAt = (text: string, at: number): string => text.split("\n")[at] ?? "";
    const wrong: readonly ((text: string) => string | Buffer)[] = [
      () => "",
      () => "{}\n",
      () => Buffer.from([0x1f, 0x8b, 1, 2, 3]),
      () => Buffer.from("x".repeat(5_000_000)),
      (text) => text.split("\n").slice(0, -3).join("\n"),
      (text) => text.replace(lineAt(text, 4), lineAt(text, 5)),
      (text) => text.replace(`${lineAt(text, 4)}\n`, ""),
      (text) => text.replace('"kind":"', '"kind":"x'),
      (text) => text.replace(/"previous_hash":"[0-9a-f]{4}/u, '"previous_hash":"0000'),
      (text) => text.replace(/"seq":\d+,"epoch":1/u, '"seq":1,"epoch":1'),
      (text) => `${text}${lineAt(text, 1)}\n`,
      (text) => `${lineAt(text, 0)}\n`,
    ];
    for (const garble of wrong) {
      const { store, db } = gate.desk;
      const before = {
        rows: recordRows(db),
        hole: store.restoring.place(),
        lines: store.logLines(0, 1_000_000),
      };
      expect(before.hole).not.toBeNull();
      cloud.garble = garble;
      await expect(restoreAt(url).run(answer)).rejects.toThrow(RestoreRefused);
      const after = {
        rows: recordRows(db),
        hole: store.restoring.place(),
        lines: store.logLines(0, 1_000_000),
      };
      expect(after).toEqual(before);
      had += 1;
    }
    expect(had).toBe(wrong.length);
    cloud.status = 503;
    await expect(restoreAt(url).run(answer)).rejects.toThrow("status 503");
    cloud.status = 200;
    cloud.garble = (text) => text;
    expect(await restoreAt(url).run(answer)).toBe("done");
    expect(recordRows(gate.desk.db)).toEqual(recordRows(source.desk.db));
  });

  it("begins again behind the end of a cloud that was restored meanwhile", async () => {
    const { cloud, url } = await startCloud({ page: 10 });
    const whole = cloud.archive;
    let pages = 0;
    cloud.garble = (text) => (++pages > 4 ? "" : text);
    await expect(restoreAt(url).run(answerOf(whole))).rejects.toThrow(RestoreRefused);
    const reached = gate.desk.store.restoring.place()?.adopted.seq ?? 0;

    // The cloud has lost some of what was adopted already, and all that was not.
    const older = new Archive();
    older.take(source.desk.store, reached - 5);
    cloud.archive = older;
    cloud.garble = (text) => text;
    const { restore, run, stopping } = restoreAt(url);
    const answer = answerOf(older);
    expect(await run(answer)).toBe("done");
    await restore.tellEpoch(answer, stopping.signal);
    expect(cloud.epochs.map(({ epoch, parent }) => [epoch, parent.seq])).toEqual([[3, reached - 5]]);
    // What it lost comes to it again, behind what it has.
    older.take(gate.desk.store);
    expect(older.head).toEqual(gate.desk.store.logHead());
    const rest = whole
      .after(reached - 5, 5)
      .map((line) => JSON.parse(line.split("\t")[0] ?? "") as { event_id: string });
    const sent = older.after(reached - 5).join("\n");
    for (const { event_id } of rest) expect(sent).toContain(event_id);
  });

  it("tells of its epoch when the cloud has all that was before it, not earlier", async () => {
    const { cloud, url } = await startCloud();
    const { restore, run, stopping } = restoreAt(url);
    const answer = answerOf(cloud.archive);
    expect(await run(answer)).toBe("done");
    const head = {
      ...answer.head,
      seq: answer.head.seq - 1,
      hash: cloud.archive.hashAt(answer.head.seq - 1),
    };
    await restore.tellEpoch({ ...answer, head }, stopping.signal);
    expect(cloud.epochs).toEqual([]);
    await restore.tellEpoch(answer, stopping.signal);
    expect(cloud.epochs).toHaveLength(1);
  });

  it("first gets what is left of one in the middle of which the copy was made that is here now", async () => {
    const { cloud, url } = await startCloud({ page: 10 });
    let pages = 0;
    cloud.garble = (text) => (++pages > 4 ? "" : text);
    await expect(restoreAt(url).run(answerOf(cloud.archive))).rejects.toThrow(RestoreRefused);
    gate.live(3);
    backUp(gate.desk.db, folder.path("middle.db"));
    cloud.garble = (text) => text;
    expect(await restoreAt(url).run(answerOf(cloud.archive))).toBe("done");
    gate.live(5);
    cloud.archive.take(gate.desk.store);
    const rows = recordRows(gate.desk.db);

    gate.close();
    gate = new RandomGate(folder.path("middle.db"), 11, 2, 20_000_000);
    expect(await restoreAt(url).run(answerOf(cloud.archive))).toBe("done");
    expect(recordRows(gate.desk.db)).toEqual(rows);
    const lines = gate.desk.store.logLines(0, cloud.archive.head.seq).map(({ line }) => line);
    expect(lines).toEqual(cloud.archive.lines);
  });

  it("takes back what the cloud has already of what was written here, and counts it once", async () => {
    const { cloud, url } = await startCloud();
    gate.live(6);
    backUp(gate.desk.db, folder.path("later.db"));
    expect(await restoreAt(url).run(answerOf(cloud.archive))).toBe("done");
    gate.live(5);
    cloud.archive.take(gate.desk.store);
    const rows = recordRows(gate.desk.db);

    gate.close();
    gate = new RandomGate(folder.path("later.db"), 11, 2, 20_000_000);
    expect(await restoreAt(url).run(answerOf(cloud.archive))).toBe("done");
    expect(recordRows(gate.desk.db)["agent_state"]).toEqual(rows["agent_state"]);
    const ids = gate.column("select event_id from log");
    expect(new Set(ids).size).toBe(ids.length);
    cloud.archive.take(gate.desk.store);
    expect(cloud.archive.head).toEqual(gate.desk.store.logHead());
  });

  it("begins anew behind a cloud that ends before what is left here, and says what is missing", async () => {
    const { cloud, url } = await startCloud();
    const older = new Archive();
    older.take(gate.desk.store, 20);
    cloud.archive = older;
    const { store } = gate.desk;
    store.setUploadCursor(store.logHead().seq);
    await store.pruneLog({ wallMs: END_MS, keepMs: 0 });
    gate.live(5);
    const { anchorSeq } = store.linkState();
    const left = store.logLines(anchorSeq, 1_000_000).length;
    expect(anchorSeq).toBeGreaterThan(20);
    const { restore, run, stopping } = restoreAt(url);
    const answer = answerOf(older, older.head);
    expect(await run(answer)).toBe("done");
    await restore.tellEpoch(answer, stopping.signal);
    expect(cloud.epochs[0]?.reason).toBe(`lines 21 to ${anchorSeq} were pruned at the edge and are missing`);
    older.take(store);
    expect(older.head).toEqual(store.logHead());
    expect(older.head.seq).toBe(20 + left + 1);
  });

  it("is over at once where the cloud knows no more than the gate", async () => {
    const { url } = await startCloud();
    const { store } = gate.desk;
    store.markRestored(store.logHead().seq);
    const { restore, alarms } = restoreAt(url);
    restore.notNeeded();
    expect(store.linkState().restoredSeq).toBeNull();
    expect(alarms).toEqual(["over"]);
  });

  it("says so when the cloud does not take the epoch", async () => {
    const { cloud, url } = await startCloud();
    const { restore, run, stopping } = restoreAt(url);
    const answer = answerOf(cloud.archive);
    await run(answer);
    cloud.status = 409;
    await expect(restore.tellEpoch(answer, stopping.signal)).rejects.toThrow("status 409");
  });
});
