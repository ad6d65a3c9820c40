import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { restoreConflicts } from "./link-schema.ts";
import { adoptAll, Archive, backUp } from "./testing/archive.ts";
import { newFolder, START_MS, turn, type Folder } from "./testing/gate-db.ts";
import { at, cameIn, cash, done, newKey, openMoneyDb, type MoneyDb } from "./testing/money-db.ts";

/** One gate until its backup; from there the one that broke, and the one that took its place. */

const HOUR = 3_600_000;
const END_MS = START_MS + 48 * HOUR;

let folder: Folder;
let broken: MoneyDb;
let here: MoneyDb;
let archive: Archive;
let stayId: StayId;
beforeEach(() => {
  folder = newFolder();
  archive = new Archive();
  broken = openMoneyDb(folder.path("broken.db"));
  ({ stayId } = cameIn(broken));
  backUp(broken.db, folder.path("here.db"));
  here = openMoneyDb(folder.path("here.db"));
});
afterEach(() => {
  broken.store.close();
  here.store.close();
  folder.remove();
});

function adopt(): void {
  archive.take(broken.store);
  adoptAll(here.store, archive, { wallMs: END_MS });
}

function conflicts(db = here.db): readonly (readonly [string, string])[] {
  return db
    .select()
    .from(restoreConflicts)
    .all()
    .map(({ tableName, reason }) => [tableName, reason] as const);
}

function all(query: string, db = here.db): readonly unknown[] {
  return db.$client.prepare(query).all();
}

/** The same once more, from the log alone. */
function fromTheLog(): MoneyDb {
  const known = new Archive(archive);
  known.take(here.store);
  const third = openMoneyDb(folder.path("third.db"));
  adoptAll(third.store, known, { wallMs: END_MS });
  return third;
}

describe("what both sides have changed", () => {
  it("is as it is here, and what the cloud has is kept for a person", () => {
    const by = { place: "desk", actor: "alex", reason: "r", stayId };
    done(broken.store.setVehicle({ ...by, vehicleType: "lorry", ev: false, accessible: false }, at(HOUR)));
    done(broken.store.setVehicle({ ...by, vehicleType: "bus", ev: false, accessible: false }, at(HOUR)));
    done(here.store.setVehicle({ ...by, vehicleType: "van", ev: false, accessible: false }, at(2 * HOUR)));
    adopt();
    expect(all("select vehicle_type from stays")).toEqual([{ vehicle_type: "van" }]);
    expect(all("select what, after from stay_amendments where after like '%vehicleType%'")).toHaveLength(3);
    const [kept, ...more] = here.db.select().from(restoreConflicts).all();
    expect(more).toEqual([]);
    expect(kept).toMatchObject({ tableName: "stays", reason: "changed_here", at: END_MS });
    expect(JSON.parse(kept?.row ?? "")).toMatchObject({ id: stayId, vehicle_type: "bus" });
  });

  it("is as the cloud has it where a stay is over, and was thought to go on here", () => {
    broken.store.commit(
      turn([broken.make.moved("out", stayId, { quote: plainQuote(400) })], { now: at(HOUR) }),
    );
    const by = { place: "desk", actor: "alex", reason: "r", stayId };
    done(here.store.setVehicle({ ...by, vehicleType: "van", ev: false, accessible: false }, at(2 * HOUR)));
    adopt();
    expect(all("select status, vehicle_type, balance_minor from stays")).toEqual([
      { status: "closed", vehicle_type: "car", balance_minor: 400 },
    ]);
    const [kept] = here.db.select().from(restoreConflicts).all();
    expect(kept).toMatchObject({ tableName: "stays", reason: "further_on" });
    expect(JSON.parse(kept?.row ?? "")).toMatchObject({ status: "open", vehicle_type: "van" });
    expect(here.store.inside()).toBe(0);
    const third = fromTheLog();
    expect(all("select * from stays", third.db)).toEqual(all("select * from stays"));
    third.store.close();
  });

  it("counts what passed on both sides, but for a count that somebody took here", () => {
    cameIn(broken, "B1");
    cameIn(broken, "B2");
    cameIn(here, "C1");
    archive.take(broken.store);
    const before = folder.path("before.db");
    backUp(here.db, before);
    adopt();
    expect(here.store.inside()).toBe(4);

    const counted = openMoneyDb(before);
    const count = { zone: null, count: 17, actor: "alex", reason: "counted", idempotencyKey: newKey() };
    done(counted.store.correctCount(count, at(HOUR)));
    cameIn(counted, "C2");
    adoptAll(counted.store, archive, { wallMs: END_MS });
    expect(counted.store.inside()).toBe(18);
    counted.store.close();
  });
});

