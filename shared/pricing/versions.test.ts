import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Quote, StayToPrice } from "./quote-model.ts";
import { anyCircumstances, anyEntry, anyLength, anyTariff } from "./testing/any-tariff.ts";
import { DAY_MS, HOUR_MS, PEAK_PLAN, perUnit, planOf, priced, tariffWith } from "./testing/plans.ts";
import { quoteByVersions, type TariffVersion } from "./versions.ts";

const MIN_MS = 60_000;
const at = (text: string) => Date.parse(text);

const HOURLY = planOf(perUnit(200));
const old = tariffWith(HOURLY, { version: 1 });
const young = tariffWith(planOf(perUnit(300)), { version: 2 });
const CHANGE_MS = at("2026-03-03T00:00+01:00");
const versions: readonly TariffVersion[] = [
  { tariff: old, fromMs: 0 },
  { tariff: young, fromMs: CHANGE_MS },
];
const STAY = { entryMs: at("2026-03-02T21:30+01:00"), exitMs: at("2026-03-03T01:30+01:00") };

function quoted(
  list: readonly TariffVersion[],
  stay: StayToPrice,
  named: Parameters<typeof quoteByVersions>[1] = null,
): Quote {
  const result = quoteByVersions(list, named, stay);
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

const split = versions.map(({ tariff, fromMs }) => ({
  tariff: { ...tariff, onChange: "split" as const },
  fromMs,
}));

describe("a tariff that changes in the middle of a stay", () => {
  it("is the one at entry, or the one that is named", () => {
    expect(quoted(versions, STAY)).toMatchObject({ total: { amountMinor: 800 }, tariffVersion: 1 });
    expect(quoted(versions, STAY, { id: "standard", version: 2 })).toMatchObject({
      total: { amountMinor: 1200 },
      tariffVersion: 2,
    });
    expect(quoted(versions, { ...STAY, entryMs: CHANGE_MS }).total.amountMinor).toBe(600);
  });

  it("is split where it says so, and the trace tells which version priced what", () => {
    const both = quoted(split, STAY);
    expect([both.total.amountMinor, both.tariffVersion]).toEqual([600 + 600, 2]);
    expect(both.trace.map(({ text }) => text)).toEqual([
      "Mon 21:30-24:00 by version 1 of the tariff",
      "Mon 21:30-24:00 3 h x 2.00 = 6.00",
      "Tue 00:00-01:30 by version 2 of the tariff",
      "Tue 00:00-01:30 2 h x 3.00 = 6.00",
    ]);
    // The one that was left decides: what is no longer in force says nothing about the next change.
    const once = [
      split[0],
      { tariff: young, fromMs: CHANGE_MS },
      { tariff: old, fromMs: CHANGE_MS + HOUR_MS },
    ].flatMap((version) => version ?? []);
    expect(quoted(once, STAY).total.amountMinor).toBe(1200);
  });

  it("is missing without a version, and with one that nobody knows", () => {
    expect(quoteByVersions([], null, STAY)).toMatchObject({ error: { code: "tariff_missing" } });
    expect(quoteByVersions(versions.slice(1), null, STAY)).toMatchObject({
      error: { code: "tariff_missing" },
    });
    expect(quoteByVersions(versions, { id: "standard", version: 3 }, STAY)).toMatchObject({
      error: { code: "tariff_missing" },
    });
  });

  it("leaves out versions that were over before the entry, when an older one is named", () => {
    const named = { id: "standard", version: 1 };
    const late = { entryMs: CHANGE_MS + HOUR_MS, exitMs: CHANGE_MS + 3 * HOUR_MS };
    expect(quoted(split, late, named)).toMatchObject({ total: { amountMinor: 400 }, tariffVersion: 1 });
  });

  it("never mixes currencies", () => {
    const yen = { tariff: tariffWith(HOURLY, { version: 2, currency: "JPY" }), fromMs: CHANGE_MS };
    const mixed = split.slice(0, 1).concat({ ...yen, tariff: { ...yen.tariff, onChange: "split" } });
    expect(() => quoteByVersions(mixed, null, STAY)).toThrow("cannot mix EUR and JPY");
  });
});

describe("a stay that is split", () => {
  const parts = (first: Parameters<typeof tariffWith>[1], second: Parameters<typeof tariffWith>[1]) => [
    { tariff: tariffWith(HOURLY, { version: 1, onChange: "split", ...first }), fromMs: 0 },
    { tariff: tariffWith(planOf(perUnit(300)), { version: 2, ...second }), fromMs: CHANGE_MS },
  ];

  it("has the graces of the first version, once", () => {
    const graces = { turnaroundMs: 5 * HOUR_MS, continuousMs: 0, exitMs: 0 };
    expect(quoted(parts({ graces }, {}), STAY).total.amountMinor).toBe(0);
    // Ten minutes of the first part alone would be free in a stay of their own.
    const short = { turnaroundMs: HOUR_MS, continuousMs: 0, exitMs: 0 };
    const stay = { entryMs: CHANGE_MS - 10 * MIN_MS, exitMs: CHANGE_MS + 55 * MIN_MS };
    expect(quoted(parts({ graces: short }, { graces: short }), stay).total.amountMinor).toBe(200 + 300);
    const three = { turnaroundMs: 0, continuousMs: 3 * HOUR_MS, exitMs: 0 };
    expect(quoted(parts({ graces: three }, { graces: three }), STAY).total.amountMinor).toBe(300);
  });

  it("has the fees, the tax and the limits of the last, once", () => {
    const penalties = (minor: number) => ({ penalties: { bay: { title: "Wrong bay", minor } } });
    const fined = quoted(parts(penalties(1), penalties(5_000)), { ...STAY, penalties: ["bay"] });
    expect(fined.total.amountMinor).toBe(600 + 600 + 5_000);
    const limited = split.map(({ tariff, fromMs }) => ({
      tariff: { ...tariff, plan: { ...tariff.plan, stayCapMinor: 1_000 } },
      fromMs,
    }));
    expect(quoted(limited, STAY).total.amountMinor).toBe(1_000);
  });

  it("uses up the minutes of a pass over all of its parts", () => {
    const passes = {
      passes: { pass: { name: "Pass", windows: [], quotaMinutes: null, period: "pass" } },
    } as const;
    const right = { kind: "pass", pass: "pass", untilMs: null, remainingMinutes: 180 } as const;
    const used = quoted(parts(passes, passes), { ...STAY, right });
    expect([used.total.amountMinor, used.passMinutes]).toEqual([300, 180]);
  });

  it("costs what its parts cost, and the same as ever where only the number changed", () => {
    const change = fc.integer({ min: 1, max: 4 * DAY_MS });
    fc.assert(
      fc.property(anyEntry, change, change, (entryMs, firstMs, secondMs) => {
        const changeMs = entryMs + firstMs;
        const exitMs = changeMs + secondMs;
        const first = tariffWith(PEAK_PLAN, { version: 1, onChange: "split" });
        const second = tariffWith(planOf(perUnit(130)), { version: 2 });
        const list = [
          { tariff: first, fromMs: 0 },
          { tariff: second, fromMs: changeMs },
        ];
        const sum =
          priced(first, { entryMs, exitMs: changeMs }).total.amountMinor +
          priced(second, { entryMs: changeMs, exitMs }).total.amountMinor;
        expect(quoted(list, { entryMs, exitMs }).total.amountMinor).toBe(sum);
      }),
      { numRuns: 200 },
    );
  });

  it("is the sum of its trace, whatever the versions", () => {
    fc.assert(
      fc.property(
        fc.array(anyTariff, { minLength: 1, maxLength: 4 }),
        anyEntry,
        anyLength,
        anyCircumstances,
        (tariffs, entryMs, lengthMs, rest) => {
          const stay = { entryMs, exitMs: entryMs + lengthMs, ...rest };
          const currency = tariffs[0]?.currency;
          const list = tariffs.map((tariff, i) => ({
            tariff: {
              ...tariff,
              currency: currency ?? tariff.currency,
              version: i,
              onChange: "split" as const,
            },
            fromMs: i === 0 ? 0 : entryMs + Math.floor((lengthMs * i) / 4),
          }));
          const { base, discounts, penalties, rounding, tax, taxIncluded, total, trace } = quoted(list, stay);
          const added = taxIncluded ? 0 : tax.amountMinor;
          expect(trace.reduce((sum, line) => sum + line.amountMinor, 0)).toBe(total.amountMinor);
          expect(total.amountMinor).toBe(
            base.amountMinor - discounts.amountMinor + penalties.amountMinor + rounding.amountMinor + added,
          );
          expect(trace.length).toBeLessThanOrEqual(70);
        },
      ),
      { numRuns: 300 },
    );
  });
});
