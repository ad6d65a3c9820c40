import { describe, expect, it } from "vitest";
import type { LaneState } from "@parkme/shared/domain/lane";
import { actions, alarms, entry, kinds, plates, statuses } from "../testing/entry.ts";
import { HOUR_MS } from "../testing/exit.ts";
import { creditOf, type Bench, type BenchOptions } from "../testing/lane-bench.ts";
import {
  arrive,
  driveThrough,
  openFor,
  passNormally,
  passWithArmByHand,
  settleDown,
} from "../testing/vehicle.ts";

/** A lane in which a vehicle has passed, so that its safety loop is proven, in each state there is. */
const STATES: readonly (readonly [LaneState, BenchOptions, (bench: Bench) => void])[] = [
  ["UNKNOWN", {}, (bench) => bench.lose()],
  ["IDLE", {}, () => undefined],
  ["ARMED", {}, (bench) => arrive(bench, null)],
  ["PRINTING", { lane: { ticket: "always" } }, (bench) => arrive(bench, "BAB1234")],
  ["DENIED", { capacity: 1 }, (bench) => arrive(bench, "BAB1234")],
  ["OPENING", {}, (bench) => arrive(bench, "BAB1234")],
  ["OPEN", {}, (bench) => openFor(bench, "BAB1234")],
  [
    "PASSING",
    {},
    (bench) => {
      openFor(bench, "BAB1234");
      bench.set({ safety: true });
    },
  ],
  [
    "CLEARING",
    {},
    (bench) => {
      openFor(bench, "BAB1234");
      driveThrough(bench);
    },
  ],
  [
    "CLOSING",
    {},
    (bench) => {
      openFor(bench, "BAB1234");
      driveThrough(bench);
      bench.wait(1_200);
    },
  ],
  ["DEGRADED", {}, (bench) => bench.miss("photocell")],
  ["FAULT", { armObeys: false }, (bench) => passWithArmByHand(bench)],
];

function laneIn(state: LaneState, options: BenchOptions, happens: (bench: Bench) => void): Bench {
  const bench = entry({ ...options, lane: { ticket: "never" } });
  if (state !== "FAULT") passNormally(bench, "PRV111");
  Object.assign(bench.config, options.lane);
  happens(bench);
  expect(bench.lane().state).toBe(state);
  return bench;
}