describe("what can be only once", () => {
  it("ends where it was begun on both sides: a shift, an alarm", () => {
    const begun = (gate: MoneyDb, ms: number): void => {
      done(gate.store.openShift({ actor: "alex", floatMinor: 100 }, at(ms)));
      done(gate.store.takePayment(cash(stayId, 500), at(ms)));
      gate.store.commit(turn([{ type: "alarm", kind: "paper_low", detail: "d" }], { now: at(ms) }));
    };
    begun(broken, HOUR);
    begun(here, 2 * HOUR);
    adopt();
    expect(all("select opened_at, closed_at from shifts order by opened_at")).toEqual([
      { opened_at: START_MS + HOUR, closed_at: END_MS },
      { opened_at: START_MS + 2 * HOUR, closed_at: null },
    ]);
    expect(all("select started_at, ended_at from alarms order by started_at")).toEqual([
      { started_at: START_MS + HOUR, ended_at: END_MS },
      { started_at: START_MS + 2 * HOUR, ended_at: null },
    ]);
    // Both payments are there, each in its own shift; but a receipt's number was given twice.
    expect(all("select count(*) as n, count(distinct shift_id) as shifts from payments")).toEqual([
      { n: 2, shifts: 2 },
    ]);
    const kept = conflicts();
    expect(kept).toHaveLength(3);
    expect(kept).toContainEqual(["alarms", "ended"]);
    expect(kept).toContainEqual(["receipts", "taken"]);
    expect(kept).toContainEqual(["shifts", "ended"]);
    expect(here.store.drawerMinor("alex")).toBe(600);
    const third = fromTheLog();
    for (const table of ["shifts", "alarms", "payments", "stays"]) {
      const query = `select * from ${table} order by id`;
      expect(all(query, third.db)).toEqual(all(query));
    }
    third.store.close();
  });

  it("keeps the Z report of here where both have the same number, and both payments", () => {
    const closed = (gate: MoneyDb, actor: string, ms: number): void => {
      done(gate.store.openShift({ actor, floatMinor: 100 }, at(ms)));
      done(gate.store.closeShift({ actor, countedMinor: 90, note: "" }, at(ms + 1)));
    };
    closed(broken, "alex", HOUR);
    closed(here, "bo", 2 * HOUR);
    adopt();
    expect(
      all("select attendant, z_number, closed_at is null as open from shifts order by opened_at"),
    ).toEqual([
      { attendant: "alex", z_number: null, open: 0 },
      { attendant: "bo", z_number: 1, open: 0 },
    ]);
    expect(conflicts()).toEqual([["shifts", "number_given"]]);
    const third = fromTheLog();
    expect(all("select * from shifts order by id", third.db)).toEqual(
      all("select * from shifts order by id"),
    );
    third.store.close();
  });

  it("books a payment once that came from elsewhere on both sides", () => {
    const online = {
      ...cash(stayId, 700),
      method: "online" as const,
      reference: "pay_1",
      idempotencyKey: "pay_1",
    };
    done(broken.store.takePayment(online, at(HOUR)));
    done(here.store.takePayment(online, at(2 * HOUR)));
    adopt();
    expect(all("select amount_minor from payments")).toEqual([{ amount_minor: 700 }]);
    expect(all("select sum(amount_minor) as minor from ledger where kind = 'payment'")).toEqual([
      { minor: -700 },
    ]);
    expect(conflicts()).toContainEqual(["payments", "taken"]);
    expect(conflicts()).toContainEqual(["ledger", "no_parent"]);
    expect(all("pragma foreign_key_check")).toEqual([]);
  });

  it("gives the cloud's row another number where its own was given again here", () => {
    done(broken.store.takePayment(cash(stayId, 300), at(HOUR)));
    done(here.store.takePayment(cash(stayId, 200), at(2 * HOUR)));
    adopt();
    const entries = all("select seq, amount_minor from ledger order by seq") as {
      seq: number;
      amount_minor: number;
    }[];
    expect(entries.map(({ amount_minor }) => amount_minor)).toEqual([-200, -300]);
    expect(entries[1]?.seq).toBeGreaterThan(1_000_000);
    expect(all("select balance_minor from stays")).toEqual([{ balance_minor: -500 }]);
  });
});

