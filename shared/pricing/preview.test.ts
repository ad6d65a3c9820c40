import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { preview, type Preview } from "./preview.ts";
import { quote } from "./quote.ts";
import type { StayToPrice } from "./quote-model.ts";
import type { Tariff } from "./tariff-model.ts";
import { tariffOf } from "./testing/tariffs.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A Monday, 08:00 in Berlin. */
const ENTRY_MS = Date.UTC(2026, 10, 23, 7);

function previewOf(
  tariff: Tariff,
  hours: number,
  entryMs = ENTRY_MS,
  stay: Partial<StayToPrice> = {},
): Preview {
  const made = preview(tariff, { entryMs, horizonMs: hours * HOUR_MS, stay });
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

const stepsOf = (tariff: Tariff, hours: number, entryMs?: number) =>
  previewOf(tariff, hours, entryMs).steps.map(({ untilMinutes, totalMinor }) => [untilMinutes, totalMinor]);

const SLABS = tariffOf({
  slabs: [
    { max_hours: 1, price: 5 },
    { max_hours: 3, price: 12 },
    { max_hours: null, price: 30 },
  ],
});
const CITY = tariffOf({
  dynamic: {
    bands: [
      {
        name: "Day",
        windows: [{ days: ["mon"], from: "07:00", to: "19:00" }],
        hourly: { price: "2.50" },
        max: 15,
      },
      { name: "Night", flat: { price: 3 } },
    ],
  },
  graces: { turnaround_minutes: 10 },
});

describe("a preview", () => {
  it("is the price board: up to which length each price holds", () => {
    expect(stepsOf(SLABS, 6)).toEqual([
      [60, 500],
      [180, 1_200],
      [360, 3_000],
    ]);
  });

  it("finds what the clock on the wall changes, on a night of 25 hours too", () => {
    // In Berlin the clocks go back in the night to Sunday, 25 October 2026: Saturday 20:00 to Monday 08:00 are 37 hours.
    const saturday = Date.UTC(2026, 9, 24, 18);
    expect(stepsOf(CITY, 38, saturday)).toEqual([
      [10, 0],
      [36 * 60, 300],
      [37 * 60, 550],
      [38 * 60, 800],
    ]);
  });

  it("is of the vehicle and the right that it is asked for", () => {
    const tariff = tariffOf({ hourly: { price: 2 }, vehicle_types: { motorcycle: { percent: 50 } } });
    const { steps } = previewOf(tariff, 2, ENTRY_MS, { vehicleType: "motorcycle" });
    expect(steps.map(({ totalMinor }) => totalMinor)).toEqual([100, 200]);
    const covered = previewOf(tariff, 2, ENTRY_MS, { right: { kind: "covered", untilMs: null } });
    expect(covered.steps).toEqual([{ fromMinutes: 0, untilMinutes: 120, totalMinor: 0 }]);
  });

  it("that cannot be priced is the tariff's refusal", () => {
    const made = preview(SLABS, {
      entryMs: ENTRY_MS,
      horizonMs: HOUR_MS,
      stay: { right: { kind: "pass", pass: "gold", untilMs: null, remainingMinutes: null } },
    });
    expect(made).toMatchObject({ ok: false, error: { code: "pass_unknown" } });
  });

  it("of a year is bounded, and ends where there are more changes than anybody reads", () => {
    const { steps, horizonMinutes } = previewOf(tariffOf({ hourly: { price: 1, per_minutes: 15 } }), 9_600);
    expect(steps.length).toBeGreaterThan(1_900);
    expect(steps.length).toBeLessThan(2_200);
    expect(horizonMinutes).toBeLessThan(9_600 * 60);
    expect(steps.at(-1)?.untilMinutes).toBe(horizonMinutes);
    const capped = tariffOf({ hourly: { price: 1, per_minutes: 15 }, stay_cap: 10 });
    expect(stepsOf(capped, 9_600).at(-1)).toEqual([9_600 * 60, 1_000]);
  });

  it("says of every minute what the quote says, and no two neighbours the same", () => {
    const entry = fc.integer({ min: 0, max: 7 * 1_440 }).map((minutes) => ENTRY_MS + minutes * MINUTE_MS);
    const lengths = fc.array(fc.integer({ min: 1, max: 3 * 1_440 }), { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(CITY, SLABS), entry, lengths, (tariff, entryMs, minutes) => {
        const { steps } = previewOf(tariff, 72, entryMs);
        for (const [i, step] of steps.entries()) {
          expect(step.fromMinutes).toBe(steps[i - 1]?.untilMinutes ?? 0);
          expect(step.totalMinor).not.toBe(steps[i - 1]?.totalMinor);
        }
        for (const length of minutes) {
          const priced = quote(tariff, { entryMs, exitMs: entryMs + length * MINUTE_MS });
          const step = steps.find(({ untilMinutes }) => length <= untilMinutes);
          expect(priced.ok && priced.value.total.amountMinor).toBe(step?.totalMinor);
        }
      }),
      { numRuns: 25 },
    );
  });
});
