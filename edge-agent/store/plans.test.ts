import { afterEach, beforeEach, expect, it } from "vitest";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import type { GateDatabase } from "./open.ts";
import { createStore, type Store } from "./store.ts";
import { EUR, HOUSE, newFolder, newMint, open, recordsOf, turn, type Folder } from "./testing/gate-db.ts";

/** Grow with every vehicle, or with the lists: what lanes ask must not read them whole. */
const LARGE = [
  "stays",
  "tickets",
  "movements",
  "payments",
  "payment_attempts",
  "attempt_steps",
  "ticket_prints",
  "alarms",
  "plate_reads",
  "log",
  "rights",
  "right_keys",
  "listed_plates",
  "count_corrections",
  "commands",
  "ledger",
  "receipts",
  "money_acts",
  "validations",
  "stay_amendments",
  "spent_codes",
  "vends",
];

let folder: Folder;
let db: GateDatabase;
let store: Store;
/** Every statement that was prepared, in order. */
let prepared: string[];
beforeEach(() => {
  folder = newFolder();
  db = open(folder.path("gate.db"));
  prepared = [];
  const prepare = db.$client.prepare.bind(db.$client);
  db.$client.prepare = (text: string) => {
    prepared.push(text);
    return prepare(text);
  };
  store = createStore(db, { currency: EUR, mint: newMint(), ...HOUSE });
});
afterEach(() => {
  store.close();
  folder.remove();
});

/** Indexes of the few rows of a table that are open: reading one of these whole is no matter. */
function partialIndexes(): Set<string> {
  const text = "select name from sqlite_master where type = 'index' and sql like '% WHERE %'";
  return new Set(db.$client.prepare(text).pluck().all() as string[]);
}

type Op = {
  readonly addr: number;
  readonly opcode: string;
  readonly p1: number;
  readonly p2: number;
  readonly p3: number;
};

/**
 * Tables that the plan of a statement names, but that running it reads only while a foreign key is broken: where a table
 * has triggers, SQLite compiles a look at the rows that refer to the new one, and leaves it out by `FkIfZero`.
 */
function leftOut(text: string): ReadonlySet<string> {
  const ops = db.$client.prepare(`explain ${text}`).all(...noValues(text)) as Op[];
  const guards = ops.filter(({ opcode }) => opcode === "FkIfZero");
  const guarded = ({ addr }: Op): boolean => guards.some((guard) => guard.addr < addr && addr < guard.p2);
  const opened = (inside: boolean): string[] =>
    ops.filter((op) => op.opcode === "OpenRead" && op.p3 === 0 && guarded(op) === inside).map(tableOf);
  const read = new Set(opened(false));
  return new Set(opened(true).filter((table) => !read.has(table)));
}

function tableOf({ p2 }: Op): string {
  return String(db.$client.prepare("select tbl_name from sqlite_master where rootpage = ?").pluck().get(p2));
}

/** With values in place of parameters SQLite could use indexes that it cannot use for the prepared statement. */
function noValues(text: string): null[] {
  return Array.from({ length: text.split("?").length - 1 }, () => null);
}

/** Steps of the plan that read a large table from one end to the other, with their statements. */
function readWhole(text: string): string[] {
  const steps = db.$client.prepare(`explain query plan ${text}`).all(...noValues(text)) as {
    detail: string;
  }[];
  const small = partialIndexes();
  const unread = text.startsWith("insert") ? leftOut(text) : new Set<string>();
  return steps.flatMap(({ detail }) => {
    // A search that finds a whole list, or everybody inside, is no better.
    if (/^SEARCH \w+ .*\(list_id=\?\)/.test(detail)) return [`${detail}: ${text}`];
    if (/\(status=\?\)/.test(detail) && !text.includes("'provisional' and")) return [`${detail}: ${text}`];
    const [, table = "", index = ""] = /^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?/.exec(detail) ?? [];
    return LARGE.includes(table) && !small.has(index) && !unread.has(table) ? [`${detail}: ${text}`] : [];
  });
}

