import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countDays, daysOf, hoursOf, localTime } from "./range.ts";

const HOUR_MS = 3_600_000;
const hours = (date: string, zone: string) => daysOf(date, date, zone).flatMap((day) => hoursOf(day, zone));

describe("the days of a report", () => {
  it.each([
    ["2026-03-29", "Europe/Berlin", 23],
    ["2026-10-25", "Europe/Berlin", 25],
    ["2026-07-15", "Europe/Berlin", 24],
    ["2026-03-08", "America/New_York", 23],
    ["2026-11-01", "America/New_York", 25],
    ["2026-07-15", "Asia/Kolkata", 24],
    // Clocks change by half an hour there.
    ["2026-04-05", "Australia/Lord_Howe", 24.5],
    ["2026-10-04", "Australia/Lord_Howe", 23.5],
    // Samoa went over the date line, and had no 30th.
    ["2011-12-30", "Pacific/Apia", 0],
  ])("%s in %s has %d hours", (date, zone, length) => {
    const [day] = daysOf(date, date, zone);
    expect((day!.endsMs - day!.startsMs) / HOUR_MS).toBe(length);
    expect(hours(date, zone)).toHaveLength(Math.ceil(length));
  });

  it("shows an hour twice when the clocks go back, and leaves one out when they go forward", () => {
    const shown = (date: string) => hours(date, "Europe/Berlin").map(({ hour }) => hour);
    expect(shown("2026-10-25").slice(0, 5)).toEqual(["00:00", "01:00", "02:00", "02:00", "03:00"]);
    expect(shown("2026-03-29").slice(0, 4)).toEqual(["00:00", "01:00", "03:00", "04:00"]);
  });

  it("go from one into the next, without a gap, for as many days as were asked for", () => {
    const date = fc
      .date({
        min: new Date("1990-01-01T00:00:00Z"),
        max: new Date("2060-01-01T00:00:00Z"),
        noInvalidDate: true,
      })
      .map((at) => at.toISOString().slice(0, 10));
    const zone = fc.constantFrom(
      "Europe/Berlin",
      "America/St_Johns",
      "Asia/Kolkata",
      "Australia/Lord_Howe",
      "Pacific/Apia",
      "America/Sao_Paulo",
      "Asia/Beirut",
      "UTC",
    );
    fc.assert(
      fc.property(date, fc.integer({ min: 1, max: 40 }), zone, (from, length, timeZone) => {
        const until = new Date(Date.parse(`${from}T00:00:00Z`) + (length - 1) * 86_400_000)
          .toISOString()
          .slice(0, 10);
        expect(countDays(from, until)).toBe(length);
        const days = daysOf(from, until, timeZone);
        expect(days.map((day) => day.date)).toHaveLength(length);
        for (const [index, day] of days.entries()) {
          const next = days[index + 1];
          if (next !== undefined) expect(day.endsMs).toBe(next.startsMs);
          const parts = hoursOf(day, timeZone);
          expect(parts.reduce((sum, hour) => sum + hour.endsMs - hour.startsMs, 0)).toBe(
            day.endsMs - day.startsMs,
          );
          // Every hour of it is on that date, as the clocks show it.
          for (const hour of parts)
            expect(localTime(hour.startsMs, timeZone)).toBe(`${day.date} ${hour.hour}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("are none where the end comes before the beginning", () => {
    expect(countDays("2026-07-15", "2026-07-14")).toBe(0);
    expect(daysOf("2026-07-15", "2026-07-01", "UTC")).toEqual([]);
  });
});
