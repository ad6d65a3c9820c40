import type { Tier } from "../tariff-model.ts";
import type { CompiledBand } from "./compiled.ts";
import { slabPrice, slabsEndMs, type SlabRate } from "./slabs.ts";
import type { TimeLog } from "./time-log.ts";

const IDLE: CompiledBand = {
  name: "",
  rate: { kind: "flat", priceMinor: 0 },
  rises: true,
  maxMinor: Infinity,
  maxPerDay: false,
};

/**
 * Prices one stretch of a band at a time, bit by bit from its begin to its end. Every amount becomes due at a moment:
 * a unit when it starts, a flat price at the begin, a slab, as far as it is dearer, once the slab before it is over.
 * So cutting the stretch where days change moves amounts between days and changes nothing else, and a table of slabs
 * for several days gets on with a day maximum.
 */
export class Meter {
  /** Where the next unit starts: the time before is paid. */
  paidUntilMs = 0;
  #band = IDLE;
  #originMs = 0;
  #fromMs = 0;
  #toMs = 0;
  #atMs = 0;
  #tier = 0;
  #due = 0;
  /** Due since the band began, and how much of that is within its maximum: a new day does not end a stretch. */
  #bandDue = 0;
  #bandCharged = 0;
  #begun = false;
  readonly #log: TimeLog | null;

  constructor(log: TimeLog | null) {
    this.#log = log;
  }

  /** `originMs` is where the time of tiers is counted from. */
  begin(band: CompiledBand, originMs: number, fromMs: number, toMs: number): void {
    if (band !== this.#band || fromMs !== this.#toMs) {
      this.#bandDue = 0;
      this.#bandCharged = 0;
    }
    this.#band = band;
    this.#originMs = originMs;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#atMs = fromMs;
    this.#tier = 0;
    this.#due = 0;
    this.#begun = false;
    this.paidUntilMs = fromMs;
  }

  /** What becomes due from where the meter stands up to a moment of the stretch, within one day where days matter. */
  upTo(untilMs: number): number {
    const before = this.#due;
    const { rate, maxMinor } = this.#band;
    switch (rate.kind) {
      case "flat":
        this.#flat(rate.priceMinor);
        break;
      case "units":
        this.#units(rate.tiers, untilMs);
        break;
      case "slab":
        this.#slab(rate, untilMs);
        break;
      default:
        return rate satisfies never;
    }
    this.#atMs = untilMs;
    const added = this.#due - before;
    this.#bandDue += added;
    // Beyond this, sums are no longer exact: the quote is refused, whatever a maximum would make of it.
    if (this.#bandDue > Number.MAX_SAFE_INTEGER) return Infinity;
    let amount = Math.min(added, maxMinor);
    if (!this.#band.maxPerDay) {
      amount = Math.min(this.#bandDue, maxMinor) - this.#bandCharged;
      this.#bandCharged += amount;
    }
    if (amount < added) this.#log?.bandMax(this.#band, untilMs, added - amount);
    return amount;
  }

  #flat(priceMinor: number): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#due = priceMinor;
    this.paidUntilMs = this.#toMs;
    this.#log?.flat(this.#band, this.#fromMs, this.#toMs, priceMinor);
  }

  #units(tiers: readonly Tier[], untilMs: number): void {
    let atMs = this.paidUntilMs;
    while (atMs < untilMs) {
      const tier = tiers[this.#tier];
      if (tier === undefined) throw new Error("the last tier of a tariff has a limit");
      const limitMs = tier.maxMs === null ? Infinity : this.#originMs + tier.maxMs;
      if (atMs >= limitMs) {
        this.#tier++;
        continue;
      }
      const count = Math.ceil((Math.min(limitMs, untilMs) - atMs) / tier.unitMs);
      const nextMs = atMs + count * tier.unitMs;
      this.#due += count * tier.priceMinor;
      this.#log?.units(this.#band, atMs, Math.min(nextMs, untilMs), tier, count);
      atMs = nextMs;
    }
    this.paidUntilMs = atMs;
  }

  #slab(rate: SlabRate, untilMs: number): void {
    this.paidUntilMs = this.#toMs;
    const [passedMs, wholeMs] = [untilMs - this.#fromMs, this.#toMs - this.#fromMs];
    // Where some longer time costs less, a slab's price is no sum of steps: all of it becomes due at the begin.
    const lengthMs = this.#band.rises ? passedMs : Math.max(passedMs, Math.min(wholeMs, slabsEndMs(rate)));
    const due = slabPrice(rate, lengthMs);
    if (!this.#begun || due !== this.#due)
      this.#log?.slab(this.#band, this.#atMs, untilMs, rate, lengthMs, due - this.#due);
    this.#begun = true;
    this.#due = due;
  }
}
