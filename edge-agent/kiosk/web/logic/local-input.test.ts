import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromLocalInput, toLocalInput } from "./local-input.ts";

describe("a field for date and time", () => {
  it("shows and means the facility's time, not the browser's", () => {
    const ms = Date.parse("2026-07-01T12:30:00Z");
    expect(toLocalInput(ms, "Europe/Berlin")).toBe("2026-07-01T14:30");
    expect(fromLocalInput("2026-07-01T14:30", "Europe/Berlin")).toBe(ms);
    expect(fromLocalInput("2026-07-01T18:00", "Asia/Kolkata")).toBe(ms);
  });

  it("means the moment it shows, to the minute, also near changes of clocks", () => {
    const zones = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata");
    const minutes = fc.integer({ min: Date.UTC(2025, 0) / 60_000, max: Date.UTC(2028, 0) / 60_000 });
    fc.assert(
      fc.property(zones, minutes, (zone, minute) => {
        const shown = toLocalInput(minute * 60_000, zone);
        const meant = fromLocalInput(shown, zone);
        expect(meant === null ? null : toLocalInput(meant, zone)).toBe(shown);
      }),
    );
  });

  it("means nothing while it is not filled in", () => {
    for (const text of ["", "2026-07-01", "2026-13-01T10:00", "tomorrow", "2026-07-01T14:30:00"])
      expect(fromLocalInput(text, "Europe/Berlin")).toBeNull();
  });

  it("in an hour that is skipped means a moment after the jump", () => {
    expect(fromLocalInput("2026-03-29T02:30", "Europe/Berlin")).toBeGreaterThanOrEqual(
      Date.parse("2026-03-29T00:30:00Z"),
    );
  });
});
