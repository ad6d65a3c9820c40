import { BandCursor } from "./bands.ts";
import type { CompiledBand, CompiledPlan } from "./compiled.ts";
import { DayWalker } from "./days.ts";
import { Meter } from "./meter.ts";
import type { TimeLog } from "./time-log.ts";

/** Times that are charged, in order, from and until in turn: `[from, until, from, until]`. */
export type Pieces = readonly number[];

/**
 * What the chargeable time of a stay costs by the bands of a plan, after the maximums of its bands and days. The days
 * are those of the stay from `entryMs`, also where the time at its begin is not charged. Infinite where an amount on
 * the way was too large to be exact.
 */
export function chargeTime(
  plan: CompiledPlan,
  bands: readonly CompiledBand[],
  entryMs: number,
  pieces: Pieces,
  log: TimeLog | null,
): number {
  return new TimeCharge(plan, bands, entryMs, log).total(pieces);
}

class TimeCharge {
  readonly #bands: readonly CompiledBand[];
  readonly #cursor: BandCursor | null;
  /** Null = nothing depends on the day. */
  readonly #days: DayWalker | null;
  readonly #meter: Meter;
  readonly #log: TimeLog | null;
  readonly #dayMax: number;
  readonly #anewEachDay: boolean;
  readonly #anewInBand: boolean;
  #daySum = 0;
  #earlierDays = 0;

  constructor(
    { plan, table, clock, byDay }: CompiledPlan,
    bands: readonly CompiledBand[],
    entryMs: number,
    log: TimeLog | null,
  ) {
    this.#bands = bands;
    this.#cursor = table === null ? null : new BandCursor(table);
    this.#anewEachDay = plan.repeat === "day";
    this.#anewInBand = plan.units === "band";
    this.#dayMax = plan.day.capMinor ?? Infinity;
    this.#days = byDay ? new DayWalker(plan.day, clock, entryMs) : null;
    this.#meter = new Meter(log);
    this.#log = log;
  }

  total(pieces: Pieces): number {
    for (let i = 0; i + 1 < pieces.length; i += 2) this.#piece(pieces[i] ?? 0, pieces[i + 1] ?? 0);
    this.#closeDay();
    return this.#earlierDays;
  }

  #piece(fromMs: number, toMs: number): void {
    if (!this.#anewEachDay || this.#days === null) return this.#unbroken(fromMs, toMs);
    let atMs = fromMs;
    do {
      this.#reach(this.#days, atMs);
      const untilMs = Math.min(this.#days.endMs, toMs);
      this.#unbroken(atMs, untilMs);
      atMs = untilMs;
    } while (atMs < toMs);
  }

  /** A time without a gap, from whose begin units and tiers are counted where bands do not begin them anew. */
  #unbroken(fromMs: number, toMs: number): void {
    const cursor = this.#cursor;
    if (cursor === null) return void this.#stretch(this.#bands[0], fromMs, fromMs, toMs);
    let paidUntilMs = fromMs;
    cursor.seek(fromMs, toMs);
    do {
      cursor.next();
      const beginMs = this.#anewInBand ? cursor.fromMs : Math.max(cursor.fromMs, paidUntilMs);
      if (beginMs >= cursor.toMs && toMs > fromMs) continue;
      const originMs = this.#anewInBand ? cursor.fromMs : fromMs;
      paidUntilMs = this.#stretch(this.#bands[cursor.band], originMs, beginMs, cursor.toMs);
    } while (cursor.toMs < toMs);
  }

  /** A time in one band; returns until when it is paid. */
  #stretch(band: CompiledBand | undefined, originMs: number, fromMs: number, toMs: number): number {
    if (band === undefined) throw new Error("a band that the plan does not have");
    const [meter, days] = [this.#meter, this.#days];
    meter.begin(band, originMs, fromMs, toMs);
    let atMs = fromMs;
    do {
      let untilMs = toMs;
      if (days !== null) {
        this.#reach(days, atMs);
        untilMs = Math.min(toMs, days.endMs);
      }
      this.#daySum += meter.upTo(untilMs);
      atMs = untilMs;
    } while (atMs < toMs);
    return meter.paidUntilMs;
  }

  #reach(days: DayWalker, atMs: number): void {
    while (atMs >= days.endMs) {
      this.#closeDay();
      days.next();
    }
  }

  #closeDay(): void {
    const sum = this.#daySum;
    this.#log?.closeDay(this.#days, this.#dayMax, sum);
    this.#earlierDays += sum > Number.MAX_SAFE_INTEGER ? Infinity : Math.min(sum, this.#dayMax);
    this.#daySum = 0;
  }
}
