import { copyFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adoptAll, Archive, backUp, recordRows, type RecordRows } from "./testing/archive.ts";
import { newFolder, START_MS, type Folder } from "./testing/gate-db.ts";
import { RandomGate, randomOf } from "./testing/random-gate.ts";
import { conflictsAfter } from "./restore-conflicts.ts";
import { imageRow, type ImageRow } from "./restore-lines.ts";
import { TABLES } from "./restore-tables.ts";

/** Gates that went on after they were restored, before the cloud told them what they had forgotten. */

const RUNS = Number(process.env["PARKME_RESTORES"] ?? 40);
const PATIENCE_MS = 60_000 + RUNS * 3_000;
const END_MS = START_MS + 90 * 86_400_000;
const MERGED = new Set(["zone_counts", "agent_state"]);

let folder: Folder;
beforeAll(() => {
  folder = newFolder();
  new RandomGate(folder.path("empty.db"), 0).close();
});
afterAll(() => {
  folder.remove();
});

let serial = 0;
function copyOf(path: string): string {
  const copy = folder.path(`gate-${serial++}.db`);
  copyFileSync(path, copy);
  return copy;
}

/** What a row is, apart from the number that its table gave it and from what is kept of it by others. */
function contentOf(name: string, row: object): string {
  const number = TABLES.get(name)?.number;
  const columns = Object.entries(row).filter(([column]) => column !== number && column !== "balance_minor");
  return JSON.stringify(Object.fromEntries(columns));
}

type Known = { readonly db: RandomGate["desk"]["db"]; readonly rows: RecordRows };

/** Those of `wanted` that are neither in the state, nor among the conflicts. */
function missing(wanted: RecordRows, { db, rows }: Known): readonly string[] {
  const kept = new Set(
    conflictsAfter(db, 0).map(
      ({ tableName, row }) => `${tableName} ${contentOf(tableName, imageRow(row) ?? {})}`,
    ),
  );
  return Object.entries(wanted).flatMap(([name, its]) => {
    if (MERGED.has(name)) return [];
    const there = new Set((rows[name] ?? []).map((row) => contentOf(name, row)));
    return its
      .map((row) => contentOf(name, row))
      .filter((row) => !there.has(row) && !kept.has(`${name} ${row}`))
      .map((row) => `${name} ${row}`);
  });
}

/** What was written in one of two states that come of the same. */
function writtenSince(rows: RecordRows, before: RecordRows): RecordRows {
  return Object.fromEntries(
    Object.entries(rows).map(([name, its]) => {
      const was = new Set((before[name] ?? []).map((row) => JSON.stringify(row)));
      return [name, its.filter((row) => !was.has(JSON.stringify(row)))];
    }),
  );
}

function rowsOf(rows: RecordRows, name: string): readonly ImageRow[] {
  return (rows[name] ?? []) as readonly ImageRow[];
}

/** What the facility's count must be: that of the cloud and what passed here, or what somebody counted here. */
function insideOf(source: RecordRows, ours: RecordRows, local: RecordRows): number {
  const counted = rowsOf(ours, "count_corrections").some(({ zone }) => zone === null);
  if (counted) return Number(rowsOf(local, "agent_state")[0]?.["inside"]);
  const passed = rowsOf(ours, "movements").filter(({ scope }) => scope === "facility");
  const by = passed.reduce((sum, { direction }) => sum + (direction === "in" ? 1 : -1), 0);
  return Number(rowsOf(source, "agent_state")[0]?.["inside"]) + by;
}

