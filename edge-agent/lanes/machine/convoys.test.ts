import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LaneInput } from "@parkme/shared/domain/lane";
import { drive, type Driver, type Outage } from "../testing/convoy.ts";
import { ALL_INPUTS, createBench, laneConfig, type Bench, type BenchOptions } from "../testing/lane-bench.ts";
import { createWatchdog } from "../testing/watchdog.ts";

/** Vehicles as they come: whoever is in afterwards was counted once, under a stay of its own. */

const NO_CLOSING_LOOP: readonly LaneInput[] = ALL_INPUTS.filter((input) => input !== "closing");

const driver = (manner: fc.Arbitrary<Driver["manner"]>): fc.Arbitrary<Omit<Driver, "plate">> =>
  fc.record({
    readable: fc.boolean(),
    lengthM: fc.constantFrom(3.2, 4.6, 7),
    gapM: fc.constantFrom(1.8, 2.5, 6),
    manner,
  });
const numbered = (drivers: readonly Omit<Driver, "plate">[]): Driver[] =>
  drivers.map((one, i) => ({ ...one, plate: `XY${"AEHKM"[i] ?? "N"}77${"AEHKM"[i] ?? "N"}` }));

const honest = fc
  .array(driver(fc.constantFrom("waits", "creeps")), { minLength: 1, maxLength: 4 })
  .map(numbered);
/** Closer than the arming loop is long, and not read: to the loops that is a trailer, whatever it is. */
const apart = (one: Omit<Driver, "plate">): Omit<Driver, "plate"> =>
  one.manner === "tailgates" && !one.readable ? { ...one, gapM: Math.max(2.5, one.gapM) } : one;
const anyManners = fc
  .tuple(
    fc.array(driver(fc.constantFrom("waits", "creeps", "tailgates")), { maxLength: 3 }),
    driver(fc.constantFrom("waits", "tailgates", "turns", "reverses")),
  )
  .map(([first, last]) => numbered([...first, last].map(apart)));
const outages: fc.Arbitrary<Outage[]> = fc
  .record({ afterMs: fc.integer({ min: 1, max: 400 }), forMs: fc.constantFrom(1, 10, 50) })
  .map(({ afterMs, forMs }) => [{ afterMs: afterMs * 100, forMs: forMs * 100 }]);

function entry(options: BenchOptions = {}): Bench {
  const wired = options.wired ?? ALL_INPUTS;
  const bench = createBench({
    direction: "entry",
    capacity: 100,
    watch: createWatchdog(laneConfig("entry", wired)),
    ...options,
  });
  bench.see();
  return bench;
}

const open = (bench: Bench): (string | null)[] =>
  [...bench.book.stays.values()].filter(({ status }) => status === "open").map(({ stay }) => stay.plate);

describe("a convoy", { timeout: 60_000 }, () => {
  it("of honest drivers: each is in under its own plate, and nothing else happened", () => {
    fc.assert(
      fc.property(honest, (drivers) => {
        const bench = entry();
        const passed = drive(bench, drivers);
        expect(passed).toEqual(drivers.map(({ plate }) => plate));
        expect(open(bench)).toEqual(drivers.map(({ plate, readable }) => (readable ? plate : null)));
        expect(bench.book.inside()).toBe(drivers.length);
        expect(bench.records("alarm")).toEqual([]);
        expect(bench.lane().state).toBe("IDLE");
      }),
      { numRuns: 150 },
    );
  });

  it("of all sorts: whoever came through is counted once, whoever did not is not", () => {
    fc.assert(
      fc.property(anyManners, (drivers) => {
        const bench = entry();
        const passed = drive(bench, drivers);
        expect(bench.book.inside()).toBe(passed.length);
        const plates = drivers.filter(({ readable }) => readable).map(({ plate }) => plate);
        expect(open(bench)).toHaveLength(passed.length);
        expect(open(bench).filter((plate) => plate !== null)).toEqual(
          plates.filter((plate) => passed.includes(plate)),
        );
        expect(bench.lane().state).toBe("IDLE");
      }),
      { numRuns: 250 },
    );
  });

  it("at a lane without a closing loop: nobody who came in is lost", () => {
    fc.assert(
      fc.property(honest, (drivers) => {
        const bench = entry({ wired: NO_CLOSING_LOOP });
        drive(bench, drivers);
        expect(open(bench)).toHaveLength(drivers.length);
        expect(bench.book.inside()).toBe(drivers.length);
      }),
      { numRuns: 100 },
    );
  });

  it("whose board falls silent at any moment, for a moment or longer: everybody in is counted once", () => {
    fc.assert(
      fc.property(honest, outages, (drivers, silences) => {
        const bench = entry();
        drive(bench, drivers, silences);
        expect(bench.book.inside()).toBe(drivers.length);
        expect(open(bench)).toHaveLength(drivers.length);
        expect(bench.lane().state).toBe("IDLE");
      }),
      { numRuns: 250 },
    );
  });
});
