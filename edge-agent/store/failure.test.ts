import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { GateDatabase } from "./open.ts";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, recordsOf, turn, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  ({ db, store } = openStore(folder.path("gate.db"), mint));
  make = recordsOf(mint);
});
afterEach(() => {
  store.close();
  folder.remove();
});

/** Long enough that a busy machine does not fail it, short enough that a gate which waits does. */
const QUICKLY_MS = 10_000;

function cameIn(plate: string): void {
  const stay = make.stay(plate);
  store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
}

/** Fills the database up to a limit of pages, as a disk that is full refuses the next one. */
function fillTheDisk(): void {
  const pages = Number(db.$client.pragma("page_count", { simple: true }));
  db.$client.pragma(`max_page_count = ${pages}`);
  const alarm: GateRecord = { type: "alarm", kind: "tailgate", detail: "x".repeat(2_000) };
  expect(() => {
    for (let i = 0; i < 1_000; i++) store.commit(turn([alarm]));
  }).toThrow(/database or disk is full/);
}

describe("a disk that is full", () => {
  it("refuses at once, changes nothing, and is asked about what there is", () => {
    cameIn("BAB1234");
    fillTheDisk();
    const before = [store.inside(), store.lastLogSeq(), store.recentAlarms(1_000).length];
    const stay = make.stay("HHCD77");
    const startedMs = performance.now();
    expect(() =>
      store.commit(
        turn([
          { type: "alarm", kind: "tailgate", detail: "x".repeat(8_000) },
          make.started(stay),
          make.moved("in", stay.stayId),
        ]),
      ),
    ).toThrow(/full/);
    expect(performance.now() - startedMs).toBeLessThan(QUICKLY_MS);
    expect([store.inside(), store.lastLogSeq(), store.recentAlarms(1_000).length]).toEqual(before);
    expect(store.insideLike("BAB1234")).toHaveLength(1);
    expect(store.insideLike("HHCD77")).toEqual([]);
    expect(
      store.stayByTicket(store.insideLike("BAB1234")[0]?.ticketNumber ?? mint.ticketNumber()),
    ).not.toBeNull();
    expect(() => store.ping()).not.toThrow();
  });

  it("that has room again is written to again", () => {
    fillTheDisk();
    db.$client.pragma("max_page_count = 1000000");
    cameIn("BAB1234");
    expect(store.inside()).toBe(1);
    expect(db.$client.pragma("integrity_check", { simple: true })).toBe("ok");
  });

  it("refuses also what attendants ask for, and leaves it undone", () => {
    store.commit(turn([{ type: "alarm", kind: "fire", detail: "" }]));
    const id = store.openAlarms()[0]?.alarm_id ?? "";
    db.$client.pragma("query_only = ON");
    const now = { wallMs: 1, monotonicMs: 1 };
    const by = { actor: "alex", reason: "r", idempotencyKey: "k" };
    expect(() => store.correctCount({ zone: null, count: 5, ...by }, now)).toThrow(/readonly/);
    expect(() => store.acknowledgeAlarm(id, "alex", 1)).toThrow(/readonly/);
    expect(() => store.neutralReset(by, now)).toThrow(/readonly/);
    db.$client.pragma("query_only = OFF");
    expect([store.inside(), store.openAlarms()[0]?.acknowledged_at, store.lastLogSeq()]).toEqual([
      0,
      null,
      1,
    ]);
    expect(store.correctCount({ zone: null, count: 5, ...by }, now)).toMatchObject({ ok: true });
  });
});

describe("a database that somebody else holds", () => {
  it("is waited for a moment, then refuses; its readers do not wait", () => {
    cameIn("BAB1234");
    const other = new Database(folder.path("gate.db"));
    other.exec("begin immediate");
    const startedMs = performance.now();
    expect(() => cameIn("HHCD77")).toThrow(/locked/);
    expect(performance.now() - startedMs).toBeLessThan(QUICKLY_MS);
    expect([store.inside(), store.insideLike("BAB1234").length]).toEqual([1, 1]);
    other.exec("rollback");
    other.close();
    cameIn("HHCD77");
    expect(store.inside()).toBe(2);
  });
});

describe("a database that is damaged in one place", () => {
  it("refuses what would be written there, and answers from the rest", () => {
    cameIn("BAB1234");
    store.close();
    const path = folder.path("gate.db");
    const file = new Database(path);
    file.pragma("wal_checkpoint(TRUNCATE)");
    const root = Number(file.prepare("select rootpage from sqlite_master where name = 'log'").pluck().get());
    const size = Number(file.pragma("page_size", { simple: true }));
    file.close();
    const handle = openSync(path, "r+");
    writeSync(handle, Buffer.alloc(size, 0xa5), 0, size, (root - 1) * size);
    closeSync(handle);
    expect(
      readFileSync(path)
        .subarray((root - 1) * size, root * size)
        .every((byte) => byte === 0xa5),
    ).toBe(true);

    ({ db, store } = openStore(path, mint));
    const startedMs = performance.now();
    expect(() => cameIn("HHCD77")).toThrow(/malformed/);
    expect(performance.now() - startedMs).toBeLessThan(QUICKLY_MS);
    expect(() => store.logAfter(0, 10)).toThrow(/malformed/);
    expect([store.inside(), store.insideLike("BAB1234").length, store.insideLike("HHCD77").length]).toEqual([
      1, 1, 0,
    ]);
  });
});
