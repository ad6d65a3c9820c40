import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { IdMint, StayId } from "@parkme/shared/domain/ids";
import { agentState } from "./schema.ts";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  ({ store } = openStore(folder.path("gate.db"), mint));
  make = recordsOf(mint);
});
afterEach(() => {
  store.close();
  folder.remove();
});

function cameIn(plate: string | null, atMs = START_MS): StayInHand {
  const stay = make.stay(plate, atMs);
  store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
  return stay;
}

describe("who is inside", () => {
  it("is found by the plate and by what it may be misread as, the newest first", () => {
    const older = cameIn("B0B123", START_MS - 2_000);
    const newer = cameIn("BOB123", START_MS - 1_000);
    cameIn("BXB123");
    cameIn(null);
    const admitted = make.stay("8OB123");
    store.commit(turn([make.started(admitted)]));
    const ids = store.insideLike("BOB123").map(({ stayId }) => stayId);
    expect(ids).toEqual([admitted.stayId, newer.stayId, older.stayId]);
    expect(store.insideLike("BOB123")[1]).toEqual({
      stayId: newer.stayId,
      ticketNumber: newer.ticketNumber,
      plate: "BOB123",
      entryWallMs: START_MS - 1_000,
      status: "open",
      right: null,
      missedExit: false,
      neutral: false,
    });
    expect(store.insideLike("BOB1234")).toEqual([]);
  });

  it("is told with a missed exit, and not any more when it has left", () => {
    const stay = cameIn("BAB1234");
    store.commit(turn([{ type: "stay_review", stayId: stay.stayId, review: "missed_exit" }]));
    expect(store.insideLike("BAB1234")[0]?.missedExit).toBe(true);
    store.commit(turn([make.moved("out", stay.stayId)]));
    expect(store.insideLike("BAB1234")).toEqual([]);
  });

  it("is at most ten candidates", () => {
    for (let i = 0; i < 12; i++) cameIn("BAB1234", START_MS + i);
    expect(store.insideLike("BAB1234")).toHaveLength(10);
    expect(store.insideLike("BAB1234")[0]?.entryWallMs).toBe(START_MS + 11);
  });
});

describe("the count", () => {
  const step = fc.record({
    how: fc.constantFrom("enter", "leave", "ghost"),
    lane: fc.constantFrom("a", "b"),
  });

  it("is the movements in less the movements out, and agrees with stays, totals and lanes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const at = folder.path(`count-${mint.next(START_MS)}.db`);
        const { store: counted } = openStore(at, mint);
        const parked: StayId[] = [];
        let [entered, left] = [0, 0];
        for (const { how, lane } of steps) {
          const records: GateRecord[] = [];
          if (how === "enter") {
            const stay = make.stay(null);
            records.push(make.started(stay), make.moved("in", stay.stayId));
            parked.push(stay.stayId);
            entered += 1;
          } else {
            // A ghost leaves without anybody knowing of its entry.
            const stayId = how === "leave" ? (parked.shift() ?? null) : null;
            records.push(make.moved("out", stayId));
            left += 1;
          }
          counted.commit(turn(records, { lane }));
        }
        expect(counted.inside()).toBe(Math.max(0, entered - left));
        expect(counted.totalsSince(START_MS)).toMatchObject({ in: entered, out: left });
        const byLane = counted.movementCounts();
        expect(byLane.reduce((sum, { n }) => sum + n, 0)).toBe(entered + left);
        expect(counted.recentMovements(100)).toHaveLength(entered + left);
        counted.close();
      }),
      { numRuns: 20 },
    );
  });

  it("of a miscount reads as none, not as less, and is right again afterwards", () => {
    store.commit(turn([make.moved("out", null)]));
    expect(store.inside()).toBe(0);
    cameIn("BAB1234");
    cameIn("HHCD77");
    expect(store.inside()).toBe(1);
  });

  it("survives a restart", () => {
    cameIn("BAB1234");
    store.close();
    ({ store } = openStore(folder.path("gate.db"), mint));
    expect(store.inside()).toBe(1);
    expect(store.epoch).toBe(2);
  });
});

