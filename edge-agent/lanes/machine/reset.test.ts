import { describe, expect, it } from "vitest";
import type { LaneState } from "@parkme/shared/domain/lane";
import { entry } from "../testing/entry.ts";
import type { Bench, BenchOptions } from "../testing/lane-bench.ts";
import { arrive, driveThrough, openFor, passWithArmByHand } from "../testing/vehicle.ts";

/** How an entry got into a state. */
type Way = readonly [what: string, state: LaneState, options: BenchOptions, happens: (bench: Bench) => void];

/** The arm was told to open twice, and did not. */
function staysShut(bench: Bench): void {
  arrive(bench, "BAB1234");
  bench.wait(4_500);
}

const NEEDED: readonly Way[] = [
  [
    "of an open arm after a restart",
    "UNKNOWN",
    {},
    (bench) => {
      openFor(bench, "BAB1234");
      bench.restart();
      bench.see();
    },
  ],
  [
    "of an open arm whose safety loop is not proven",
    "CLEARING",
    { counts: false },
    (bench) => {
      openFor(bench, "BAB1234");
      bench.set({ arming: false });
      bench.wait(60_000);
    },
  ],
  ["of an arm that does not open", "FAULT", { armObeys: false }, staysShut],
  ["of an arm that does not close", "FAULT", { armObeys: false }, passWithArmByHand],
  [
    "of an arm that does not open, while the board is silent",
    "FAULT",
    { armObeys: false },
    (bench) => {
      staysShut(bench);
      bench.lose();
    },
  ],
];

const REFUSED: readonly (readonly [...Way, code: string])[] = [
  ["before the board has answered", "UNKNOWN", {}, (bench) => bench.restart(), "inputs_unknown"],
  ["while the board is silent", "UNKNOWN", {}, (bench) => bench.lose(), "inputs_unknown"],
  ["while nobody is there", "IDLE", {}, () => undefined, "no_fault"],
  ["while the plate is read", "ARMED", {}, (bench) => arrive(bench, null), "no_fault"],
  ["while a vehicle is turned away", "DENIED", { capacity: 0 }, (bench) => arrive(bench, "A1"), "no_fault"],
  ["while the arm opens", "OPENING", {}, (bench) => arrive(bench, "BAB1234"), "no_fault"],
  ["while the arm is open for a vehicle", "OPEN", {}, (bench) => openFor(bench, "BAB1234"), "no_fault"],
  [
    "while a vehicle is under the arm",
    "PASSING",
    {},
    (bench) => {
      openFor(bench, "BAB1234");
      bench.set({ safety: true });
    },
    "no_fault",
  ],
  [
    "while the arm closes",
    "CLOSING",
    {},
    (bench) => {
      openFor(bench, "BAB1234");
      driveThrough(bench);
      bench.wait(1_000);
    },
    "no_fault",
  ],
];

function laneIn(state: LaneState, options: BenchOptions, happens: (bench: Bench) => void): Bench {
  const bench = entry(options);
  happens(bench);
  expect(bench.lane().state).toBe(state);
  expect(bench.records("reset")).toEqual([]);
  return bench;
}

describe("a reset", () => {
  it.each(NEEDED)("%s (%s) is written down once, with who and why", (_what, state, options, happens) => {
    const bench = laneIn(state, options, happens);
    expect(bench.reset()).toEqual({ ok: true, payment: null });
    bench.wait(10_000);
    expect(bench.records("reset")).toEqual([{ type: "reset", actor: "alex", reason: "looked at it" }]);
  });

  it.each(REFUSED)("%s (%s) is refused and not written down", (_what, state, options, happens, code) => {
    const bench = laneIn(state, options, happens);
    const before = bench.lane();
    expect(bench.reset()).toMatchObject({ ok: false, code });
    expect(bench.records("reset")).toEqual([]);
    expect(bench.lane()).toBe(before);
  });
});
