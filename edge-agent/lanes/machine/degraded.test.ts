import { describe, expect, it } from "vitest";
import { outage } from "./doubt.ts";
import { actions, alarms, entry, kinds, statuses } from "../testing/entry.ts";
import { exit, HOUR_MS, owingByCard, orders } from "../testing/exit.ts";
import { countingMint, creditOf, vote, type Bench } from "../testing/lane-bench.ts";
import { arrive, driveThrough, openFor, passNormally, settleDown } from "../testing/vehicle.ts";

describe("row 32: a dead sensor", () => {
  it("blocks the close, grants nothing by itself, and the lane comes back by itself", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.miss("photocell");
    expect(bench.lane()).toMatchObject({ state: "DEGRADED", alarms: ["sensor_stale"] });
    expect(bench.lane().trouble).toBe("photocell is not reported");
    arrive(bench, "BAB1234");
    bench.wait(60_000);
    expect(actions(bench)).toEqual(["open", "close"]);
    expect(bench.reset()).toMatchObject({ ok: false, code: "inputs_unknown" });
    bench.miss(null);
    expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [] });
    bench.wait(300);
    expect(bench.lane().state).toBe("OPENING");
  });

  it("while the arm comes down reopens first", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.wait(1_200);
    bench.miss("closing");
    expect(actions(bench)).toEqual(["open", "close", "open!"]);
    expect(bench.lane().state).toBe("DEGRADED");
    bench.answer(bench.commands()[2]!.id, "silent");
    expect(actions(bench)).toEqual(["open", "close", "open!", "open!"]);
    bench.wait(HOUR_MS);
    expect(actions(bench)).toHaveLength(4);
  });

  it("that guards nothing does not stop an arm that comes down", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.wait(1_200);
    bench.miss("arming");
    expect(actions(bench)).toEqual(["open", "close"]);
    bench.wait(2_000);
    bench.miss(null);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("an attendant opens for a vehicle, which comes in under a stay of its own; the arm stays open", () => {
    const bench = entry();
    passNormally(bench, "PRV111");
    bench.miss("photocell");
    arrive(bench, "BAB1234");
    expect(bench.vend().ok).toBe(true);
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "operator", credit: { kind: "vend" } });
    bench.wait(1_000);
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["normal", "vend"]);
    expect(statuses(bench)).toEqual(["open", "open"]);
    bench.wait(60_000);
    expect(actions(bench)).toEqual(["open", "close", "open"]);
    bench.reset();
    expect(bench.lane(), "the sensor is dead still").toMatchObject({ state: "DEGRADED" });
    bench.miss(null);
    expect(bench.lane().state).toBe("UNKNOWN");
    bench.reset();
    settleDown(bench);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("an attendant who opens for the vehicle that was let in already begins no second stay", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.miss("photocell");
    expect(creditOf(bench.lane())).not.toBeNull();
    bench.vend();
    expect(statuses(bench)).toEqual(["provisional"]);
    bench.set({ closed_limit: false });
    driveThrough(bench);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("an attendant who opens while a vehicle passes grants nothing more", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ safety: true });
    bench.miss("photocell");
    expect(bench.vend().ok).toBe(true);
    bench.set({ arming: false, closing: true });
    bench.set({ safety: false });
    expect(kinds(bench)).toEqual(["normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("does not lose the stay of who was let in, though the loops told of somebody from inside", () => {
    const bench = entry();
    bench.miss("photocell");
    bench.vend();
    bench.wait(1_000);
    bench.reset();
    bench.set({ closing: true, safety: true });
    bench.miss(null);
    expect(bench.lane()).toMatchObject({ state: "PASSING", passage: { credit: { kind: "vend" } } });
    bench.set({ safety: false });
    bench.set({ closing: false });
    bench.wait(1_000);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("edge case 43: the arm raised by hand meanwhile is told, and whoever passes is an exception", () => {
    const bench = entry({ armObeys: false });
    bench.miss("photocell");
    bench.set({ closed_limit: false });
    expect(alarms(bench)).toEqual(["sensor_stale", "forced"]);
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["manual"]);
    bench.set({ closed_limit: true });
    bench.miss(null);
    expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [] });
  });

  it("that is the safety loop: who was under the arm is found out when it is seen again", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    bench.set({ safety: true, arming: false });
    bench.set({ closing: true });
    bench.miss("safety");
    bench.set({ safety: false, closing: false });
    expect(kinds(bench)).toEqual([]);
    bench.miss(null);
    expect(kinds(bench)).toEqual(["normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("and then another: the attendant is told of what is missing now", () => {
    const bench = entry();
    bench.miss("photocell");
    bench.miss("closing");
    expect(bench.lane().trouble).toBe("closing is not reported");
    expect(alarms(bench)).toEqual(["sensor_stale"]);
  });

  it("at a fault is told, and leaves the fault to a person", () => {
    const bench = entry({ armObeys: false });
    arrive(bench, "BAB1234");
    bench.wait(4_500);
    bench.miss("photocell");
    expect(bench.lane()).toMatchObject({ state: "FAULT", alarms: ["arm_fault", "sensor_stale"] });
    bench.set({ closed_limit: false });
    driveThrough(bench);
    expect(kinds(bench), "whoever passes is counted all the same").toEqual(["normal"]);
    bench.reset();
    expect(bench.lane().state).toBe("DEGRADED");
  });

  it("at a start moves nothing, whatever the policy", () => {
    const bench = entry({ policy: { outage: "open" } });
    bench.restart();
    bench.miss("photocell");
    bench.see();
    expect(bench.lane().state).toBe("DEGRADED");
    expect(actions(bench)).toEqual([]);
  });

  it("where the site's policy is to open: opens, counts, and closes when all sensors are back and proven", () => {
    const bench = entry({ policy: { outage: "open" } });
    passNormally(bench, "PRV111");
    bench.miss("photocell");
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "policy" });
    bench.wait(1_000);
    bench.set({ arming: true });
    bench.read("BAB1234");
    driveThrough(bench);
    expect(kinds(bench)).toEqual(["normal", "free"]);
    expect(bench.reset()).toMatchObject({ ok: false, code: "inputs_unknown" });
    bench.miss(null);
    settleDown(bench);
    expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [] });
    expect(actions(bench)).toEqual(["open", "close", "open", "close"]);
  });

  it("a person's hold that is let go of leaves the arm to that policy", () => {
    const bench = entry({ policy: { outage: "open" } });
    bench.hold();
    bench.miss("photocell");
    bench.reset();
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "policy" });
  });
});

