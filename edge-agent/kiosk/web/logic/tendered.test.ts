import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asCurrency, formatDecimal, money } from "@parkme/shared/domain/money";
import { changeMinor, parseTendered, pressKey, quickSums, KEYPAD_KEYS } from "./tendered.ts";

const EUR = asCurrency("EUR");
const JPY = asCurrency("JPY");
const KWD = asCurrency("KWD");

describe("what was handed over", () => {
  it.each([
    ["20", 2000],
    ["20.5", 2050],
    ["20,50", 2050],
    [" 1 200 ", 120_000],
    ["20.", 2000],
    [".5", 50],
    ["0", 0],
    ["1000000", 100_000_000],
  ])("reads %j", (text, minor) => expect(parseTendered(text, EUR)).toEqual({ ok: true, value: minor }));

  it.each([
    ["", "empty"],
    ["  ", "empty"],
    [".", "empty"],
    ["abc", "not_an_amount"],
    ["-5", "not_an_amount"],
    ["1.2.3", "not_an_amount"],
    ["1,200.50", "not_an_amount"],
    ["1e3", "not_an_amount"],
    ["20.505", "too_many_decimals"],
    ["1000000.01", "too_much"],
  ])("refuses %j as %s", (text, error) => expect(parseTendered(text, EUR)).toEqual({ ok: false, error }));

  it("knows the decimals of the currency", () => {
    expect(parseTendered("1200", JPY)).toEqual({ ok: true, value: 1200 });
    expect(parseTendered("1200.5", JPY)).toEqual({ ok: false, error: "too_many_decimals" });
    expect(parseTendered("1.250", KWD)).toEqual({ ok: true, value: 1250 });
  });

  it("reads back every amount that it would show", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000_000 }),
        fc.constantFrom(EUR, JPY, KWD),
        (minor, currency) => {
          expect(parseTendered(formatDecimal(money(minor, currency)), currency)).toEqual({
            ok: true,
            value: minor,
          });
        },
      ),
    );
  });
});

describe("change", () => {
  it("is exact in minor units, and negative while money is missing", () => {
    expect(changeMinor(2000, 1230)).toBe(770);
    expect(changeMinor(1230, 1230)).toBe(0);
    expect(changeMinor(1000, 1230)).toBe(-230);
  });
});

describe("keypad", () => {
  const type = (keys: string, currency = EUR) =>
    [...keys].reduce((text, key) => pressKey(text, key === "<" ? "back" : (key as "1"), currency), "");

  it("types amounts", () => {
    expect(type("20")).toBe("20");
    expect(type("20.5<75")).toBe("20.75");
    expect(type(".5")).toBe("0.5");
    expect(type("007")).toBe("7");
    expect(type("<")).toBe("");
  });

  it("stops at the decimals of the currency, and at one point", () => {
    expect(type("1.234")).toBe("1.23");
    expect(type("1.2.3")).toBe("1.23");
    expect(type("12.5", JPY)).toBe("125");
    expect(type("1.2345", KWD)).toBe("1.234");
  });

  it("goes on from what a keyboard typed with a comma", () => {
    expect(pressKey("20,5", ".", EUR)).toBe("20,5");
    expect(pressKey("20,55", "1", EUR)).toBe("20,55");
  });

  it("never leads to text that is no amount", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...KEYPAD_KEYS), { maxLength: 40 }), (keys) => {
        const text = keys.reduce((before, key) => pressKey(before, key, EUR), "");
        const parsed = parseTendered(text, EUR);
        expect(parsed.ok || parsed.error === "empty" || parsed.error === "too_much").toBe(true);
      }),
    );
  });
});

describe("likely sums", () => {
  it.each([
    [1200, EUR, [2000, 5000, 10_000]],
    [500, EUR, [1000, 2000, 5000]],
    [3000, EUR, [4000, 5000, 10_000, 20_000]],
    [50, EUR, [100, 200, 500]],
    [1200, JPY, [2000, 5000, 10_000]],
    [0, EUR, []],
  ])("for %i", (due, currency, sums) => expect(quickSums(due, currency)).toEqual(sums));

  it("are always more than the fee, rising, and few", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.constantFrom(EUR, JPY, KWD),
        (due, currency) => {
          const sums = quickSums(due, currency);
          expect(sums.length).toBeLessThanOrEqual(4);
          expect(sums.every((sum, i) => Number.isSafeInteger(sum) && sum > (sums[i - 1] ?? due))).toBe(true);
        },
      ),
    );
  });
});
