import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LaneDirection, LaneInput } from "@parkme/shared/domain/lane";
import { createBook } from "../testing/book.ts";
import { happenings, type Happening } from "../testing/chaos.ts";
import { contradictions } from "../testing/consistency.ts";
import {
  ALL_INPUTS,
  createBench,
  creditOf,
  TIMERS,
  type Beat,
  type Bench,
  type Watch,
} from "../testing/lane-bench.ts";
import { passNormally } from "../testing/vehicle.ts";
import { createWatchdog } from "../testing/watchdog.ts";
import type { Lane } from "./model.ts";

/** Any order of events at either kind of lane, with the inputs some sites do without. */

const RUNS = 1_000;
const FEWER_INPUTS: readonly LaneInput[] = ["arming", "safety", "closed_limit"];
const NEW_PLATE = "ZZ9999";

const situations = fc.record({
  direction: fc.constantFrom<LaneDirection>("entry", "exit"),
  wired: fc.constantFrom(ALL_INPUTS, FEWER_INPUTS),
  counts: fc.boolean(),
  happenings,
});
type Situation = {
  direction: LaneDirection;
  wired: readonly LaneInput[];
  counts: boolean;
  happenings: Happening[];
};

/** Plays it all, with everything watched that can be watched from outside. */
function live({ direction, wired, counts, happenings: story }: Situation): Bench {
  const book = createBook();
  const dog = createWatchdog({ direction, timers: TIMERS }, wired);
  const watch: Watch = {
    seen: dog.seen,
    turn: (beats: readonly Beat[], lane: Lane) => {
      dog.turn(beats, lane);
      expect(book.forgotten(creditOf(lane)), "stays nobody knows the end of").toEqual([]);
    },
  };
  const bench = createBench({ direction, wired, counts, book, watch, capacity: 1_000 });
  bench.parked("BAB1234", 7_200_000);
  bench.parked("HHCD77", 60_000);
  bench.see();
  for (const { act } of story) {
    act(bench);
    expect(contradictions(bench.lane(), bench.table, bench.config)).toEqual([]);
  }
  return bench;
}

describe("in any order of events", { timeout: 60_000 }, () => {
  it("a lane keeps the safety invariants and loses no stay", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const bench = live(situation);
        const paidMinor = [...bench.book.stays.values()].map((stay) => stay.paidMinor);
        expect(Math.max(...paidMinor), "nobody pays more than the fee").toBeLessThanOrEqual(500);
      }),
      { numRuns: RUNS },
    );
  });

  it("a lane comes back to rest by one person's reset, and the next vehicle passes", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const bench = live(situation);
        heal(bench);
        expect(bench.lane().state).toBe("IDLE");
        expect(creditOf(bench.lane())).toBeNull();
        if (situation.direction === "exit") bench.parked(NEW_PLATE, 60_000);
        const before = bench.records("movement").length;
        passNormally(bench, NEW_PLATE);
        expect(bench.lane().state).toBe("IDLE");
        expect(bench.records("movement").slice(before)).toMatchObject([{ kind: "normal", plate: NEW_PLATE }]);
      }),
      { numRuns: RUNS },
    );
  });

  it("the stories reach every state there is", () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(situations, (situation) => {
        for (const { after } of live(situation).beats) reached.add(after.state);
      }),
      { numRuns: 300, seed: 1 },
    );
    expect([...reached].toSorted()).toEqual([
      "ARMED",
      "CLEARING",
      "CLOSING",
      "DECIDING",
      "DENIED",
      "FAULT",
      "IDLE",
      "OPEN",
      "OPENING",
      "PASSING",
      "PAYING",
      "UNKNOWN",
    ]);
  });
});

/** The lane is put right from outside: line, arm and loops; and one person presses Reset where it is asked for. */
function heal(bench: Bench): void {
  bench.setArm(true);
  bench.miss(null);
  bench.see();
  bench.set({ arming: false, safety: false, closing: false, photocell: false });
  bench.wait(10_000);
  bench.set({ closed_limit: true, open_limit: false });
  bench.wait(10_000);
  if (bench.lane().state !== "IDLE") {
    expect(bench.reset().ok, `reset in ${bench.lane().state}`).toBe(true);
    bench.wait(10_000);
  }
}
