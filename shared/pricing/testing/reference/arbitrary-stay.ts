import fc from "fast-check";
import type { PricedRight, StayToPrice, Validation } from "../../quote-model.ts";
import { MINUTE_MS } from "./local.ts";

const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** When the clocks change in 2026 in one of the zones (IANA time zone database). */
const CHANGES = [
  Date.UTC(2026, 2, 29, 1),
  Date.UTC(2026, 9, 25, 1),
  Date.UTC(2026, 2, 8, 7),
  Date.UTC(2026, 10, 1, 6),
  Date.UTC(2026, 3, 4, 15),
  Date.UTC(2026, 9, 3, 15, 30),
  Date.UTC(2026, 3, 23, 22),
  Date.UTC(2026, 9, 29, 21),
];

const around = fc
  .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -48 * 4, max: 6 * 4 }))
  .map(([change, quarters]) => change + quarters * 15 * MINUTE_MS);
const anywhere = fc
  .integer({ min: 0, max: 365 * 96 })
  .map((quarters) => Date.UTC(2026, 0, 1) + quarters * 15 * MINUTE_MS);
const jitter = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 15 * MINUTE_MS - 1 }),
  fc.constantFrom(1, MINUTE_MS),
);
const moment = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: around }, anywhere), jitter)
  .map(([at, add]) => at + add);
const length = fc.oneof(
  fc.integer({ min: -HOUR_MS, max: 26 * HOUR_MS }),
  fc.integer({ min: 0, max: 26 * 12 }).map((steps) => steps * 5 * MINUTE_MS),
  fc.integer({ min: 0, max: 5 * DAY_MS }),
  fc.integer({ min: 0, max: 40 * DAY_MS }),
);

const validation: fc.Arbitrary<Validation> = fc.record({
  name: fc.constant("Cinema"),
  value: fc.oneof(
    fc.record({ kind: fc.constant("minutes" as const), minutes: fc.constantFrom(15, 60, 61, 600) }),
    fc.record({ kind: fc.constant("plan" as const), plan: fc.constant("guests") }),
    fc.record({ kind: fc.constant("price" as const), minor: fc.integer({ min: 0, max: 3_000 }) }),
    fc.record({ kind: fc.constant("percent" as const), bps: fc.constantFrom(1_000, 3_333, 10_000) }),
    fc.record({ kind: fc.constant("amount" as const), minor: fc.integer({ min: 0, max: 3_000 }) }),
  ),
});

/** Where a right begins or ends: in the stay, or somewhat before or after it. */
const share = fc.integer({ min: -2, max: 12 }).map((tenths) => tenths / 10);

function rightOf(entryMs: number, lengthMs: number): fc.Arbitrary<PricedRight | null> {
  const within = share.map((part) => entryMs + Math.round(part * Math.max(HOUR_MS, lengthMs)));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("covered" as const), untilMs: fc.option(within) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("pass" as const),
        pass: fc.constant("office"),
        untilMs: fc.option(within),
        remainingMinutes: fc.option(fc.integer({ min: 0, max: 3_000 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(within, within).map(([a, b]) => ({
        kind: "reservation" as const,
        fromMs: Math.min(a, b),
        untilMs: Math.max(a, b, Math.min(a, b) + MINUTE_MS),
      })),
    },
  );
}

/** A stay of up to 40 days in a tariff of `arbitraryTariff`, often around a change of clocks. */
export const arbitraryStay: fc.Arbitrary<StayToPrice> = fc
  .tuple(moment, length)
  .chain(([entryMs, lengthMs]) =>
    fc.record({
      entryMs: fc.constant(entryMs),
      exitMs: fc.constant(entryMs + lengthMs),
      vehicleType: fc.constantFrom("car", "motorcycle", "van"),
      ev: fc.boolean(),
      accessible: fc.boolean(),
      occupancyPercent: fc.constantFrom(null, 10, 50, 89, 90, 130),
      right: rightOf(entryMs, lengthMs),
      lostTicket: fc.constantFrom("no", "no", "no", "no", "proven", "unproven"),
      validations: fc.array(validation, { maxLength: 3 }),
      penalties: fc.constantFrom([], [], ["bay"], ["bay", "block"]),
    }),
  );