describe("attendants' questions", () => {
  it("a payment and a vend are found again by their keys", () => {
    const stay = cameIn("BAB1234");
    const payment = make.paid(stay.stayId, 500, "cash-1");
    store.commit(turn([payment, make.vended("vend-1")]));
    const paymentId = payment.type === "payment" ? payment.paymentId : null;
    expect(store.paymentByKey("cash-1")).toMatchObject({ paymentId, changeMinor: 0, stayId: stay.stayId });
    expect(store.paymentByKey("cash-2")).toBeNull();
    expect(store.vendExists("vend-1")).toBe(true);
    expect(store.vendExists("vend-2")).toBe(false);
  });

  it("totals begin at the moment asked for, inclusive", () => {
    const stay = cameIn("BAB1234");
    const later = { now: { wallMs: START_MS + 1_000, monotonicMs: 0 } };
    store.commit(turn([make.paid(stay.stayId, 500)]));
    store.commit(turn([make.paid(stay.stayId, 300), make.moved("out", stay.stayId)], later));
    const none = { in: 0, out: 0, cashMinor: 0, cardMinor: 0 };
    expect(store.totalsSince(START_MS)).toEqual({ ...none, in: 1, out: 1, cashMinor: 800 });
    expect(store.totalsSince(START_MS + 1_000)).toEqual({ ...none, out: 1, cashMinor: 300 });
    expect(store.totalsSince(START_MS + 1_001)).toEqual(none);
  });

  it("totals know cash from cards, and a way from one zone into another from a way in", () => {
    const stay = cameIn("BAB1234");
    const card = { ...make.paid(stay.stayId, 700), method: "card", actor: "terminal" } as GateRecord;
    const ramp = make.moved("in", stay.stayId, { scope: "zone", zones: [{ zone: "level-2", by: 1 }] });
    store.commit(turn([make.paid(stay.stayId, 500), card, ramp]));
    expect(store.totalsSince(START_MS)).toEqual({ in: 1, out: 0, cashMinor: 500, cardMinor: 700 });
  });

  it("recent movements come newest first, with ticket and fee", () => {
    const stay = cameIn("BAB1234");
    store.commit(turn([make.moved("out", null, { plate: "HHCD77" })], { lane: "exit" }));
    const recent = store.recentMovements(10);
    expect(recent.map(({ direction, plate }) => [direction, plate])).toEqual([
      ["out", "HHCD77"],
      ["in", null],
    ]);
    expect(recent[1]).toMatchObject({ ticket_number: stay.ticketNumber, lane: "entry", fee_minor: null });
    expect(store.recentMovements(1)).toHaveLength(1);
    expect(store.ticketExists(stay.ticketNumber)).toBe(true);
    expect(store.ticketExists(mint.ticketNumber())).toBe(false);
  });
});

describe("what is forgotten", () => {
  it("are reads from before a moment, and nothing else", () => {
    const read = (sourceId: string, wallMs: number) => ({
      plate: "BAB1234",
      raw: "B",
      confidence: null,
      camera: "cam",
      sourceId,
      claimedAtMs: null,
      imageId: null,
      at: { wallMs, monotonicMs: 0 },
    });
    const stay = cameIn("BAB1234", START_MS - 10_000);
    store.commit(turn([], { reads: [read("old", START_MS - 1), read("new", START_MS)] }));
    expect(store.forgetReadsBefore(START_MS)).toBe(1);
    expect([store.wasRead("cam", "old"), store.wasRead("cam", "new")]).toEqual([false, true]);
    expect(store.insideLike("BAB1234")[0]?.stayId).toBe(stay.stayId);
  });
});

it("says when the database is gone", () => {
  const { store: gone } = openStore(folder.path("gone.db"), mint);
  expect(() => gone.ping()).not.toThrow();
  gone.close();
  expect(() => gone.ping()).toThrow(/not open/);
  expect(() => gone.commit(turn([make.vended()]))).toThrow(/not open/);
});

it("has one row of itself, whatever happens", () => {
  const { db, store: own } = openStore(folder.path("own.db"), mint);
  expect(db.select().from(agentState).all()).toEqual([
    { id: 1, epoch: 1, inside: 0, uploadCursor: 0, remoteCursor: 0 },
  ]);
  expect(() => db.insert(agentState).values({ id: 2, epoch: 1, inside: 0, uploadCursor: 0 }).run()).toThrow(
    /CHECK/,
  );
  own.close();
});
