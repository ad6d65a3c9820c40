import { zoneClockOf } from "@parkme/shared/domain/local-day";

/** Calendar days as a facility's clocks have them. Dates are `YYYY-MM-DD`. */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A time that belongs to one line of a report; from `startsMs` to before `endsMs`. */
export type Span = { readonly startsMs: number; readonly endsMs: number };
export type LocalDay = Span & { readonly date: string };
/** `hour` as the clocks show it, `HH:MM`: on the day on which they go back, one is there twice. */
export type LocalHour = Span & { readonly date: string; readonly hour: string };

/** How many days there are from one date to another, both of them counted; less than one where it comes before. */
export function countDays(from: string, until: string): number {
  return Math.round((midnight(until) - midnight(from)) / DAY_MS) + 1;
}

/** The days from one date to another, both of them too. They have 23 to 25 hours, and none where a date was skipped. */
export function daysOf(from: string, until: string, timeZone: string): LocalDay[] {
  const clock = zoneClockOf(timeZone);
  return Array.from({ length: Math.max(0, countDays(from, until)) }, (_, index) => {
    const localMs = midnight(from) + index * DAY_MS;
    const startsMs = clock.momentOf(localMs);
    const endsMs = Math.max(startsMs, clock.momentOf(localMs + DAY_MS));
    return { date: new Date(localMs).toISOString().slice(0, 10), startsMs, endsMs };
  });
}

/** The hours of a day, counted from its beginning; the last is shorter where the clocks change by half an hour. */
export function hoursOf({ date, startsMs, endsMs }: LocalDay, timeZone: string): LocalHour[] {
  const clock = zoneClockOf(timeZone);
  const hours: LocalHour[] = [];
  for (let at = startsMs; at < endsMs; at += HOUR_MS) {
    const hour = new Date(at + clock.spanAt(at).offsetMs).toISOString().slice(11, 16);
    hours.push({ date, hour, startsMs: at, endsMs: Math.min(at + HOUR_MS, endsMs) });
  }
  return hours;
}

/** A moment as the clocks show it: `YYYY-MM-DD HH:MM`. */
export function localTime(atMs: number, timeZone: string): string {
  const local = new Date(atMs + zoneClockOf(timeZone).spanAt(atMs).offsetMs).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 16)}`;
}

function midnight(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}
