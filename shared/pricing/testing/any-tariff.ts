import fc from "fast-check";
import type { ValidationValue } from "../quote-model.ts";
import type { Band, DayRule, Plan, Rate, Surcharge, Tariff, Window } from "../tariff-model.ts";
import { bandOf, DAY_MS, HOUR_MS, tariffWith } from "./plans.ts";

const MIN_MS = 60_000;
export const ZONES = [
  "Europe/Berlin",
  "America/Havana",
  "Australia/Lord_Howe",
  "Asia/Kolkata",
  "UTC",
] as const;

const price = fc.integer({ min: 0, max: 2_000 });
const unitMs = fc.constantFrom(1, 10, 15, 20, 30, 45, 60, 120, 1440).map((minutes) => minutes * MIN_MS);
const limits = fc
  .uniqueArray(fc.integer({ min: 1, max: 80 }), { maxLength: 4 })
  .map((hours) => hours.toSorted((a, b) => a - b).map((hour) => hour * 30 * MIN_MS));

function stepped(steps: readonly number[], rising: boolean): readonly number[] {
  let sum = 0;
  return steps.map((step) => (rising ? (sum += step) : step));
}

const rate: fc.Arbitrary<Rate> = fc.oneof(
  price.map((priceMinor): Rate => ({ kind: "flat", priceMinor })),
  fc
    .tuple(limits, fc.array(fc.tuple(price, unitMs), { minLength: 5, maxLength: 5 }))
    .map(([edges, units]): Rate => ({
      kind: "units",
      tiers: [...edges, null].map((maxMs, i) => ({
        maxMs,
        priceMinor: units[i]?.[0] ?? 0,
        unitMs: units[i]?.[1] ?? HOUR_MS,
      })),
    })),
  fc
    .tuple(
      limits,
      fc.array(price, { minLength: 5, maxLength: 5 }),
      fc.option(fc.record({ unitMs, priceMinor: price })),
      // Most tariffs rise; one that falls is a tariff too.
      fc.integer({ min: 0, max: 9 }),
    )
    .map(([edges, steps, beyond, kind]): Rate => {
      const prices = stepped(steps, kind > 0);
      const slabs = [...edges, null].map((maxMs, i) => ({ maxMs, priceMinor: prices[i] ?? 0 }));
      return { kind: "slab", slabs, beyond };
    }),
);

const minuteOfDay = fc.integer({ min: 0, max: 47 }).map((half) => half * 30);
export const anyWindow: fc.Arbitrary<Window> = fc.record({
  weekdays: fc.subarray([0, 1, 2, 3, 4, 5, 6]),
  onHolidays: fc.boolean(),
  fromMinute: minuteOfDay,
  toMinute: fc.oneof(minuteOfDay, fc.constant(1440)),
  fromDate: fc.constantFrom(null, null, "2026-03-20", "2026-10-25"),
  toDate: fc.constantFrom(null, null, "2026-03-29", "2026-11-01"),
});

const bands: fc.Arbitrary<readonly [Band, ...Band[]]> = fc
  .tuple(
    fc.array(
      fc.record({
        windows: fc.array(anyWindow, { minLength: 1, maxLength: 3 }),
        rate,
        maxMinor: fc.option(fc.integer({ min: 0, max: 4_000 })),
        maxPer: fc.constantFrom("stretch" as const, "day" as const),
      }),
      { maxLength: 3 },
    ),
    rate,
  )
  .map(([windowed, last]): readonly [Band, ...Band[]] => {
    const end = bandOf("other", [], last);
    const named = windowed.map((band, i): Band => ({ name: `band ${i}`, ...band }));
    const [first, ...rest] = [...named, end];
    return [first ?? end, ...rest];
  });

export const anyDay: fc.Arbitrary<DayRule> = fc.record({
  kind: fc.constantFrom("calendar", "rolling", "business", "night"),
  startMinute: minuteOfDay,
  capMinor: fc.option(fc.integer({ min: 0, max: 6_000 })),
});

const plan: fc.Arbitrary<Plan> = fc.record({
  name: fc.constant("Any"),
  bands,
  units: fc.constantFrom("band", "stay"),
  repeat: fc.constantFrom("stay", "day"),
  day: anyDay,
  stayCapMinor: fc.option(fc.integer({ min: 0, max: 20_000 })),
  minimumMinor: fc.constantFrom(0, 0, 350),
  rounding: fc.option(
    fc.record({ stepMinor: fc.constantFrom(1, 5, 50), mode: fc.constantFrom("up", "down", "nearest") }),
  ),
  occupancy: fc.constantFrom(
    [],
    [
      { fromPercent: 50, factorBps: 13_333 },
      { fromPercent: 80, factorBps: 5_000 },
    ],
  ),
});