describe("rows of another version", () => {
  it("are kept where they are not known, and have the defaults of what they do not say", () => {
    archive.take(broken.store);
    const shop = { id: "v-1", stay_id: stayId, merchant: "m", name: "M", value: "{}", actor: "a", at: 5 };
    const old = { id: "s-old", status: "open", entry_lane: "entry", entry_at: 7 };
    archive.add(JSON.stringify([["valets", { id: 1, name: "x" }]]));
    archive.add(JSON.stringify([["validations", { ...shop, colour: "red" }]]));
    archive.add(JSON.stringify([["stays", old]]));
    archive.add(JSON.stringify([["stays", { ...old, plate: "B1" }]]));
    archive.add('{"no":"rows"}');
    archive.add("nothing");
    archive.add(JSON.stringify([["tickets", { number: "T1", stay_id: "nobody", lane: "l", issued_at: 1 }]]));
    archive.add(JSON.stringify([["tickets", { stay_id: stayId, lane: "l", issued_at: 1 }]]));
    archive.add(
      JSON.stringify([["holds", { id: 1, lane: null, on: 1, cause: "operator", reason: "r", at: 1 }]]),
    );
    archive.add(JSON.stringify([["spent_codes", { code: "c", kind: "k", at: 1, place: "p" }]]));
    archive.add(JSON.stringify([["spent_codes", { code: "c" }, "gone"]]));
    adoptAll(here.store, archive, { wallMs: END_MS });
    expect(conflicts()).toEqual([
      ["valets", "unknown"],
      ["validations", "unknown"],
      ["", "unreadable"],
      ["", "unreadable"],
      ["tickets", "no_parent"],
      ["tickets", "unreadable"],
      ["holds", "refused"],
    ]);
    const rows = here.db.select().from(restoreConflicts).all();
    expect(rows.map(({ row }) => row)).toContain('{"id":1,"name":"x"}');
    expect(rows.map(({ row }) => row)).toContain("nothing");
    expect(all("select merchant from validations")).toEqual([{ merchant: "m" }]);
    expect(all("select plate, vehicle_type, neutral, lost_ticket from stays where id = 's-old'")).toEqual([
      { plate: "B1", vehicle_type: "car", neutral: 0, lost_ticket: "no" },
    ]);
    expect(all("select * from spent_codes")).toEqual([]);
  });

  it("does not believe an image what a stay owes: its entries say so", () => {
    archive.take(broken.store);
    archive.add(
      JSON.stringify([
        ["stays", { id: stayId, status: "open", entry_lane: "e", entry_at: 7, balance_minor: 9 }],
      ]),
    );
    adoptAll(here.store, archive, { wallMs: END_MS });
    expect(all("select entry_at, balance_minor from stays")).toEqual([{ entry_at: 7, balance_minor: 0 }]);
  });
});

describe("credits of lanes", () => {
  it("are forgotten where their stay has gone on since", () => {
    const waiting = here.make.stay("C1");
    const credit = (stay: typeof waiting) =>
      ({ kind: "stay", stay, plate: null, countsAtGrant: null }) as const;
    const passed = broken.make.stay("B1");
    const started = [broken.make.started(passed)];
    broken.store.commit(turn(started, { credit: credit(passed), lane: "entry" }));
    here.store.close();
    backUp(broken.db, folder.path("later.db"));
    here = openMoneyDb(folder.path("later.db"));
    broken.store.commit(turn([broken.make.moved("in", passed.stayId)], { lane: "entry", now: at(HOUR) }));
    here.store.commit(turn([here.make.started(waiting)], { credit: credit(waiting), lane: "side" }));
    adopt();
    expect(all("select lane, credit is null as none from lanes order by lane")).toEqual([
      { lane: "entry", none: 1 },
      { lane: "side", none: 0 },
    ]);
  });
});
