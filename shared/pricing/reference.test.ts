import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StayToPrice } from "./quote-model.ts";
import { quote } from "./quote.ts";
import type { Tariff } from "./tariff-model.ts";
import { arbitraryStay } from "./testing/reference/arbitrary-stay.ts";
import { arbitraryTariff } from "./testing/reference/arbitrary-tariff.ts";
import { referenceQuote } from "./testing/reference/reference.ts";
import { referenceQuoteByVersions } from "./testing/reference/versions.ts";
import { quoteByVersions } from "./versions.ts";

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

describe("a quote by versions is that of the slow reference", () => {
  it("wherever in a stay the tariff changes", () => {
    const changes = fc.array(fc.double({ min: -0.2, max: 1.2, noNaN: true }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(
        fc.array(arbitraryTariff, { minLength: 3, maxLength: 3 }),
        changes,
        plainStay,
        fc.boolean(),
        (tariffs, at, stay, isSplit) => {
          const lengthMs = stay.exitMs - stay.entryMs;
          const times = [-Infinity, ...at.toSorted((a, b) => a - b)];
          const versions = times.map((part, i) => ({
            tariff: {
              ...known(tariffs[i]),
              currency: known(tariffs[0]).currency,
              id: "house",
              version: i + 1,
              onChange: isSplit ? ("split" as const) : ("entry_version" as const),
            },
            fromMs: i === 0 ? 0 : Math.round(stay.entryMs + part * lengthMs),
          }));
          const begun = versions.findLast(({ fromMs }) => fromMs <= stay.entryMs);
          const named = { id: "house", version: begun?.tariff.version ?? 1 };
          const quoted = quoteByVersions(versions, named, stay);
          if (!quoted.ok) throw new Error(quoted.error.message);
          expect(quoted.value.total.amountMinor).toBe(referenceQuoteByVersions(versions, named, stay).total);
        },
      ),
      { numRuns: 300 },
    );
  }, 120_000);
});

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("three tariffs were asked for");
  return value;
}
