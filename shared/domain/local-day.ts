/** Formatters are slow to make; a process serves few zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Whether the name is one of the IANA time zone database that this runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    formatterFor(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The moment (Unix ms) at which the local calendar day of `nowMs` began in a time zone. Right on days of 23 and
 * 25 hours, because the offset is taken at midnight and not now.
 */
export function startOfLocalDayMs(nowMs: number, timeZone: string): number {
  const here = nowMs + offsetMs(nowMs, timeZone);
  const midnightAsUtc = Math.floor(here / 86_400_000) * 86_400_000;
  const guess = midnightAsUtc - offsetMs(nowMs, timeZone);
  const corrected = midnightAsUtc - offsetMs(guess, timeZone);
  // Where clocks go forward at midnight, the day begins an hour "late": the corrected guess is the one that holds.
  return offsetMs(corrected, timeZone) === offsetMs(guess, timeZone) ? corrected : Math.max(guess, corrected);
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
    formatter = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}
