import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { zonePath } from "@parkme/shared/domain/facility";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { GateDatabase } from "./open.ts";
import { agentState, countCorrections, zoneCounts } from "./schema.ts";
import type { Store } from "./store.ts";
import {
  HOUSE,
  newFolder,
  newMint,
  openStore,
  recordsOf,
  START_MS,
  turn,
  type Folder,
} from "./testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
let keys = 0;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  ({ db, store } = openStore(folder.path("gate.db"), mint, HOUSE));
  make = recordsOf(mint);
});
afterEach(() => {
  store.close();
  folder.remove();
});

const now = (atMs = 0) => ({ wallMs: START_MS + atMs, monotonicMs: atMs });
const ZONES = HOUSE.zones.map(({ name }) => name);

/** A vehicle comes in from outside, straight into a zone; null is the facility without one. */
function comesIn(stay: StayInHand, zone: string | null): GateRecord[] {
  const entered = zone === null ? [] : zonePath(zone, HOUSE.zones);
  const zones = entered.map((name) => ({ zone: name, by: 1 }) as const);
  return [make.started(stay, { zone }), make.moved("in", stay.stayId, { zones })];
}

function insideOf(place: string | null): number | undefined {
  return store.occupancy(START_MS).get(place)?.inside;
}

function correct(zone: string | null, count: number, idempotencyKey = `key-${keys++}`) {
  return store.correctCount({ zone, count, actor: "alex", reason: "counted by hand", idempotencyKey }, now());
}

describe("counts", () => {
  it("of a zone include the zones within it, and the facility is counted apart", () => {
    store.commit(turn(comesIn(make.stay("A1"), "staff")));
    store.commit(turn(comesIn(make.stay("B2"), "level-1")));
    store.commit(turn(comesIn(make.stay("C3"), null)));
    expect([null, ...ZONES].map((name) => [name, insideOf(name)])).toEqual([
      [null, 3],
      ["house", 2],
      ["level-1", 1],
      ["level-2", 1],
      ["staff", 1],
      ["yard", 0],
    ]);
    expect(store.inside()).toBe(3);
  });

  it("of the facility do not change on the way from one zone into another", () => {
    const stay = make.stay("A1");
    store.commit(turn(comesIn(stay, "level-1")));
    const zones = [
      { zone: "level-2", by: 1 },
      { zone: "level-1", by: -1 },
    ] as const;
    store.commit(turn([make.moved("in", stay.stayId, { scope: "zone", zones })]));
    expect([null, "house", "level-1", "level-2"].map(insideOf)).toEqual([1, 1, 0, 1]);
    const back = zones.map(({ zone, by }) => ({ zone, by: by === 1 ? -1 : 1 }) as const);
    store.commit(turn([make.moved("out", stay.stayId, { scope: "zone", zones: back })]));
    expect([null, "house", "level-1", "level-2"].map(insideOf)).toEqual([1, 1, 1, 0]);
  });

  it("that miss a vehicle read as none, not as less, and are right again afterwards", () => {
    const unseen = make.moved("out", null, { zones: [{ zone: "yard", by: -1 }] });
    store.commit(turn([unseen]));
    expect([insideOf(null), insideOf("yard")]).toEqual([0, 0]);
    for (const plate of ["A1", "B2"]) store.commit(turn(comesIn(make.stay(plate), "yard")));
    expect([insideOf(null), insideOf("yard")]).toEqual([1, 1]);
  });

  it("of a zone that is not configured any more are kept, and not shown", () => {
    store.commit(turn([make.moved("in", null, { zones: [{ zone: "torn-down", by: 1 }] })]));
    expect(store.occupancy(START_MS).has("torn-down")).toBe(false);
    expect(db.select().from(zoneCounts).all()).toEqual([{ zone: "torn-down", inside: 1 }]);
  });
});

describe("a vehicle that was admitted", () => {
  it("takes a space in its zone and in all that this lies in, until its passage is known", () => {
    const stay = make.stay("A1");
    store.commit(turn([make.started(stay, { zone: "staff" })]));
    const admitted = () =>
      [null, "house", "level-2", "staff", "level-1"].map((z) => store.occupancy(0).get(z)?.admitted);
    expect(admitted()).toEqual([1, 1, 1, 1, 0]);
    expect(store.admitted()).toBe(1);
    store.commit(turn([make.voided(stay.stayId)]));
    expect(admitted()).toEqual([0, 0, 0, 0, 0]);
  });

  it("takes none any more when nobody could prove that it passed", () => {
    const stay = make.stay("A1");
    const doubt = { type: "stay_review", stayId: stay.stayId, review: "passage_unproven" } as const;
    store.commit(turn([make.started(stay, { zone: "yard" }), doubt]));
    expect(store.occupancy(0).get("yard")?.admitted).toBe(0);
  });
});

