const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** No zone's clock is further behind or ahead of UTC (+14:00 is the most). */
const FURTHEST_OFFSET_MS = 15 * HOUR_MS;
/** Changes of the clocks are looked for in pieces of so many days. */
const CHUNK_MS = 128 * DAY_MS;

/** Zones' clocks are slow to make, and large; the zones of one organisation fit in here. */
const clocks = new Map<string, ZoneClock>();
const MAX_CLOCKS = 100;
/** 90 years for each zone. */
const MAX_CHUNKS = 256;

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
  const clock = zoneClockOf(timeZone);
  return clock.momentOf(Math.floor((nowMs + clock.spanAt(nowMs).offsetMs) / DAY_MS) * DAY_MS);
}

/** The local calendar day of a moment as `YYYY-MM-DD`, its weekday (0 = Sunday), and the minute of the day. */
export type LocalTime = { readonly date: string; readonly weekday: number; readonly minute: number };

export function localTimeOf(atMs: number, timeZone: string): LocalTime {
  const local = new Date(Math.floor(atMs / 1000) * 1000 + zoneClockOf(timeZone).spanAt(atMs).offsetMs);
  return {
    date: local.toISOString().slice(0, 10),
    weekday: local.getUTCDay(),
    minute: local.getUTCHours() * 60 + local.getUTCMinutes(),
  };
}

/** A time in which a zone's clocks do not change: local time is UTC plus `offsetMs`. */
export type ClockSpan = { readonly fromMs: number; readonly untilMs: number; readonly offsetMs: number };

/** A zone's clock as a table: asking costs some nanoseconds, once the years in question have been looked up. */
export type ZoneClock = {
  /** The span around a moment. A long time without a change comes in several spans. */
  readonly spanAt: (atMs: number) => ClockSpan;
  /**
   * The first moment at which the clocks show this local time or, where they jump over it, a later one. The local
   * time is given as the Unix milliseconds at which it is that time in UTC.
   */
  readonly momentOf: (localMs: number) => number;
};

/** Throws a RangeError for a zone that nobody knows. */
export function zoneClockOf(timeZone: string): ZoneClock {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = createZoneClock(timeZone);
    if (clocks.size >= MAX_CLOCKS) clocks.clear();
    clocks.set(timeZone, clock);
  }
  return clock;
}

function createZoneClock(timeZone: string): ZoneClock {
  const formatter = createFormatter(timeZone);
  const chunks = new Map<number, readonly ClockSpan[]>();
  let lastIndex = Number.NaN;
  let lastChunk: readonly ClockSpan[] = [];

  function chunkOf(index: number): readonly ClockSpan[] {
    let chunk = chunks.get(index);
    if (chunk === undefined) {
      chunk = findSpans(formatter, index * CHUNK_MS, (index + 1) * CHUNK_MS);
      if (chunks.size >= MAX_CHUNKS) chunks.clear();
      chunks.set(index, chunk);
    }
    return chunk;
  }

  function spanAt(atMs: number): ClockSpan {
    const index = Math.floor(atMs / CHUNK_MS);
    if (index !== lastIndex) {
      lastChunk = chunkOf(index);
      lastIndex = index;
    }
    for (const span of lastChunk) if (atMs < span.untilMs) return span;
    throw new RangeError(`not a moment: ${atMs}`);
  }

  function momentOf(localMs: number): number {
    let span = spanAt(localMs - FURTHEST_OFFSET_MS);
    while (localMs >= span.untilMs + span.offsetMs) span = spanAt(span.untilMs);
    return Math.max(span.fromMs, localMs - span.offsetMs);
  }

  return { spanAt, momentOf };
}

/** Looks at every day, and where the clocks differ from the day before, halves the time to find the second. */
function findSpans(formatter: Intl.DateTimeFormat, fromMs: number, untilMs: number): readonly ClockSpan[] {
  const spans: ClockSpan[] = [];
  let beganMs = fromMs;
  let offset = offsetMs(fromMs, formatter);
  for (let atMs = fromMs + DAY_MS; atMs <= untilMs; atMs += DAY_MS) {
    const then = offsetMs(atMs, formatter);
    if (then === offset) continue;
    let before = atMs - DAY_MS;
    let after = atMs;
    while (after - before > 1_000) {
      const middle = Math.floor((before + after) / 2_000) * 1_000;
      if (offsetMs(middle, formatter) === offset) before = middle;
      else after = middle;
    }
    spans.push({ fromMs: beganMs, untilMs: after, offsetMs: offset });
    beganMs = after;
    offset = then;
  }
  if (beganMs < untilMs) spans.push({ fromMs: beganMs, untilMs, offsetMs: offset });
  return spans;
}

/** Local time minus UTC, in milliseconds, at a moment. */
function offsetMs(atMs: number, formatter: Intl.DateTimeFormat): number {
  const seconds = Math.floor(atMs / 1000) * 1000;
  const parts = Object.fromEntries(formatter.formatToParts(seconds).map((p) => [p.type, Number(p.value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - seconds;
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
