import { describe, expect, it } from "vitest";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import { actions } from "./testing/entry.ts";
import { exit, HOUR_MS, MINUTE_MS, owing as paying } from "./testing/exit.ts";
import type { Bench } from "./testing/lane-bench.ts";
import { arrive, driveThrough, settleDown } from "./testing/vehicle.ts";

const statusOf = (bench: Bench, stay: StayInHand): string | undefined =>
  bench.book.stays.get(stay.stayId)?.status;

describe("a normal exit", () => {
  it("asks for what is due, takes it, opens, and closes the stay when the vehicle is out", () => {
    const { bench, stay } = paying();
    expect(bench.lane()).toMatchObject({ state: "PAYING", display: "Please pay 5.00 EUR" });
    expect(actions(bench)).toEqual([]);
    const reply = bench.cash(stay.stayId, 2_000);
    expect(reply).toMatchObject({ ok: true, payment: { changeMinor: 1_500 } });
    expect(bench.lane().state).toBe("OPENING");
    const [payment] = bench.records("payment");
    expect(payment).toMatchObject({
      stayId: stay.stayId,
      amountMinor: 500,
      changeMinor: 1_500,
      method: "cash",
    });
    expect(reply.ok && reply.payment?.paymentId).toBe(payment?.paymentId);
    bench.wait(1_000);
    driveThrough(bench);
    expect(statusOf(bench, stay)).toBe("open");
    settleDown(bench);
    expect(statusOf(bench, stay)).toBe("closed");
    expect(bench.book.inside()).toBe(0);
    const [out] = bench.records("movement");
    expect(out).toMatchObject({ direction: "out", kind: "normal", review: null, plate: "BAB1234" });
    expect(out?.quote?.total).toEqual({ amountMinor: 500, currency: "EUR" });
    expect(bench.lane().state).toBe("IDLE");
  });

  it("opens at once when nothing is due", () => {
    const bench = exit();
    const stay = bench.parked("BAB1234", 30 * MINUTE_MS);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.records("payment")).toEqual([]);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(statusOf(bench, stay)).toBe("closed");
  });

  it("edge case 9: finds the stay of a misread plate when it is the only one alike", () => {
    const bench = exit();
    const stay = bench.parked("B0B1234", 2 * HOUR_MS);
    arrive(bench, "BOB1234");
    expect(bench.lane().stay?.stayId).toBe(stay.stayId);
  });

  it("lets a vehicle out whose entry was never confirmed: it must have come in", () => {
    const bench = exit();
    const stay = bench.parked("BAB1234", 30 * MINUTE_MS, { status: "provisional" });
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement").map(({ direction, kind }) => [direction, kind])).toEqual([
      ["in", "inferred"],
      ["out", "normal"],
    ]);
    expect(statusOf(bench, stay)).toBe("closed");
    expect(bench.book.inside()).toBe(0);
  });
});

