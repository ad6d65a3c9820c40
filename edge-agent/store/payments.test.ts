import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { money } from "@parkme/shared/domain/money";
import { ledger, payments } from "./money-schema.ts";
import { EUR, newFolder, START_MS, turn, type Folder } from "./testing/gate-db.ts";
import { at, cameIn, cash, done, newKey, openMoneyDb, whyNot, type MoneyDb } from "./testing/money-db.ts";

let folder: Folder;
let desk: MoneyDb;
let stayId: StayId;
beforeEach(() => {
  folder = newFolder();
  desk = openMoneyDb(folder.path("gate.db"));
  ({ stayId } = cameIn(desk));
});
afterEach(() => {
  desk.store.close();
  folder.remove();
});

const entries = () =>
  desk.db
    .select()
    .from(ledger)
    .all()
    .map(({ kind, side, amountMinor }) => [kind, side, amountMinor]);
const account = (id = stayId) => desk.store.stayAccount(id);
const validated = (total: number, off: number) => plainQuote(total, { validated: money(off, EUR) });

describe("a payment", () => {
  it("charges what the stay costs, then takes the money and gives the change", () => {
    const quote = validated(700, 300);
    const taken = done(desk.store.takePayment(cash(stayId, 700, { tenderedMinor: 1_000, quote }), at(5)));
    expect(taken).toMatchObject({ changeMinor: 300, receiptNumber: 1, again: false });
    expect(entries()).toEqual([
      ["charge", "charged", 1_000],
      ["validation", "validated", -300],
      ["payment", "credited", -1_000],
      ["change", "credited", 300],
    ]);
    expect(account()).toMatchObject({
      chargedMinor: 1_000,
      validatedMinor: 300,
      creditedMinor: 700,
      balanceMinor: 0,
      settledWallMs: START_MS + 5,
    });
  });

  it("charges only what is more than before", () => {
    done(desk.store.takePayment(cash(stayId, 500, { quote: plainQuote(500) }), at(1)));
    done(desk.store.takePayment(cash(stayId, 200, { quote: plainQuote(700) }), at(2)));
    expect(entries().filter(([kind]) => kind === "charge")).toEqual([
      ["charge", "charged", 500],
      ["charge", "charged", 200],
    ]);
    expect(account()).toMatchObject({ chargedMinor: 700, creditedMinor: 700, balanceMinor: 0 });
  });

  it("of a price that fell since says so, and the rest counts when it rises again", () => {
    done(desk.store.takePayment(cash(stayId, 500, { quote: plainQuote(500) }), at(1)));
    done(desk.store.settleFree({ stayId, place: "desk", actor: "alex", quote: plainQuote(300) }, at(2)));
    expect(entries().at(-1)).toEqual(["correction", "charged", -200]);
    expect(account()).toMatchObject({ chargedMinor: 300, creditedMinor: 500, balanceMinor: -200 });
    done(desk.store.takePayment(cash(stayId, 100, { quote: plainQuote(600) }), at(3)));
    expect(account()).toMatchObject({ chargedMinor: 600, creditedMinor: 600, balanceMinor: 0 });
  });

  it("in two parts settles the stay with the second", () => {
    const quote = plainQuote(500);
    done(desk.store.takePayment(cash(stayId, 200, { quote }), at(1)));
    expect(account()).toMatchObject({ balanceMinor: 300, settledWallMs: null });
    done(desk.store.takePayment(cash(stayId, 300, { quote, method: "card" }), at(2)));
    expect(account()).toMatchObject({ balanceMinor: 0, settledWallMs: START_MS + 2 });
  });

  it("that came without anybody asking for it is kept, and settles nothing", () => {
    done(desk.store.takePayment(cash(stayId, 1, { method: "online", actor: "cloud" }), at(1)));
    expect(account()).toMatchObject({ balanceMinor: -1, settledWallMs: null });
  });

  it("under a key that was used before answers what was done then", () => {
    const payment = cash(stayId, 500, { tenderedMinor: 600, quote: plainQuote(500) });
    const first = done(desk.store.takePayment(payment, at(1)));
    expect(done(desk.store.takePayment({ ...payment, amountMinor: 400 }, at(2)))).toEqual({
      ...first,
      again: true,
    });
    const other = cameIn(desk, "HHCD77");
    expect(whyNot(desk.store.takePayment({ ...payment, stayId: other.stayId }, at(3)))).toBe("key_reused");
    expect(whyNot(desk.store.writeOff({ ...payment, reason: "r", amountMinor: 1, quote: null }, at(3)))).toBe(
      "key_reused",
    );
    expect(desk.store.actByKey(payment.idempotencyKey)).toEqual({ act: "payment", stayId });
    expect(desk.store.paymentByKey(payment.idempotencyKey)).toMatchObject({ stayId, receiptNumber: 1 });
    expect(desk.db.select().from(payments).all()).toHaveLength(1);
  });

  it("of a bank is taken once, whoever tells of it", () => {
    const told = { method: "upi", reference: "UPI-1" } as const;
    done(desk.store.takePayment(cash(stayId, 500, { ...told, actor: "cloud" }), at(1)));
    expect(whyNot(desk.store.takePayment(cash(stayId, 500, told), at(2)))).toBe("reference_used");
    // Terminals count anew every day.
    const card = { method: "card", reference: "UPI-1" } as const;
    done(desk.store.takePayment(cash(stayId, 1, card), at(3)));
    done(desk.store.takePayment(cash(stayId, 1, card), at(4)));
  });

  it.each([
    { amountMinor: -1 },
    { amountMinor: 0 },
    { amountMinor: 0.5 },
    { amountMinor: 100_000_001, tenderedMinor: 100_000_001 },
    { tenderedMinor: 499 },
    { tenderedMinor: Number.NaN },
    { method: "card", tenderedMinor: 501 },
  ] as const)("with %j is refused, and nothing is written", (wrong) => {
    const before = desk.store.lastLogSeq();
    expect(whyNot(desk.store.takePayment(cash(stayId, 500, wrong), at(1)))).toBe("amount_invalid");
    expect([entries(), desk.store.lastLogSeq()]).toEqual([[], before]);
  });

  it("in another currency is a bug, and nothing is written", () => {
    const wrong = { ...plainQuote(500), total: { amountMinor: 500, currency: "USD" as typeof EUR } };
    expect(() => desk.store.takePayment(cash(stayId, 500, { quote: wrong }), at(1))).toThrow(/USD/);
    expect([entries(), desk.store.shiftNow("alex")]).toEqual([[], null]);
  });

  it("at a lane goes the same way", () => {
    const { store, make } = desk;
    const quote = plainQuote(500);
    const card = make.paid(stayId, 500, "attempt-1", { method: "card", actor: "terminal", quote });
    store.commit(turn([card, make.moved("out", stayId, { quote })], { lane: "exit" }));
    expect(account()).toMatchObject({ chargedMinor: 500, balanceMinor: 0, status: "closed" });
    expect(store.paymentByKey("attempt-1")?.receiptNumber).toBe(1);
    expect(store.receiptByNumber(1)?.receipt).toMatchObject({
      place: "exit",
      method: "card",
      actor: "terminal",
    });
    expect(() => store.commit(turn([card]))).toThrow(/UNIQUE/);
  });
});

