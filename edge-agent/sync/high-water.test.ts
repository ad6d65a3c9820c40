import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import { linkKeeping } from "../store/link-state.ts";
import { createLog } from "../store/log-writer.ts";
import { drawerMoves, ledger } from "../store/money-schema.ts";
import { type HighWaterMark, numberKeeping } from "../store/numbers.ts";
import { newFolder, newMint, open, START_MS, type Folder } from "../store/testing/gate-db.ts";
import { at, cameIn, cash, done, newKey, openMoneyDb, type MoneyDb } from "../store/testing/money-db.ts";
import { noticeRestore, openHighWater } from "./high-water.ts";

const HASH = "ab".repeat(32);
const MARK: HighWaterMark = {
  epoch: 2,
  seq: 750_000,
  hash: HASH,
  receiptNumber: 41,
  receiptHash: HASH,
  zNumber: 3,
  rowNumber: 9,
};
/** Every number as long as it can be. */
const LONG = Number.MAX_SAFE_INTEGER;
const LONGEST = { ...MARK, epoch: LONG, seq: LONG, receiptNumber: LONG, zNumber: LONG, rowNumber: LONG };

const mint = newMint();
let folder: Folder;
let notes: string[];
beforeEach(() => {
  folder = newFolder();
  notes = [];
});
afterEach(() => folder.remove());

const note = { warn: (_fields: object, message: string) => void notes.push(message) };
const openMark = () => openHighWater(folder.path("high-water.json"), note);

describe("the high-water mark", () => {
  it.each([MARK, LONGEST, { ...MARK, receiptHash: null, hash: GENESIS_HASH }])(
    "is read as it was written last, whatever was there before",
    (mark) => {
      const file = openMark();
      expect(file.read()).toBeNull();
      file.write(LONGEST);
      file.write(mark);
      file.close();
      expect(openMark().read()).toEqual(mark);
      expect(statSync(folder.path("high-water.json")).size).toBe(512);
      expect(notes).toEqual([]);
    },
  );

  it("that is not whole says nothing", () => {
    const file = openMark();
    file.write(MARK);
    file.close();
    const path = folder.path("high-water.json");
    const good = readFileSync(path, "latin1");
    const damages = [
      "",
      "{}",
      good.slice(0, 100),
      good.slice(1),
      good.replace("750000", "750001"),
      good.replace('"epoch":2', '"epoch":3'),
      "\0".repeat(512),
      "x".repeat(5_000),
    ];
    for (const [i, damaged] of damages.entries()) {
      writeFileSync(path, damaged, "latin1");
      expect(openMark().read(), "a damaged mark").toBeNull();
      expect(notes).toHaveLength(i + 1);
    }
    // It is made anew over whatever is there.
    const again = openMark();
    again.write(MARK);
    again.close();
    expect(openMark().read()).toEqual(MARK);
  });

  it("that cannot be written is told of once, and throws nothing", () => {
    const file = openHighWater(folder.path("no/such/folder/high-water.json"), note);
    for (let i = 0; i < 3; i++) file.write(MARK);
    expect(file.read()).toBeNull();
    file.close();
    expect(notes).toHaveLength(1);
  });
});

/** A gate that is started, works, and is switched off, as the agent does it. */
function startGate() {
  const file = openMark();
  const mark = file.read();
  const desk = openMoneyDb(folder.path("gate.db"), newMint(), { committed: file.write });
  const restored = noticeRestore(mark, desk.store);
  return {
    ...desk,
    restored,
    stop: (): void => {
      desk.store.close();
      file.close();
    },
  };
}

/** A copy of the database alone, as backups are made; the gate is off. */
const copyTo = (name: string) => copyFileSync(folder.path("gate.db"), folder.path(name));
function putBack(name: string): void {
  for (const rest of ["-wal", "-shm"]) rmSync(folder.path(`gate.db${rest}`), { force: true });
  copyFileSync(folder.path(name), folder.path("gate.db"));
}

function sell(gate: MoneyDb): void {
  const { stayId } = cameIn(gate, null);
  done(gate.store.takePayment(cash(stayId, 500), at(5)));
}

function closeShift({ store }: MoneyDb): number {
  const closed = done(store.closeShift({ actor: "alex", countedMinor: 0, note: "" }, at(9)));
  return closed.z_number ?? 0;
}

