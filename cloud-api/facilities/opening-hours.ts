import { z } from "@hono/zod-openapi";
import { zoneClockOf, type ZoneClock } from "@parkme/shared/domain/local-day";

/**
 * When a facility is open: by the week, and on single days otherwise. Times are those of the facility's clocks. Where
 * clocks jump over a time, it is the moment of the jump; a time that comes twice is the first of the two, as in tariffs
 * (shared/pricing): no span is left and entered again in a doubled hour.
 */

const DAY_MINUTES = 24 * 60;
const DAY_MS = DAY_MINUTES * 60_000;
/** In the order of `Date.getUTCDay()`. */
export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const spanSchema = z.strictObject({
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time such as 08:30"),
  /** Not after `from`: of the next day. */
  until: z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "must be a time such as 22:00, or 24:00"),
});
const spansSchema = z.array(spanSchema).max(8);
const dateSchema = z.iso
  .date()
  .refine((text) => /^(19|20|21)/.test(text), "must be of the years 1900 to 2199");

/** The JSON of `facilities.opening_hours`; a day of the week that is left out is closed. */
export const openingHoursSchema = z.strictObject({
  weekly: z.strictObject({
    mon: spansSchema.default([]),
    tue: spansSchema.default([]),
    wed: spansSchema.default([]),
    thu: spansSchema.default([]),
    fri: spansSchema.default([]),
    sat: spansSchema.default([]),
    sun: spansSchema.default([]),
  }),
  /** In place of what its day of the week has; no spans = closed. */
  exceptions: z
    .array(z.strictObject({ date: dateSchema, hours: spansSchema }))
    .max(400)
    .refine((days) => new Set(days.map(({ date }) => date)).size === days.length, "has a date twice")
    .default([]),
});
export type OpeningHours = z.output<typeof openingHoursSchema>;

/** From `fromMs` to before `untilMs`, Unix milliseconds. */
export type OpenSpan = { readonly fromMs: number; readonly untilMs: number };

/** @param hours null = always open. */
export function isOpenAt(hours: OpeningHours | null, atMs: number, timeZone: string): boolean {
  return openSpans(hours, atMs, atMs + 1, timeZone).length > 0;
}

/** Whether all of a time is within the opening hours. */
export function isOpenDuring(
  hours: OpeningHours | null,
  { fromMs, untilMs }: OpenSpan,
  timeZone: string,
): boolean {
  const [span] = openSpans(hours, fromMs, untilMs, timeZone);
  return span !== undefined && span.fromMs === fromMs && span.untilMs === untilMs;
}

/** The times of [`fromMs`, `untilMs`) in which it is open: in their order, none touching the next. */
export function openSpans(
  hours: OpeningHours | null,
  fromMs: number,
  untilMs: number,
  timeZone: string,
): readonly OpenSpan[] {
  if (fromMs >= untilMs) return [];
  if (hours === null) return [{ fromMs, untilMs }];
  const clock = zoneClockOf(timeZone);
  const exceptions = new Map(hours.exceptions.map((day) => [day.date, day.hours]));
  const spans: OpenSpan[] = [];
  // A span of the day before may go on into the first one; where a day comes twice, of the one before that.
  for (let dayMs = localDay(clock, fromMs) - 2 * DAY_MS; dayMs <= localDay(clock, untilMs); dayMs += DAY_MS) {
    const day = new Date(dayMs);
    const weekday = WEEKDAYS[day.getUTCDay()] ?? "sun";
    const its = exceptions.get(day.toISOString().slice(0, 10)) ?? hours.weekly[weekday];
    for (const { from, until } of its) {
      const [begin, end] = [minuteOf(from), minuteOf(until)];
      const endMinute = end > begin ? end : end + DAY_MINUTES;
      const span = {
        fromMs: Math.max(fromMs, clock.momentOf(dayMs + begin * 60_000)),
        untilMs: Math.min(untilMs, clock.momentOf(dayMs + endMinute * 60_000)),
      };
      if (span.fromMs < span.untilMs) spans.push(span);
    }
  }
  return merge(spans);
}

/** How far ahead a change is looked for: a facility that is closed for longer has no next opening to tell. */
const AHEAD_MS = 8 * DAY_MS;

/** When it closes, where it is open, or opens, where it is closed; null = not within {@link AHEAD_MS}. */
export function nextChangeMs(hours: OpeningHours | null, atMs: number, timeZone: string): number | null {
  const untilMs = atMs + AHEAD_MS;
  const [span] = openSpans(hours, atMs, untilMs, timeZone);
  if (span === undefined) return null;
  if (span.fromMs > atMs) return span.fromMs;
  return span.untilMs < untilMs ? span.untilMs : null;
}

/** The day that the clocks show, as the Unix milliseconds of its midnight in UTC. */
function localDay(clock: ZoneClock, atMs: number): number {
  return Math.floor((atMs + clock.spanAt(atMs).offsetMs) / DAY_MS) * DAY_MS;
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

function merge(spans: readonly OpenSpan[]): readonly OpenSpan[] {
  const merged: { fromMs: number; untilMs: number }[] = [];
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last !== undefined && span.fromMs <= last.untilMs)
      last.untilMs = Math.max(last.untilMs, span.untilMs);
    else merged.push({ ...span });
  }
  return merged;
}
