import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTimeZone, localTimeOf, startOfLocalDayMs, zoneClockOf } from "./local-day.ts";

const start = (now: string, zone: string): string =>
  new Date(startOfLocalDayMs(Date.parse(now), zone)).toISOString().replace(".000Z", "Z");

describe("the start of a local day", () => {
  it.each([
    ["an ordinary day", "2026-06-15T12:00:00Z", "Europe/Berlin", "2026-06-14T22:00:00Z"],
    ["its first millisecond", "2026-06-14T22:00:00.000Z", "Europe/Berlin", "2026-06-14T22:00:00Z"],
    ["the millisecond before", "2026-06-14T21:59:59.999Z", "Europe/Berlin", "2026-06-13T22:00:00Z"],
    ["the evening of a day of 23 hours", "2026-03-29T21:59:59Z", "Europe/Berlin", "2026-03-28T23:00:00Z"],
    ["the evening of a day of 25 hours", "2026-10-25T22:59:59Z", "Europe/Berlin", "2026-10-24T22:00:00Z"],
    ["a zone of 45 minutes", "2026-06-15T00:00:00Z", "Asia/Kathmandu", "2026-06-14T18:15:00Z"],
    ["a change of half an hour", "2026-04-04T20:00:00Z", "Australia/Lord_Howe", "2026-04-04T13:00:00Z"],
    ["UTC", "2026-06-15T23:59:59.999Z", "UTC", "2026-06-15T00:00:00Z"],
    ["before 1970", "1969-07-20T20:17:00Z", "UTC", "1969-07-20T00:00:00Z"],
  ])("%s", (_what, now, zone, expected) => {
    expect(start(now, zone)).toBe(expected);
  });

  it.each([
    ["America/Sao_Paulo", "2018-11-04T15:00:00Z", "2018-11-04T03:00:00Z"],
    ["America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z"],
    ["America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03T03:00:00Z"],
    ["Asia/Beirut", "2026-03-29T12:00:00Z", "2026-03-28T22:00:00Z"],
  ])("in %s without a midnight (%s) is the jump over it", (zone, now, expected) => {
    expect(start(now, zone)).toBe(expected);
  });

  it.each([
    // Clocks go back from 01:00 to 00:00: the day has two midnights, and begins at the first.
    ["America/Havana", "2026-11-01T18:00:00Z", "2026-11-01T04:00:00Z"],
    ["America/Havana", "2026-11-01T04:30:00Z", "2026-11-01T04:00:00Z"],
    ["America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z"],
    ["Atlantic/Azores", "2026-10-25T12:00:00Z", "2026-10-25T00:00:00Z"],
    // Clocks go back from midnight: the hour before it comes twice, and still belongs to the day before.
    ["America/Sao_Paulo", "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z"],
    ["America/Sao_Paulo", "2018-02-18T03:00:00Z", "2018-02-18T03:00:00Z"],
    ["Asia/Beirut", "2026-10-24T21:30:00Z", "2026-10-23T21:00:00Z"],
    ["Asia/Beirut", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z"],
  ])("in %s when clocks go back near midnight (%s)", (zone, now, expected) => {
    expect(start(now, zone)).toBe(expected);
  });

  it("on both sides of a day that a country left out", () => {
    // Samoa went from 2011-12-29 to 2011-12-31, across the date line.
    expect(start("2011-12-30T09:59:59Z", "Pacific/Apia")).toBe("2011-12-29T10:00:00Z");
    expect(start("2011-12-30T10:00:00Z", "Pacific/Apia")).toBe("2011-12-30T10:00:00Z");
    expect(start("2011-12-31T09:00:00Z", "Pacific/Apia")).toBe("2011-12-30T10:00:00Z");
  });

  it("is the first moment of the day that it is now, in every kind of zone", () => {
    const zones = [
      "Europe/Berlin",
      "America/Sao_Paulo",
      "America/Havana",
      "America/St_Johns",
      "Asia/Beirut",
      "Asia/Kathmandu",
      "Asia/Tehran",
      "Atlantic/Azores",
      "Australia/Lord_Howe",
      "Antarctica/Troll",
      "Pacific/Apia",
      "Pacific/Chatham",
      "UTC",
    ];
    const dates = new Map(
      zones.map((timeZone) => [timeZone, new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" })]),
    );
    const moments = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), moments, (zone, nowMs) => {
        const date = (at: number) => dates.get(zone)?.format(at);
        const startMs = startOfLocalDayMs(nowMs, zone);
        expect(startMs).toBeLessThanOrEqual(nowMs);
        expect(nowMs - startMs).toBeLessThan(26 * 3_600_000);
        expect(date(startMs)).toBe(date(nowMs));
        expect(date(startMs - 1)).not.toBe(date(nowMs));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("time zones", () => {
  it("are names that this runtime knows", () => {
    for (const zone of ["Europe/Berlin", "UTC", "Asia/Kathmandu"]) expect(isTimeZone(zone)).toBe(true);
    for (const zone of ["", "Mars/Olympus", "Europe/Berlin ", "CEST?", "x".repeat(10_000)])
      expect(isTimeZone(zone)).toBe(false);
  });

  it("that nobody knows are refused loudly", () => {
    expect(() => startOfLocalDayMs(0, "Mars/Olympus")).toThrow(RangeError);
  });
});

describe("the local time of a moment", () => {
  it("is of the zone's own day and hour", () => {
    expect(localTimeOf(Date.UTC(2026, 6, 1, 22, 30), "Europe/Berlin")).toEqual({
      date: "2026-07-02",
      weekday: 4,
      minute: 30,
    });
    expect(localTimeOf(Date.UTC(2026, 6, 1, 22, 30, 59), "Asia/Kolkata").minute).toBe(4 * 60);
  });

  it("jumps with the clocks", () => {
    const beforeJump = Date.UTC(2026, 2, 29, 0, 59);
    expect(localTimeOf(beforeJump, "Europe/Berlin").minute).toBe(119);
    expect(localTimeOf(beforeJump + 60_000, "Europe/Berlin").minute).toBe(180);
  });
});

describe("a zone's clock", () => {
  const local = (text: string) => Date.parse(`${text}Z`);

  it("finds the moment of a local time, the first of two and the jump in place of none", () => {
    const berlin = zoneClockOf("Europe/Berlin");
    expect(berlin.momentOf(local("2026-06-01T08:00"))).toBe(Date.parse("2026-06-01T06:00Z"));
    expect(berlin.momentOf(local("2026-10-25T02:30"))).toBe(Date.parse("2026-10-25T00:30Z"));
    expect(berlin.momentOf(local("2026-03-29T02:30"))).toBe(Date.parse("2026-03-29T01:00Z"));
  });

  it("knows spans that touch each other and agree with the runtime's own clock", () => {
    const zones = ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"];
    const formats = new Map(
      zones.map((timeZone) => [
        timeZone,
        new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" }),
      ]),
    );
    const moments = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2037, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), moments, (zone, atMs) => {
        const clock = zoneClockOf(zone);
        const span = clock.spanAt(atMs);
        expect(span.fromMs).toBeLessThanOrEqual(atMs);
        expect(span.untilMs).toBeGreaterThan(atMs);
        expect(clock.spanAt(span.untilMs).fromMs).toBe(span.untilMs);
        for (const edge of [atMs, span.fromMs, span.untilMs - 1]) {
          const shown = new Date(edge + span.offsetMs).toISOString().slice(0, 19).replace("T", " ");
          expect(shown).toBe(formats.get(zone)?.format(edge));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
