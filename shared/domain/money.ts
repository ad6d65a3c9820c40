import { err, ok, type Result } from "./result.ts";

/** An amount of money: whole minor units (cents, fils, yen) of one ISO 4217 currency. Never a float. */
export type Money = { readonly amountMinor: number; readonly currency: Currency };

declare const brand: unique symbol;
/** An ISO 4217 alphabetic code. */
export type Currency = string & { readonly [brand]: "Currency" };

/** Minor-unit exponents that are not 2 (ISO 4217, list one). */
// prettier-ignore
const EXPONENTS: Record<string, number> = {
  BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0, UGX: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
  BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3,
};

export function asCurrency(code: string): Currency {
  if (!/^[A-Z]{3}$/.test(code)) throw new TypeError(`not an ISO 4217 code: ${code.slice(0, 10)}`);
  return code as Currency;
}

/** Where there is no money: the code that ISO 4217 has for no currency. */
export const NO_CURRENCY = asCurrency("XXX");

/** Digits after the decimal point in this currency: 0, 2 or 3. */
export function minorDigits(currency: Currency): number {
  return EXPONENTS[currency] ?? 2;
}

/** Throws when the amount is not a safe integer: fractions of a minor unit do not exist. */
export function money(amountMinor: number, currency: Currency): Money {
  if (!Number.isSafeInteger(amountMinor)) throw new RangeError(`not whole minor units: ${amountMinor}`);
  return { amountMinor: amountMinor === 0 ? 0 : amountMinor, currency };
}

export function addMoney(a: Money, b: Money): Money {
  return money(a.amountMinor + sameCurrency(a, b).amountMinor, a.currency);
}

export function subtractMoney(a: Money, b: Money): Money {
  return money(a.amountMinor - sameCurrency(a, b).amountMinor, a.currency);
}

function sameCurrency(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new TypeError(`cannot mix ${a.currency} and ${b.currency}`);
  return b;
}

/** The decimal string of the public API: `15.00`, `-3.500`, `1200`. */
export function formatDecimal({ amountMinor, currency }: Money): string {
  const digits = minorDigits(currency);
  const text = Math.abs(amountMinor)
    .toString()
    .padStart(digits + 1, "0");
  const sign = amountMinor < 0 ? "-" : "";
  if (digits === 0) return `${sign}${text}`;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

export type AmountError = "not_a_number" | "too_many_decimals" | "out_of_range";

/**
 * Reads a decimal amount exactly, from text or from a JSON number's shortest text, without float arithmetic.
 * More decimals than the currency has are refused, never rounded.
 */
export function parseDecimal(amount: string | number, currency: Currency): Result<Money, AmountError> {
  const match = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/.exec(String(amount));
  if (match === null) return err("not_a_number");
  const [, sign, whole = "", fraction = ""] = match;
  const digits = minorDigits(currency);
  const significant = fraction.replace(/0+$/, "");
  if (significant.length > digits) return err("too_many_decimals");
  const amountMinor = Number(`${whole}${significant.padEnd(digits, "0")}`);
  if (!Number.isSafeInteger(amountMinor)) return err("out_of_range");
  return ok(money(sign === "-" ? -amountMinor : amountMinor, currency));
}
