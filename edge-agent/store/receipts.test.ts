import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { money } from "@parkme/shared/domain/money";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { EUR, newFolder, openStore, START_MS, turn, type Folder } from "./testing/gate-db.ts";
import { at, cameIn, cash, done, isOurs, openMoneyDb, type MoneyDb } from "./testing/money-db.ts";

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

describe("a receipt", () => {
  it("says what was paid and why, by whom it was issued, and is signed", () => {
    const { store, db } = desk;
    db.$client
      .prepare(
        "insert into tariffs (tariff_id, version, from_at, document, taken_at, source) values ('standard', 4, 0, ?, 0, 'file')",
      )
      .run(JSON.stringify({ name: "Day", tax: { name: "USt", percent: 19, included: true } }));
    const { stayId, ticketNumber } = cameIn(desk);
    const trace = [{ text: "2 h x 3.50", amountMinor: 700 }];
    const quote = plainQuote(700, { tariffVersion: 4, tax: money(112, EUR), trace, durationMinutes: 120 });
    const { token } = done(store.takePayment(cash(stayId, 700, { tenderedMinor: 1_000, quote }), at(5)));
    const signed = store.receiptByToken(token ?? "");
    expect(signed?.receipt).toEqual({
      number: 1,
      kind: "payment",
      facility: { id: "019ab3c4-0000-7000-8000-00000000f001", name: "House", timeZone: "Europe/Berlin" },
      issuer: { name: "Acme Parking", address: ["1 Main Street"], taxNumber: "DE123" },
      currency: "EUR",
      issuedWallMs: START_MS + 5,
      place: "desk",
      actor: "alex",
      ticketNumber,
      plate: "BAB1234",
      entryWallMs: START_MS,
      durationMinutes: 120,
      tariff: { id: "standard", version: 4, rule: "Standard" },
      trace,
      totalMinor: 700,
      tax: { name: "USt", minor: 112, included: true },
      paidBeforeMinor: 0,
      method: "cash",
      amountMinor: 700,
      tenderedMinor: 1_000,
      changeMinor: 300,
      reference: null,
      creditsNumber: null,
      previousHash: null,
    });
    expect(signed !== null && isOurs(signed)).toBe(true);
    expect([store.receiptByToken("nobody's"), store.receiptByNumber(2)]).toEqual([null, null]);
  });

  it("names the one before, and what was paid before", () => {
    const { store } = desk;
    const { stayId } = cameIn(desk);
    const first = done(store.takePayment(cash(stayId, 300, { quote: plainQuote(500) }), at(1)));
    const second = done(store.takePayment(cash(stayId, 200, { quote: plainQuote(500) }), at(2)));
    const [a, b] = store.receiptsAfter(0, 10);
    expect(b?.receipt).toMatchObject({ previousHash: a?.hash, paidBeforeMinor: 300, amountMinor: 200 });
    expect(store.receiptOfPayment(second.paymentId)?.receipt.number).toBe(2);
    expect(store.recentReceipts(1).map(({ receipt }) => receipt.number)).toEqual([2]);
    expect(store.receiptsAfter(1, 10)).toHaveLength(1);
    expect(store.stayDetail(stayId)?.payments.map(({ receipt }) => receipt)).toEqual([
      { number: 1, token: first.token },
      { number: 2, token: second.token },
    ]);
  });

  it("takes its number back where its payment is not written", () => {
    const { store, make, mint } = desk;
    const { stayId } = cameIn(desk);
    done(store.takePayment(cash(stayId, 100), at(1)));
    const turns = [make.paid(stayId, 100), make.moved("in", mint.next(START_MS))];
    expect(() => store.commit(turn(turns))).toThrow(/FOREIGN KEY/);
    expect(done(store.takePayment(cash(stayId, 100), at(2))).receiptNumber).toBe(2);
  });

  it("is not issued where nobody signs", () => {
    const { store } = openStore(folder.path("other.db"));
    const other = { ...desk, store };
    const { stayId } = cameIn(other);
    expect(done(store.takePayment(cash(stayId, 100), at(1)))).toMatchObject({
      receiptNumber: null,
      token: null,
    });
    expect(store.recentReceipts(9)).toEqual([]);
    store.close();
  });
});
