import { z } from "zod";
import { parseDecimal, type Currency } from "../../domain/money.ts";
import { readPercent } from "./percent.ts";

/** The values that a tariff document is made of, and what each must be. Every bound of the format stands here. */

export const MAX_SLABS = 200;
export const MAX_TIERS = 50;
export const MAX_BANDS = 50;
/** Of all bands of one plan together. Whether each has a time of its own takes their square. */
export const MAX_WINDOWS = 100;
export const MAX_STEPS = 50;
export const MAX_NAMED = 100;
export const MAX_SURCHARGES = 50;
export const MAX_HOLIDAYS = 1_000;
const MAX_HOURS = 24 * 400;
const MAX_UNIT_MINUTES = 31 * 1_440;
const MAX_GRACE_MINUTES = 7 * 1_440;
const MAX_QUOTA_MINUTES = 400 * 1_440;
const MAX_PERCENT = 1_000;
const MAX_TAX_PERCENT = 100;
/** In minor units: dearer than any price of any currency, and far from where integers end. */
const MAX_AMOUNT_MINOR = 1_000_000_000_000;

/** Of a percentage: whole basis points. */
const USUAL_DECIMALS = 2;
/** Of a tax: whole millionths. */
const TAX_DECIMALS = 4;

export const title = z.string().trim().min(1).max(80);

/** What something is called elsewhere in the document, and by programs. */
export const slug = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,39}$/,
    "must be a short name: lower-case letters, digits, dashes, a letter first",
  );

export const hours = z.number().positive().max(MAX_HOURS);
export const unitMinutes = z.number().int().min(1).max(MAX_UNIT_MINUTES);
export const graceMinutes = z.number().int().min(0).max(MAX_GRACE_MINUTES);
export const quotaMinutes = z.number().int().min(1).max(MAX_QUOTA_MINUTES);

export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, such as "06:30", in quotes');
export const endOfWindow = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day, such as "18:30" or "24:00", in quotes');

export const date = z.string().refine(isDate, 'must be a day, such as "2026-12-25", in quotes');

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  // A day that the month does not have rolls over into the next one.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** Minutes since midnight of `HH:MM`. */
export function minuteOf(text: string): number {
  const [hour = "0", minute = "0"] = text.split(":");
  return Number(hour) * 60 + Number(minute);
}

const numeral = z.union([z.number(), z.string().max(20)], {
  error: ({ input }) => (input === undefined ? "is missing" : "is not a decimal number"),
});
export type Numeral = z.infer<typeof numeral>;

/** A percentage from `min` to `max`, with at most two decimals. */
export function percentage({ min = 0, max = MAX_PERCENT } = {}) {
  return percentageWith(USUAL_DECIMALS, "two", min, max);
}

/** A tax in percent, with at most four decimals: some have three. */
export function taxPercentage() {
  return percentageWith(TAX_DECIMALS, "four", 0, MAX_TAX_PERCENT);
}

function percentageWith(decimals: number, inWords: string, min: number, max: number) {
  const unit = 10 ** decimals;
  return numeral.superRefine((value, ctx) => {
    const parts = readPercent(value, decimals);
    if (parts === null) ctx.addIssue(`must be a percentage with at most ${inWords} decimals`);
    else if (parts < min * unit) ctx.addIssue(`must be at least ${min} percent`);
    else if (parts > max * unit) ctx.addIssue(`must be at most ${max} percent`);
  });
}

/** Basis points of a percentage that was found right. */
export function basisPoints(value: Numeral): number {
  return partsOf(value, USUAL_DECIMALS);
}

/** Millionths of a tax that was found right. */
export function millionths(value: Numeral): number {
  return partsOf(value, TAX_DECIMALS);
}

function partsOf(value: Numeral, decimals: number): number {
  const parts = readPercent(value, decimals);
  if (parts === null) throw new Error("a percentage was not checked");
  return parts;
}

/** Amounts of a currency: `price` from nothing upwards, `signed` with rebates too. */
export function amountsIn(currency: Currency) {
  const check = (signed: boolean) =>
    numeral.superRefine((value, ctx) => {
      const parsed = parseDecimal(value, currency);
      if (!parsed.ok) {
        const why = {
          not_a_number: "is not a decimal number",
          too_many_decimals: `has more decimals than ${currency} allows`,
          out_of_range: "is too large",
        }[parsed.error];
        ctx.addIssue(why);
      } else if (Math.abs(parsed.value.amountMinor) > MAX_AMOUNT_MINOR) ctx.addIssue("is too large");
      else if (!signed && parsed.value.amountMinor < 0) ctx.addIssue("must not be negative");
    });
  return { price: check(false), signed: check(true) };
}

/** Minor units of an amount that was found right. */
export function minorUnits(value: Numeral, currency: Currency): number {
  const parsed = parseDecimal(value, currency);
  if (!parsed.ok) throw new Error("an amount was not checked");
  return parsed.value.amountMinor;
}
