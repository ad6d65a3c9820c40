import type { Window } from "../../tariff-model.ts";

/**
 * Local time the slow way: the clock of the zone is asked by Intl for every quarter of an hour, and a moment is found
 * by walking to it.
 */

export const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A local calendar day as the number of days since 1970-01-01. */
export type Day = number;

/** Zones change their clocks at whole quarters of an hour only, so one answer holds for a quarter. */
const offsets = new Map<string, number>();
const clocks = new Map<string, Intl.DateTimeFormat>();

/** What a clock on the wall reads at a moment: milliseconds since 1970-01-01 00:00 of that clock. */
function readingAt(atMs: number, zone: string): number {
  const quarter = Math.floor(atMs / QUARTER_MS) * QUARTER_MS;
  const key = `${zone} ${quarter}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    offset = readClock(quarter, zone) - quarter;
    offsets.set(key, offset);
  }
  return atMs + offset;
}

function readClock(atMs: number, zone: string): number {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    clocks.set(zone, clock);
  }
  return Date.parse(`${clock.format(atMs).replace(" ", "T")}Z`);
}

export function dayOf(atMs: number, zone: string): Day {
  return Math.floor(readingAt(atMs, zone) / DAY_MS);
}

const moments = new Map<string, number>();

/**
 * The first moment at which the clock reads this minute of this day, or later. A time that is skipped in spring is
 * the moment of the change; one that comes twice in autumn is the first of the two.
 */
export function momentOf(day: Day, minute: number, zone: string): number {
  const key = `${zone} ${day} ${minute}`;
  let at = moments.get(key);
  if (at === undefined) {
    const wanted = day * DAY_MS + minute * MINUTE_MS;
    at = wanted - (readingAt(wanted, zone) - wanted) - 3 * 60 * MINUTE_MS;
    while (readingAt(at, zone) < wanted) at += MINUTE_MS;
    moments.set(key, at);
  }
  return at;
}

const text = (day: Day): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
const weekday = (day: Day): number => new Date(day * DAY_MS).getUTCDay();

/** From and to of the window that begins on this local day; null when it does not begin on it. */
export function windowOn(
  day: Day,
  window: Window,
  holidays: ReadonlySet<string>,
  zone: string,
): { readonly fromMs: number; readonly toMs: number } | null {
  const date = text(day);
  if (window.fromDate !== null && date < window.fromDate) return null;
  if (window.toDate !== null && date > window.toDate) return null;
  const listed = holidays.has(date) ? window.onHolidays : window.weekdays.includes(weekday(day));
  if (!listed) return null;
  const endDay = window.toMinute <= window.fromMinute ? day + 1 : day;
  return {
    fromMs: momentOf(day, window.fromMinute, zone),
    toMs: momentOf(endDay, window.toMinute, zone),
  };
}
