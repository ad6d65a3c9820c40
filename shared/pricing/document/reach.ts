import type { Window } from "../tariff-model.ts";

/** Which bands of a plan no moment can ever belong to. */

export type BandWindow = Window;
type Unreachable = { readonly band: number; readonly why: "covered" | "never" };

const DAY_MINUTES = 1_440;
const DAY_MS = 86_400_000;
/** After the first day of a stretch of dates a week shows every weekday with its yesterday. */
const SHOWING_DAYS = 8;
/** Where windows have no dates, any week shows all there is. */
const ANY_DAY = Math.floor(Date.UTC(2026, 0, 4) / DAY_MS);

/**
 * The bands that are never in force, of bands that are tried in this order. A day is one of seven weekdays or a
 * holiday, and so is the day before, whose windows may go on past midnight: all of that is tried for each stretch of
 * dates between the dates that windows name.
 */
export function unreachableBands(given: readonly (readonly BandWindow[])[]): Unreachable[] {
  const bands = given.map((windows) => windows.map(dated));
  const reach: Reach = { reached: new Set(), seen: new Set(), taken: new Uint8Array(DAY_MINUTES) };
  for (const day of showingDays(bands.flat())) {
    const weekday = 1 << weekdayOf(day);
    const weekdayBefore = 1 << weekdayOf(day - 1);
    for (const today of [weekday, HOLIDAY])
      for (const yesterday of [weekdayBefore, HOLIDAY]) reachOf(bands, { day, today, yesterday }, reach);
    if (reach.reached.size === bands.length) return [];
  }
  return given.flatMap((windows, band) => {
    if (windows.length === 0 || reach.reached.has(band)) return [];
    return [{ band, why: reach.seen.has(band) ? ("covered" as const) : ("never" as const) }];
  });
}

/** Bits of the days that a window begins on: one for each weekday, and this one. */
const HOLIDAY = 1 << 7;

/** A window with its dates as days since 1970-01-01, and its days as bits. */
type DatedWindow = {
  readonly days: number;
  readonly first: number;
  readonly last: number;
  readonly fromMinute: number;
  readonly toMinute: number;
};

function dated({ weekdays, onHolidays, fromMinute, toMinute, fromDate, toDate }: BandWindow): DatedWindow {
  return {
    days: weekdays.reduce((bits, weekday) => bits | (1 << weekday), onHolidays ? HOLIDAY : 0),
    first: fromDate === null ? -Infinity : dayOf(fromDate),
    last: toDate === null ? Infinity : dayOf(toDate),
    fromMinute,
    toMinute,
  };
}

/** A day, and what it and the day before it are. */
type Day = { readonly day: number; readonly today: number; readonly yesterday: number };

type Reach = {
  /** Bands that something belongs to, and bands that would have something if it were not taken. */
  readonly reached: Set<number>;
  readonly seen: Set<number>;
  /** The minutes of a day that are taken. */
  readonly taken: Uint8Array;
};

function reachOf(bands: readonly (readonly DatedWindow[])[], { day, today, yesterday }: Day, reach: Reach) {
  const { taken } = reach;
  taken.fill(0);
  const take = (band: number, from: number, to: number): void => {
    reach.seen.add(band);
    const free = taken.indexOf(0, from);
    if (free === -1 || free >= to) return;
    reach.reached.add(band);
    taken.fill(1, free, to);
  };
  for (const [band, windows] of bands.entries()) {
    for (const { days, first, last, fromMinute, toMinute } of windows) {
      const overnight = toMinute <= fromMinute;
      if ((days & today) !== 0 && day >= first && day <= last)
        take(band, fromMinute, overnight ? DAY_MINUTES : toMinute);
      // What reaches into it from the day before.
      if (overnight && toMinute > 0 && (days & yesterday) !== 0 && day > first && day <= last + 1)
        take(band, 0, toMinute);
    }
  }
}

/** Days since 1970-01-01 that show everything that can come: the beginning of each stretch between dates. */
function showingDays(windows: readonly DatedWindow[]): number[] {
  const starts = windows.flatMap(({ first, last }) => [first, last + 1]).filter(Number.isFinite);
  const before = starts.length === 0 ? ANY_DAY : Math.min(...starts) - SHOWING_DAYS;
  const days = [before, ...starts].flatMap((start) =>
    Array.from({ length: SHOWING_DAYS }, (_, i) => start + i),
  );
  return [...new Set(days)];
}

function dayOf(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

function weekdayOf(day: number): number {
  // 1 January 1970 was a Thursday.
  return (((day + 4) % 7) + 7) % 7;
}
