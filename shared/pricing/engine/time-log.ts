import type { Tier } from "../tariff-model.ts";
import type { CompiledBand, CompiledPlan } from "./compiled.ts";
import type { DayWalker } from "./days.ts";
import { slabIndex, unitsBeyond, type SlabRate } from "./slabs.ts";
import { describeDuration, TimeTexts, unitsText } from "./texts.ts";
import type { TraceLog } from "./trace-log.ts";

/** Beyond so many lines, whole days are one line each, and those that came out alike one together. */
const FOLD_ABOVE = 20;
/** The first and the last day of a folded stay keep so many lines of their own. */
const LINES_OF_A_DAY = 6;

type Line = {
  readonly text: string;
  readonly amountMinor: number;
  readonly fromMs: number;
  readonly toMs: number;
};
/** One day, or several together; `maxed` = each of them costs the day maximum. */
type Days = {
  readonly firstMs: number;
  lastMs: number;
  readonly endMs: number;
  count: number;
  amountMinor: number;
  /** What each of them costs; null = not all the same. */
  eachMinor: number | null;
  readonly maxed: boolean;
  readonly lines: readonly Line[];
};

/** Takes down how time was priced, stretch by stretch and day by day, and tells it in a bounded number of lines. */
export class TimeLog {
  readonly #trace: TraceLog;
  readonly #plain: boolean;
  readonly #texts: TimeTexts;
  #lines: Line[] = [];
  #plainText: string | null = null;
  readonly #days: Days[] = [];

  constructor(trace: TraceLog, { table, plan, clock }: CompiledPlan, fromMs: number, toMs: number) {
    this.#trace = trace;
    // One price for the whole stay is told without the times of the day.
    this.#plain = table === null && plan.repeat === "stay";
    this.#texts = new TimeTexts(clock, fromMs, toMs);
  }

  flat(band: CompiledBand, fromMs: number, toMs: number, amountMinor: number): void {
    this.#plainText = `Flat rate for ${describeDuration(toMs - fromMs)}`;
    this.#stretch(band, fromMs, toMs, "flat rate", amountMinor);
  }

  units(band: CompiledBand, fromMs: number, toMs: number, tier: Tier, count: number): void {
    const price = this.#trace.decimal(tier.priceMinor);
    this.#plainText = null;
    this.#stretch(band, fromMs, toMs, unitsText(count, tier.unitMs, price), count * tier.priceMinor);
  }

  /** `lengthMs` is how much of the stretch has passed, `amountMinor` what that adds. */
  slab(
    band: CompiledBand,
    fromMs: number,
    toMs: number,
    rate: SlabRate,
    lengthMs: number,
    amountMinor: number,
  ): void {
    const slab = this.#slabText(rate, lengthMs);
    this.#plainText = `${describeDuration(lengthMs)} parked: ${slab}`;
    this.#stretch(band, fromMs, toMs, `${describeDuration(lengthMs)}: ${slab}`, amountMinor);
  }

  /** What a stretch would have cost beyond its band's maximum. */
  bandMax(band: CompiledBand, atMs: number, overMinor: number): void {
    const most = this.#trace.decimal(band.maxMinor);
    this.#push([atMs, atMs], `At most ${most}${band.name === "" ? "" : ` for ${band.name}`}`, -overMinor);
  }

  closeDay(day: DayWalker | null, maxMinor: number, sumMinor: number): void {
    if (this.#lines.length === 0) return;
    if (day === null) return this.#closeByCalendar();
    const maxed = sumMinor > maxMinor;
    if (maxed)
      this.#push(
        [day.startMs, day.startMs],
        `At most ${this.#trace.decimal(maxMinor)} a day`,
        maxMinor - sumMinor,
      );
    this.#closeLines(day.startMs, day.endMs, maxed || sumMinor === maxMinor, this.#lines);
    this.#lines = [];
  }

