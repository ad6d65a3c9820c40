import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { AttemptId, IdMint } from "@parkme/shared/domain/ids";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import type { GateDatabase } from "./open.ts";
import { attemptSteps, paymentAttempts } from "./money-schema.ts";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let stay: StayInHand;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  ({ db, store } = openStore(folder.path("gate.db"), mint));
  const make = recordsOf(mint);
  stay = make.stay("BAB1234");
  store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
});
afterEach(() => {
  store.close();
  folder.remove();
});

const newAttempt = (): AttemptId => mint.next<AttemptId>(START_MS);

function step(attemptId: AttemptId, status: AttemptStatus, more: Partial<StepOf> = {}): GateRecord {
  return {
    type: "attempt",
    attemptId,
    stayId: stay.stayId,
    amountMinor: 500,
    status,
    receipt: null,
    detail: status,
    ...more,
  };
}
type StepOf = Extract<GateRecord, { type: "attempt" }>;

function write(record: GateRecord, atMs = 0, lane = "exit"): void {
  store.commit(turn([record], { lane, now: { wallMs: START_MS + atMs, monotonicMs: atMs } }));
}

describe("a card payment", () => {
  it("is written before the terminal is asked, and every step of it is kept", () => {
    const id = newAttempt();
    write(step(id, "begun"), 1);
    expect(store.openAttempts("exit")).toEqual([
      {
        attemptId: id,
        stayId: stay.stayId,
        lane: "exit",
        amountMinor: 500,
        status: "begun",
        receipt: null,
      },
    ]);
    write(step(id, "unknown"), 2);
    write(step(id, "reversing", { receipt: "R-77" }), 3);
    write(step(id, "reversed"), 4);
    expect(db.select().from(paymentAttempts).all()).toMatchObject([
      { id, status: "reversed", receipt: "R-77", begunAt: START_MS + 1, updatedAt: START_MS + 4 },
    ]);
    const kept = db.select().from(attemptSteps).all();
    expect(kept.map(({ status, at }) => [status, at - START_MS])).toEqual([
      ["begun", 1],
      ["unknown", 2],
      ["reversing", 3],
      ["reversed", 4],
    ]);
  });

  it.each([
    ["begun", true],
    ["unknown", true],
    ["reversing", true],
    ["approved", false],
    ["declined", false],
    ["refused", false],
    ["reversed", false],
  ] as const)("that is %s is open: %s, also after a restart", (status, open) => {
    const id = newAttempt();
    write(step(id, "begun"));
    if (status !== "begun") write(step(id, status));
    store.close();
    ({ db, store } = openStore(folder.path("gate.db"), mint));
    expect(store.openAttempts().map(({ attemptId }) => attemptId)).toEqual(open ? [id] : []);
  });

  it("belongs to its lane, the oldest first", () => {
    const [late, early, elsewhere] = [newAttempt(), newAttempt(), newAttempt()];
    write(step(late, "begun"), 9);
    write(step(early, "unknown"), 3);
    write(step(elsewhere, "begun"), 1, "exit-2");
    expect(store.openAttempts("exit").map(({ attemptId }) => attemptId)).toEqual([early, late]);
    expect(store.openAttempts("exit-2").map(({ attemptId }) => attemptId)).toEqual([elsewhere]);
    expect(store.openAttempts()).toHaveLength(3);
    expect(store.openAttempts("entry")).toEqual([]);
  });

  it("belongs to its stay, wherever it was begun, until it is settled", () => {
    const [here, elsewhere] = [newAttempt(), newAttempt()];
    const { stayId } = stay;
    write(step(here, "begun"), 1);
    write(step(elsewhere, "unknown"), 2, "lobby");
    expect(store.openAttemptsOf(stayId).map(({ lane }) => lane)).toEqual(["exit", "lobby"]);
    write(step(here, "declined"), 3);
    expect(store.openAttemptsOf(stayId)).toEqual([store.openAttempts("lobby")[0]]);
    expect(store.openAttemptsOf(mint.next(START_MS))).toEqual([]);
  });

  it("is of a stay that there is", () => {
    expect(() => write(step(newAttempt(), "begun", { stayId: mint.next(START_MS) }))).toThrow(/FOREIGN KEY/);
    expect(store.openAttempts()).toEqual([]);
  });

  it("is told to the cloud step by step, without words that it would not take", () => {
    const id = newAttempt();
    write(step(id, "begun"));
    write(step(id, "approved", { receipt: "7".repeat(200), detail: "x".repeat(400) }));
    const told = store
      .logAfter(2, 10)
      .map(({ kind, payload }) => [kind, payload["status"], payload["receipt"]]);
    expect(told).toEqual([
      ["attempt.changed", "begun", null],
      ["attempt.changed", "approved", "7".repeat(80)],
    ]);
  });
});
