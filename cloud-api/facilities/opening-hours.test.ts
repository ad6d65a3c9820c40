import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isOpenAt,
  isOpenDuring,
  nextChangeMs,
  openingHoursSchema,
  openSpans,
  WEEKDAYS,
  type OpeningHours,
} from "./opening-hours.ts";

const MINUTE_MS = 60_000;
const read = (hours: object): OpeningHours => openingHoursSchema.parse(hours);
const at = (text: string) => Date.parse(text);
const daily = (from: string, until: string): OpeningHours =>
  read({ weekly: Object.fromEntries(WEEKDAYS.map((day) => [day, [{ from, until }]])) });

describe("opening hours", () => {
  it("are of the facility's own clocks", () => {
    const hours = daily("08:00", "20:00");
    expect(isOpenAt(hours, at("2026-07-15T06:00:00Z"), "Europe/Berlin")).toBe(true);
    expect(isOpenAt(hours, at("2026-07-15T05:59:59.999Z"), "Europe/Berlin")).toBe(false);
    expect(isOpenAt(hours, at("2026-07-15T18:00:00Z"), "Europe/Berlin")).toBe(false);
    expect(isOpenAt(hours, at("2026-01-15T06:30:00Z"), "Europe/Berlin")).toBe(false);
    expect(isOpenAt(hours, at("2026-07-15T06:00:00Z"), "Asia/Tokyo")).toBe(true);
  });

  it("go on over midnight, also into a day that is closed", () => {
    const hours = read({
      weekly: { sat: [{ from: "18:00", until: "02:00" }] },
      exceptions: [{ date: "2026-07-19", hours: [] }],
    });
    const saturday = { fromMs: at("2026-07-18T16:00:00Z"), untilMs: at("2026-07-19T00:00:00Z") };
    expect(openSpans(hours, at("2026-07-13T00:00:00Z"), at("2026-07-20T00:00:00Z"), "Europe/Berlin")).toEqual(
      [saturday],
    );
  });

  it("are otherwise on single days", () => {
    const hours = read({
      weekly: { thu: [{ from: "08:00", until: "20:00" }] },
      exceptions: [{ date: "2026-12-24", hours: [{ from: "08:00", until: "12:00" }] }],
    });
    const spans = openSpans(hours, at("2026-12-17T00:00:00Z"), at("2026-12-25T00:00:00Z"), "Etc/UTC");
    expect(spans.map(({ untilMs }) => new Date(untilMs).toISOString())).toEqual([
      "2026-12-17T20:00:00.000Z",
      "2026-12-24T12:00:00.000Z",
    ]);
  });

  it("have days of 23 and 25 hours, and end by the clock on them", () => {
    const length = (day: string) => {
      const fromMs = at(`${day}T00:00:00Z`) - 12 * 60 * MINUTE_MS;
      const [span] = openSpans(
        daily("00:00", "06:00"),
        fromMs,
        fromMs + 24 * 60 * MINUTE_MS,
        "Europe/Berlin",
      );
      return span === undefined ? null : (span.untilMs - span.fromMs) / MINUTE_MS;
    };
    expect(length("2026-03-28")).toBe(6 * 60);
    expect(length("2026-03-29")).toBe(5 * 60);
    expect(length("2026-10-25")).toBe(7 * 60);
  });

  it("tell when they change next", () => {
    const hours = daily("08:00", "20:00");
    const change = (text: string, its: OpeningHours | null = hours) => {
      const ms = nextChangeMs(its, at(text), "Europe/Berlin");
      return ms === null ? null : new Date(ms).toISOString();
    };
    expect(change("2026-07-15T12:00:00Z")).toBe("2026-07-15T18:00:00.000Z");
    expect(change("2026-07-15T18:00:00Z")).toBe("2026-07-16T06:00:00.000Z");
    expect(change("2026-07-15T12:00:00Z", null)).toBeNull();
    expect(change("2026-07-15T12:00:00Z", daily("00:00", "24:00"))).toBeNull();
    expect(change("2026-07-15T12:00:00Z", read({ weekly: {} }))).toBeNull();
  });

  it("hold all of a time, or not", () => {
    const during = (from: string, until: string) =>
      isOpenDuring(daily("08:00", "20:00"), { fromMs: at(from), untilMs: at(until) }, "Etc/UTC");
    expect(during("2026-07-15T08:00:00Z", "2026-07-15T20:00:00Z")).toBe(true);
    expect(during("2026-07-15T07:59:00Z", "2026-07-15T09:00:00Z")).toBe(false);
    expect(during("2026-07-15T19:00:00Z", "2026-07-16T09:00:00Z")).toBe(false);
    expect(during("2026-07-15T09:00:00Z", "2026-07-15T09:00:00Z")).toBe(false);
  });

  it.each([
    [{ weekly: { mon: [{ from: "24:00", until: "06:00" }] } }],
    [{ weekly: { mon: [{ from: "08:60", until: "09:00" }] } }],
    [{ weekly: { mon: [{ from: "8:00", until: "09:00" }] } }],
    [{ weekly: { monday: [] } }],
    [{ weekly: { mon: Array.from({ length: 9 }, () => ({ from: "08:00", until: "09:00" })) } }],
    [{ weekly: {}, exceptions: [{ date: "2026-02-30", hours: [] }] }],
    [{ weekly: {}, exceptions: [{ date: "0026-02-01", hours: [] }] }],
    [{ exceptions: [] }],
    [
      {
        weekly: {},
        exceptions: [
          { date: "2026-02-01", hours: [] },
          { date: "2026-02-01", hours: [] },
        ],
      },
    ],
  ])("refuse %j", (hours) => {
    expect(openingHoursSchema.safeParse(hours).success).toBe(false);
  });
});

