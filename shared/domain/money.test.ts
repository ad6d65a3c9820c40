import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addMoney,
  asCurrency,
  formatDecimal,
  minorDigits,
  money,
  parseDecimal,
  subtractMoney,
} from "./money.ts";

const EUR = asCurrency("EUR");
const JPY = asCurrency("JPY");
const KWD = asCurrency("KWD");

const currencies = fc.constantFrom(EUR, JPY, KWD);
const amounts = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

describe("currencies", () => {
  it("have 0, 2 or 3 decimals", () => {
    expect([JPY, EUR, KWD].map(minorDigits)).toEqual([0, 2, 3]);
    for (const code of ["TND", "BHD", "OMR", "JOD"]) expect(minorDigits(asCurrency(code))).toBe(3);
    for (const code of ["KRW", "ISK", "CLP", "VND"]) expect(minorDigits(asCurrency(code))).toBe(0);
  });

  it("are three capital letters", () => {
    for (const code of ["", "eur", "EURO", "EU", "E R", "EUR\n", "ÄÖÜ"])
      expect(() => asCurrency(code)).toThrow(TypeError);
  });
});

describe("money", () => {
  it("is whole minor units, and zero has no sign", () => {
    expect(Object.is(money(-0, EUR).amountMinor, 0)).toBe(true);
    for (const amount of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(() => money(amount, EUR)).toThrow(RangeError);
  });

  it("adds and subtracts within one currency, and refuses to lose precision", () => {
    expect(addMoney(money(10, EUR), money(20, EUR))).toEqual(money(30, EUR));
    expect(subtractMoney(money(10, EUR), money(20, EUR))).toEqual(money(-10, EUR));
    expect(() => addMoney(money(1, EUR), money(1, JPY))).toThrow("cannot mix EUR and JPY");
    expect(() => subtractMoney(money(1, EUR), money(1, KWD))).toThrow(TypeError);
    expect(() => addMoney(money(Number.MAX_SAFE_INTEGER, EUR), money(1, EUR))).toThrow(RangeError);
  });

  it.each([
    [1500, EUR, "15.00"],
    [5, EUR, "0.05"],
    [0, EUR, "0.00"],
    [-5, EUR, "-0.05"],
    [-3500, KWD, "-3.500"],
    [7, KWD, "0.007"],
    [1200, JPY, "1200"],
    [-1, JPY, "-1"],
    [Number.MAX_SAFE_INTEGER, EUR, "90071992547409.91"],
  ] as const)("writes %i minor units of %s as %s", (minor, currency, text) => {
    expect(formatDecimal(money(minor, currency))).toBe(text);
  });
});

describe("decimal amounts", () => {
  it.each([
    ["15", EUR, 1500],
    ["15.5", EUR, 1550],
    ["15.50", EUR, 1550],
    ["15.500000", EUR, 1550],
    ["-0.00", EUR, 0],
    ["007.10", EUR, 710],
    [0.1, EUR, 10],
    [1.1, EUR, 110],
    [1.15, EUR, 115],
    [8.41, EUR, 841],
    [1.005, KWD, 1005],
    [-0, EUR, 0],
    [1200, JPY, 1200],
    ["1200.0", JPY, 1200],
  ] as const)("%s of %s is %i minor units", (given, currency, minor) => {
    expect(parseDecimal(given, currency)).toEqual({ ok: true, value: { amountMinor: minor, currency } });
  });

  it.each([
    [0.1 + 0.2, EUR, "too_many_decimals"],
    [1.005, EUR, "too_many_decimals"],
    ["1.001", EUR, "too_many_decimals"],
    ["0.5", JPY, "too_many_decimals"],
    ["1.0001", KWD, "too_many_decimals"],
    [2 ** 53, EUR, "out_of_range"],
    ["999999999999999", EUR, "out_of_range"],
    ["9".repeat(30), JPY, "out_of_range"],
    [1e21, EUR, "not_a_number"],
    [1e-7, EUR, "not_a_number"],
    ["1e3", EUR, "not_a_number"],
    [Number.NaN, EUR, "not_a_number"],
    [Number.NEGATIVE_INFINITY, EUR, "not_a_number"],
    ["", EUR, "not_a_number"],
    ["1,50", EUR, "not_a_number"],
    ["1.", EUR, "not_a_number"],
    [".5", EUR, "not_a_number"],
    ["+1", EUR, "not_a_number"],
    ["--1", EUR, "not_a_number"],
    [" 1", EUR, "not_a_number"],
    ["1\n", EUR, "not_a_number"],
    ["0x10", EUR, "not_a_number"],
    ["١٢", EUR, "not_a_number"],
    ["1".repeat(1_000_000), EUR, "not_a_number"],
  ] as const)("refuses %s of %s", (given, currency, error) => {
    expect(parseDecimal(given, currency)).toEqual({ ok: false, error });
  });

  it("come back from their own text unchanged", () => {
    fc.assert(
      fc.property(amounts, currencies, (minor, currency) => {
        const amount = money(minor, currency);
        expect(parseDecimal(formatDecimal(amount), currency)).toEqual({ ok: true, value: amount });
      }),
    );
  });

  it("of JSON numbers mean the digits that were written, never the nearest float", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), currencies, (minor, currency) => {
        const text = formatDecimal(money(minor, currency));
        const parsed = JSON.parse(text) as number;
        expect(parseDecimal(parsed, currency)).toEqual({ ok: true, value: money(minor, currency) });
      }),
    );
  });

  it("never throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double()), currencies, (given, currency) => {
        const parsed = parseDecimal(given, currency);
        if (parsed.ok) expect(Number.isSafeInteger(parsed.value.amountMinor)).toBe(true);
      }),
    );
  });
});
