import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttemptId } from "@parkme/shared/domain/ids";
import { LANE_STATES, SWITCH_INPUTS, type LaneKind } from "@parkme/shared/domain/lane";
import { creditOf, type Bench } from "../testing/lane-bench.ts";
import { live, situations, type Situation } from "../testing/situations.ts";
import { passNormally } from "../testing/vehicle.ts";

/** Any order of events at any kind of lane, with the inputs and devices some sites do without. */

const RUNS = 1_000;
const NEW_PLATE = "ZZ9999";

describe("in any order of events", { timeout: 120_000 }, () => {
  it("a lane keeps the safety invariants and loses no stay", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        live(situation);
      }),
      { numRuns: RUNS },
    );
  });

  it("a lane comes back to rest by one person's reset, its alarms end, and the next vehicle passes", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const bench = live(situation);
        heal(bench);
        expect(bench.lane()).toMatchObject({ state: "IDLE", alarms: [], abandoned: [] });
        expect(bench.book.alarms(), "alarms that began and never ended").toEqual([]);
        expect(creditOf(bench.lane())).toBeNull();
        nextVehiclePasses(bench, situation);
      }),
      { numRuns: RUNS },
    );
  });

  it("edge case 20: money that was charged is one payment, money that was not is none", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const bench = live({ ...situation, terminal: true });
        heal(bench);
        const charged = bench.devices.charged();
        for (const [attemptId, { status, payments }] of bench.book.attempts) {
          const kept = charged.has(attemptId);
          expect([attemptId, payments], `an attempt that is ${status}`).toEqual([attemptId, kept ? 1 : 0]);
          expect(["approved", "declined", "refused", "reversed"], "an attempt is settled").toContain(status);
        }
        for (const attemptId of charged.keys())
          expect(bench.book.attempts.has(attemptId), "money nobody knows of").toBe(true);
        const twice = bench.records("payment").map(({ idempotencyKey }) => idempotencyKey as AttemptId);
        expect(new Set(twice).size).toBe(twice.length);
      }),
      { numRuns: RUNS },
    );
  });

  it.each(["entry", "exit", "reversible"] as const)("the stories reach every state of an %s lane", (kind) => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(situations, (situation) => {
        for (const { after } of live({ ...situation, kind }).beats) reached.add(after.state);
      }),
      { numRuns: 300, seed: 1 },
    );
    expect([...reached].toSorted()).toEqual(LANE_STATES.filter((state) => exists(state, kind)).toSorted());
  });
});

/** An entry takes no money, and an exit prints no ticket. */
function exists(state: string, kind: LaneKind): boolean {
  if (kind === "entry") return state !== "PAYING" && state !== "PAY_UNKNOWN";
  if (kind === "exit") return state !== "PRINTING" && state !== "WAIT_TAKE";
  return true;
}

/** The lane is put right from outside: line, arm, loops, devices; and one person presses Reset where it is asked for. */
function heal(bench: Bench): void {
  bench.refuse(0);
  bench.setArm(true);
  bench.miss(null);
  bench.see();
  bench.devices.setPrinter("prints");
  bench.devices.setTerminal("approves");
  for (const device of ["printer", "terminal", "reader", "display"] as const) bench.device(device, true);
  bench.tell({ kind: "output", mismatch: null });
  bench.mode("open");
  bench.set(Object.fromEntries(SWITCH_INPUTS.map((input) => [input, false])));
  bench.set({ arming: false, safety: false, closing: false, photocell: false });
  bench.wait(10_000);
  bench.set({ closed_limit: true, open_limit: false });
  bench.wait(10_000);
  if (bench.lane().state !== "IDLE") {
    expect(bench.reset().ok, `reset in ${bench.lane().state}`).toBe(true);
    bench.wait(10_000);
  }
  // Payments in doubt are asked about once in a while.
  for (let asks = 0; asks < 4; asks++) bench.wait(100_000);
}

function nextVehiclePasses(bench: Bench, { inner }: Situation): void {
  bench.devices.setPrinter("prints");
  const exit = bench.lane().direction === "exit";
  if (exit || inner) bench.parked(NEW_PLATE, 60_000);
  const before = bench.records("movement").length;
  passNormally(bench, NEW_PLATE);
  expect(bench.lane().state).toBe("IDLE");
  expect(bench.records("movement").slice(before)).toMatchObject([{ kind: "normal", plate: NEW_PLATE }]);
}