const surcharge: fc.Arbitrary<Surcharge> = fc.record({
  name: fc.constant("Surcharge"),
  when: fc.record({
    ev: fc.option(fc.boolean()),
    accessible: fc.option(fc.boolean()),
    vehicleTypes: fc.constantFrom([], ["motorcycle"]),
  }),
  amount: fc.oneof(
    fc.record({ kind: fc.constant("amount"), minor: fc.integer({ min: -500, max: 500 }) }),
    fc.record({ kind: fc.constant("percent"), bps: fc.integer({ min: -12_000, max: 12_000 }) }),
  ),
});

const graceMs = fc.constantFrom(0, 0, 5 * MIN_MS, HOUR_MS);
const fee = fc.record({ unitMs, priceMinor: price });

export const anyTariff: fc.Arbitrary<Tariff> = fc
  .record({
    plan,
    currency: fc.constantFrom("JPY", "EUR", "KWD"),
    timeZone: fc.constantFrom(...ZONES),
    motorcycle: plan,
    guest: plan,
    passWindows: fc.array(anyWindow, { maxLength: 2 }),
    graces: fc.record({ turnaroundMs: graceMs, continuousMs: graceMs, exitMs: graceMs }),
    surcharges: fc.array(surcharge, { maxLength: 2 }),
    reservation: fc.record({
      early: fc.oneof(fc.constantFrom("free", "plan"), fee),
      overstay: fc.oneof(fc.constant("plan"), fee),
    }),
    lostTicket: fc.option(
      fc.record({ kind: fc.constantFrom("flat", "true_time"), flatMinor: price, feeMinor: price }),
    ),
    tax: fc.option(
      fc.record({
        name: fc.constant("VAT"),
        ppm: fc.integer({ min: 1, max: 300_000 }),
        included: fc.boolean(),
      }),
    ),
  })
  .map(({ plan: standard, motorcycle, guest, passWindows, ...more }) =>
    tariffWith(standard, {
      vehiclePlans: { motorcycle },
      alternativePlans: { guest },
      passes: { pass: { name: "Pass", windows: passWindows, quotaMinutes: null, period: "month" } },
      holidays: new Set(["2026-03-27", "2026-10-24"]),
      penalties: { bay: { title: "Wrong bay", minor: 3_000 } },
      ...more,
    }),
  );

/** Times around the nights in which clocks change. */
export const anyEntry = fc
  .tuple(
    fc.constantFrom(
      Date.UTC(2026, 2, 26),
      Date.UTC(2026, 3, 3),
      Date.UTC(2026, 9, 23),
      Date.UTC(2026, 9, 30),
    ),
    fc.integer({ min: 0, max: 4 * 1440 * 60 }),
  )
  .map(([fromMs, seconds]) => fromMs + seconds * 1_000);

export const anyLength = fc.oneof(
  fc.integer({ min: -1_000, max: 4 * HOUR_MS }),
  fc.integer({ min: 0, max: 5 * DAY_MS }),
  fc.integer({ min: 0, max: 60 * DAY_MS }),
);

export const anyValidation: fc.Arbitrary<ValidationValue> = fc.oneof(
  fc.constant({ kind: "plan", plan: "guest" } as const),
  fc.record({ kind: fc.constant("minutes"), minutes: fc.integer({ min: -5, max: 240 }) }),
  fc.record({ kind: fc.constant("price"), minor: fc.integer({ min: -5, max: 3_000 }) }),
  fc.record({ kind: fc.constant("percent"), bps: fc.integer({ min: -5, max: 12_000 }) }),
  fc.record({ kind: fc.constant("amount"), minor: fc.integer({ min: -5, max: 3_000 }) }),
);

/** All of a stay but its times. */
export const anyCircumstances = fc.record({
  vehicleType: fc.constantFrom("car", "motorcycle"),
  ev: fc.boolean(),
  accessible: fc.boolean(),
  occupancyPercent: fc.option(fc.integer({ min: 0, max: 100 })),
  right: fc.oneof(
    fc.constant(null),
    fc.record({ kind: fc.constant("covered"), untilMs: fc.option(anyEntry) }),
    fc.record({
      kind: fc.constant("pass"),
      pass: fc.constant("pass"),
      untilMs: fc.option(anyEntry),
      remainingMinutes: fc.option(fc.integer({ min: 0, max: 3_000 })),
    }),
    fc.record({ kind: fc.constant("reservation"), fromMs: anyEntry, untilMs: anyEntry }),
  ),
  lostTicket: fc.constantFrom("no", "no", "no", "proven", "unproven"),
  validations: fc.array(
    anyValidation.map((value) => ({ name: "Shop", value })),
    { maxLength: 3 },
  ),
  penalties: fc.constantFrom([], [], ["bay"], ["bay", "bay"]),
});
