import { describe, expect, it } from "vitest";
import { createTimeText, elapsedText } from "./time-text.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("elapsed time", () => {
  it.each([
    [0, "0 s"],
    [999, "0 s"],
    [59 * SECOND, "59 s"],
    [MINUTE, "1 min"],
    [HOUR - 1, "59 min"],
    [HOUR, "1 h"],
    [3 * HOUR + 5 * MINUTE, "3 h 5 min"],
    [DAY, "1 d"],
    [3 * DAY + 4 * HOUR, "3 d 4 h"],
    [-5_000, "0 s"],
  ])("%i ms is %s", (ms, text) => expect(elapsedText(ms)).toBe(text));
});

describe("facility time", () => {
  const berlin = createTimeText("Europe/Berlin");
  const noon = Date.parse("2025-11-22T11:00:05Z");

  it("is the facility's, not the tablet's", () => {
    expect(berlin.clock(noon)).toBe("12:00:05");
    expect(createTimeText("Asia/Kolkata").clock(noon)).toBe("16:30:05");
    expect(berlin.date(noon)).toBe("Sat 22 Nov");
  });

  it("names the day of an instant on another day of the facility", () => {
    expect(berlin.moment(Date.parse("2025-11-22T08:15:00Z"), noon)).toBe("09:15");
    expect(berlin.moment(Date.parse("2025-11-21T23:30:00Z"), noon)).toBe("00:30");
    expect(berlin.moment(Date.parse("2025-11-21T22:30:00Z"), noon)).toBe("21 Nov, 23:30");
    expect(berlin.moment(Date.parse("2024-11-22T11:00:05Z"), noon)).toBe("22 Nov, 12:00");
  });

  it("refuses a zone that does not exist", () => {
    expect(() => createTimeText("Mars/Olympus")).toThrow(RangeError);
  });
});