describe("a stay that leaves unpaid", () => {
  it("owes what it cost; a late capture pays it", () => {
    const { store, make } = desk;
    store.commit(turn([make.moved("out", stayId, { quote: plainQuote(800) })], { lane: "exit" }));
    expect(account()).toMatchObject({ balanceMinor: 800, settledWallMs: null });
    done(store.takePayment(cash(stayId, 800, { method: "card", actor: "terminal" }), at(9)));
    expect(account()?.balanceMinor).toBe(0);
  });
});

describe("money given back", () => {
  it("is never more than was paid, less what was given back before", () => {
    const { store } = desk;
    const { paymentId } = done(
      store.takePayment(cash(stayId, 500, { tenderedMinor: 2_000, quote: plainQuote(500) }), at(1)),
    );
    const refund = (amountMinor: number) =>
      store.refund(
        { paymentId, amountMinor, place: "desk", actor: "bo", reason: "sorry", idempotencyKey: newKey() },
        at(2),
      );
    expect(whyNot(refund(501))).toBe("amount_exceeds_payment");
    expect(done(refund(200))).toMatchObject({ paymentId, receiptNumber: 2 });
    expect(whyNot(refund(301))).toBe("amount_exceeds_payment");
    expect(account()).toMatchObject({ balanceMinor: 200, settledWallMs: null });
    done(refund(300));
    expect(whyNot(refund(1))).toBe("amount_exceeds_payment");
    expect(store.stayDetail(stayId)?.payments).toMatchObject([{ amountMinor: 500, refundedMinor: 500 }]);
    // Out of the drawer of who gave it.
    expect([store.drawerMinor("alex"), store.drawerMinor("bo")]).toEqual([500, -500]);
    expect(store.receiptByNumber(2)?.receipt).toMatchObject({
      kind: "refund",
      creditsNumber: 1,
      amountMinor: 200,
      paidBeforeMinor: 500,
      trace: [],
    });
  });

  it("of too much leaves the stay settled", () => {
    const { store } = desk;
    const paid = done(store.takePayment(cash(stayId, 700, { quote: plainQuote(500) }), at(1)));
    const { paymentId } = paid;
    const back = { paymentId, place: "desk", actor: "alex", reason: "too much" };
    done(store.refund({ ...back, amountMinor: 200, idempotencyKey: newKey() }, at(2)));
    expect(account()).toMatchObject({ balanceMinor: 0, settledWallMs: START_MS + 1 });
  });
});

