import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asCurrency } from "../domain/money.ts";
import { describeDuration, quote } from "./quote.ts";
import { parseTariff, type Tariff } from "./tariff.ts";

const MIN_MS = 60_000;
const HOUR_MS = 60 * MIN_MS;
const ENTRY_MS = Date.UTC(2026, 2, 28, 20);

function tariffOf(document: unknown, currency = "EUR"): Tariff {
  const parsed = parseTariff(document, { id: "standard", version: 7, currency: asCurrency(currency) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** As it stands in the documentation. */
const EXAMPLE = tariffOf(
  JSON.parse(
    '{"slabs":[{"max_hours":1,"price":5},{"max_hours":3,"price":12},{"max_hours":null,"price":30}]}',
  ),
);

function priceOf(tariff: Tariff, durationMs: number) {
  const priced = quote(tariff, { entryMs: ENTRY_MS, exitMs: ENTRY_MS + durationMs });
  if (!priced.ok) throw new Error(priced.error.message);
  return priced.value;
}

describe("a quote by slabs", () => {
  it.each([
    [0, 500],
    [1, 500],
    [HOUR_MS, 500],
    [HOUR_MS + 1, 1200],
    [3 * HOUR_MS, 1200],
    [3 * HOUR_MS + 1, 3000],
    [400 * 24 * HOUR_MS, 3000],
  ])("for %i ms is %i cents: a slab includes its limit", (durationMs, cents) => {
    expect(priceOf(EXAMPLE, durationMs).total).toEqual({ amountMinor: cents, currency: "EUR" });
  });

  it("says what it is made of", () => {
    expect(priceOf(EXAMPLE, 3.5 * HOUR_MS)).toEqual({
      base: { amountMinor: 3000, currency: "EUR" },
      total: { amountMinor: 3000, currency: "EUR" },
      durationMinutes: 210,
      appliedRule: "Slab Rate",
      tariffId: "standard",
      tariffVersion: 7,
      trace: [{ text: "3 h 30 min parked: over 3 h = 30.00", amountMinor: 3000 }],
    });
    expect(priceOf(EXAMPLE, 61 * MIN_MS).trace[0]?.text).toBe("1 h 1 min parked: up to 3 h = 12.00");
    const single = tariffOf({ slabs: [{ max_hours: null, price: "0.50" }] });
    expect(priceOf(single, 0).trace[0]?.text).toBe("0 min parked: any length = 0.50");
  });

  it("counts started minutes: one second more is one minute more", () => {
    expect(priceOf(EXAMPLE, 210 * MIN_MS).durationMinutes).toBe(210);
    expect(priceOf(EXAMPLE, 210 * MIN_MS + 1_000).durationMinutes).toBe(211);
  });
});

describe("a flat quote", () => {
  it("is the same for every length", () => {
    const flat = tariffOf({ name: "Evening", flat: { price: 5 } }, "JPY");
    for (const durationMs of [0, HOUR_MS, 100 * HOUR_MS]) {
      const priced = priceOf(flat, durationMs);
      expect(priced.total).toEqual({ amountMinor: 5, currency: "JPY" });
      expect(priced.appliedRule).toBe("Evening");
    }
    expect(priceOf(flat, 90 * MIN_MS).trace[0]?.text).toBe("Flat rate for 1 h 30 min = 5");
  });
});

describe("every quote", () => {
  const hours = fc.uniqueArray(fc.integer({ min: 1, max: 9_600 }), { minLength: 0, maxLength: 8 });
  const tariffs = fc
    .tuple(hours, fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 9, maxLength: 9 }))
    .map(([limits, steps]) => {
      let price = 0;
      const ascending = [...limits.toSorted((a, b) => a - b), null];
      return tariffOf({
        slabs: ascending.map((max_hours, i) => ({ max_hours, price: (price += steps[i] ?? 0) })),
      });
    });
  const durations = fc.integer({ min: -HOUR_MS, max: 10_000 * HOUR_MS });

  it("is the sum of its trace", () => {
    fc.assert(
      fc.property(tariffs, durations, (tariff, durationMs) => {
        const { total, trace } = priceOf(tariff, durationMs);
        expect(total.amountMinor).toBe(trace.reduce((sum, line) => sum + line.amountMinor, 0));
        expect(total.amountMinor).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("never falls as a stay grows, where slabs rise", () => {
    fc.assert(
      fc.property(tariffs, durations, durations, (tariff, a, b) => {
        const shorter = priceOf(tariff, Math.min(a, b)).total.amountMinor;
        expect(priceOf(tariff, Math.max(a, b)).total.amountMinor).toBeGreaterThanOrEqual(shorter);
      }),
    );
  });

  it("takes a clock that stepped back for a stay of no length", () => {
    const back = priceOf(EXAMPLE, -10 * 365 * 24 * HOUR_MS);
    expect(back).toEqual(priceOf(EXAMPLE, 0));
    expect(back.durationMinutes).toBe(0);
  });

  it("is priced by elapsed time through a change of clocks", () => {
    // 21:30 to 04:30 in Berlin in the night that has no 02:30: six hours.
    const entryMs = Date.parse("2026-03-28T20:30:00Z");
    const exitMs = Date.parse("2026-03-29T02:30:00Z");
    const sixHours = tariffOf({
      slabs: [
        { max_hours: 6, price: 1 },
        { max_hours: null, price: 2 },
      ],
    });
    expect(quote(sixHours, { entryMs, exitMs })).toMatchObject({ value: { total: { amountMinor: 100 } } });
  });

  it("is refused without a tariff, never zero", () => {
    expect(quote(null, { entryMs: 0, exitMs: HOUR_MS })).toMatchObject({
      ok: false,
      error: { code: "tariff_missing", blame: "operator" },
    });
  });
});

describe("a duration", () => {
  it.each([
    [0, "0 min"],
    [1, "1 min"],
    [45 * MIN_MS, "45 min"],
    [HOUR_MS, "1 h"],
    [HOUR_MS + 1, "1 h 1 min"],
    [24 * HOUR_MS, "1 d"],
    [52 * HOUR_MS, "2 d 4 h"],
    [24 * HOUR_MS + MIN_MS, "1 d 1 min"],
  ])("of %i ms reads %s", (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});
