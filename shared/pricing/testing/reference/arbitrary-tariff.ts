import fc from "fast-check";
import { asCurrency } from "../../../domain/money.ts";
import type {
  Band,
  DayRule,
  Pass,
  Plan,
  Rate,
  Slab,
  Surcharge,
  Tariff,
  Tier,
  Window,
} from "../../tariff-model.ts";
import { MINUTE_MS } from "./local.ts";

/** Tariffs of every kind, as `parseTariff` might have made them: what it refuses does not come up. */

const price = fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.constantFrom(0, 100, 150, 333));
const maybePrice = fc.option(fc.integer({ min: 0, max: 8_000 }), { freq: 2 });
const unitMs = fc.constantFrom(10, 15, 20, 30, 60, 60, 90, 180, 1_440).map((minutes) => minutes * MINUTE_MS);
const unitPrice = fc.record({ unitMs, priceMinor: price });
const minuteOfDay = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 47 }).map((half) => half * 30) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_439 }) },
);
/** Lengths that rise, in quarters of an hour. */
const risingLimits = fc
  .uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 3 })
  .map((quarters) => quarters.toSorted((a, b) => a - b).map((n) => n * 15 * MINUTE_MS));

/** One local day of 2026 in text. */
const date = fc
  .integer({ min: 0, max: 364 })
  .map((day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10));

const window: fc.Arbitrary<Window> = fc
  .record({
    weekdays: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 7 }),
    onHolidays: fc.boolean(),
    fromMinute: minuteOfDay,
    toMinute: minuteOfDay
      .map((minute) => minute + 1)
      .map((minute) => (minute % 30 === 1 ? minute - 1 : minute)),
    dates: fc.option(fc.tuple(date, date), { freq: 5 }),
  })
  .map(({ dates, toMinute, ...rest }) => {
    const [fromDate, toDate] = dates?.toSorted() ?? [null, null];
    return {
      ...rest,
      toMinute: toMinute === 0 ? 1_440 : toMinute,
      fromDate: fromDate ?? null,
      toDate: toDate ?? null,
    };
  });

const unitsRate: fc.Arbitrary<Rate> = fc
  .tuple(risingLimits, fc.array(unitPrice, { minLength: 4, maxLength: 4 }))
  .map(([limits, prices]) => ({
    kind: "units",
    tiers: [...limits, null].map((maxMs, i): Tier => ({
      unitMs: 60 * MINUTE_MS,
      priceMinor: 0,
      ...prices[i],
      maxMs,
    })),
  }));
const slabRate: fc.Arbitrary<Rate> = fc
  .tuple(risingLimits, fc.array(price, { minLength: 4, maxLength: 4 }), fc.option(unitPrice))
  .map(([limits, prices, after]) => {
    const beyond = limits.length === 0 ? null : after;
    const all = beyond === null ? [...limits, null] : limits;
    return {
      kind: "slab",
      slabs: all.map((maxMs, i): Slab => ({ maxMs, priceMinor: prices[i] ?? 0 })),
      beyond,
    };
  });
const flatRate: fc.Arbitrary<Rate> = price.map((priceMinor) => ({ kind: "flat", priceMinor }));
const rate = fc.oneof({ weight: 3, arbitrary: unitsRate }, slabRate, flatRate);

const windowedBand: fc.Arbitrary<Band> = fc.record({
  name: fc.constantFrom("day", "night", "peak", "weekend"),
  windows: fc.array(window, { minLength: 1, maxLength: 2 }),
  rate,
  maxMinor: maybePrice,
  maxPer: fc.constantFrom("stretch", "day"),
});
const lastBand: fc.Arbitrary<Band> = fc.record({
  name: fc.constant("otherwise"),
  windows: fc.constant([]),
  rate,
  maxMinor: maybePrice,
  maxPer: fc.constantFrom("stretch", "day"),
});
const bands = fc
  .tuple(fc.array(windowedBand, { maxLength: 3 }), lastBand)
  .map(([windowed, last]): Plan["bands"] => {
    const [first = last, ...others] = windowed;
    return windowed.length === 0 ? [last] : [first, ...others, last];
  });

