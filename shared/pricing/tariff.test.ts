import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asCurrency } from "../domain/money.ts";
import { parseTariff, tariffDocumentSchema } from "./tariff.ts";

const identity = { id: "standard", version: 3, currency: asCurrency("EUR") };
const HOUR_MS = 3_600_000;

const parse = (document: unknown, currency = "EUR") =>
  parseTariff(document, { ...identity, currency: asCurrency(currency) });

function problemsOf(document: unknown, currency = "EUR"): string[] {
  const parsed = parse(document, currency);
  return parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path}: ${message}`);
}

describe("a tariff document", () => {
  it("with slabs is ready to price with", () => {
    const document = {
      slabs: [
        { max_hours: 1, price: 5 },
        { max_hours: 3, price: 12 },
        { max_hours: null, price: 30 },
      ],
    };
    expect(parse(document)).toEqual({
      ok: true,
      value: {
        ...identity,
        name: "Slab Rate",
        rule: {
          kind: "slab",
          slabs: [
            { maxMs: HOUR_MS, priceMinor: 500 },
            { maxMs: 3 * HOUR_MS, priceMinor: 1200 },
            { maxMs: null, priceMinor: 3000 },
          ],
        },
      },
    });
  });

  it("with a flat price takes it as text or as a number, in the currency's decimals", () => {
    for (const price of [5, "5", "5.00", "5.0"])
      expect(parse({ flat: { price } })).toMatchObject({
        ok: true,
        value: { name: "Flat Rate", rule: { kind: "flat", priceMinor: 500 } },
      });
    expect(parse({ flat: { price: 500 } }, "JPY")).toMatchObject({ value: { rule: { priceMinor: 500 } } });
    expect(parse({ flat: { price: "0.125" } }, "KWD")).toMatchObject({
      value: { rule: { priceMinor: 125 } },
    });
  });

  it("may have a name of its own, and a price of nothing", () => {
    expect(parse({ name: "Sunday", flat: { price: 0 } })).toMatchObject({
      value: { name: "Sunday", rule: { priceMinor: 0 } },
    });
  });

  it("is not changed by reading it", () => {
    const document = Object.freeze({
      slabs: Object.freeze([Object.freeze({ max_hours: null, price: "1" })]),
    });
    expect(parse(document).ok).toBe(true);
  });
});

describe("the problems of a tariff document", () => {
  it("are reported all at once, each where it stands", () => {
    const slabs = [
      { max_hours: 2, price: -5 },
      { max_hours: null, price: "abc" },
      { max_hours: 2, price: 1.005 },
      { max_hours: 1.5, price: "999999999999999" },
    ];
    expect(problemsOf({ slabs })).toEqual([
      "slabs.0.price: must not be negative",
      "slabs.1.max_hours: only the last slab may be open-ended; later ones are unreachable",
      "slabs.1.price: is not a decimal number",
      "slabs.2.max_hours: must be longer than the slab before it",
      "slabs.2.price: has more decimals than EUR allows",
      "slabs.3.max_hours: must be longer than the slab before it",
      "slabs.3.max_hours: no slab covers a stay of more than 1.5 h; end with null",
      "slabs.3.price: is too large",
    ]);
  });

  it.each([
    [
      "a stay that no slab covers",
      { slabs: [{ max_hours: 1, price: 5 }] },
      /^slabs\.0\.max_hours: no slab covers/,
    ],
    [
      "slabs of the same length",
      {
        slabs: [
          { max_hours: 1, price: 1 },
          { max_hours: 1, price: 2 },
          { max_hours: null, price: 3 },
        ],
      },
      /^slabs\.1\.max_hours: must be longer/,
    ],
    [
      "a slab shorter than a millisecond",
      {
        slabs: [
          { max_hours: 1e-9, price: 1 },
          { max_hours: null, price: 3 },
        ],
      },
      /^slabs\.0\.max_hours: must be longer/,
    ],
    ["no slabs", { slabs: [] }, /^slabs: /],
    [
      "too many slabs",
      { slabs: Array.from({ length: 201 }, (_, i) => ({ max_hours: i + 1, price: 1 })) },
      /^slabs: /,
    ],
    ["both kinds of rule", { flat: { price: 1 }, slabs: [{ max_hours: null, price: 1 }] }, /flat/],
    ["an unknown key", { flat: { price: 1, per: "day" } }, /^flat: .*per/],
    ["a negative limit", { slabs: [{ max_hours: -1, price: 1 }] }, /^slabs\.0\.max_hours: /],
    ["a limit of no length", { slabs: [{ max_hours: 0, price: 1 }] }, /^slabs\.0\.max_hours: /],
    ["a limit of years", { slabs: [{ max_hours: 1e6, price: 1 }] }, /^slabs\.0\.max_hours: /],
    ["a price that is missing", { flat: {} }, /^flat\.price: /],
    ["a price in words", { flat: { price: "five" } }, /^flat\.price: is not a decimal number/],
    ["a price beyond all bounds", { flat: { price: 1e20 } }, /^flat\.price: is too large/],
    ["a price in exponent form", { flat: { price: 1e21 } }, /^flat\.price: is not a decimal number/],
    ["an empty name", { name: "", flat: { price: 1 } }, /^name: /],
    ["a name too long for a receipt", { name: "x".repeat(81), flat: { price: 1 } }, /^name: /],
    ["nothing", null, /^: /],
    ["a list", [], /^: /],
    ["a text", "flat", /^: /],
  ])("are found: %s", (_what, document, expected) => {
    const problems = problemsOf(document);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.some((problem) => expected.test(problem))).toBe(true);
  });

  it("hang on the currency", () => {
    expect(problemsOf({ flat: { price: "1.5" } }, "JPY")).toEqual([
      "flat.price: has more decimals than JPY allows",
    ]);
    expect(problemsOf({ flat: { price: "1.505" } }, "KWD")).toEqual([]);
  });

  it("are a result for garbage of any shape, never an exception", () => {
    const hours = fc.oneof(fc.double(), fc.constant(null), fc.anything());
    const slab = fc.record({ max_hours: hours, price: fc.oneof(fc.double(), fc.string(), fc.anything()) });
    const garbage = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withSparseArray: true }),
      fc.record({ slabs: fc.oneof(fc.array(slab), fc.anything()) }),
      fc.record({ flat: fc.record({ price: fc.anything() }), name: fc.anything() }),
    );
    fc.assert(
      fc.property(garbage, (document) => {
        const parsed = parse(document);
        if (!parsed.ok) {
          expect(parsed.error.length).toBeGreaterThan(0);
          return;
        }
        expect(tariffDocumentSchema.safeParse(document).success).toBe(true);
        const prices = parsed.value.rule.kind === "flat" ? [parsed.value.rule] : parsed.value.rule.slabs;
        for (const { priceMinor } of prices)
          expect(Number.isSafeInteger(priceMinor) && priceMinor >= 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