describe("a database that was put back from a copy", () => {
  it("knows it without the cloud, and gives no number that was given", () => {
    let gate = startGate();
    sell(gate);
    gate.stop();
    copyTo("copy.db");
    gate = startGate();
    expect(gate.restored).toBe(false);
    for (let i = 0; i < 4; i++) sell(gate);
    done(
      gate.store.moveDrawer(
        { actor: "alex", kind: "drop", amountMinor: 5, reason: "", idempotencyKey: newKey() },
        at(6),
      ),
    );
    expect(closeShift(gate)).toBe(1);
    const before = gate.store.lastNumbers();
    const lastReceipt = gate.store.receiptByNumber(5);
    gate.stop();
    putBack("copy.db");

    gate = startGate();
    expect(gate.restored).toBe(true);
    const head = gate.store.logHead();
    expect(gate.store.linkState()).toMatchObject({
      restoredSeq: head.seq,
      adoptedSeq: null,
      receiptNumber: 5,
    });
    sell(gate);
    expect(gate.store.recentReceipts(9).map(({ receipt }) => receipt.number)).toEqual([6, 1]);
    // The chain of receipts goes on behind those that only the cloud has now.
    expect(gate.store.receiptByNumber(6)?.receipt.previousHash).toBe(lastReceipt?.hash);
    expect(closeShift(gate)).toBe(2);
    const numbers = gate.db.select({ seq: ledger.seq }).from(ledger).all();
    expect(numbers.filter(({ seq }) => seq > 2).every(({ seq }) => seq > before.rowNumber + 1_000_000)).toBe(
      true,
    );
    sell(gate);
    done(
      gate.store.moveDrawer(
        { actor: "alex", kind: "drop", amountMinor: 5, reason: "", idempotencyKey: newKey() },
        at(6),
      ),
    );
    expect(gate.db.select({ id: drawerMoves.id }).from(drawerMoves).all()[0]?.id).toBeGreaterThan(
      before.rowNumber,
    );
    gate.stop();

    // Only a start that follows a restore is one.
    gate = startGate();
    expect(gate.restored).toBe(false);
    expect(gate.store.linkState().restoredSeq).toBe(head.seq);
    gate.stop();
  });

  it("a second time, before the first was made good, still gives no number twice", () => {
    let gate = startGate();
    sell(gate);
    gate.stop();
    copyTo("copy.db");
    for (const numbers of [
      [2, 1],
      [3, 1],
      [4, 1],
    ]) {
      gate = startGate();
      sell(gate);
      expect(gate.store.recentReceipts(9).map(({ receipt }) => receipt.number)).toEqual(numbers);
      gate.stop();
      putBack("copy.db");
    }
  });

  it("and then grew past the mark is known by the line in its place", () => {
    let gate = startGate();
    sell(gate);
    gate.stop();
    copyTo("copy.db");
    gate = startGate();
    sell(gate);
    gate.stop();
    copyFileSync(folder.path("high-water.json"), folder.path("mark"));
    putBack("copy.db");
    rmSync(folder.path("high-water.json"));
    gate = startGate();
    for (let i = 0; i < 3; i++) sell(gate);
    gate.stop();
    copyFileSync(folder.path("mark"), folder.path("high-water.json"));
    gate = startGate();
    expect(gate.restored).toBe(true);
    gate.stop();
  });

  it("to before an epoch that has begun since is known by that", () => {
    const gate = startGate();
    sell(gate);
    expect(noticeRestore({ ...MARK, epoch: 2, seq: 1 }, gate.store)).toBe(true);
    gate.stop();
  });

  it("to after one whose mark is left says nothing: it is what was restored", () => {
    const gate = startGate();
    sell(gate);
    gate.store.setLinkState({ epoch: 5 });
    expect(noticeRestore(MARK, gate.store)).toBe(false);
    gate.stop();
  });
});

type Act =
  | { readonly kind: "work"; readonly commits: number }
  /** Killed: the mark is as it was so many commits ago, as the page cache may lose it with the power. */
  | { readonly kind: "kill"; readonly lag: number }
  | { readonly kind: "copy" }
  | { readonly kind: "put back" };

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("work" as const), commits: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant("kill" as const), lag: fc.integer({ min: 0, max: 6 }) }),
    fc.constant({ kind: "copy" as const }),
    fc.constant({ kind: "put back" as const }),
  ),
  { minLength: 4, maxLength: 14 },
);

/** The log of a gate alone, which is started in a moment. */
function startLog() {
  const file = openMark();
  const mark = file.read();
  const db = open(folder.path("gate.db"));
  const log = createLog(db, {
    mint,
    bootId: "boot",
    monotonicMs: () => 0,
    committed: (place) => file.write({ ...place, ...numbers.lastNumbers() }),
  });
  const numbers = numberKeeping(log.db);
  const { hashAt, linkState } = linkKeeping(log.db);
  const restored = noticeRestore(mark, { logHead: log.head, hashAt, markRestored: numbers.markRestored });
  return {
    mark,
    restored,
    head: log.head,
    linkState,
    write: () => log.writeLog({ kind: "rows.changed", payload: {} }, START_MS),
    stop: (): void => {
      db.$client.close();
      file.close();
    },
  };
}

describe("starts after kills, power cuts and restores", () => {
  it("take for a restore what was one, whenever the mark can tell, and nothing else", () => {
    startLog().stop();
    copyTo("empty.db");
    fc.assert(
      fc.property(acts, (story) => {
        putBack("empty.db");
        copyTo("copy.db");
        rmSync(folder.path("high-water.json"), { force: true });
        /** What the file held after each commit of this history. */
        let marks: Buffer[] = [];
        /** The database was put back, and nothing was written to it since. */
        let old = false;
        let gate = startLog();
        for (const act of story) {
          if (act.kind === "work") {
            for (let i = 0; i < act.commits; i++) {
              gate.write();
              marks.push(readFileSync(folder.path("high-water.json")));
            }
            old = false;
            continue;
          }
          gate.stop();
          if (act.kind === "copy") copyTo("copy.db");
          if (act.kind === "put back") {
            putBack("copy.db");
            old = true;
          }
          const older = act.kind === "kill" ? marks.at(-1 - act.lag) : undefined;
          if (older !== undefined) writeFileSync(folder.path("high-water.json"), older);
          gate = startLog();
          const { seq } = gate.head();
          // The mark may have lagged to what the copy had: then only the cloud can tell.
          expect(gate.restored).toBe(old && (gate.mark?.seq ?? 0) > seq);
          if (gate.restored) {
            marks = [];
            expect(gate.linkState().restoredSeq).toBeLessThanOrEqual(seq);
          }
        }
        gate.stop();
      }),
      { numRuns: 20 },
    );
  });
});
