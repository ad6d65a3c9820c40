import { describe, expect, it } from "vitest";
import { ALL_INPUTS, createBench, laneConfig, type Bench } from "../testing/lane-bench.ts";
import { arrive } from "../testing/vehicle.ts";
import { createWatchdog } from "../testing/watchdog.ts";

/** Edge case 7: the bed of a high truck is unseen by loops between its cab and its rear axles, not by the light beam. */

function entry(): Bench {
  const bench = createBench({
    direction: "entry",
    capacity: 100,
    watch: createWatchdog(laneConfig("entry", ALL_INPUTS)),
  });
  bench.see();
  arrive(bench, "BAB1234");
  bench.wait(4_000);
  return bench;
}

const movements = (bench: Bench): readonly string[] => bench.records("movement").map(({ kind }) => kind);

/** From the stop line until its cab is through and its bed is over the loops. */
function underTheBed(bench: Bench): void {
  bench.set({ safety: true });
  bench.set({ photocell: true });
  bench.wait(300);
  bench.set({ arming: false, closing: true });
  bench.wait(400);
  bench.set({ safety: false });
  bench.wait(300);
  bench.set({ closing: false });
}

describe("a truck whose bed no loop sees", () => {
  it("is one vehicle, and the arm stays up until its end is through", () => {
    const bench = entry();
    underTheBed(bench);
    bench.wait(2_000);
    expect(bench.lane().state).toBe("PASSING");
    bench.set({ arming: true, safety: true });
    bench.wait(400);
    bench.set({ arming: false, closing: true });
    bench.set({ photocell: false });
    bench.set({ safety: false });
    bench.wait(300);
    bench.set({ closing: false });
    bench.wait(4_000);
    expect(movements(bench)).toEqual(["normal"]);
    expect(bench.lane().state).toBe("IDLE");
  });

  it("is not waited for for ever: a beam that stays interrupted lets the next vehicle be another one", () => {
    const bench = entry();
    underTheBed(bench);
    bench.wait(70_000);
    bench.set({ arming: true });
    bench.set({ safety: true });
    bench.wait(400);
    bench.set({ arming: false, closing: true });
    bench.set({ photocell: false });
    bench.set({ safety: false, closing: false });
    bench.wait(4_000);
    expect(movements(bench)).toEqual(["normal", "tailgate"]);
  });
});
