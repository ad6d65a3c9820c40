import { describe, expect, it } from "vitest";
import type { Fault, Schedule } from "./schedule.ts";
import { shrinkSchedule } from "./shrink.ts";

const fault = (id: number): Fault => ({
  id,
  kind: "paper_out",
  atMs: id * 1_000,
  forMs: 1,
  lane: "",
  choice: 0,
});

/** Fails when these faults are in it, whatever else is. */
function scheduleOf(faults: number): Schedule {
  const site = {} as Schedule["site"];
  const ids = Array.from({ length: faults }, (_, id) => id);
  return { seed: 1, lengthMs: 10_000_000, site, visits: [], faults: ids.map(fault), deeds: [] };
}
const idsOf = ({ faults }: Schedule): number[] => faults.map(({ id }) => id);

describe("a failing schedule is made short", () => {
  it.each([[[17]], [[3, 90]], [[0, 1, 2]], [[10, 50, 99]]])(
    "to the faults %j that it needs",
    async (needed) => {
      const fails = async (some: Schedule): Promise<boolean> =>
        needed.every((id) => idsOf(some).includes(id));
      const short = await shrinkSchedule(scheduleOf(100), Infinity, { fails });
      expect(idsOf(short)).toEqual(needed);
    },
  );

  it("to nothing at all when it fails by itself", async () => {
    const short = await shrinkSchedule(scheduleOf(40), Infinity, { fails: async () => true });
    expect(idsOf(short)).toEqual([]);
  });

  it("by its end first: what came later cannot be why", async () => {
    const tried: number[] = [];
    const fails = async (some: Schedule): Promise<boolean> => {
      tried.push(some.faults.length);
      return idsOf(some).includes(5);
    };
    const short = await shrinkSchedule(scheduleOf(5_000), 6_000, { fails });
    expect(idsOf(short)).toEqual([5]);
    expect(Math.max(...tried)).toBeLessThan(700);
  });

  it("and stops after so many trials with the shortest so far", async () => {
    let trials = 0;
    const fails = async (some: Schedule): Promise<boolean> => {
      trials += 1;
      return some.faults.length >= 64;
    };
    const short = await shrinkSchedule(scheduleOf(1_000), Infinity, { fails, maxTrials: 20 });
    expect(trials).toBe(20);
    expect(short.faults.length).toBeLessThan(1_000);
  });
});