/** Sums of the ledger by side. */
function sumsOf(...all: readonly RecordRows[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = { charged: 0, validated: 0, credited: 0 };
  for (const rows of all) {
    for (const { side, amount_minor: minor } of rowsOf(rows, "ledger"))
      sums[String(side)] = (sums[String(side)] ?? 0) + Number(minor);
  }
  return sums;
}

const UNBALANCED =
  "select id from stays where balance_minor <> (select coalesce(sum(amount_minor), 0) from ledger where stay_id = stays.id)";

type Way = {
  /** By the mark outside of the database: numbers keep out of each other's way from the start. */
  readonly noticed: boolean;
  /** Nothing was left of the database, and there was no backup. */
  readonly lost: boolean;
  /** The gate goes on while it adopts. */
  readonly busy: boolean;
};

type Forked = {
  readonly gate: RandomGate;
  readonly archive: Archive;
  /** What each side wrote behind what both had, as it was when the gate began to adopt. */
  readonly theirs: RecordRows;
  readonly ours: RecordRows;
  readonly common: RecordRows;
  readonly source: RecordRows;
  readonly local: RecordRows;
  readonly now: RecordRows;
};

/** Lives two stories that begin with the same backup, and has one gate adopt the other's. */
function fork(seed: number, { noticed, lost, busy }: Way): Forked {
  const random = randomOf(seed);
  const first = new RandomGate(copyOf(folder.path("empty.db")), seed);
  first.live(random.below(30));
  const backup = folder.path(`backup-${serial++}.db`);
  backUp(first.desk.db, backup);
  first.live(1 + random.below(40));
  const archive = new Archive();
  archive.take(first.desk.store);

  const gate = new RandomGate(lost ? copyOf(folder.path("empty.db")) : backup, seed, 1, 10_000_000);
  const { store, db } = gate.desk;
  if (noticed) store.markRestored(store.logHead().seq, first.desk.store.lastNumbers());
  const common = recordRows(db);
  gate.live(1 + random.below(30));
  const [source, local] = [recordRows(first.desk.db), recordRows(db)];
  const goOn = (): void => {
    if (busy && store.restoring.place() !== null && random.chance(0.3)) gate.live(1);
  };
  adoptAll(store, archive, { wallMs: END_MS, atOnce: 1 + random.below(30), between: goOn });
  first.close();
  const [theirs, ours] = [writtenSince(source, common), writtenSince(local, common)];
  return { gate, archive, theirs, ours, common, source, local, now: recordRows(db) };
}

function addedOnly(rows: RecordRows): RecordRows {
  return Object.fromEntries(
    Object.entries(rows).filter(([name]) => {
      const table = TABLES.get(name);
      return table !== undefined && (table.addedOnly || table.number !== null);
    }),
  );
}

/** What must hold however two stories came together. */
function expectWhole({ gate, archive, ours, theirs, common, now }: Forked, { busy }: Way): void {
  const { db, store } = gate.desk;
  const known = { db, rows: now };
  expect(missing(busy ? addedOnly(theirs) : theirs, known)).toEqual([]);
  expect(missing(busy ? addedOnly(ours) : ours, known)).toEqual([]);
  expect(gate.column(UNBALANCED)).toEqual([]);
  expect(db.$client.pragma("foreign_key_check")).toEqual([]);
  if (!busy) expect(sumsOf(now)).toEqual(sumsOf(common, addedOnly(ours), addedOnly(theirs)));
  // Its log goes on behind the cloud's, in a new epoch.
  const { epoch } = archive.head;
  const known2 = new Archive(archive);
  known2.take(store);
  expect(known2.head).toEqual(store.logHead());
  expect(known2.head.epoch).toBe(epoch + 1);
}

describe("a gate that went on before it was told what it had forgotten", () => {
  it.each([
    { noticed: true, lost: false, busy: false },
    { noticed: true, lost: false, busy: true },
    { noticed: false, lost: false, busy: false },
    { noticed: false, lost: true, busy: false },
    { noticed: false, lost: true, busy: true },
  ])(
    "loses nothing of either side: %o",
    (way) => {
      for (let seed = 1; seed <= Math.ceil(RUNS / 3); seed += 1) {
        const forked = fork(seed, way);
        expectWhole(forked, way);
        const { gate, source, local, ours, now } = forked;
        if (!way.busy) expect(gate.desk.store.inside()).toBe(Math.max(0, insideOf(source, ours, local)));
        if (way.noticed) {
          // Nothing had to give way: the two differ in rows that both have changed.
          const reasons = new Set(conflictsAfter(gate.desk.db, 0).map(({ reason }) => reason));
          for (const reason of reasons) expect(["changed_here", "further_on", "ended"]).toContain(reason);
          const numbers = rowsOf(now, "receipts").map(({ number }) => Number(number));
          expect(numbers).toEqual(numbers.map((_, i) => i + 1));
        }
        gate.close();
      }
    },
    120_000,
  );

  it(
    "tells the cloud all that it takes to have the same once more",
    () => {
      for (let seed = 1; seed <= Math.ceil(RUNS / 3); seed += 1) {
        const { gate, archive } = fork(seed, { noticed: true, lost: false, busy: seed % 2 === 0 });
        archive.take(gate.desk.store);
        const again = new RandomGate(copyOf(folder.path("empty.db")), seed, 2, 20_000_000);
        adoptAll(again.desk.store, archive, { wallMs: END_MS, atOnce: 10 });
        expect({ seed, ...recordRows(again.desk.db) }).toEqual({ seed, ...recordRows(gate.desk.db) });
        gate.close();
        again.close();
      }
    },
    PATIENCE_MS,
  );
});