describe("a correction", () => {
  it("sets a count, and is written down with what it was before and who made it", () => {
    store.commit(turn(comesIn(make.stay("A1"), "yard")));
    expect(correct(null, 40)).toEqual({ ok: true, value: { before: 1, after: 40 } });
    expect(correct("yard", 7)).toEqual({ ok: true, value: { before: 1, after: 7 } });
    expect([insideOf(null), insideOf("yard"), insideOf("house")]).toEqual([40, 7, 0]);
    expect(db.select().from(countCorrections).all()).toMatchObject([
      { zone: null, before: 1, after: 40, cause: "attendant", actor: "alex", reason: "counted by hand" },
      { zone: "yard", before: 1, after: 7 },
    ]);
    const told = store.logAfter(2, 10).map(({ kind, payload }) => ({ kind, ...payload }));
    expect(told).toMatchObject([
      { kind: "count.corrected", zone: null, before: 1, after: 40, cause: "attendant", actor: "alex" },
      { kind: "count.corrected", zone: "yard", before: 1, after: 7 },
    ]);
    store.commit(turn(comesIn(make.stay("B2"), "yard")));
    expect([insideOf(null), insideOf("yard")]).toEqual([41, 8]);
  });

  it("of a count below none tells what it truly was", () => {
    store.commit(turn([make.moved("out", null)]));
    expect(correct(null, 0)).toEqual({ ok: true, value: { before: -1, after: 0 } });
  });

  it("that is sent again undoes none of the movements since", () => {
    correct(null, 40, "once");
    store.commit(turn(comesIn(make.stay("A1"), null)));
    expect(correct(null, 40, "once")).toEqual({ ok: true, value: { before: 0, after: 40 } });
    expect(store.inside()).toBe(41);
    expect(db.select().from(countCorrections).all()).toHaveLength(1);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 301, 1_000_001])("to %s is refused", (count) => {
    expect(correct(null, count)).toMatchObject({ ok: false, error: { code: "count_invalid" } });
    expect([store.inside(), db.select().from(countCorrections).all(), store.lastLogSeq()]).toEqual([
      0,
      [],
      0,
    ]);
  });

  it("may go beyond a small zone's capacity, but not beyond all reason", () => {
    expect(correct("staff", 110).ok).toBe(true);
    expect(correct("staff", 111)).toMatchObject({ ok: false, error: { code: "count_invalid" } });
    expect(correct("nowhere", 1)).toMatchObject({ ok: false, error: { code: "unknown_zone" } });
  });

  it("never leaves a count without a row that tells how it came about", () => {
    const step = fc.oneof(
      fc.record({ zone: fc.constantFrom(null, ...ZONES), to: fc.integer({ min: -2, max: 400 }) }),
      fc.constantFrom("in", "out"),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { store: own, db: ownDb } = openStore(folder.path(`audit-${keys++}.db`), mint, HOUSE);
        let moved = 0;
        for (const what of steps) {
          if (typeof what === "string") {
            own.commit(turn([make.moved(what, null)]));
            moved += what === "in" ? 1 : -1;
          } else {
            const { zone, to: count } = what;
            own.correctCount(
              { zone, count, actor: "a", reason: "r", idempotencyKey: `key-${keys++}` },
              now(),
            );
          }
        }
        const rows = ownDb.select().from(countCorrections).all();
        const of = (zone: string | null): number =>
          rows.filter((row) => row.zone === zone).reduce((sum, row) => sum + row.after - row.before, 0);
        expect(ownDb.select().from(agentState).get()?.inside).toBe(moved + of(null));
        for (const { zone, inside } of ownDb.select().from(zoneCounts).all()) expect(inside).toBe(of(zone));
        for (const { inside } of own.occupancy(START_MS).values()) expect(inside).toBeGreaterThanOrEqual(0);
        expect(own.logAfter(0, 100).filter(({ kind }) => kind === "count.corrected")).toHaveLength(
          rows.length,
        );
        own.close();
      }),
      { numRuns: 25 },
    );
  });
});

describe("a reset by schedule", () => {
  it("sets a number, once for each time its schedule comes round, and knows after a restart that it did", () => {
    expect(store.lastScheduledReset("null 04:00")).toBeNull();
    store.commit(turn(comesIn(make.stay("A1"), null)));
    store.resetCount({ zone: null, to: 0, key: "null 04:00" }, now(5));
    expect(store.inside()).toBe(0);
    store.close();
    ({ db, store } = openStore(folder.path("gate.db"), mint, HOUSE));
    expect(store.lastScheduledReset("null 04:00")).toBe(START_MS + 5);
    expect(store.lastScheduledReset("yard 04:00")).toBeNull();
    expect(db.select().from(countCorrections).all()).toMatchObject([
      { zone: null, before: 1, after: 0, cause: "schedule", actor: null },
    ]);
  });

  it("sets as many as there are stays open there, those whose exit was missed aside", () => {
    const [staff, level, gone, yard] = ["A1", "B2", "C3", "D4"].map((plate) => make.stay(plate));
    if (!staff || !level || !gone || !yard) throw new Error("no stays");
    store.commit(turn(comesIn(staff, "staff")));
    store.commit(turn(comesIn(level, "level-1")));
    store.commit(turn(comesIn(gone, "level-1")));
    store.commit(turn(comesIn(yard, "yard")));
    store.commit(turn([{ type: "stay_review", stayId: gone.stayId, review: "missed_exit" }]));
    store.commit(turn([make.started(make.stay("E5"), { zone: "yard" })]));
    correct(null, 90);
    correct("house", 0);
    const to = (zone: string | null) => store.resetCount({ zone, to: "stays", key: `k ${zone}` }, now());
    expect(to(null)).toMatchObject({ ok: true, value: { before: 90, after: 3 } });
    expect(to("house")).toMatchObject({ ok: true, value: { before: 0, after: 2 } });
    expect(to("staff")).toMatchObject({ ok: true, value: { before: 1, after: 1 } });
    expect(to("yard")).toMatchObject({ ok: true, value: { after: 1 } });
    expect(to("nowhere")).toMatchObject({ ok: false, error: { code: "unknown_zone" } });
    expect(store.lastScheduledReset("k nowhere")).toBeNull();
  });
});
