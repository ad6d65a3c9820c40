import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { shiftReportSchema } from "@parkme/shared/protocol/kiosk-desk";
import { newFolder, START_MS, turn, type Folder } from "./testing/gate-db.ts";
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

const pay = (amountMinor: number, more: Parameters<typeof cash>[2] = {}) =>
  done(desk.store.takePayment(cash(stayId, amountMinor, more), at(5)));
const move = (kind: "drop" | "top_up", amountMinor: number, actor = "alex") =>
  desk.store.moveDrawer({ actor, kind, amountMinor, reason: "safe", idempotencyKey: newKey() }, at(6));
const close = (countedMinor: number, actor = "alex") =>
  desk.store.closeShift({ actor, countedMinor, note: "" }, at(9));

describe("a shift", () => {
  it("goes from float to count, and tells what is missing only then", () => {
    const { store } = desk;
    expect(store.shiftNow("alex")).toBeNull();
    const { shiftId } = done(store.openShift({ actor: "alex", floatMinor: 10_000 }, at(1)));
    expect(whyNot(store.openShift({ actor: "alex", floatMinor: 0 }, at(2)))).toBe("shift_open");
    const { paymentId } = pay(500, { tenderedMinor: 2_000, quote: plainQuote(500) });
    pay(300, { method: "card" });
    done(
      store.refund(
        { paymentId, amountMinor: 100, place: "desk", actor: "alex", reason: "r", idempotencyKey: newKey() },
        at(5),
      ),
    );
    done(move("drop", 5_000));
    done(move("top_up", 1_000));
    expect(store.drawerMinor("alex")).toBe(10_000 + 500 - 100 - 5_000 + 1_000);
    const x = store.shiftReport(shiftId);
    expect(x).toMatchObject({ kind: "x", expected_minor: null, variance_minor: null, z_number: null });
    const z = done(close(6_350));
    expect(z).toEqual({
      kind: "z",
      shift_id: shiftId,
      attendant: "alex",
      opened_at: new Date(START_MS + 1).toISOString(),
      opened_by_payment: false,
      closed_at: new Date(START_MS + 9).toISOString(),
      z_number: 1,
      float_minor: 10_000,
      drops_minor: 5_000,
      top_ups_minor: 1_000,
      by_method: [
        { method: "cash", count: 1, amount_minor: 500, refunds_minor: 100 },
        { method: "card", count: 1, amount_minor: 300, refunds_minor: 0 },
      ],
      write_offs: { count: 0, amount_minor: 0 },
      debts: { count: 0, amount_minor: 0 },
      vends: 0,
      voids: 1,
      tickets: 1,
      expected_minor: 6_400,
      counted_minor: 6_350,
      variance_minor: -50,
      receipts: { first: 1, last: 3 },
    });
    expect(shiftReportSchema.parse(z)).toEqual(z);
    expect([store.shiftReport(shiftId), store.shiftNow("alex"), store.drawerMinor("alex")]).toEqual([
      z,
      null,
      null,
    ]);
  });

  it("is opened by the first cash, with a float that nobody counted", () => {
    pay(500);
    expect(desk.store.shiftNow("alex")).toMatchObject({ openedByPayment: true, floatMinor: 0 });
  });

  it("is not opened by a card, nor by money that no attendant takes", () => {
    const { store, make } = desk;
    pay(500, { method: "card" });
    pay(500, { method: "upi", actor: "cloud" });
    store.commit(turn([make.paid(stayId, 1, "a", { method: "card", actor: "terminal" })], { lane: "exit" }));
    expect(store.shifts(10)).toEqual([]);
    done(store.openShift({ actor: "cloud", floatMinor: 0 }, at(1)));
    pay(1, { method: "online", actor: "cloud" });
    expect(store.shifts(10)[0]?.by_method).toEqual([]);
  });

  it("edge case 45: keeps what it took when the next one begins in the middle of a stay", () => {
    const { store } = desk;
    pay(300, { quote: plainQuote(500) });
    const z = done(close(300));
    pay(200, { quote: plainQuote(500), actor: "bo" });
    // What comes late of alex, such as an answer of a terminal, is in none that is closed.
    pay(100, { method: "card" });
    expect(store.shiftReport(z.shift_id)).toEqual(z);
    expect(z).toMatchObject({ variance_minor: 0, by_method: [{ amount_minor: 300 }] });
    expect(store.drawerMinor("bo")).toBe(200);
    // Cash of alex opens the next one of alex.
    pay(50);
    expect(store.shiftNow("alex")?.shiftId).not.toBe(z.shift_id);
    expect(store.shifts(10)).toHaveLength(3);
  });

  it("edge case 44: shows what was let go and who was let out, with its voids", () => {
    const { store, make } = desk;
    const { shiftId } = done(store.openShift({ actor: "alex", floatMinor: 0 }, at(1)));
    const by = { place: "desk", actor: "alex", reason: "broken" };
    const quote = plainQuote(500);
    done(store.writeOff({ ...by, stayId, amountMinor: 200, quote, idempotencyKey: newKey() }, at(2)));
    const debt = { ...by, stayId, amountMinor: 300, quote, debtor: "Acme" };
    done(store.bookDebt({ ...debt, idempotencyKey: newKey() }, at(2)));
    done(store.voidStay({ ...by, stayId: cameIn(desk, "HHCD77").stayId }, at(2)));
    store.commit(turn([make.vended()], { lane: "exit" }));
    expect(store.shiftReport(shiftId)).toMatchObject({
      write_offs: { count: 1, amount_minor: 200 },
      debts: { count: 1, amount_minor: 300 },
      vends: 1,
      voids: 1,
    });
  });

  it("is numbered without a gap among all attendants", () => {
    const { store } = desk;
    for (const [i, actor] of ["alex", "bo", "alex", "cy"].entries()) {
      done(store.openShift({ actor, floatMinor: 0 }, at(i)));
      expect(done(close(0, actor)).z_number).toBe(i + 1);
    }
    expect(store.shifts(2).map(({ z_number }) => z_number)).toEqual([4, 3]);
  });

  it("that is not open is not moved, nor closed; amounts are whole and not absurd", () => {
    expect([whyNot(move("drop", 5)), whyNot(close(0))]).toEqual(["no_shift", "no_shift"]);
    const floats = [-1, 0.5, Number.MAX_SAFE_INTEGER].map((floatMinor) =>
      whyNot(desk.store.openShift({ actor: "alex", floatMinor }, at(1))),
    );
    expect(floats).toEqual(["amount_invalid", "amount_invalid", "amount_invalid"]);
    pay(1);
    expect([whyNot(move("drop", 0)), whyNot(close(-1))]).toEqual(["amount_invalid", "amount_invalid"]);
  });
});
