import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { AttemptId } from "@parkme/shared/domain/ids";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { MAX_DISCREPANCIES, reconciliationSchema } from "@parkme/shared/protocol/kiosk-desk";
import { newFolder, START_MS, turn, type Folder } from "./testing/gate-db.ts";
import { at, cameIn, cash, done, newKey, openMoneyDb, type MoneyDb } from "./testing/money-db.ts";

let folder: Folder;
let desk: MoneyDb;
beforeEach(() => {
  folder = newFolder();
  desk = openMoneyDb(folder.path("gate.db"));
});
afterEach(() => {
  desk.store.close();
  folder.remove();
});

const MINUTE = 60_000;
const commit = (records: readonly GateRecord[], ms: number, lane = "exit"): void =>
  desk.store.commit(turn(records, { lane, now: at(ms) }));
const report = (from = 0, to = 100 * MINUTE) => desk.store.reconciliation(START_MS + from, START_MS + to);
const kinds = (from?: number, to?: number) => report(from, to).discrepancies.map(({ kind }) => kind);

describe("a reconciliation", () => {
  it("of a day on which everybody paid and left has nothing to say", () => {
    const { store, make } = desk;
    const { stayId } = cameIn(desk);
    const quote = plainQuote(500);
    done(store.takePayment(cash(stayId, 500, { quote }), at(1)));
    commit([make.moved("out", stayId, { quote })], 2);
    const { discrepancies, more, ...totals } = report();
    expect([discrepancies, more]).toEqual([[], false]);
    expect(totals).toMatchObject({ movements_out: 1, paid_minor: 500, charged_minor: 500 });
  });

  it("tells who left unpaid, by whose hand, until it is settled", () => {
    const { store, make } = desk;
    const { stayId, ticketNumber } = cameIn(desk);
    commit([make.vended()], 1);
    commit([make.moved("out", stayId, { quote: plainQuote(500), plate: "BAB1234" })], MINUTE);
    const told = report();
    expect(reconciliationSchema.parse(told)).toEqual(told);
    expect(told.discrepancies).toEqual([
      {
        kind: "left_unpaid",
        at: new Date(START_MS + MINUTE).toISOString(),
        lane: "exit",
        amount_minor: 500,
        stay_id: stayId,
        ticket_number: ticketNumber,
        plate: "BAB1234",
        actor: "alex",
        detail: "",
      },
    ]);
    expect(kinds(2 * MINUTE), "another time").toEqual([]);
    done(store.takePayment(cash(stayId, 500), at(3 * MINUTE)));
    expect(kinds()).toEqual([]);
  });

  it("edge cases 43 and 50: tells of vehicles that nobody let out", () => {
    const { make } = desk;
    commit([make.vended("v")], 0);
    commit([make.moved("out", null, { kind: "vend" })], MINUTE);
    commit([make.moved("out", null, { kind: "manual" })], 2 * MINUTE);
    commit([make.moved("out", null, { kind: "tailgate", scope: "zone" })], 3 * MINUTE);
    expect(report().discrepancies.map(({ kind, detail, actor }) => [kind, detail, actor])).toEqual([
      ["left_without_stay", "vend", "alex"],
      ["left_without_stay", "manual", null],
    ]);
  });

  it("tells of money without a movement: for a stay that never was, and more than was due", () => {
    const { store } = desk;
    const much = cameIn(desk);
    const backedOut = cameInProvisional();
    const late = done(store.takePayment(cash(backedOut, 300, { method: "online", actor: "cloud" }), at(2)));
    commit([{ type: "stay_voided", stayId: backedOut, reason: "backed out" }], 3);
    done(store.takePayment(cash(much.stayId, 700, { quote: plainQuote(500) }), at(4)));
    expect(report().discrepancies).toMatchObject([
      {
        kind: "paid_without_movement",
        amount_minor: 300,
        stay_id: backedOut,
        detail: "void",
        actor: "cloud",
      },
      { kind: "overpaid", amount_minor: 200, stay_id: much.stayId, detail: "open" },
    ]);
    const back = { place: "desk", actor: "alex", reason: "never came in", idempotencyKey: newKey() };
    done(store.refund({ ...back, paymentId: late.paymentId, amountMinor: 300 }, at(5)));
    expect(kinds()).toEqual(["overpaid"]);
  });

  it("edge case 20: tells of a fee that was charged at two places all the same, until one of them is given back", () => {
    const { store, make, mint } = desk;
    const { stayId } = cameIn(desk);
    const quote = plainQuote(500);
    const attempt = (attemptId: AttemptId, status: "begun" | "unknown" | "approved"): GateRecord => {
      const receipt = status === "approved" ? "0471" : null;
      return { type: "attempt", attemptId, stayId, amountMinor: 500, status, receipt, detail: "" };
    };
    const card = (attemptId: AttemptId, quoted: typeof quote | null): GateRecord[] => {
      const by = { method: "card", actor: "terminal", reference: "0471", quote: quoted } as const;
      return [attempt(attemptId, "approved"), make.paid(stayId, 500, attemptId, by)];
    };
    const [lobby, exit] = [mint.next<AttemptId>(START_MS), mint.next<AttemptId>(START_MS)];
    const atLobby = (records: readonly GateRecord[], ms: number): void =>
      store.record({ place: "lobby", records }, at(ms));
    atLobby([attempt(lobby, "begun"), attempt(lobby, "unknown")], 1);
    commit([attempt(exit, "begun")], 2);
    commit(card(exit, quote), 3);
    commit([make.moved("out", stayId, { quote })], 4);
    expect(kinds(), "the pay station's card is still in doubt").toEqual(["in_doubt"]);
    // It was charged after all: the money is kept, and shows.
    atLobby(card(lobby, null), 5);
    expect(report()).toMatchObject({
      charged_minor: 500,
      paid_minor: 1_000,
      discrepancies: [
        {
          kind: "overpaid",
          at: new Date(START_MS + 5).toISOString(),
          lane: "lobby",
          amount_minor: 500,
          stay_id: stayId,
          detail: "closed",
        },
      ],
    });
    const paid = store.paymentByKey(lobby);
    if (paid === null) throw new Error("the payment is not booked");
    const back = { place: "desk", actor: "alex", reason: "charged twice", idempotencyKey: newKey() };
    done(store.refund({ ...back, paymentId: paid.paymentId, amountMinor: 500 }, at(6)));
    expect(report()).toMatchObject({ paid_minor: 500, discrepancies: [] });
  });

  it("tells of cards that nobody knows to be charged, and of vends that no vehicle used", () => {
    const { mint, make } = desk;
    const { stayId } = cameIn(desk);
    const attempt = (status: "unknown" | "declined"): GateRecord => ({
      type: "attempt",
      attemptId: mint.next<AttemptId>(START_MS),
      stayId,
      amountMinor: 500,
      status,
      receipt: null,
      detail: "",
    });
    commit([attempt("unknown"), attempt("declined")], 1);
    commit([make.vended()], 2);
    commit([make.vended()], 30 * MINUTE, "exit-2");
    commit([make.moved("out", null, { kind: "vend" })], 39 * MINUTE, "exit-2");
    expect(kinds(0, 30 * MINUTE)).toEqual(["in_doubt", "vend_without_movement"]);
  });

  it("is right, bounded and in order among a hundred thousand stays", { timeout: 120_000 }, () => {
    const file = desk.db.$client;
    // Every 400th left unpaid: 250 of them.
    file.exec(`
      begin;
      with recursive n(i) as (select 0 union all select i + 1 from n where i < 99999)
        insert into stays (id, status, entry_lane, entry_at, exit_at) select printf('019ab3c4-0000-7000-8000-%012x', i), 'closed', 'entry', ${START_MS}, ${START_MS} + 10 * (i + 1) from n;
      insert into movements (id, lane, direction, kind, stay_id, at) select 'm' || id, 'exit', 'out', 'normal', id, exit_at from stays;
      insert into ledger (id, stay_id, kind, side, amount_minor, currency, place, actor, reason, at) select 'c' || id, id, 'charge', 'charged', 500, 'EUR', 'exit', 'gate', '', exit_at from stays;
      insert into ledger (id, stay_id, kind, side, amount_minor, currency, method, place, actor, reason, at) select 'p' || id, id, 'payment', 'credited', -500, 'EUR', 'card', 'exit', 'terminal', '', exit_at from stays where rowid % 400 <> 1;
      commit;`);
    const all = report(0, 1_000_001);
    expect([all.movements_out, all.charged_minor, all.paid_minor]).toEqual([100_000, 50_000_000, 49_875_000]);
    expect([all.discrepancies.length, all.more]).toEqual([MAX_DISCREPANCIES, true]);
    const times = all.discrepancies.map((one) => Date.parse(one.at));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBe(START_MS + 10);
    const some = report(0, 400_000);
    expect([some.discrepancies.length, some.more, some.movements_out]).toEqual([100, false, 39_999]);
  });
});

/** A stay that was admitted, and has not come in yet. */
function cameInProvisional() {
  const stay = desk.make.stay(null);
  desk.store.commit(turn([desk.make.started(stay)]));
  return stay.stayId;
}