describe("cash", () => {
  it("is taken once: the second time nothing is due any more", () => {
    const { bench, stay } = paying();
    bench.cash(stay.stayId, 500);
    expect(bench.cash(stay.stayId, 500)).toMatchObject({ ok: false, code: "not_paying" });
    expect(bench.records("payment")).toHaveLength(1);
    expect(actions(bench)).toEqual(["open"]);
  });

  it("for another stay, or less than the fee, is refused and changes nothing", () => {
    const { bench, stay } = paying();
    const other = bench.parked("HHCD77", HOUR_MS);
    const before = bench.lane();
    expect(bench.cash(other.stayId, 500)).toMatchObject({ ok: false, code: "other_stay" });
    expect(bench.cash(stay.stayId, 499)).toMatchObject({ ok: false, code: "too_little" });
    expect(bench.cash(stay.stayId, 500, 400)).toMatchObject({ ok: false, code: "fee_changed" });
    expect(bench.lane()).toEqual(before);
    expect(bench.records("payment")).toEqual([]);
    expect(actions(bench)).toEqual([]);
  });

  it("edge case 19: stays paid when the arm fails: the vehicle is let out later without paying again", () => {
    const { bench, stay } = paying({ armObeys: false });
    bench.cash(stay.stayId, 500);
    bench.wait(4_500);
    expect(bench.lane().state).toBe("FAULT");
    expect(bench.reset().ok).toBe(true);
    bench.wait(300);
    expect(bench.lane().state).toBe("OPENING");
    expect(actions(bench)).toEqual(["open", "open", "open"]);
    bench.set({ closed_limit: false });
    bench.set({ open_limit: true });
    driveThrough(bench);
    bench.wait(1_000);
    expect(statusOf(bench, stay)).toBe("closed");
    expect(bench.book.stays.get(stay.stayId)?.paidMinor).toBe(500);
    expect(bench.records("movement")).toHaveLength(1);
  });

  it("stays paid when the driver turns back, and only the difference is due later", () => {
    const { bench, stay } = paying();
    bench.cash(stay.stayId, 500);
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(10_000);
    // Since the start no vehicle has proven the safety loop, so a person must.
    bench.reset();
    bench.wait(10_000);
    expect(bench.lane().state).toBe("IDLE");
    expect(statusOf(bench, stay)).toBe("open");
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.records("payment")).toHaveLength(1);
  });

  it("is not asked of the next vehicle for the one that has left", () => {
    const bench = exit();
    bench.parked("BAB1234", 2 * HOUR_MS);
    bench.set({ arming: true });
    bench.wait(1_000);
    bench.set({ arming: false });
    bench.wait(1_000);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("PAYING");
    bench.wait(500);
    expect(bench.lane().state).toBe("IDLE");
    expect(bench.lane().stay).toBeNull();
  });

  it("needs no hurry: the driver looks for change for an hour", () => {
    const { bench, stay } = paying();
    bench.wait(HOUR_MS);
    expect(bench.lane().state).toBe("PAYING");
    expect(bench.cash(stay.stayId, 500).ok).toBe(true);
  });
});

describe("a vehicle that cannot be let out by itself", () => {
  it("edge case 13: without a stay is denied, and let out by hand as an exit without an entry", () => {
    const bench = exit();
    arrive(bench, "HHCD77");
    expect(bench.lane().state).toBe("DENIED");
    expect(bench.lane().display).toMatch(/No stay found for HHCD77/);
    expect(bench.vend().ok).toBe(true);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([
      { direction: "out", kind: "vend", stayId: null, plate: "HHCD77", review: "exit_without_entry" },
    ]);
  });

  it("edge case 9: with two stays that fit is never charged by guess", () => {
    const bench = exit();
    bench.parked("8AB1234", 2 * HOUR_MS);
    bench.parked("BA81234", HOUR_MS);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("DENIED");
    expect(bench.lane().display).toMatch(/More than one/);
  });

  it("without a tariff is denied with the reason; the attendant's word ends its stay", () => {
    const bench = exit({ price: null });
    const stay = bench.parked("BAB1234", 2 * HOUR_MS);
    arrive(bench, "BAB1234");
    expect(bench.lane().display).toMatch(/tariff/);
    bench.vend();
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(statusOf(bench, stay)).toBe("closed");
    expect(bench.records("movement")).toMatchObject([{ kind: "vend", quote: null, review: null }]);
  });

  it("edge case 44: that should pay may be let out by hand: the stay ends, unpaid and with its fee on record", () => {
    const { bench, stay } = paying();
    bench.vend();
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(statusOf(bench, stay)).toBe("closed");
    expect(bench.records("payment")).toEqual([]);
    expect(bench.records("movement")[0]?.quote?.total.amountMinor).toBe(500);
  });

  it("read again and better is asked about again", () => {
    const bench = exit();
    const stay = bench.parked("BAB1234", 2 * HOUR_MS);
    arrive(bench, "BAE1234");
    expect(bench.lane().state).toBe("DENIED");
    bench.read("BAB1234");
    expect(bench.lane()).toMatchObject({ state: "PAYING", stay: { stayId: stay.stayId } });
  });
});

