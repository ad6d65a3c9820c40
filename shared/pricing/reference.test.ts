import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StayToPrice } from "./quote-model.ts";
import { quote } from "./quote.ts";
import type { Tariff } from "./tariff-model.ts";
import { arbitraryStay } from "./testing/reference/arbitrary-stay.ts";
import { arbitraryTariff } from "./testing/reference/arbitrary-tariff.ts";
import { referenceQuote } from "./testing/reference/reference.ts";

/** The same parts as the reference has. */
function partsOf(tariff: Tariff, stay: StayToPrice) {
  const quoted = quote(tariff, stay);
  if (!quoted.ok) throw new Error(quoted.error.message);
  const { base, discounts, validated, penalties, rounding, tax, total } = quoted.value;
  return {
    base: base.amountMinor,
    discounts: discounts.amountMinor,
    validated: validated.amountMinor,
    penalties: penalties.amountMinor,
    rounding: rounding.amountMinor,
    tax: tax.amountMinor,
    total: total.amountMinor,
    passMinutes: quoted.value.passMinutes,
    subscriptionUsed: quoted.value.subscriptionUsed,
  };
}

/** Nothing but time: the bands, units, days and maximums of a plan, without anything that takes off or adds. */
const plainStay = arbitraryStay.map(({ entryMs, exitMs, occupancyPercent }) => ({
  entryMs,
  exitMs,
  occupancyPercent: occupancyPercent ?? null,
}));

describe("a quote is that of the slow reference, part by part", () => {
  it("for what time costs, through every change of clocks", () => {
    fc.assert(
      fc.property(arbitraryTariff, plainStay, (tariff, stay) => {
        expect(partsOf(tariff, stay)).toEqual(referenceQuote(tariff, stay));
      }),
      { numRuns: 700 },
    );
  }, 120_000);

  it("for stays with rights, validations, lost tickets and fines", () => {
    fc.assert(
      fc.property(arbitraryTariff, arbitraryStay, (tariff, stay) => {
        expect(partsOf(tariff, stay)).toEqual(referenceQuote(tariff, stay));
      }),
      { numRuns: 700 },
    );
  }, 120_000);
});