describe("row 33: fire", () => {
  it.each(STATES)("in %s opens, whatever the disk says, and holds open", (state, options, happens) => {
    const bench = laneIn(state, options, happens);
    const before = bench.commands().length;
    if (state === "UNKNOWN") bench.see();
    bench.set({ fire: true });
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "fire" });
    expect(bench.commands().slice(before)).toMatchObject([{ action: "open", safety: true }]);
    expect(bench.lane().alarms).toContain("fire");
  });

  it("stays until a person resets it, and only when the fire is out", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.set({ fire: true });
    bench.wait(60_000);
    expect(bench.reset()).toMatchObject({ ok: false, code: "fire_on" });
    bench.set({ fire: false });
    bench.wait(HOUR_MS);
    expect(bench.lane().state).toBe("HELD_OPEN");
    expect(bench.vend()).toMatchObject({ ok: false, code: "held_open" });
    expect(bench.hold()).toMatchObject({ ok: false, code: "held_open" });
    expect(bench.reset().ok).toBe(true);
    settleDown(bench);
    expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [] });
    expect(actions(bench)).toEqual(["open", "close", "open!", "close"]);
    expect(bench.records("hold").map(({ on, cause }) => [on, cause])).toEqual([
      [true, "fire"],
      [false, "fire"],
    ]);
  });

  it("edge case 42: each vehicle that crosses is written down, with a stay for whoever came in", () => {
    const bench = entry();
    bench.set({ fire: true });
    bench.wait(1_000);
    for (const plate of ["BAB1234", "HHCD77"]) {
      bench.set({ arming: true });
      bench.read(plate);
      driveThrough(bench);
      bench.wait(3_000);
    }
    expect(kinds(bench)).toEqual(["free", "free"]);
    expect(plates(bench)).toEqual(["BAB1234", "HHCD77"]);
    expect(statuses(bench)).toEqual(["open", "open"]);
    expect(bench.book.inside()).toBe(2);
  });

  it("while the arm comes down reopens at once, and closes over nobody", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.wait(1_200);
    bench.set({ fire: true });
    bench.wait(HOUR_MS);
    expect(actions(bench)).toEqual(["open", "close", "open!"]);
  });

  it("replaces a person's hold, and a person's reset ends both", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.hold();
    bench.set({ fire: true });
    expect(bench.lane().heldBy).toBe("fire");
    bench.set({ fire: false });
    bench.reset();
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("is still latched after the agent and the board started anew; nothing moves by that", () => {
    const bench = entry();
    bench.set({ fire: true });
    bench.wait(1_000);
    bench.set({ fire: false });
    bench.restart();
    bench.reboot();
    bench.see();
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "fire", alarms: ["fire"] });
    expect(actions(bench)).toEqual(["open!"]);
    expect(bench.reset().ok).toBe(true);
  });

  it("that is on when the agent starts opens with the first image", () => {
    const bench = entry();
    bench.restart();
    bench.set({ fire: true });
    bench.see();
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "fire" });
    expect(actions(bench)).toEqual(["open!"]);
  });

  it("holds on through a silent board: it is not commanded again, and not let go", () => {
    const bench = entry();
    bench.set({ fire: true });
    bench.lose();
    bench.see();
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "fire", alarms: ["fire"] });
    expect(actions(bench)).toEqual(["open!"]);
  });

  it("an arm that does not open is told once more, and then said to be at fault; it is held open all the same", () => {
    const bench = entry({ armObeys: false });
    bench.set({ fire: true });
    bench.wait(60_000);
    expect(actions(bench)).toEqual(["open!", "open!"]);
    expect(alarms(bench)).toEqual(["fire", "command_refused", "arm_fault"]);
    expect(bench.lane().state).toBe("HELD_OPEN");
    bench.set({ fire: false });
    bench.reset();
    expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [] });
  });

  it("an arm that somebody lets down is opened again", () => {
    const bench = entry();
    bench.set({ fire: true });
    bench.wait(1_000);
    bench.set({ open_limit: false, closed_limit: true });
    expect(actions(bench)).toEqual(["open!", "open!"]);
    bench.answer(bench.commands()[1]!.id, "silent");
    expect(actions(bench)).toEqual(["open!", "open!", "open!"]);
  });
});

describe("row 34: STOP", () => {
  it.each(STATES)("in %s lets go of the relays, whatever the disk says", (state, options, happens) => {
    const bench = laneIn(state, options, happens);
    const before = bench.commands().length;
    if (state === "UNKNOWN") bench.see();
    bench.set({ stop: true });
    expect(bench.lane()).toMatchObject({ state: "STOPPED", heldBy: null });
    expect(bench.commands().slice(before)).toMatchObject([{ action: "stop", safety: true }]);
    expect(bench.lane().alarms).toContain("stopped");
  });

  it("nothing is commanded while it is pressed, nor until a person resets", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ stop: true });
    expect(bench.vend()).toMatchObject({ ok: false, code: "stopped" });
    expect(bench.hold()).toMatchObject({ ok: false, code: "stopped" });
    expect(bench.reset()).toMatchObject({ ok: false, code: "stopped" });
    bench.set({ key_switch: true });
    bench.set({ key_switch: false });
    bench.set({ stop: false });
    bench.wait(HOUR_MS);
    expect(bench.vend()).toMatchObject({ ok: false, code: "stopped" });
    expect(actions(bench)).toEqual(["open", "stop!"]);
    expect(bench.reset().ok).toBe(true);
    expect(bench.lane()).toMatchObject({ state: "UNKNOWN", alarms: [] });
    expect(bench.lane().trouble).toMatch(/arm is open/);
  });

  it("comes before fire: that is told, and opens when STOP is reset", () => {
    const bench = entry();
    bench.set({ stop: true });
    bench.set({ fire: true });
    expect(bench.lane()).toMatchObject({ state: "STOPPED", alarms: ["stopped", "fire"] });
    expect(actions(bench)).toEqual(["stop!"]);
    bench.set({ stop: false });
    expect(actions(bench)).toEqual(["stop!"]);
    expect(bench.reset().ok).toBe(true);
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "fire", alarms: ["fire"] });
    expect(actions(bench)).toEqual(["stop!", "open!"]);
  });

  it("and fire at the same moment is STOP; a fire that is over by then ends with the reset", () => {
    const bench = entry();
    bench.set({ stop: true, fire: true });
    expect(bench.lane().state).toBe("STOPPED");
    bench.set({ stop: false, fire: false });
    bench.reset();
    expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [] });
  });

  it("the key switch that was turned meanwhile opens when STOP is reset", () => {
    const bench = entry();
    bench.set({ stop: true });
    bench.set({ key_switch: true });
    bench.set({ stop: false });
    bench.reset();
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "key_switch" });
  });

  it("puts the credit in hand in doubt; whoever passes under the arm that stands is written down once", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ stop: true });
    expect(creditOf(bench.lane())).not.toBeNull();
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(creditOf(bench.lane())).toBeNull();
    bench.set({ stop: false });
    bench.reset();
    bench.reset();
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("that the board does not take is sent once more", () => {
    const bench = entry();
    bench.set({ stop: true });
    bench.answer(bench.commands()[0]!.id, "silent");
    expect(actions(bench)).toEqual(["stop!", "stop!"]);
    bench.answer(bench.commands()[1]!.id, "silent");
    expect(actions(bench)).toEqual(["stop!", "stop!"]);
  });

  it("is still latched after the agent and the board started anew", () => {
    const bench = entry();
    bench.set({ stop: true });
    bench.set({ stop: false });
    bench.restart();
    bench.see();
    expect(bench.lane()).toMatchObject({ state: "STOPPED", alarms: ["stopped"] });
    bench.restart();
    bench.miss("photocell");
    bench.set({ fire: true });
    bench.see();
    expect(bench.lane(), "with a sensor missing and fire as well").toMatchObject({ state: "STOPPED" });
    expect(actions(bench)).toEqual(["stop!"]);
  });
});

