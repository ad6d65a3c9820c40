import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dueBetween } from "./schedule.ts";

const BERLIN = "Europe/Berlin";
const at = (day: number, hour: number, minute = 0): number => Date.UTC(2026, 5, day, hour, minute);

describe("a schedule", () => {
  it("comes due once, at its minute, in the zone's own time", () => {
    const times = [{ at: "06:00" }];
    expect(dueBetween(times, BERLIN, at(1, 3, 59), at(1, 4, 0))).toEqual([
      { what: times[0], date: "2026-06-01" },
    ]);
    expect(dueBetween(times, BERLIN, at(1, 4, 0), at(1, 4, 1))).toEqual([]);
  });

  it("comes due at midnight too, on the day that begins", () => {
    expect(dueBetween([{ at: "00:00" }], BERLIN, at(1, 21, 59), at(1, 22, 0))).toMatchObject([
      { date: "2026-06-02" },
    ]);
  });

  it("heeds the days of the week", () => {
    const times = [{ at: "06:00", days: ["mon" as const] }];
    expect(dueBetween(times, BERLIN, at(1, 0), at(8, 0))).toMatchObject([{ date: "2026-06-01" }]);
    expect(dueBetween(times, BERLIN, at(2, 0), at(7, 0))).toEqual([]);
  });

  it("tells of everything that came during an absence, oldest first", () => {
    const times = [{ at: "18:00" }, { at: "06:00" }];
    expect(
      dueBetween(times, BERLIN, at(1, 12), at(3, 12)).map(({ what, date }) => `${date} ${what.at}`),
    ).toEqual(["2026-06-01 18:00", "2026-06-02 06:00", "2026-06-02 18:00", "2026-06-03 06:00"]);
  });

  it("comes when the clocks jump over it", () => {
    const jump = Date.UTC(2026, 2, 29, 1);
    expect(dueBetween([{ at: "02:30" }], BERLIN, jump - 60_000, jump)).toMatchObject([
      { date: "2026-03-29" },
    ]);
  });

  it("is the same however often one looks", () => {
    const minute = fc.integer({ min: 0, max: 1_439 });
    const cuts = fc.array(fc.integer({ min: 1, max: 5 * 86_400_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(
        minute,
        cuts,
        fc.constantFrom(BERLIN, "UTC", "Asia/Kolkata", "America/New_York"),
        (m, offsets, zone) => {
          const clock = `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
          const start = Date.UTC(2026, 2, 26, 10);
          const end = start + 5 * 86_400_000 + 1;
          const looks = [start, ...offsets.map((offset) => start + offset).toSorted((a, b) => a - b), end];
          const dates = looks
            .slice(1)
            .flatMap((to, i) => dueBetween([{ at: clock }], zone, looks[i] ?? to, to));
          const seen = new Set(dates.map(({ date }) => date));
          const whole = new Set(dueBetween([{ at: clock }], zone, start, end).map(({ date }) => date));
          expect([...seen].toSorted()).toEqual([...whole].toSorted());
          expect(seen.size).toBeGreaterThanOrEqual(4);
        },
      ),
      { numRuns: 100 },
    );
  });
});