/**
 * Minute by minute what the clocks show around a change of them, by Intl alone: the reference below looks the moments up
 * in it.
 */
function minutesAround(text: string, timeZone: string): { beginMs: number; locals: readonly number[] } {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const beginMs = at(text) - 4 * 24 * 60 * MINUTE_MS;
  const locals = Array.from({ length: 8 * 24 * 60 }, (_, index) => {
    const parts = format.formatToParts(beginMs + index * MINUTE_MS);
    const {
      year = 0,
      month = 1,
      day = 1,
      hour = 0,
      minute = 0,
    } = Object.fromEntries(parts.map((part) => [part.type, Number(part.value)]));
    return Date.UTC(year, month - 1, day, hour, minute);
  });
  return { beginMs, locals };
}

const CHANGES = [
  ["2026-03-29T01:00:00Z", "Europe/Berlin"],
  ["2026-10-25T01:00:00Z", "Europe/Berlin"],
  ["2026-03-08T07:00:00Z", "America/New_York"],
  ["2026-11-01T06:00:00Z", "America/New_York"],
  // Half an hour.
  ["2026-04-04T15:00:00Z", "Australia/Lord_Howe"],
  // Over midnight, and back to it.
  ["2026-04-23T22:00:00Z", "Africa/Cairo"],
  ["2026-10-29T21:00:00Z", "Africa/Cairo"],
  ["2026-03-28T22:00:00Z", "Asia/Beirut"],
  // A day that never was.
  ["2011-12-30T10:00:00Z", "Pacific/Apia"],
] as const;
const TABLES = CHANGES.map(([text, timeZone]) => ({ timeZone, ...minutesAround(text, timeZone) }));

const timeOf = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
const spansOfDay = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 0, max: 1440 }))
    .map(([from, until]) => ({ from: timeOf(from), until: timeOf(until) })),
  { maxLength: 2 },
);

describe("opening hours over a change of the clocks", () => {
  it("are what a walk minute by minute finds", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TABLES),
        fc.array(spansOfDay, { minLength: 7, maxLength: 7 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), spansOfDay), { maxLength: 2 }),
        ({ timeZone, beginMs, locals }, week, days) => {
          const first = Math.floor((locals[0] ?? 0) / 86_400_000) * 86_400_000;
          const dateOf = (day: number) => new Date(first + day * 86_400_000).toISOString().slice(0, 10);
          const exceptions = new Map(days.map(([day, hours]) => [dateOf(day), hours]));
          const hours = read({
            weekly: Object.fromEntries(week.map((spans, index) => [WEEKDAYS[index], spans])),
            exceptions: [...exceptions].map(([date, its]) => ({ date, hours: its })),
          });
          // The first minute at which the clocks show a local time, or one behind it.
          const minuteOf = (local: number) => locals.findIndex((shown) => shown >= local);
          const open = new Set<number>();
          for (let day = 0; day < 8; day += 1) {
            const its =
              exceptions.get(dateOf(day)) ?? week[new Date(first + day * 86_400_000).getUTCDay()] ?? [];
            for (const { from, until } of its) {
              const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
              const more = minutes(until) <= minutes(from) ? 1440 : 0;
              const begin = minuteOf(first + day * 86_400_000 + minutes(from) * MINUTE_MS);
              const end = minuteOf(first + day * 86_400_000 + (minutes(until) + more) * MINUTE_MS);
              if (begin === -1) continue;
              for (let index = begin; index < (end === -1 ? locals.length : end); index += 1) open.add(index);
            }
          }
          // Days at the rim are looked into from days outside of the table.
          const [fromIndex, untilIndex] = [3 * 1440, 6 * 1440];
          const found = openSpans(
            hours,
            beginMs + fromIndex * MINUTE_MS,
            beginMs + untilIndex * MINUTE_MS,
            timeZone,
          );
          const walked: number[] = [];
          for (const { fromMs, untilMs } of found)
            for (let ms = fromMs; ms < untilMs; ms += MINUTE_MS) walked.push((ms - beginMs) / MINUTE_MS);
          const expected = [...open].filter((index) => index >= fromIndex && index < untilIndex);
          expect(walked).toEqual(expected.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 400 },
    );
  });
});