describe("the key switch", () => {
  it("holds the arm open while it is on; then the arm comes down over a clear, proven lane", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.set({ key_switch: true });
    bench.wait(60_000);
    expect(bench.reset()).toMatchObject({ ok: false, code: "key_on" });
    bench.set({ key_switch: false });
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
    expect(actions(bench)).toEqual(["open", "close", "open", "close"]);
  });

  it("leaves the arm open where the safety loop is not proven: a person must look", () => {
    const bench = entry({ counts: false });
    bench.set({ key_switch: true });
    bench.wait(1_000);
    bench.set({ key_switch: false });
    bench.wait(60_000);
    expect(bench.lane().state).toBe("CLEARING");
    expect(bench.lane().trouble).toMatch(/Reset/);
    bench.reset();
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("edge case 43: whoever crosses meanwhile is an exception, for a person to look at", () => {
    const bench = entry();
    bench.set({ key_switch: true });
    bench.wait(1_000);
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["manual"]);
    expect(bench.book.inside()).toBe(1);
  });

  it("does not let go of what a person or the fire panel holds", () => {
    const bench = entry();
    bench.hold();
    bench.set({ key_switch: true });
    bench.set({ key_switch: false });
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "operator" });
    bench.set({ key_switch: true });
    bench.reset();
    expect(bench.lane(), "the key holds it still").toMatchObject({
      state: "HELD_OPEN",
      heldBy: "key_switch",
    });
  });

  it("turned on and off before the arm has moved leaves an arm that comes down again", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.set({ key_switch: true });
    bench.set({ key_switch: false });
    bench.wait(10_000);
    expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [] });
    expect(bench.levels().closed_limit).toBe(true);
  });
});

describe("relays read back", () => {
  it("that are not as they were commanded raise an alarm, until they are again", () => {
    const bench = entry();
    bench.tell({ kind: "output", mismatch: "open stays on" });
    bench.tell({ kind: "output", mismatch: "open stays on" });
    expect(bench.lane().alarms).toEqual(["output_mismatch"]);
    expect(bench.records("alarm")).toMatchObject([{ detail: "open stays on" }]);
    bench.tell({ kind: "output", mismatch: null });
    expect(bench.records("alarm_over")).toMatchObject([{ kind: "output_mismatch" }]);
  });
});

describe("a device of the lane", () => {
  it.each(["printer", "reader", "terminal", "display"] as const)(
    "a %s that fails is told once, and once when it works",
    (device) => {
      const bench = entry();
      bench.device(device, false);
      bench.device(device, false);
      expect(alarms(bench)).toEqual([device]);
      bench.device(device, true);
      bench.device(device, true);
      expect(bench.records("alarm_over")).toEqual([{ type: "alarm_over", kind: device }]);
    },
  );
});
