import { asCurrency } from "../../domain/money.ts";
import type { StayToPrice, Quote } from "../quote-model.ts";
import { quote } from "../quote.ts";
import type { Band, Plan, Rate, Tariff, Tier, Window } from "../tariff-model.ts";

const MIN_MS = 60_000;
export const HOUR_MS = 60 * MIN_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Started units of one price. */
export function perUnit(priceMinor: number, unitMs = HOUR_MS): Rate & { kind: "units" } {
  return { kind: "units", tiers: [{ maxMs: null, unitMs, priceMinor }] };
}

export function tiersOf(
  ...tiers: readonly (readonly [hours: number | null, priceMinor: number, unitMs?: number])[]
): Rate {
  return {
    kind: "units",
    tiers: tiers.map(([hours, priceMinor, unitMs = HOUR_MS]): Tier => ({
      maxMs: hours === null ? null : hours * HOUR_MS,
      priceMinor,
      unitMs,
    })),
  };
}

/** Slabs by their limits in hours; the last has none. */
export function slabsOf(...slabs: readonly (readonly [hours: number | null, priceMinor: number])[]): Rate {
  return {
    kind: "slab",
    slabs: slabs.map(([hours, priceMinor]) => ({
      maxMs: hours === null ? null : hours * HOUR_MS,
      priceMinor,
    })),
    beyond: null,
  };
}

export const flatRate = (priceMinor: number): Rate => ({ kind: "flat", priceMinor });

const EVERY_DAY: readonly number[] = [0, 1, 2, 3, 4, 5, 6];

/** A window of every day, holidays too, from and to hours of the day. */
export function hours(from: number, to: number, more: Partial<Window> = {}): Window {
  return {
    weekdays: EVERY_DAY,
    onHolidays: true,
    fromMinute: Math.round(from * 60),
    toMinute: Math.round(to * 60),
    fromDate: null,
    toDate: null,
    ...more,
  };
}

export function bandOf(
  name: string,
  windows: readonly Window[],
  rate: Rate,
  maxMinor: number | null = null,
): Band {
  return { name, windows, rate, maxMinor };
}

export function planOf(rate: Rate | readonly [Band, ...Band[]], more: Partial<Plan> = {}): Plan {
  return {
    name: "Standard",
    bands: "kind" in rate ? [bandOf("", [], rate)] : rate,
    units: "band",
    repeat: "stay",
    day: { kind: "rolling", startMinute: 0, capMinor: null },
    stayCapMinor: null,
    minimumMinor: 0,
    rounding: null,
    occupancy: [],
    ...more,
  };
}

export function tariffWith(
  plan: Plan,
  more: Partial<Omit<Tariff, "currency">> & { currency?: string } = {},
): Tariff {
  const { currency = "EUR", ...others } = more;
  return {
    id: "standard",
    version: 7,
    currency: asCurrency(currency),
    timeZone: "Europe/Berlin",
    name: plan.name,
    plan,
    vehiclePlans: {},
    alternativePlans: {},
    passes: {},
    holidays: new Set(),
    graces: { turnaroundMs: 0, continuousMs: 0, exitMs: 15 * MIN_MS },
    surcharges: [],
    penalties: {},
    reservation: { early: "free", overstay: "plan" },
    lostTicket: null,
    tax: null,
    onChange: "entry_version",
    ...others,
  };
}

/** Peak by day, off-peak by night, in an endless week of both. */
export const PEAK_PLAN = planOf([
  bandOf("peak", [hours(8, 20, { weekdays: [1, 2, 3, 4, 5], onHolidays: false })], perUnit(250)),
  bandOf("off-peak", [], perUnit(150)),
]);

/** A stay by local times without an offset, read in UTC: use zones for others. */
export function priced(tariff: Tariff, stay: StayToPrice): Quote {
  const result = quote(tariff, stay);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** Total and lines of a stay from and to ISO times. */
export function told(
  tariff: Tariff,
  from: string,
  to: string,
  more: Omit<StayToPrice, "entryMs" | "exitMs"> = {},
): readonly [total: number, ...lines: string[]] {
  const { total, trace } = priced(tariff, { entryMs: Date.parse(from), exitMs: Date.parse(to), ...more });
  return [total.amountMinor, ...trace.map((line) => line.text)];
}