  /** Nothing depends on the day; a long trace is told by days all the same. */
  #closeByCalendar(): void {
    const lines = this.#lines;
    this.#lines = [];
    let from = 0;
    while (from < lines.length) {
      const [startMs, endMs] = this.#texts.dayAround(lines[from]?.fromMs ?? 0);
      let to = from + 1;
      while (to < lines.length && (lines[to]?.fromMs ?? 0) < endMs) to++;
      this.#closeLines(startMs, endMs, false, lines.slice(from, to));
      from = to;
    }
  }

  #closeLines(startMs: number, endMs: number, maxed: boolean, lines: readonly Line[]): void {
    const amountMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
    // A stretch over a whole weekend is told as that, not as its Friday.
    const [lastMs] = this.#texts.dayAround((lines.at(-1)?.toMs ?? startMs) - 1);
    this.#days.push({
      firstMs: startMs,
      lastMs: lastMs > endMs ? lastMs : startMs,
      endMs,
      count: 1,
      amountMinor,
      eachMinor: amountMinor,
      maxed,
      lines,
    });
  }

  /** Writes the lines into the trace. */
  tell(): void {
    const days = this.#days;
    const lines = days.flatMap((day) => day.lines);
    const [only] = lines;
    if (lines.length === 1 && only !== undefined && this.#plain && this.#plainText !== null)
      return this.#trace.add(this.#plainText, only.amountMinor);
    const most = this.#trace.timeLines;
    if (lines.length <= Math.min(FOLD_ABOVE, most))
      return lines.forEach((line) => this.#trace.add(line.text, line.amountMinor));
    const middle = days.slice(1, -1);
    const [first, last] = [days.slice(0, 1), days.slice(1).slice(-1)];
    const folded = foldAlike(middle);
    const room = Math.max(1, most - 2 * LINES_OF_A_DAY);
    this.#tellDays(first);
    this.#tellDays(folded.length <= room ? folded : foldAny(folded, Math.ceil(folded.length / room)));
    this.#tellDays(last);
  }

  #tellDays(days: readonly Days[]): void {
    for (const day of days) {
      if (day.lines.length > 0 && day.lines.length <= LINES_OF_A_DAY && this.#trace.timeLines > FOLD_ABOVE)
        for (const line of day.lines) this.#trace.add(line.text, line.amountMinor);
      else this.#trace.add(this.#daysText(day), day.amountMinor);
    }
  }

  #daysText({ firstMs, lastMs, count, eachMinor, maxed }: Days): string {
    const when = this.#texts.days(firstMs, lastMs);
    if (eachMinor === null) return when;
    const each = maxed ? `day maximum ${this.#trace.decimal(eachMinor)}` : this.#trace.decimal(eachMinor);
    if (count === 1) return maxed ? `${when}: ${each}` : when;
    return `${when}: ${count} days at ${maxed ? "the " : ""}${each}`;
  }

  #stretch(band: CompiledBand, fromMs: number, toMs: number, what: string, amountMinor: number): void {
    const name = this.#plain || band.name === "" ? "" : `${band.name} `;
    this.#push([fromMs, toMs], `${this.#texts.range(fromMs, toMs)} ${name}${what}`, amountMinor);
  }

  #push([fromMs, toMs]: readonly [number, number], text: string, amountMinor: number): void {
    this.#lines.push({ fromMs, toMs, text, amountMinor });
  }

  #slabText({ slabs, beyond }: SlabRate, lengthMs: number): string {
    const index = slabIndex(slabs, lengthMs);
    const slab = slabs[index];
    const before = slabs[index - 1];
    if (slab?.maxMs != null) return `up to ${describeDuration(slab.maxMs)}`;
    if (beyond !== null) {
      const price = this.#trace.decimal(beyond.priceMinor);
      const units = unitsText(unitsBeyond(before, beyond, lengthMs), beyond.unitMs, price);
      if (before?.maxMs == null) return units;
      return `up to ${describeDuration(before.maxMs)} ${this.#trace.decimal(before.priceMinor)}, then ${units}`;
    }
    return before?.maxMs == null ? "any length" : `over ${describeDuration(before.maxMs)}`;
  }
}

/** Neighbouring days that cost the same become one line. */
function foldAlike(days: readonly Days[]): readonly Days[] {
  const folded: Days[] = [];
  let endMs = Number.NaN;
  for (const day of days) {
    const last = folded.at(-1);
    const alike = last?.eachMinor === day.eachMinor && last.maxed === day.maxed && endMs === day.firstMs;
    if (alike) extend(last, day);
    else folded.push({ ...day, lines: [] });
    endMs = day.endMs;
  }
  return folded;
}

function foldAny(days: readonly Days[], atOnce: number): readonly Days[] {
  const folded: Days[] = [];
  days.forEach((day, i) => {
    const last = folded.at(-1);
    if (last === undefined || i % atOnce === 0) return void folded.push({ ...day });
    if (last.eachMinor !== day.eachMinor || last.maxed !== day.maxed) last.eachMinor = null;
    extend(last, day);
  });
  return folded;
}

function extend(days: Days, by: Days): void {
  days.lastMs = by.lastMs;
  days.count += by.count;
  days.amountMinor += by.amountMinor;
}