const day: fc.Arbitrary<DayRule> = fc.record({
  kind: fc.constantFrom("calendar", "rolling", "business", "night"),
  startMinute: minuteOfDay,
  capMinor: fc.option(fc.integer({ min: 0, max: 10_000 }), { freq: 3 }),
});

const plan: fc.Arbitrary<Plan> = fc.record({
  name: fc.constantFrom("Standard", "Motorcycles", "Guests"),
  bands,
  units: fc.constantFrom("band", "stay"),
  repeat: fc.constantFrom("stay", "day"),
  day,
  stayCapMinor: fc.option(fc.integer({ min: 0, max: 60_000 }), { freq: 2 }),
  minimumMinor: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000 })),
  rounding: fc.option(
    fc.record({
      stepMinor: fc.constantFrom(1, 5, 10, 50, 100),
      mode: fc.constantFrom("up", "down", "nearest"),
    }),
  ),
  occupancy: fc.oneof(
    fc.constant([]),
    fc.constant([
      { fromPercent: 50, factorBps: 12_500 },
      { fromPercent: 90, factorBps: 20_005 },
    ]),
  ),
});

const pass: fc.Arbitrary<Pass> = fc.record({
  name: fc.constant("Office"),
  windows: fc.array(window, { maxLength: 2 }),
  quotaMinutes: fc.constant(null),
  period: fc.constant("month"),
});

const surcharge: fc.Arbitrary<Surcharge> = fc.record({
  name: fc.constantFrom("Charging bay", "Badge"),
  when: fc.record({
    ev: fc.option(fc.boolean()),
    accessible: fc.option(fc.boolean()),
    vehicleTypes: fc.constantFrom([], ["motorcycle"], ["car", "van"]),
  }),
  amount: fc.oneof(
    fc.record({ kind: fc.constant("amount" as const), minor: fc.integer({ min: -2_000, max: 2_000 }) }),
    fc.record({ kind: fc.constant("percent" as const), bps: fc.integer({ min: -10_000, max: 10_000 }) }),
  ),
});

/** Zones with an hour, half an hour and nothing to change by; in Cairo the clocks change at midnight. */
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "Africa/Cairo",
] as const;

/** The penalties are `bay` and `block`; `motorcycle` has a plan of its own, `guests` is an alternative, `office` a pass. */
export const arbitraryTariff: fc.Arbitrary<Tariff> = fc.record({
  id: fc.constant("standard"),
  version: fc.constant(1),
  currency: fc.constant(asCurrency("EUR")),
  timeZone: fc.constantFrom(...ZONES),
  name: fc.constant("Standard"),
  plan,
  vehiclePlans: fc.oneof(fc.constant({}), fc.record({ motorcycle: plan })),
  alternativePlans: fc.record({ guests: plan }),
  passes: fc.record({ office: pass }),
  holidays: fc.uniqueArray(date, { maxLength: 40 }).map((days) => new Set(days)),
  graces: fc.record({
    turnaroundMs: fc.constantFrom(0, 0, 10 * MINUTE_MS),
    continuousMs: fc.constantFrom(0, 0, 0, 30 * MINUTE_MS),
    exitMs: fc.constant(15 * MINUTE_MS),
  }),
  surcharges: fc.array(surcharge, { maxLength: 3 }),
  penalties: fc.constant({
    bay: { title: "Wrong bay", minor: 2_500 },
    block: { title: "Two bays", minor: 999 },
  }),
  reservation: fc.record({
    early: fc.oneof(fc.constantFrom("free" as const, "plan" as const), unitPrice),
    overstay: fc.oneof(fc.constant("plan" as const), unitPrice),
  }),
  lostTicket: fc.option(
    fc.record({ kind: fc.constantFrom("flat", "true_time"), flatMinor: price, feeMinor: price }),
  ),
  onChange: fc.constant("entry_version"),
  tax: fc.option(
    fc.record({
      name: fc.constant("VAT"),
      ppm: fc.oneof(fc.constant(190_000), fc.integer({ min: 0, max: 2_000_000 })),
      included: fc.boolean(),
    }),
  ),
});
