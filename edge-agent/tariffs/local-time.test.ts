import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { momentOf } from "@parkme/shared/domain/moment";
import { fullTime, shortTime } from "./local-time.ts";

const BERLIN = "Europe/Berlin";
const MINUTE_MS = 60_000;

describe("a time as people write it", () => {
  it.each([
    ["2026-11-23 08:00", Date.UTC(2026, 10, 23, 7)],
    ["2026-11-23T08:00:30", Date.UTC(2026, 10, 23, 7, 0, 30)],
    ["2026-07-01", Date.UTC(2026, 5, 30, 22)],
    ["2026-11-23T08:00:00Z", Date.UTC(2026, 10, 23, 8)],
    ["2026-11-23 08:00:00.250-05:00", Date.UTC(2026, 10, 23, 13, 0, 0, 250)],
    // 29 March 2026 has no 02:30, and 25 October has it twice.
    ["2026-03-29 02:30", Date.UTC(2026, 2, 29, 1)],
    ["2026-10-25 02:30", Date.UTC(2026, 9, 25, 0, 30)],
  ])("%s is a moment", (text, atMs) => {
    expect(momentOf(text, BERLIN)).toBe(atMs);
  });

  it.each([
    "",
    "soon",
    "2026-02-30",
    "2026-11-23 24:00",
    "2026-11-23 08:60",
    "1.12.2026",
    "0026-01-01",
    "2026-13-01T00:00:00Z",
    "99999-01-01",
  ])("%s is none", (text) => {
    expect(momentOf(text, BERLIN)).toBeNull();
  });

  it("is read as it is written", () => {
    const minutes = fc.integer({
      min: Date.UTC(2020, 0, 1) / MINUTE_MS,
      max: Date.UTC(2040, 0, 1) / MINUTE_MS,
    });
    fc.assert(
      fc.property(minutes, fc.constantFrom(BERLIN, "UTC", "Asia/Kolkata", "America/St_Johns"), (at, zone) => {
        const text = fullTime(at * MINUTE_MS, zone);
        const read = momentOf(text, zone);
        // Of an hour that comes twice it is the first.
        expect(read === null ? null : fullTime(read, zone)).toBe(text);
        expect(read).toBeLessThanOrEqual(at * MINUTE_MS);
      }),
    );
  });

  it("is never read from garbage, and garbage never throws", () => {
    fc.assert(fc.property(fc.string({ maxLength: 30 }), (text) => momentOf(text, BERLIN) === null));
  });

  it("is short in tables", () => {
    expect(shortTime(Date.UTC(2026, 10, 23, 7), BERLIN)).toBe("Mon 23 Nov 08:00");
  });
});
