import { count, eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import { log } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn, type Folder } from "./testing/gate-db.ts";

const DAY_MS = 86_400_000;
const KEEP_MS = 35 * DAY_MS;

let folder: Folder;
let db: GateDatabase;
let store: Store;
const mint = newMint();
const make = recordsOf(mint);
beforeEach(() => {
  folder = newFolder();
  ({ db, store } = openStore(folder.path("gate.db"), mint));
});
afterEach(() => {
  store.close();
  folder.remove();
});

/** One line a day from the start on, or at the days that are given. */
function write(days: number | readonly number[]): void {
  const at = typeof days === "number" ? Array.from({ length: days }, (_, day) => day) : days;
  for (const day of at)
    store.commit(turn([make.vended()], { now: { wallMs: START_MS + day * DAY_MS, monotonicMs: 0 } }));
}

/** So many lines at the start, in one turn. */
function writeAtOnce(lines: number): void {
  store.commit(turn(Array.from({ length: lines }, () => make.vended())));
}

const prune = (day: number, keepMs = KEEP_MS): Promise<number> =>
  store.pruneLog({ wallMs: START_MS + day * DAY_MS, keepMs });
const left = (): number[] => store.logLines(0, 10_000).map(({ seq }) => seq);
const anchor = () => {
  const { anchorSeq, anchorHash } = store.linkState();
  return { anchorSeq, anchorHash };
};

