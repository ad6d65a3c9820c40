import { formatDecimal, money } from "../../domain/money.ts";
import type { StayToPrice, Validation } from "../quote-model.ts";
import type { Plan, Surcharge, Tariff, Tax } from "../tariff-model.ts";
import { partOf, roundedTo, scaled, WHOLE_PPM } from "./percent.ts";
import { describeDuration, percentText, taxText } from "./texts.ts";
import type { TraceLog } from "./trace-log.ts";
import type { RightUse } from "./free-time.ts";

/** The sums of a stay in minor units, as they come about. The fields are those of a quote. */
export class Bill {
  base = 0;
  discounts = 0;
  validated = 0;
  penalties = 0;
  rounding = 0;
  tax = 0;
  total = 0;
  /** What merchants may take from: time and surcharges, less rebates. */
  #open = 0;
  readonly #tariff: Tariff;
  readonly #stay: StayToPrice;
  readonly #log: TraceLog | null;

  constructor(tariff: Tariff, stay: StayToPrice, log: TraceLog | null) {
    this.#tariff = tariff;
    this.#stay = stay;
    this.#log = log;
  }

  /** What the time costs, by the maximum and the minimum of a stay. The log has its lines up to here. */
  time(minor: number, { stayCapMinor, minimumMinor }: Plan): void {
    this.base = minor;
    if (stayCapMinor !== null && this.base > stayCapMinor) {
      this.#log?.add(`At most ${this.#text(stayCapMinor)} for a stay`, stayCapMinor - this.base);
      this.base = stayCapMinor;
    }
    if (this.base > 0 && this.base < minimumMinor) {
      this.#log?.add(`At least ${this.#text(minimumMinor)} for a stay`, minimumMinor - this.base);
      this.base = minimumMinor;
    }
  }

  lostTicket(flatMinor: number): void {
    this.base = flatMinor;
    this.#log?.add("Lost ticket", flatMinor);
  }

  /** By the tariff's order; a rebate takes no more than there is. */
  surcharges(): void {
    this.#open = this.base;
    if (this.base === 0) return;
    for (const surcharge of this.#tariff.surcharges) {
      if (!applies(surcharge, this.#stay)) continue;
      const { name, amount } = surcharge;
      const minor = amount.kind === "amount" ? amount.minor : partOf(this.base, amount.bps);
      if (minor < 0) {
        const taken = this.#take(-minor);
        this.#log?.add(name, -taken);
        continue;
      }
      this.#open += minor;
      this.penalties += minor;
      this.#log?.add(name, minor);
    }
  }

  /** Never below zero: returns what was taken off. */
  #take(minor: number): number {
    const taken = Math.max(0, Math.min(minor, this.#open));
    this.#open -= taken;
    this.discounts += taken;
    return taken;
  }

  /** Due also where the time is free, as fines are. */
  fees(use: RightUse | null): void {
    if (use !== null && use.earlyMinor > 0) {
      this.penalties += use.earlyMinor;
      this.#log?.add(`Early by ${describeDuration(use.earlyMs)}`, use.earlyMinor);
    }
    if (use !== null && use.overstayMinor > 0) {
      this.penalties += use.overstayMinor;
      this.#log?.add(`Stayed over by ${describeDuration(use.overstayMs)}`, use.overstayMinor);
    }
    const lost = this.#tariff.lostTicket;
    if (lost?.kind === "true_time" && this.#stay.lostTicket === "proven") {
      this.penalties += lost.feeMinor;
      this.#log?.add("Lost ticket", lost.feeMinor);
    }
  }

  /** Given by a person. */
  fines(): void {
    for (const name of this.#stay.penalties ?? []) {
      const fine = this.#tariff.penalties[name];
      if (fine === undefined) continue;
      this.penalties += fine.minor;
      this.#log?.add(fine.title, fine.minor);
    }
  }

  /** Of several prices the first counts; what is given as a negative number takes nothing. */
  validations(given: readonly Validation[]): void {
    const before = this.discounts;
    const price = given.find(({ value }) => value.kind === "price");
    if (price?.value.kind === "price") {
      const { minor } = price.value;
      const taken = this.#take(this.#open - Math.max(0, minor));
      this.#log?.add(`${price.name}: costs at most ${this.#text(minor)}`, -taken);
    }
    for (const { name, value } of given) {
      if (value.kind !== "percent") continue;
      const taken = this.#take(partOf(this.#open, value.bps));
      this.#log?.add(`${name}: ${percentText(value.bps)} off`, -taken);
    }
    for (const { name, value } of given) {
      if (value.kind !== "amount") continue;
      const taken = this.#take(value.minor);
      this.#log?.add(`${name}: ${this.#text(value.minor)} off`, -taken);
    }
    this.validated = this.discounts - before;
  }

  close({ rounding }: Plan): void {
    const net = this.base - this.discounts + this.penalties;
    const rounded = rounding === null ? net : roundedTo(net, rounding.stepMinor, rounding.mode);
    this.rounding = rounded - net;
    if (this.rounding !== 0) this.#log?.add("Rounding", this.rounding);
    this.total = rounded;
    const { tax } = this.#tariff;
    if (tax === null || rounded > Number.MAX_SAFE_INTEGER) return;
    if (tax.included) {
      this.tax = scaled(rounded, tax.ppm, WHOLE_PPM + tax.ppm);
      this.#log?.note(`${taxName(tax)} included: ${this.#text(this.tax)}`);
    } else {
      this.tax = scaled(rounded, tax.ppm, WHOLE_PPM);
      this.total = rounded + this.tax;
      this.#log?.add(taxName(tax), this.tax);
    }
  }

  /** Whether every amount is exact. */
  exact(): boolean {
    return (
      Number.isSafeInteger(this.base) &&
      Number.isSafeInteger(this.discounts) &&
      Number.isSafeInteger(this.penalties) &&
      Number.isSafeInteger(this.rounding) &&
      Number.isSafeInteger(this.tax) &&
      Number.isSafeInteger(this.total)
    );
  }

  #text(minor: number): string {
    return formatDecimal(money(minor, this.#tariff.currency));
  }
}

function taxName({ name, ppm }: Tax): string {
  return `${name} ${taxText(ppm)}`;
}

function applies({ when }: Surcharge, { vehicleType, ev, accessible }: StayToPrice): boolean {
  return (
    (when.ev === null || when.ev === (ev ?? false)) &&
    (when.accessible === null || when.accessible === (accessible ?? false)) &&
    (when.vehicleTypes.length === 0 || when.vehicleTypes.includes(vehicleType ?? "car"))
  );
}
