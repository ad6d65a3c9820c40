import { money, type Money } from "../domain/money.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { refusal } from "../domain/errors.ts";
import { wholeBy, type Parts } from "./engine/compiled.ts";
import { lengthOf, priceStay, type PricedStay } from "./engine/price.ts";
import { TraceLog } from "./engine/trace-log.ts";
import type { PricingRefusal, Quote, StayToPrice, TraceLine } from "./quote-model.ts";
import type { Tariff } from "./tariff-model.ts";

const MIN_MS = 60_000;
/** A trace has no more lines than somebody reads: so many for the time, and those of fees and discounts. */
const TIME_LINES = 48;

/**
 * Prices a stay: the only function that does, at the edge, in the cloud and for the receipt. In this order:
 *
 * 1. The plan: that of the vehicle's type; one named by a validation takes its place. A lost ticket may have a price
 *    of its own, and then the time does not matter.
 * 2. The length, in UTC. Up to the turnaround grace a stay is free: only a lost ticket's fee and fines are due. The continuous grace and
 *    free minutes come off its beginning; then a right takes off what it covers.
 * 3. The rest is cut into stretches of the plan's bands, by the facility's clocks, and priced by started units, at the prices of the occupancy at entry, up to the maximums of bands. A time that was interrupted by a
 *    right begins anew.
 * 4. Day maximums, the maximum and the minimum of a stay. Every amount becomes due at a moment, a unit when it starts
 *    and a slab once the one before is over, and belongs to the day of that moment.
 * 5. Surcharges and rebates, where there is something to pay; fees of reservations and of lost tickets; fines.
 * 6. Validations: price, percents, amounts, each of what is left; they take from time and surcharges, never from fees
 *    and fines, and never below zero.
 * 7. Rounding, then tax, split out of the total or added to it.
 *
 * A missing tariff and names that the tariff does not have are refused, never priced as zero. A clock that stepped
 * back makes a stay of no length, never a negative one. Throws for times that are not numbers.
 */
export function quote(tariff: Tariff | null, stay: StayToPrice): Result<Quote, PricingRefusal> {
  if (tariff === null) return err(tariffMissing());
  return quoteParts(wholeBy(tariff), stay);
}

/** As `quote`, each part of the stay priced by a version of the tariff; see `quoteByVersions`. */
export function quoteParts(parts: Parts, stay: StayToPrice): Result<Quote, PricingRefusal> {
  const priced = priceStay(parts, stay, null);
  return priced.ok ? ok(new LazyQuote(parts, stay, priced.value)) : priced;
}

export function tariffMissing(): PricingRefusal {
  return refusal(
    "tariff_missing",
    "operator",
    "No tariff is in force for this facility; ask the office for one.",
  );
}

/** One for all quotes, so that they are of one shape; own and enumerable, so that a quote travels as JSON. */
const TRACE: PropertyDescriptor & ThisType<LazyQuote> = {
  enumerable: true,
  get(): readonly TraceLine[] {
    return this.explain();
  },
};

/** A quote whose trace is written when somebody reads it: the stay is priced once more, and told on the way. */
class LazyQuote implements Quote {
  readonly base: Money;
  readonly discounts: Money;
  readonly validated: Money;
  readonly penalties: Money;
  readonly rounding: Money;
  readonly tax: Money;
  readonly taxIncluded: boolean;
  readonly total: Money;
  readonly durationMinutes: number;
  readonly appliedRule: string;
  readonly tariffId: string;
  readonly tariffVersion: number;
  readonly subscriptionUsed: boolean;
  readonly passMinutes: number;
  readonly exitGraceMs: number;
  declare readonly trace: readonly TraceLine[];
  readonly #parts: Parts;
  readonly #stay: StayToPrice;
  #trace: readonly TraceLine[] | null = null;

  constructor(parts: Parts, stay: StayToPrice, { bill, rule, use }: PricedStay) {
    const { tariff, nothing } = (parts.at(-1) ?? parts[0]).tariff;
    const { currency } = tariff;
    this.base = bill.base === 0 ? nothing : money(bill.base, currency);
    this.discounts = bill.discounts === 0 ? nothing : money(bill.discounts, currency);
    this.validated = bill.validated === 0 ? nothing : money(bill.validated, currency);
    this.penalties = bill.penalties === 0 ? nothing : money(bill.penalties, currency);
    this.rounding = bill.rounding === 0 ? nothing : money(bill.rounding, currency);
    this.tax = bill.tax === 0 ? nothing : money(bill.tax, currency);
    this.taxIncluded = tariff.tax?.included ?? true;
    this.total =
      bill.total === bill.base ? this.base : bill.total === 0 ? nothing : money(bill.total, currency);
    this.durationMinutes = Math.ceil(lengthOf(stay) / MIN_MS);
    this.appliedRule = rule;
    this.tariffId = tariff.id;
    this.tariffVersion = tariff.version;
    this.subscriptionUsed = use?.used ?? false;
    this.passMinutes = Math.ceil((use?.passMs ?? 0) / MIN_MS);
    this.exitGraceMs = tariff.graces.exitMs;
    this.#parts = parts;
    this.#stay = stay;
    Object.defineProperty(this, "trace", TRACE);
  }

  explain(): readonly TraceLine[] {
    if (this.#trace === null) {
      const lines = Math.max(2, Math.floor(TIME_LINES / this.#parts.length));
      const log = new TraceLog(this.total.currency, lines);
      priceStay(this.#parts, this.#stay, log);
      if (log.lines.length === 0) log.add("Nothing to pay", 0);
      this.#trace = log.lines;
    }
    return this.#trace;
  }
}
