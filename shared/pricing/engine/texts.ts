import type { ZoneClock } from "../../domain/local-day.ts";
import { DAY_MS } from "./bands.ts";

const MIN_MS = 60_000;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
// prettier-ignore
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** `45 min`, `1 h`, `3 h 30 min`, `2 d 4 h`: started minutes, for people. */
export function describeDuration(durationMs: number): string {
  const minutes = Math.ceil(durationMs / MIN_MS);
  const parts = [
    [Math.floor(minutes / 1440), "d"],
    [Math.floor((minutes % 1440) / 60), "h"],
    [minutes % 60, "min"],
  ] as const;
  const text = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return text.length === 0 ? "0 min" : text.join(" ");
}

/** So many units at a price: `2 h x 1.50`, or `3 x 30 min at 0.75`. */
export function unitsText(count: number, unitMs: number, price: string): string {
  const unit = describeDuration(unitMs);
  const plain = unitMs % MIN_MS === 0 ? /^1 (d|h|min)$/.exec(unit) : null;
  return plain === null ? `${count} x ${unit} at ${price}` : `${count} ${plain[1]} x ${price}`;
}

/** `19 %`, `7.5 %`, of basis points. */
export function percentText(bps: number): string {
  return decimalPercent(bps, 2);
}

/** As `percentText`, of millionths: `18.375 %`. */
export function taxText(ppm: number): string {
  return decimalPercent(ppm, 4);
}

function decimalPercent(parts: number, decimals: number): string {
  const digits = Math.abs(parts)
    .toString()
    .padStart(decimals + 1, "0");
  const rest = digits.slice(-decimals).replace(/0+$/, "");
  return `${parts < 0 ? "-" : ""}${digits.slice(0, -decimals)}${rest === "" ? "" : `.${rest}`} %`;
}

/** Writes times as the clocks of the facility show them, with as much of the date as the stay needs to be clear. */
export class TimeTexts {
  readonly #clock: ZoneClock;
  readonly #dates: boolean;
  readonly #years: boolean;

  constructor(clock: ZoneClock, fromMs: number, toMs: number) {
    this.#clock = clock;
    this.#dates = toMs - fromMs > 6 * DAY_MS;
    this.#years = this.#local(fromMs).getUTCFullYear() !== this.#local(toMs).getUTCFullYear();
  }

  /** `Mon 22:00-24:00`, `Mon 22:00-Tue 06:00`, in a long stay `Mon 2 Mar 22:00-24:00`. */
  range(fromMs: number, toMs: number): string {
    const [from, to] = [this.#local(fromMs), this.#local(toMs)];
    const days = Math.floor(to.getTime() / DAY_MS) - Math.floor(from.getTime() / DAY_MS);
    const begin = `${this.#dayOf(from)} ${timeText(from)}`;
    if (days === 0) return `${begin}-${timeText(to)}`;
    if (days === 1 && to.getTime() % DAY_MS < MIN_MS) return `${begin}-24:00`;
    return `${begin}-${this.#dayOf(to)} ${timeText(to)}`;
  }

  /** `Mon 12:00`, in a long stay `Mon 2 Mar 12:00`. */
  moment(atMs: number): string {
    const at = this.#local(atMs);
    return `${this.#dayOf(at)} ${timeText(at)}`;
  }

  /** `Tue 3 Mar`, `Tue 3 - Fri 6 Mar`, `Tue 31 Mar - Thu 2 Apr`: days by the moments they begin at. */
  days(firstMs: number, lastMs: number): string {
    const [first, last] = [this.#local(firstMs), this.#local(lastMs)];
    if (firstMs === lastMs) return this.#dateOf(last);
    const sameMonth = first.getUTCMonth() === last.getUTCMonth();
    const sameYear = first.getUTCFullYear() === last.getUTCFullYear();
    const begin = sameMonth && sameYear ? `${weekdayOf(first)} ${first.getUTCDate()}` : this.#dateOf(first);
    return `${begin} - ${this.#dateOf(last)}`;
  }

  /** The local calendar day of a moment, from its begin to its end. */
  dayAround(atMs: number): readonly [number, number] {
    const midnight = Math.floor(this.#local(atMs).getTime() / DAY_MS) * DAY_MS;
    return [this.#clock.momentOf(midnight), this.#clock.momentOf(midnight + DAY_MS)];
  }

  #local(atMs: number): Date {
    return new Date(atMs + this.#clock.spanAt(atMs).offsetMs);
  }

  #dayOf(local: Date): string {
    return this.#dates ? this.#dateOf(local) : weekdayOf(local);
  }

  #dateOf(local: Date): string {
    const year = this.#years ? ` ${local.getUTCFullYear()}` : "";
    return `${weekdayOf(local)} ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()] ?? ""}${year}`;
  }
}

function weekdayOf(local: Date): string {
  return WEEKDAYS[local.getUTCDay()] ?? "";
}

function timeText(local: Date): string {
  const [hour, minute] = [local.getUTCHours(), local.getUTCMinutes()];
  return `${hour.toString().padStart(2, "0")}:${minute.toString().padStart(2, "0")}`;
}
