import { startOfLocalDayMs, zoneClockOf } from "@parkme/shared/domain/local-day";
import type { Random } from "../../traffic/random.ts";

/** Where a simulated car park may be: clocks that change by an hour, by half an hour, at midnight, and never. */
const PLACES: readonly (readonly [timeZone: string, currency: string])[] = [
  ["Europe/Berlin", "EUR"],
  ["Europe/London", "GBP"],
  ["America/New_York", "USD"],
  ["Australia/Lord_Howe", "AUD"],
  ["Pacific/Auckland", "NZD"],
  ["Africa/Cairo", "EGP"],
  ["Asia/Kolkata", "INR"],
  ["Asia/Tokyo", "JPY"],
  ["Asia/Kuwait", "KWD"],
];

export type Place = {
  readonly timeZone: string;
  readonly currency: string;
  /** Unix ms, on a whole minute. */
  readonly startMs: number;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR = 2026;
/** How often a simulation of a place whose clocks change has such a night in it. */
const CHANGE_CHANCE = 0.5;

export function drawPlace(lengthMs: number, random: Random): Place {
  const [timeZone, currency] = random.pick(PLACES);
  const changes = clockChangesMs(timeZone);
  if (changes.length > 0 && random.chance(CHANGE_CHANCE)) {
    // Not in the first or last moments: somebody should be inside over it.
    const before = lengthMs * (0.1 + 0.8 * random.next());
    return { timeZone, currency, startMs: wholeMinute(random.pick(changes) - before) };
  }
  const startMs = Date.UTC(YEAR, 0, 1) + random.int(365) * DAY_MS + random.int(24) * HOUR_MS;
  return { timeZone, currency, startMs };
}

/** The moments of the year at which a zone's clocks change, Unix ms. */
export function clockChangesMs(timeZone: string): number[] {
  const clock = zoneClockOf(timeZone);
  const endMs = Date.UTC(YEAR + 1, 0, 1);
  const changes: number[] = [];
  let span = clock.spanAt(Date.UTC(YEAR, 0, 1));
  while (span.untilMs < endMs) {
    const next = clock.spanAt(span.untilMs);
    if (next.offsetMs !== span.offsetMs) changes.push(span.untilMs);
    span = next;
  }
  return changes;
}

/** The local days from one moment to another, `YYYY-MM-DD`. */
export function localDays(startMs: number, lengthMs: number, timeZone: string): string[] {
  const days: string[] = [];
  const noonMs = startOfLocalDayMs(startMs, timeZone) + DAY_MS / 2;
  for (let atMs = noonMs; atMs < startMs + lengthMs + DAY_MS; atMs += DAY_MS) {
    const day = new Date(atMs + zoneClockOf(timeZone).spanAt(atMs).offsetMs).toISOString().slice(0, 10);
    if (!days.includes(day)) days.push(day);
  }
  return days;
}

function wholeMinute(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}
