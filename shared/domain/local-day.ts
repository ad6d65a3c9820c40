const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** No zone changes its clocks by more within a day that has both sides of the change. */
const LONGEST_CHANGE_MS = 4 * HOUR_MS;

/** Formatters are slow to make, and large; the zones of one organisation fit in here. */
const formatters = new Map<string, Intl.DateTimeFormat>();
const MAX_FORMATTERS = 100;

/** Whether the name is one of the IANA time zone database that this runtime knows. */
export function isTimeZone(name: string): boolean {
  // By name only: an offset such as +02:00 means the opposite in PostgreSQL, and knows no summer time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    // Not kept: names to be checked come from outside, in any number.
    createFormatter(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The moment (Unix ms) at which the local calendar day of `nowMs` began in a time zone. Right on days of 23 and
 * 25 hours, on days without a midnight (clocks go forward over it: the day begins at the jump) and on days with
 * two (clocks go back to it: the day begins at the first).
 */
export function startOfLocalDayMs(nowMs: number, timeZone: string): number {
  const offsetNowMs = offsetMs(nowMs, timeZone);
  const midnightAsUtc = Math.floor((nowMs + offsetNowMs) / DAY_MS) * DAY_MS;
  const nearMidnight = midnightAsUtc - offsetNowMs;
  const byClockBefore = midnightAsUtc - offsetMs(nearMidnight - LONGEST_CHANGE_MS, timeZone);
  const byClockAfter = midnightAsUtc - offsetMs(nearMidnight + LONGEST_CHANGE_MS, timeZone);
  const midnights = [byClockBefore, byClockAfter].filter(
    (at) => at + offsetMs(at, timeZone) === midnightAsUtc,
  );
  return midnights.length === 0 ? byClockBefore : Math.min(...midnights);
}

/** The local calendar day of a moment as `YYYY-MM-DD`, its weekday (0 = Sunday), and the minute of the day. */
export type LocalTime = { readonly date: string; readonly weekday: number; readonly minute: number };

export function localTimeOf(atMs: number, timeZone: string): LocalTime {
  const local = new Date(Math.floor(atMs / 1000) * 1000 + offsetMs(atMs, timeZone));
  return {
    date: local.toISOString().slice(0, 10),
    weekday: local.getUTCDay(),
    minute: local.getUTCHours() * 60 + local.getUTCMinutes(),
  };
}

/** Local time minus UTC, in milliseconds, at a moment. */
function offsetMs(atMs: number, timeZone: string): number {
  const seconds = Math.floor(atMs / 1000) * 1000;
  const parts = Object.fromEntries(
    formatterFor(timeZone)
      .formatToParts(seconds)
      .map((p) => [p.type, Number(p.value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - seconds;
}

function formatterFor(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = createFormatter(timeZone);
    if (formatters.size >= MAX_FORMATTERS) formatters.clear();
    formatters.set(timeZone, formatter);
  }
  return formatter;
}

function createFormatter(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}
