import { describe, expect, it } from "vitest";
import { actions, alarms, entry, kinds, plates, statuses } from "../testing/entry.ts";
import { createBench, creditOf } from "../testing/lane-bench.ts";
import {
  arrive,
  driveOn,
  driveThrough,
  openFor,
  passNormally,
  passWithArmByHand,
  settleDown,
} from "../testing/vehicle.ts";

describe("an arm that does not obey", () => {
  it("is told once more, then is at fault; a reset resolves the credit and the vehicle is asked again", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(2_250);
    expect(actions(bench)).toEqual(["open", "open"]);
    expect(alarms(bench)).toEqual(["command_refused"]);
    bench.wait(2_250);
    expect(bench.lane().state).toBe("FAULT");
    expect(alarms(bench)).toEqual(["command_refused", "arm_fault"]);
    bench.wait(600_000);
    expect(actions(bench)).toHaveLength(2);
    expect(creditOf(bench.lane())).not.toBeNull();
    expect(bench.reset().ok).toBe(true);
    expect(statuses(bench)).toEqual(["void"]);
    bench.wait(300);
    expect(bench.lane().state).toBe("OPENING");
    expect(plates(bench)).toEqual(["BAB1234", "BAB1234"]);
  });

  it("without counters: the stay in doubt is taken up again, not doubled", () => {
    const bench = entry({ armObeys: false, counts: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    bench.reset();
    bench.wait(300);
    expect(bench.lane().state).toBe("OPENING");
    expect(statuses(bench)).toEqual(["provisional"]);
  });

  it("a refusal is repeated at once, a refusal of the repetition is a fault", () => {
    const bench = entry();
    arrive(bench, "BAB1234");
    bench.answer(bench.commands()[0]!.id, "refused");
    bench.answer(bench.commands()[0]!.id, "silent");
    expect(bench.lane().state).toBe("OPENING");
    expect(actions(bench)).toEqual(["open", "open"]);
    bench.answer(bench.commands()[1]!.id, "silent");
    expect(bench.lane().state).toBe("FAULT");
  });

  it("a vend at the fault tries again for the vehicle whose credit is in doubt", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    expect(bench.vend().ok).toBe(true);
    bench.set({ closed_limit: false });
    driveThrough(bench);
    bench.wait(1_000);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("that opens late after all lets the vehicle in under its own stay", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    bench.set({ closed_limit: false });
    driveThrough(bench);
    bench.wait(1_000);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("closed by a person while a vehicle backs out: the lane rests, without a fault", () => {
    const bench = entry({ armObeys: false });
    passWithArmByHand(bench);
    bench.reset();
    bench.set({ closed_limit: true, open_limit: false });
    bench.reset();
    arrive(bench, "HHCD77");
    expect(bench.lane().state).toBe("OPENING");
    bench.set({ arming: false });
    bench.wait(20_000);
    expect(bench.lane().state).toBe("IDLE");
    expect(alarms(bench).filter((kind) => kind === "arm_fault")).toHaveLength(1);
  });

  it("whose closed limit sticks still lets the vehicle under it pass once it is open", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.set({ safety: true });
    bench.set({ open_limit: true });
    expect(bench.lane().state).toBe("PASSING");
  });

  it("that is open already when told to open counts as open", () => {
    const bench = entry({ armObeys: false });
    passWithArmByHand(bench);
    bench.set({ arming: true });
    bench.vend();
    bench.wait(2_250);
    expect(bench.lane().state).toBe("OPEN");
  });

  it("edge case 43: raised by hand: nothing is commanded, and whoever passes has a stay", () => {
    const bench = entry({ armObeys: false });
    bench.set({ arming: true });
    bench.read("BAB1234");
    bench.set({ closed_limit: false });
    expect(bench.lane().state).toBe("UNKNOWN");
    expect(alarms(bench)).toEqual(["forced"]);
    driveThrough(bench);
    bench.wait(1_000);
    expect(plates(bench)).toEqual(["BAB1234"]);
    expect(kinds(bench)).toEqual(["manual"]);
  });
});

describe("loss of the board", () => {
  it("while idle: nothing moves, and the lane comes back by itself", () => {
    const bench = entry();
    bench.lose();
    expect(bench.lane().state).toBe("UNKNOWN");
    bench.see();
    expect(bench.lane().state).toBe("IDLE");
    expect(actions(bench)).toEqual([]);
    passNormally(bench, "BAB1234");
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("of one single sensor is a loss too, and the safety loop must be proven anew", () => {
    const bench = entry({ counts: false });
    passNormally(bench, "BAB1234");
    bench.miss("photocell");
    expect(bench.lane().state).toBe("DEGRADED");
    expect(bench.lane().loopsProven).toBe(false);
    bench.miss(null);
    expect(bench.lane().state).toBe("IDLE");
    expect(bench.lane().loopsProven).toBe(false);
  });

  it("while opening: the vehicle still stands there, and is let in with one stay only", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.lose();
    bench.wait(5_000);
    bench.see();
    expect(bench.lane().state).toBe("UNKNOWN");
    expect(bench.lane().trouble).toMatch(/arm is open/);
    driveThrough(bench);
    settleDown(bench);
    expect(statuses(bench)).toEqual(["open"]);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(bench.book.inside()).toBe(1);
  });

  it("while a vehicle with a credit passes: one movement, whether it is seen again or not", () => {
    for (const stillThere of [true, false]) {
      const bench = entry();
      openFor(bench, "BAB1234");
      bench.set({ safety: true, arming: false });
      bench.lose();
      if (!stillThere) bench.set({ closing: true, safety: false });
      bench.see();
      driveOn(bench);
      settleDown(bench);
      expect(statuses(bench)).toEqual(["open"]);
      expect(bench.book.inside()).toBe(1);
    }
  });

  it("of a board without counters, when the vehicle had already reached the closing loop: it is in", () => {
    const bench = entry({ counts: false });
    openFor(bench, "BAB1234");
    bench.set({ safety: true, arming: false });
    bench.set({ closing: true });
    bench.lose();
    bench.set({ safety: false, closing: false });
    bench.see();
    expect(kinds(bench)).toEqual(["normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("while a vehicle without a credit passes: one movement, whether it is seen again or not", () => {
    for (const stillThere of [true, false]) {
      const bench = entry();
      passNormally(bench, "BAB1234");
      bench.set({ closed_limit: false });
      bench.set({ safety: true });
      expect(bench.lane().state).toBe("PASSING");
      bench.lose();
      if (!stillThere) bench.set({ closing: true, safety: false });
      bench.see();
      driveOn(bench);
      bench.wait(4_000);
      expect(kinds(bench)).toEqual(["normal", "manual"]);
      expect(bench.book.inside()).toBe(2);
    }
  });

  it("while the lane clears: the passage that was over is recorded", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.lose();
    expect(statuses(bench)).toEqual(["open"]);
    bench.see();
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("while closing: whoever stands there then is not closed upon by us", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.wait(1_200);
    bench.lose();
    bench.see();
    bench.wait(60_000);
    expect(actions(bench)).toEqual(["open", "close"]);
  });
});

describe("edge case 29: a restart with a credit in doubt", () => {
  it("that the counts prove to have passed: inferred, counted once", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.restart();
    bench.set({ safety: true, arming: false });
    driveOn(bench);
    bench.see();
    expect(kinds(bench)).toEqual(["inferred"]);
    expect(statuses(bench)).toEqual(["open"]);
    expect(creditOf(bench.lane())).toBeNull();
  });

  it("that the counts prove not to have passed, arm closed: void", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.restart();
    bench.set({ arming: false });
    bench.see();
    expect(bench.lane().state).toBe("IDLE");
    expect(statuses(bench)).toEqual(["void"]);
    expect(creditOf(bench.lane())).toBeNull();
  });

  it("that has not passed yet, arm open: kept until it passes, or until a person closes the lane", () => {
    for (const passes of [true, false]) {
      const bench = entry();
      openFor(bench, "BAB1234");
      bench.restart();
      bench.see();
      expect(statuses(bench)).toEqual(["provisional"]);
      if (passes) driveThrough(bench);
      else {
        bench.set({ arming: false });
        bench.reset();
      }
      settleDown(bench);
      expect(bench.lane().state).toBe("IDLE");
      expect(statuses(bench)).toEqual([passes ? "open" : "void"]);
      expect(bench.book.stays.size).toBe(1);
      expect(creditOf(bench.lane())).toBeNull();
    }
  });

  it("of another boot of the board: kept for review, and taken up when the plate is seen again", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.restart();
    bench.reboot();
    bench.see();
    expect([...bench.book.stays.values()]).toMatchObject([
      { status: "provisional", review: "passage_unproven" },
    ]);
    expect(bench.lane().state).toBe("IDLE");
    bench.wait(300);
    bench.read("BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.book.stays.size).toBe(1);
  });

  it("never opens by itself, and never moves an open arm without an operator or a vehicle", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ arming: false });
    bench.restart();
    bench.see();
    bench.wait(3_600_000);
    expect(bench.lane().state).toBe("UNKNOWN");
    expect(actions(bench)).toEqual(["open"]);
    expect(bench.reset().ok).toBe(true);
    bench.wait(999);
    expect(actions(bench)).toEqual(["open"]);
    bench.wait(1);
    expect(actions(bench)).toEqual(["open", "close"]);
  });

  it("does not reset while its inputs are unknown", () => {
    const bench = createBench({ direction: "entry" });
    expect(bench.reset()).toMatchObject({ ok: false, code: "inputs_unknown" });
  });
});