it("what lanes ask and write is prepared once, and reads no table whole", () => {
  // These are asked seldom, and prepared each time.
  store.openAttempts("exit");
  store.openAttempts();
  store.creditInDoubt("exit");
  store.acknowledgeAlarm("nobody's", "alex", 0);
  store.paymentByKey("k");
  const statements = [...prepared].filter((text) => /^(select|insert|update|delete)/.test(text));
  expect(statements.length).toBeGreaterThan(40);
  // The latest of a table, by an index that has them in order, are read from its end.
  const ordered = /order by .* limit (\?|1)$/;
  expect(
    statements.filter((text) => !ordered.test(text) || /"stays"|"rights"/.test(text)).flatMap(readWhole),
  ).toEqual([]);
});

it("a turn prepares nothing anew", () => {
  const make = recordsOf(newMint());
  const stay = make.stay("BAB1234");
  const zones = [{ zone: "yard", by: 1 }] as const;
  prepared = [];
  store.commit(
    turn([
      make.started(stay, { zone: "yard" }),
      make.moved("in", stay.stayId, { zones }),
      make.moved("in", stay.stayId, { scope: "zone", zones }),
      { type: "stay_review", stayId: stay.stayId, review: "passback" },
      { type: "alarm", kind: "stuck", detail: "" },
      { type: "alarm_over", kind: "stuck" },
      { type: "hold", on: true, cause: "fire", actor: null, reason: "" },
      { type: "turned", direction: "exit", actor: null },
      make.paid(stay.stayId, 5, "paid", { changeMinor: 5, quote: plainQuote(5) }),
      make.vended(),
      make.moved("out", stay.stayId, { quote: plainQuote(9) }),
    ]),
  );
  store.occupancy(0);
  store.insideLike("BAB1234");
  store.rightsFor({ medium: "plate", text: "BAB1234" }, 0, stay.stayId);
  store.listed("BAB1234");
  store.stayAccount(stay.stayId);
  store.pricedRight({ right: { kind: "permit", id: "P-1" }, stayId: stay.stayId }, () => ({
    quotaMinutes: 60,
    sinceMs: 0,
  }));
  expect(prepared).toEqual([]);
});

it("what desks ask and write of money reads no table whole", () => {
  const make = recordsOf(newMint());
  const stay = make.stay("BAB1234");
  const now = { wallMs: 1, monotonicMs: 1 };
  const by = { stayId: stay.stayId, place: "desk", actor: "alex", reason: "r" };
  store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
  prepared = [];
  const payment = { ...by, method: "upi", amountMinor: 5, tenderedMinor: 5, reference: "R-1" } as const;
  const taken = store.takePayment({ ...payment, quote: plainQuote(9), idempotencyKey: "1" }, now);
  if (!taken.ok) throw new Error(taken.error.message);
  const { paymentId } = taken.value;
  store.refund({ ...by, paymentId, amountMinor: 5, idempotencyKey: "2" }, now);
  store.bookDebt({ ...by, amountMinor: 9, quote: null, debtor: "Acme", idempotencyKey: "3" }, now);
  store.collectDebt(
    { ...payment, reference: "R-2", amountMinor: 9, tenderedMinor: 9, idempotencyKey: "4" },
    now,
  );
  store.settleFree({ ...by, quote: plainQuote(9) }, now);
  store.setVehicle({ ...by, vehicleType: "car", ev: true, accessible: false }, now);
  store.setLostTicket({ ...by, proven: true }, now);
  store.addPenalty({ ...by, penalty: "p", idempotencyKey: "5" }, now);
  store.openShift({ actor: "alex", floatMinor: 0 }, now);
  store.closeShift({ actor: "alex", countedMinor: 0, note: "" }, now);
  store.voidStay(by, now);
  store.stayDetail(stay.stayId);
  store.findStays("BAB1", 20);
  store.findStays("", 20);
  store.reconciliation(0, 10);
  store.validationsSince("bakery", 0);
  store.receiptOfPayment(paymentId);
  store.receiptByToken("t");
  store.receiptsAfter(0, 10);
  store.attemptById("a");
  store.paymentByKey("1");
  store.ticketPrints(stay.stayId);
  expect(prepared.length).toBeGreaterThan(30);
  const statements = prepared.filter((text) => /^(select|insert|update|delete)/.test(text));
  // An attendant who looks for a stay looks through those inside.
  const searches = /order by "stays"."entry_at" desc, "stays"."id" desc/;
  expect(statements.filter((text) => !searches.test(text)).flatMap(readWhole)).toEqual([]);
});
