import { describe, expect, it } from "vitest";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import { actions, kinds, statuses } from "./testing/entry.ts";
import { entryLane } from "./entry-lane.ts";
import { exitLane } from "./exit-lane.ts";
import type { LaneEventKind } from "./machine/model.ts";
import { reversibleLane } from "./reversible-lane.ts";
import { createBench, type Bench, type BenchOptions } from "./testing/lane-bench.ts";
import { arrive, driveThrough, openFor, passNormally, settleDown } from "./testing/vehicle.ts";

const HOUR_MS = 3_600_000;

function reversible(options: BenchOptions = {}): Bench {
  const bench = createBench({ kind: "reversible", ...options });
  bench.see();
  return bench;
}

it("has in every cell what an entry or an exit has there", () => {
  for (const state of LANE_STATES) {
    for (const kind of Object.keys(entryLane.IDLE) as LaneEventKind[]) {
      const cell: unknown = reversibleLane[state][kind];
      const [entry, exit]: unknown[] = [entryLane[state][kind], exitLane[state][kind]];
      expect(cell, `${state} x ${kind}`).toEqual(entry === exit ? entry : { entry, exit });
    }
  }
});

describe("a turn", () => {
  it("at rest is done at once, and written down with who wanted it", () => {
    const bench = reversible();
    passNormally(bench, "BAB1234");
    expect(bench.turn("exit").ok).toBe(true);
    expect(bench.lane()).toMatchObject({ direction: "exit", turnTo: null });
    expect(bench.records("turned")).toEqual([{ type: "turned", direction: "exit", actor: "alex" }]);
    bench.wait(2 * HOUR_MS);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("PAYING");
    bench.cash(bench.lane().stay!.stayId, 500);
    bench.wait(1_000);
    driveThrough(bench);
    settleDown(bench);
    expect(statuses(bench)).toEqual(["closed"]);
    expect(bench.book.inside()).toBe(0);
    bench.turn("entry", null);
    expect(bench.records("turned").at(-1)).toEqual({ type: "turned", direction: "entry", actor: null });
    passNormally(bench, "HHCD77");
    expect(statuses(bench)).toEqual(["closed", "open"]);
  });

  it("while a vehicle is in the lane waits for the next rest", () => {
    const bench = reversible();
    openFor(bench, "BAB1234");
    expect(bench.turn("exit").ok).toBe(true);
    expect(bench.lane()).toMatchObject({ direction: "entry", turnTo: "exit" });
    driveThrough(bench);
    expect(bench.records("turned")).toEqual([]);
    settleDown(bench);
    expect(bench.lane()).toMatchObject({ state: "IDLE", direction: "exit", turnTo: null });
    expect(bench.records("turned")).toMatchObject([{ direction: "exit", actor: "alex" }]);
    expect(kinds(bench)).toEqual(["normal"]);
  });

  it("waits until the last loop of a lane at rest is clear", () => {
    for (const loop of ["arming", "closing", "safety"] as const) {
      const bench = reversible();
      bench.set({ [loop]: true });
      bench.turn("exit");
      expect(bench.lane().direction).toBe("entry");
      bench.set({ [loop]: false });
      expect(bench.lane().direction).toBe("exit");
    }
  });

  it("that is taken back, or is to where it goes already, is none", () => {
    const bench = reversible();
    expect(bench.turn("entry").ok).toBe(true);
    arrive(bench, null);
    bench.turn("exit");
    bench.turn("entry");
    bench.set({ arming: false });
    bench.wait(5_000);
    expect(bench.lane()).toMatchObject({ state: "IDLE", direction: "entry" });
    expect(bench.records("turned")).toEqual([]);
  });

  it("forgets what was read of the other side", () => {
    const bench = reversible();
    bench.parked("BAB1234", 60_000);
    bench.read("BAB1234");
    bench.turn("exit");
    arrive(bench, null);
    expect(bench.lane().state).toBe("ARMED");
  });

  it("takes the loops from the other side: the inner one arms, the outer one tells that it is through", () => {
    const bench = reversible({ direction: "exit" });
    bench.parked("BAB1234", 60_000);
    arrive(bench, "BAB1234");
    expect(bench.lane().state).toBe("OPENING");
    expect(bench.lane().inputs).toMatchObject({ arming: "on", closing: "off" });
    bench.wait(1_000);
    driveThrough(bench);
    expect(bench.lane().counts).toMatchObject({ arming: 1, safety: 1, closing: 1 });
    settleDown(bench);
    expect(bench.records("movement")).toMatchObject([{ direction: "out", kind: "normal" }]);
  });

  it("outlives a restart", () => {
    const bench = reversible();
    bench.turn("exit");
    bench.restart();
    bench.see();
    expect(bench.lane()).toMatchObject({ state: "IDLE", direction: "exit" });
  });

  it("moves nothing, and is refused by a lane of one direction", () => {
    const bench = reversible();
    bench.turn("exit");
    expect(actions(bench)).toEqual([]);
    expect(createBench().turn("exit")).toMatchObject({ ok: false, code: "not_reversible" });
  });

  it("does not forget a card payment of the other direction", () => {
    const bench = reversible({ direction: "exit", lane: { terminal: true } });
    bench.parked("BAB1234", 2 * HOUR_MS);
    arrive(bench, "BAB1234");
    bench.set({ arming: false });
    bench.wait(1_500);
    bench.turn("entry");
    expect(bench.lane()).toMatchObject({ direction: "entry", abandoned: [{ phase: "aborting" }] });
    bench.terminal({ kind: "approved", receipt: "7", card: "" });
    bench.terminal({ kind: "reversed" });
    expect(bench.lane().abandoned).toEqual([]);
  });
});
