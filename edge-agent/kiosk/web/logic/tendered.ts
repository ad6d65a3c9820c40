import { minorDigits, parseDecimal, type Currency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";

/** What the gate accepts at most for one payment, in minor units (`cashSchema`). */
const MAX_TENDERED_MINOR = 100_000_000;
const MAX_TEXT = 12;

export type TenderedProblem = "empty" | "not_an_amount" | "too_many_decimals" | "too_much";

/** Reads what the attendant typed, in minor units: `20`, `20.5`, `20,50`, `1 200`. */
export function parseTendered(text: string, currency: Currency): Result<number, TenderedProblem> {
  const compact = text.replaceAll(/\s/g, "").replace(",", ".").replace(/\.$/, "");
  if (compact === "") return err("empty");
  const parsed = parseDecimal(compact.startsWith(".") ? `0${compact}` : compact, currency);
  if (!parsed.ok) {
    if (parsed.error === "too_many_decimals") return err("too_many_decimals");
    return err(parsed.error === "out_of_range" ? "too_much" : "not_an_amount");
  }
  const { amountMinor } = parsed.value;
  if (amountMinor < 0) return err("not_an_amount");
  return amountMinor > MAX_TENDERED_MINOR ? err("too_much") : ok(amountMinor);
}

/** What goes back to the driver, in minor units; negative while the money does not suffice. */
export function changeMinor(tenderedMinor: number, dueMinor: number): number {
  return tenderedMinor - dueMinor;
}

export const KEYPAD_KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "0", "back"] as const;
export type KeypadKey = (typeof KEYPAD_KEYS)[number];

/** The text after one key of the keypad; a key that makes no sense changes nothing. */
export function pressKey(text: string, key: KeypadKey, currency: Currency): string {
  if (key === "back") return text.slice(0, -1);
  if (text.length >= MAX_TEXT) return text;
  const digits = minorDigits(currency);
  const point = text.search(/[.,]/);
  if (key === ".") {
    if (point !== -1 || digits === 0) return text;
    return text === "" ? "0." : `${text}.`;
  }
  if (point !== -1 && text.length - point > digits) return text;
  return text === "0" ? key : text + key;
}

/** Sums a driver is likely to hand over for a fee: notes of 1, 2 and 5 times a power of ten, just enough of them. */
export function quickSums(dueMinor: number, currency: Currency, atMost = 4): readonly number[] {
  if (dueMinor <= 0) return [];
  const unitMinor = 10 ** minorDigits(currency);
  const sums = new Set<number>();
  for (let power = unitMinor; power <= dueMinor * 10; power *= 10) {
    for (const factor of [1, 2, 5]) {
      const noteMinor = factor * power;
      // Smaller notes would make a handful; larger ones nobody can give change for.
      if (noteMinor * 2 < dueMinor || noteMinor > dueMinor * 10) continue;
      sums.add(Math.ceil(dueMinor / noteMinor) * noteMinor);
    }
  }
  sums.delete(dueMinor);
  return [...sums].toSorted((a, b) => a - b).slice(0, atMost);
}