describe("uncontrolled exits", () => {
  it("close the stay of the vehicle that followed", () => {
    const bench = exit();
    const first = bench.parked("BAB1234", 30 * MINUTE_MS);
    const second = bench.parked("HHCD77", 2 * HOUR_MS);
    arrive(bench, "BAB1234");
    bench.wait(1_000);
    driveThrough(bench);
    bench.set({ arming: true });
    bench.read("HHCD77");
    driveThrough(bench);
    settleDown(bench);
    expect([statusOf(bench, first), statusOf(bench, second)]).toEqual(["closed", "closed"]);
    expect(bench.records("movement").map(({ kind }) => kind)).toEqual(["normal", "tailgate"]);
    expect(bench.book.inside()).toBe(0);
  });

  it("without a plate are counted and put up for review", () => {
    const bench = exit({ armObeys: false });
    bench.parked("BAB1234", HOUR_MS);
    bench.set({ closed_limit: false });
    driveThrough(bench);
    bench.wait(1_000);
    expect(bench.records("movement")).toMatchObject([{ stayId: null, review: "exit_without_entry" }]);
  });

  it("by an arm raised by hand, while the vehicle stood there unpaid, close its stay", () => {
    const { bench, stay } = paying({ armObeys: false });
    bench.set({ closed_limit: false });
    driveThrough(bench);
    bench.wait(1_000);
    expect(statusOf(bench, stay)).toBe("closed");
    expect(bench.records("movement")).toMatchObject([{ kind: "manual", plate: "BAB1234" }]);
  });
});

it("edge case 50: who drives out under an arm that rose with the power gone is written down, without a payment", () => {
  const bench = exit();
  const stay = bench.parked("BAB1234", 2 * HOUR_MS);
  bench.lose("no power");
  bench.set({ closed_limit: false });
  bench.reboot();
  bench.see();
  bench.set({ arming: true });
  bench.read("BAB1234");
  driveThrough(bench);
  bench.wait(1_000);
  expect(bench.records("movement")).toMatchObject([
    { kind: "tailgate", direction: "out", stayId: stay.stayId },
  ]);
  expect(bench.book.stays.get(stay.stayId)).toMatchObject({ status: "closed", paidMinor: 0 });
});

describe("doubt at an exit", () => {
  it("a short loss of the board while the driver pays: the same vehicle pays the same fee", () => {
    const { bench, stay } = paying();
    bench.wait(60_000);
    bench.lose();
    bench.wait(8_000);
    bench.see();
    bench.wait(300);
    expect(bench.lane()).toMatchObject({ state: "PAYING", stay: { stayId: stay.stayId } });
    expect(bench.cash(stay.stayId, 500).ok).toBe(true);
  });

  it("a long one: whoever stands there then is read anew", () => {
    const { bench } = paying();
    bench.lose();
    bench.wait(11_000);
    bench.see();
    bench.wait(300);
    expect(bench.lane()).toMatchObject({ state: "ARMED", stay: null });
  });

  it("a short loss of the board while the arm is open: the vehicle drives out under its own stay", () => {
    for (const counts of [true, false]) {
      const { bench, stay } = paying({ counts });
      bench.cash(stay.stayId, 500);
      bench.wait(1_000);
      bench.lose();
      bench.wait(3_000);
      bench.see();
      driveThrough(bench);
      bench.wait(1_000);
      expect(statusOf(bench, stay)).toBe("closed");
      expect(bench.records("movement")).toMatchObject([{ kind: "normal", review: null }]);
    }
  });

  it("the vehicle has gone when the board without counters answers again: its stay is put up for review", () => {
    const { bench, stay } = paying({ counts: false });
    bench.cash(stay.stayId, 500);
    bench.wait(1_000);
    bench.lose();
    bench.set({ arming: false });
    bench.see();
    expect(bench.book.stays.get(stay.stayId)).toMatchObject({ status: "open", review: "passage_unproven" });
    expect(bench.records("movement")).toEqual([]);
  });

  it("edge case 29: the vehicle passed while the agent was down: its stay ends, once", () => {
    const { bench, stay } = paying();
    bench.cash(stay.stayId, 500);
    bench.wait(1_000);
    bench.restart();
    driveThrough(bench);
    bench.see();
    expect(statusOf(bench, stay)).toBe("closed");
    expect(bench.records("movement")).toMatchObject([{ kind: "inferred" }]);
  });

  it("edge case 29: the vehicle never passed: nothing happened at all, and it is still paid", () => {
    const { bench, stay } = paying({ armObeys: false });
    bench.cash(stay.stayId, 500);
    bench.restart();
    bench.see();
    expect(statusOf(bench, stay)).toBe("open");
    expect(bench.records("movement")).toEqual([]);
    bench.wait(300);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("OPENING");
  });
});
