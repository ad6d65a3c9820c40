import { describe, expect, it } from "vitest";
import { actions, entry, kinds, statuses } from "../testing/entry.ts";
import { exit, HOUR_MS, orders, owing } from "../testing/exit.ts";
import { creditOf } from "../testing/lane-bench.ts";
import { arrive, driveBack, driveThrough, openFor, settleDown } from "../testing/vehicle.ts";

describe("an attendant's hold", () => {
  it("opens and stays open until the reset, which vouches for the lane", () => {
    const bench = entry({ counts: false });
    expect(bench.hold()).toEqual({ ok: true, payment: null });
    bench.wait(HOUR_MS);
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", trouble: "Held open: a wide load" });
    expect(bench.hold().ok, "twice is once").toBe(true);
    expect(bench.reset().ok).toBe(true);
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
    expect(actions(bench)).toEqual(["open", "close"]);
    expect(bench.records("hold")).toMatchObject([
      { on: true, cause: "operator", actor: "alex", reason: "a wide load" },
      { on: false, cause: "operator", actor: "alex", reason: "looked at it" },
    ]);
  });

  it("keeps the credit of the vehicle in hand for its passage, once", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.hold();
    driveThrough(bench);
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["normal", "free"]);
    expect(statuses(bench)).toEqual(["open", "open"]);
  });

  it("of a vehicle that waits for its ticket lets it in under the stay that was begun", () => {
    const bench = entry({ lane: { ticket: "always" } });
    arrive(bench, "BAB1234");
    bench.hold();
    expect(orders(bench)).toEqual(["print"]);
    bench.wait(1_000);
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("a vehicle that backs out has its credit voided all the same", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.hold();
    bench.set({ arming: false });
    bench.wait(1_500);
    expect(statuses(bench)).toEqual(["void"]);
    expect(bench.lane().state).toBe("HELD_OPEN");
  });

  it("let go of while its vehicle stands there: the lane waits for it as before", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.hold();
    bench.reset();
    expect(bench.lane()).toMatchObject({ state: "OPEN", credit: { plate: "BAB1234" } });
    driveThrough(bench);
    settleDown(bench);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("let go of while a vehicle is under the arm: it passes first", () => {
    const bench = entry();
    bench.hold();
    bench.wait(1_000);
    bench.set({ arming: true });
    bench.set({ safety: true });
    bench.reset();
    expect(bench.lane().state).toBe("PASSING");
    bench.set({ closing: true, arming: false });
    bench.set({ safety: false, closing: false });
    settleDown(bench);
    expect(kinds(bench)).toEqual(["free"]);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("a vehicle that comes under the arm and reverses is counted nowhere", () => {
    const bench = entry();
    bench.hold();
    bench.wait(1_000);
    bench.set({ arming: true });
    bench.set({ safety: true });
    bench.wait(2_000);
    bench.set({ safety: false });
    bench.set({ arming: false });
    expect(kinds(bench)).toEqual([]);
    expect(bench.book.inside()).toBe(0);
  });

  it("is refused while the board is silent", () => {
    const bench = entry();
    bench.lose();
    expect(bench.hold()).toMatchObject({ ok: false, code: "inputs_unknown" });
  });

  it("row 26: a vehicle that stalls under the arm raises an alarm, which ends when it is gone", () => {
    const bench = entry();
    bench.hold();
    bench.wait(1_000);
    bench.set({ arming: true });
    bench.set({ safety: true });
    bench.wait(60_000);
    expect(bench.lane().alarms).toEqual(["stuck"]);
    bench.set({ safety: false, closing: true, arming: false });
    expect(bench.lane().alarms).toEqual([]);
  });
});

describe("edge case 8: a vehicle that comes through a held-open arm the wrong way", () => {
  it("is the other movement: out of an entry", () => {
    const bench = entry();
    const inside = bench.parked("BAB1234", HOUR_MS);
    bench.hold();
    bench.wait(1_000);
    bench.set({ closing: true });
    bench.set({ safety: true });
    bench.read("BAB1234");
    bench.set({ closing: false });
    bench.set({ arming: true });
    bench.set({ safety: false });
    expect(bench.records("movement")).toMatchObject([
      { direction: "out", kind: "free", stayId: inside.stayId },
    ]);
    expect(bench.book.inside()).toBe(0);
  });

  it("unread, is an exit without an entry; at an exit it is a way in, with a stay", () => {
    const bench = entry();
    bench.hold();
    bench.wait(1_000);
    driveBack(bench);
    expect(bench.records("movement")).toMatchObject([{ direction: "out", review: "exit_without_entry" }]);
    const out = exit();
    out.hold();
    out.wait(1_000);
    driveBack(out);
    expect(out.records("movement")).toMatchObject([{ direction: "in", kind: "free" }]);
    expect(statuses(out)).toEqual(["open"]);
  });

  it("does not take the credit of the vehicle that waits, nor its plate", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.hold();
    bench.set({ arming: false });
    bench.set({ closing: true });
    bench.set({ safety: true });
    bench.read("BAB1234");
    bench.set({ closing: false });
    bench.set({ arming: true });
    bench.set({ safety: false });
    expect(bench.records("movement")).toMatchObject([{ direction: "out", plate: null }]);
    expect(bench.lane().credit?.plate).toBe("BAB1234");
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["free", "normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("and is the vehicle whose credit is in doubt, has spent that: its stay moves once", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    expect(bench.lane()).toMatchObject({ state: "FAULT", unresolved: { plate: "BAB1234" } });
    bench.setArm(true);
    bench.hold();
    bench.set({ arming: false });
    bench.wait(1_000);
    bench.set({ closing: true });
    bench.set({ safety: true });
    bench.read("BAB1234");
    bench.set({ closing: false });
    bench.set({ arming: true });
    bench.set({ safety: false });
    expect(bench.records("movement").map(({ direction, kind }) => [direction, kind])).toEqual([
      ["in", "inferred"],
      ["out", "free"],
    ]);
    expect(creditOf(bench.lane())).toBeNull();
    bench.set({ arming: false });
    bench.reset();
    settleDown(bench);
    expect(statuses(bench)).toEqual(["closed"]);
  });

  it("that only seemed to, and went in, takes the credit with it: no stay is counted twice", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.hold();
    bench.set({ closing: true, arming: false });
    bench.set({ safety: true });
    bench.set({ closing: false });
    bench.set({ closing: true });
    bench.set({ safety: false });
    expect(kinds(bench)).toEqual(["normal"]);
    expect(creditOf(bench.lane())).toBeNull();
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("that only seemed to, and of which nobody saw the end, is the one in hand: counted once", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ key_switch: true });
    bench.set({ arming: false, safety: true, closing: true });
    bench.set({ open_limit: false, closed_limit: true });
    bench.lose();
    bench.set({ key_switch: false, safety: false, closing: false });
    bench.see();
    expect(kinds(bench)).toEqual(["normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("that only seemed to is the one in hand when the arm is let go of, up or down", () => {
    for (const closed_limit of [true, false]) {
      const bench = entry({ armObeys: false });
      arrive(bench, "BAB1234");
      bench.set({ key_switch: true });
      bench.set({ arming: false, safety: true, closing: true });
      bench.set({ open_limit: true });
      bench.set({ key_switch: false, closed_limit });
      bench.set({ safety: false, closing: false });
      bench.wait(1_000);
      expect(statuses(bench)).toEqual(["open"]);
      expect(bench.book.inside()).toBe(1);
    }
  });

  it("whose stay left the other way by its plate is not counted out again", () => {
    const { bench, stay } = owing();
    bench.set({ arming: false });
    bench.hold();
    bench.wait(1_000);
    bench.set({ closing: true });
    bench.set({ safety: true });
    bench.refuse(1);
    bench.set({ closing: false });
    bench.set({ arming: true });
    bench.set({ safety: false, arming: false });
    bench.see();
    expect(bench.book.stays.get(stay.stayId)?.status).toBe("closed");
    driveThrough(bench);
    expect(bench.records("movement").map(({ stayId }) => stayId)).toEqual([stay.stayId, null]);
  });
});