describe("without money", () => {
  const by = { place: "desk", actor: "alex", reason: "machine was broken" };

  it("a stay is let go, no more than it owes", () => {
    const { store } = desk;
    const off = (amountMinor: number) =>
      store.writeOff({ ...by, stayId, amountMinor, quote: plainQuote(500), idempotencyKey: newKey() }, at(3));
    expect(whyNot(off(501))).toBe("amount_exceeds_balance");
    expect(entries()).toEqual([]);
    expect(done(off(200))).toEqual({ balanceMinor: 300, again: false });
    expect(account()?.settledWallMs).toBeNull();
    expect(done(off(300)).balanceMinor).toBe(0);
    expect(account()?.settledWallMs).toBe(START_MS + 3);
  });

  it("a debt is owed by somebody, and collected with a receipt", () => {
    const { store } = desk;
    const debt = { ...by, stayId, quote: plainQuote(500), debtor: "Acme", idempotencyKey: newKey() };
    expect(done(store.bookDebt({ ...debt, amountMinor: 500 }, at(1))).balanceMinor).toBe(0);
    expect([account()?.settledWallMs, store.debtMinor(stayId)]).toEqual([START_MS + 1, 500]);
    const { quote: _quote, ...part } = cash(stayId, 200);
    expect(whyNot(store.collectDebt({ ...part, amountMinor: 501, tenderedMinor: 501 }, at(2)))).toBe(
      "amount_exceeds_debt",
    );
    expect(done(store.collectDebt(part, at(2)))).toMatchObject({ receiptNumber: 1 });
    expect([account()?.balanceMinor, store.debtMinor(stayId)]).toEqual([0, 300]);
    expect(store.stayDetail(stayId)?.debtMinor).toBe(300);
  });

  it("a balance is put right in either direction", () => {
    const { store } = desk;
    done(store.takePayment(cash(stayId, 500, { quote: plainQuote(500) }), at(1)));
    const correct = (amountMinor: number) =>
      store.correct({ ...by, stayId, amountMinor, idempotencyKey: newKey() }, at(2));
    expect(done(correct(-100)).balanceMinor).toBe(-100);
    expect(account()?.settledWallMs).toBe(START_MS + 1);
    expect(done(correct(150)).balanceMinor).toBe(50);
    expect(account()?.settledWallMs).toBeNull();
    expect(whyNot(correct(0))).toBe("amount_invalid");
  });

  it("edge case 24: a discount larger than the fee makes it free, and it stays so without a longer time to leave", () => {
    const { store } = desk;
    const free = { stayId, place: "desk", actor: "alex", quote: validated(0, 500) };
    expect(done(store.settleFree(free, at(1)))).toEqual({ balanceMinor: 0, again: false });
    expect(done(store.settleFree(free, at(9)))).toEqual({ balanceMinor: 0, again: true });
    expect(account()).toMatchObject({ validatedMinor: 500, settledWallMs: START_MS + 1 });
  });

  it("a stay of which nothing is due has an entry that says so", () => {
    const { store } = desk;
    const free = { stayId, place: "desk", actor: "alex" };
    expect(whyNot(store.settleFree({ ...free, quote: plainQuote(1) }, at(1)))).toBe("amount_due");
    done(store.settleFree({ ...free, quote: plainQuote(0) }, at(2)));
    expect(entries()).toEqual([["charge", "charged", 0]]);
    expect(account()?.settledWallMs).toBe(START_MS + 2);
  });
});

describe("rows of money", () => {
  it.each(["ledger", "payments", "receipts", "drawer_moves"])(
    "of %s are never changed, deleted or replaced, by whatever program",
    (table) => {
      const { store, db } = desk;
      done(store.takePayment(cash(stayId, 500, { tenderedMinor: 600, quote: plainQuote(500) }), at(1)));
      const drop = { actor: "alex", kind: "drop", amountMinor: 5, reason: "safe" } as const;
      done(store.moveDrawer({ ...drop, idempotencyKey: newKey() }, at(2)));
      const rows = () => db.$client.prepare(`select * from ${table}`).all();
      const before = rows();
      expect(before.length).toBeGreaterThan(0);
      expect(() => db.$client.exec(`update ${table} set at = 1`)).toThrow(/append-only/);
      expect(() => db.$client.exec(`delete from ${table}`)).toThrow(/append-only/);
      const again = `insert or replace into ${table} select * from ${table}`;
      expect(() => db.$client.exec(again)).toThrow(/never replaced/);
      expect(rows()).toEqual(before);
    },
  );

  it.each([
    ["charge", -1],
    ["payment", 1],
    ["change", -1],
    ["refund", -1],
    ["validation", 1],
    ["write_off", 1],
    ["debt", 1],
    ["correction", 0],
  ])("of kind %s are never %i", (kind, minor) => {
    const insert = desk.db.$client.prepare(
      "insert into ledger (id, stay_id, kind, side, amount_minor, currency, place, actor, reason, at) values ('x', ?, ?, 'credited', ?, 'EUR', 'desk', 'alex', '', 0)",
    );
    expect(() => insert.run(stayId, kind, minor)).toThrow(/CHECK/);
  });
});