describe("a lost board", () => {
  it("raises an alarm that ends when it is seen again", () => {
    const bench = entry();
    bench.lose();
    bench.lose("still silent");
    expect(bench.lane()).toMatchObject({ alarms: ["sensor_stale"], trouble: "still silent" });
    expect(alarms(bench)).toEqual(["sensor_stale"]);
    bench.see();
    expect(bench.records("alarm_over")).toMatchObject([{ kind: "sensor_stale" }]);
  });

  it("out of a dead sensor is a lost board", () => {
    const bench = entry();
    bench.miss("photocell");
    bench.lose();
    expect(bench.lane().state).toBe("UNKNOWN");
    bench.see();
    expect(bench.lane().state, "and the sensor is dead still").toBe("DEGRADED");
  });
});

/** What the lane does when the disk refuses its turn. */
function refused(bench: Bench, policy: "hold" | "open") {
  const ctx = { config: bench.config, now: bench.now(), mint: countingMint(), vote };
  return outage(bench.lane(), policy, "disk full", ctx);
}

describe("edge case 46: the disk refuses", () => {
  it("and the policy is to hold: nothing moves, and what was in hand is in doubt", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    const step = refused(bench, "hold");
    expect(step.lane).toMatchObject({ state: "UNKNOWN", trouble: "disk full", credit: null });
    expect(creditOf(step.lane)?.plate).toBe("BAB1234");
    expect(step.commands).toEqual([]);
    expect(new Set(Object.values(step.lane.inputs))).toEqual(new Set(["unknown"]));
  });

  it("and the policy is to open: exits keep working, without the disk", () => {
    const bench = exit();
    arrive(bench, "BAB1234");
    const step = refused(bench, "open");
    expect(step.lane).toMatchObject({ state: "HELD_OPEN", heldBy: "policy" });
    expect(step.commands).toMatchObject([{ action: "open", safety: true }]);
  });

  it.each(["hold", "open"] as const)(
    "where the lane is stopped or held open nothing changes (%s)",
    (policy) => {
      const bench = entry();
      bench.set({ fire: true });
      expect(refused(bench, policy)).toMatchObject({
        lane: { state: "HELD_OPEN", heldBy: "fire" },
        commands: [],
      });
      bench.set({ stop: true });
      expect(refused(bench, policy)).toMatchObject({ lane: { state: "STOPPED" }, commands: [] });
    },
  );

  it("a passage that could not be written is written when the disk takes it", () => {
    const bench = entry();
    openFor(bench, "BAB1234");
    driveThrough(bench);
    bench.refuse(1);
    bench.wait(1_000);
    expect(kinds(bench)).toEqual([]);
    expect(bench.lane().state).toBe("UNKNOWN");
    bench.see();
    expect(kinds(bench)).toEqual(["normal"]);
    expect(statuses(bench)).toEqual(["open"]);
  });

  it("a payment under way is given up, and asked about", () => {
    const { bench } = owingByCard();
    bench.refuse(1);
    bench.wait(90_000);
    expect(bench.lane()).toMatchObject({ state: "UNKNOWN", abandoned: [{ phase: "aborting" }] });
    bench.wait(90_000);
    expect(orders(bench)).toContain("enquire");
  });

  it("a lane that was opened for it waits for a person, not for the next image", () => {
    const bench = exit({ policy: { outage: "open" } });
    bench.parked("BAB1234", 60_000);
    bench.refuse(1);
    arrive(bench, "BAB1234");
    bench.see();
    expect(bench.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "policy" });
    bench.wait(60_000);
    expect(bench.reset().ok).toBe(true);
  });
});