describe("the log", () => {
  it("loses what the cloud has and is older than the window, and nothing else", async () => {
    write(60);
    const all = store.logLines(0, 100);
    store.setUploadCursor(50);
    // Days 0 to 15 are old enough on day 50: lines 1 to 16.
    expect(await prune(50)).toBe(16);
    expect(store.logLines(0, 100)).toEqual(all.slice(16));
    expect(anchor()).toEqual({ anchorSeq: 16, anchorHash: all[15]?.hash });
    // Days later no more than what was acknowledged.
    expect(await prune(5_000)).toBe(34);
    expect(left()).toEqual([51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
    expect(await prune(5_000)).toBe(0);
  });

  it("is whole behind what is gone: places, hashes and what is written next", async () => {
    write(40);
    const all = store.logLines(0, 100);
    store.setUploadCursor(40);
    expect(await prune(1_000)).toBe(40);
    const last = all[39]?.hash ?? "";
    expect([left(), store.logHead()]).toEqual([[], { epoch: 1, seq: 40, hash: last }]);
    expect(store.logLocator()).toEqual([{ epoch: 1, seq: 40, hash: last }]);
    expect([store.hashAt(40), store.hashAt(39), store.hashAt(0)]).toEqual([last, null, null]);
    write(2);
    expect(left()).toEqual([41, 42]);
    expect(store.damagedLine(41, 42)).toBeNull();
    const path = folder.path("gate.db");
    store.close();
    ({ db, store } = openStore(path, mint));
    write(1);
    expect(left()).toEqual([41, 42, 43]);
    expect(store.damagedLine(41, 43)).toBeNull();
    expect(store.logLocator().map(({ seq }) => seq)).toEqual([43, 42, 40]);
  });

  it("loses what the cloud has at once when there is no room, and never more", async () => {
    writeAtOnce(30);
    store.setUploadCursor(12);
    expect(await prune(0, 0)).toBe(12);
    expect(left()[0]).toBe(13);
  });

  it("keeps all that was not acknowledged, however old", async () => {
    writeAtOnce(500);
    expect([await prune(10_000), await prune(10_000, 0)]).toEqual([0, 0]);
    expect([left().length, anchor()]).toEqual([500, { anchorSeq: 0, anchorHash: GENESIS_HASH }]);
  });

  it("keeps all while the database is being restored: the cloud asks what it has", async () => {
    writeAtOnce(10);
    store.setUploadCursor(10);
    store.markRestored(10);
    expect([await prune(5_000), await prune(5_000, 0)]).toEqual([0, 0]);
    store.setLinkState({ restoredSeq: null });
    expect(await prune(5_000)).toBe(10);
  });

  it.each<[string, number[], number, number]>([
    ["was ten years behind for a while", [0, 1, -3_650, -3_649, 2, 3, 4, 5], 38, 6],
    ["was ten years behind when it was young", [-3_650, -3_650, 0, 1, 2], 36, 4],
    ["was ten years ahead for a while", [0, 1, 3_650, 3_651, 2, 3, 4, 5], 38, 6],
    ["is ten years ahead since, and nobody knows how old that is", [0, 1, 3_650, 3_651], 100, 2],
    ["went back a little at the end of summer", [0, 1, 0.96, 2, 3], 36, 3],
    ["is now ten years behind", [0, 1, 2, 3], -3_650, 0],
    ["stood still", [1, 1, 1, 1], 36, 4],
  ])("keeps what may be young when its clock %s", async (_what, days, today, gone) => {
    write(days);
    store.setUploadCursor(days.length);
    expect(await prune(today)).toBe(gone);
  });

  it("is pruned a little at a time, so that lanes write in between", async () => {
    writeAtOnce(900);
    store.setUploadCursor(900);
    const pruning = prune(5_000, 0);
    let between = 0;
    for (;;) {
      const done = await Promise.race([pruning, new Promise((soon) => setTimeout(soon, 0, "soon"))]);
      const rows = db.select({ n: count() }).from(log).get()?.n ?? 0;
      // The rest is whole at every moment.
      const { anchorSeq, anchorHash } = anchor();
      const first = store.logLines(0, 1)[0];
      if (first !== undefined) expect(first.seq).toBe(anchorSeq + 1);
      expect(store.hashAt(anchorSeq)).toBe(anchorHash);
      if (rows > 0 && rows < 900) between += 1;
      if (done !== "soon") break;
    }
    expect(between).toBeGreaterThan(1);
    expect(await pruning).toBe(900);
  });

  it("that the disk refuses to prune stays as it is, and is pruned later", async () => {
    writeAtOnce(10);
    store.setUploadCursor(10);
    db.$client.pragma("query_only = ON");
    await expect(prune(5_000)).rejects.toThrow(/readonly/);
    db.$client.pragma("query_only = OFF");
    expect(left()).toHaveLength(10);
    expect(await prune(5_000)).toBe(10);
  });

  it("knows which of its lines is not what it was", () => {
    writeAtOnce(20);
    expect(store.damagedLine(1, 20)).toBeNull();
    db.update(log).set({ payload: "{}" }).where(eq(log.seq, 13)).run();
    expect([store.damagedLine(1, 20), store.damagedLine(1, 12), store.damagedLine(14, 20)]).toEqual([
      13,
      null,
      null,
    ]);
    db.delete(log).where(eq(log.seq, 5)).run();
    expect(store.damagedLine(1, 20)).toBe(5);
  });
});

describe("the places of the log", () => {
  it("lie close together at its end, and ever further apart, and name what was asked for", () => {
    writeAtOnce(300);
    const seqs = (which: Parameters<Store["logLocator"]>[0]) => store.logLocator(which).map(({ seq }) => seq);
    expect(seqs({})).toEqual([300, 299, 297, 293, 285, 269, 237, 173, 45, 0]);
    expect(seqs({ also: [250, 300] })).toEqual([300, 299, 297, 293, 285, 269, 250, 237, 173, 45, 0]);
    expect(seqs({ from: 9, also: [250, 4] })).toEqual([9, 8, 6, 4, 2, 0]);
    expect(seqs({ from: 0 })).toEqual([0]);
    expect(store.logLocator().every(({ seq, hash }) => store.hashAt(seq) === hash)).toBe(true);
  });

  it("of an empty log are the one before the first line", () => {
    expect(store.logLocator()).toEqual([{ epoch: 1, seq: 0, hash: GENESIS_HASH }]);
    expect([store.hashAt(0), store.hashAt(1)]).toEqual([GENESIS_HASH, null]);
  });
});
