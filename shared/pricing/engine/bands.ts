import type { ZoneClock } from "../../domain/local-day.ts";
import type { Window } from "../tariff-model.ts";

const MIN_MS = 60_000;
export const DAY_MS = 1440 * MIN_MS;
/** Eleven years of days; a longer stay looks some up again. */
const MAX_DAYS = 4_096;

/** The bands of one local day: `bands[i]` is in force until the clock shows `untilMs[i]` after midnight. */
type DayBands = { readonly untilMs: readonly number[]; readonly bands: readonly number[] };

/**
 * Which band is in force at every moment. A time of day begins when the clocks first show it, or at the jump over it:
 * where they are set back, a window does not come twice.
 */
export type BandTable = { readonly clock: ZoneClock; readonly dayBands: (localDay: number) => DayBands };

/** A window as numbers: milliseconds of the day, and days counted from 1970-01-01. */
type Opening = {
  readonly band: number;
  readonly weekdays: readonly number[];
  readonly onHolidays: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly overnight: boolean;
  readonly firstDay: number;
  readonly lastDay: number;
};

/** The first of the bands with a window around a moment is in force; where none is, the last of all. */
export function createBandTable(
  clock: ZoneClock,
  bands: readonly { readonly windows: readonly Window[] }[],
  holidays: ReadonlySet<string>,
): BandTable {
  const openings = bands.flatMap(({ windows }, band) => windows.map((window) => openingOf(window, band)));
  const holidayDays = new Set([...holidays].map(localDayOf));
  const days = new Map<number, DayBands>();

  function beginsOn(opening: Opening, day: number): boolean {
    if (day < opening.firstDay || day > opening.lastDay) return false;
    if (holidayDays.has(day)) return opening.onHolidays;
    // 1970-01-01 was a Thursday.
    return opening.weekdays.includes((((day + 4) % 7) + 7) % 7);
  }

  function findDay(day: number): DayBands {
    const covers: { readonly band: number; readonly fromMs: number; readonly toMs: number }[] = [];
    for (const opening of openings) {
      const { band, fromMs, toMs, overnight } = opening;
      if (beginsOn(opening, day)) covers.push({ band, fromMs, toMs: overnight ? DAY_MS : toMs });
      if (overnight && beginsOn(opening, day - 1)) covers.push({ band, fromMs: 0, toMs });
    }
    const edges = [...new Set([DAY_MS, ...covers.flatMap(({ fromMs, toMs }) => [fromMs, toMs])])];
    const untilMs: number[] = [];
    const inForce: number[] = [];
    let fromMs = 0;
    for (const edge of edges.filter((at) => at > 0 && at <= DAY_MS).toSorted((a, b) => a - b)) {
      let band = bands.length - 1;
      for (const cover of covers)
        if (cover.fromMs <= fromMs && cover.toMs >= edge) band = Math.min(band, cover.band);
      if (inForce.at(-1) === band) untilMs.pop();
      else inForce.push(band);
      untilMs.push(edge);
      fromMs = edge;
    }
    return { untilMs, bands: inForce };
  }

  return {
    clock,
    dayBands(day) {
      let found = days.get(day);
      if (found === undefined) {
        found = findDay(day);
        if (days.size >= MAX_DAYS) days.clear();
        days.set(day, found);
      }
      return found;
    },
  };
}

function openingOf(window: Window, band: number): Opening {
  return {
    band,
    weekdays: window.weekdays,
    onHolidays: window.onHolidays,
    fromMs: window.fromMinute * MIN_MS,
    toMs: window.toMinute * MIN_MS,
    overnight: window.toMinute <= window.fromMinute,
    firstDay: window.fromDate === null ? -Infinity : localDayOf(window.fromDate),
    lastDay: window.toDate === null ? Infinity : localDayOf(window.toDate),
  };
}

function localDayOf(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

const NO_BANDS: DayBands = { untilMs: [], bands: [] };

/**
 * Walks through the runs of a time: each is in one band from its begin to its end. One object walks all of them, as
 * a quote must not leave thousands behind.
 */
export class BandCursor {
  band = 0;
  fromMs = 0;
  toMs = 0;
  readonly #table: BandTable;
  #endMs = 0;
  #day = 0;
  /** When the day begins. */
  #dayMs = 0;
  /** The clocks do not change in this day, nor at its midnights. */
  #ordinary = false;
  #dayBands = NO_BANDS;
  #index = 0;

  constructor(table: BandTable) {
    this.#table = table;
  }

  /** Before the first run of a time; `next` finds one also in a time of no length. */
  seek(fromMs: number, endMs: number): void {
    const { clock } = this.#table;
    const day = Math.floor((fromMs + clock.spanAt(fromMs).offsetMs) / DAY_MS);
    this.#endMs = endMs;
    this.toMs = fromMs;
    this.#enterDay(day, clock.momentOf(day * DAY_MS));
    if (this.#changeMs() <= fromMs) this.#advance();
  }

  next(): void {
    this.fromMs = this.toMs;
    this.band = this.#bandNow();
    do {
      this.toMs = Math.min(this.#changeMs(), this.#endMs);
      if (this.toMs >= this.#endMs) return;
      this.#advance();
    } while (this.#bandNow() === this.band);
  }

  #bandNow(): number {
    return this.#dayBands.bands[this.#index] ?? 0;
  }

  /** When the band that the cursor stands in ends. */
  #changeMs(): number {
    const inDay = this.#dayBands.untilMs[this.#index] ?? DAY_MS;
    return this.#ordinary ? this.#dayMs + inDay : this.#table.clock.momentOf(this.#day * DAY_MS + inDay);
  }

  /** To the next band, but not to one that the clocks jump over. */
  #advance(): void {
    do {
      if (++this.#index === this.#dayBands.untilMs.length) this.#enterDay(this.#day + 1, this.#changeMs());
    } while (this.#changeMs() <= this.toMs);
  }

  #enterDay(day: number, beginsMs: number): void {
    const span = this.#table.clock.spanAt(beginsMs);
    this.#day = day;
    this.#dayMs = beginsMs;
    this.#ordinary = beginsMs + span.offsetMs === day * DAY_MS && beginsMs + DAY_MS < span.untilMs;
    this.#dayBands = this.#table.dayBands(day);
    this.#index = 0;
  }
}
