import { z } from "zod";
import { type Currency, parseDecimal } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { readPercent } from "@parkme/shared/pricing/document/percent";
import type { ValidationValue } from "@parkme/shared/pricing/quote-model";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { title } from "./facility-section.ts";

/** The pay desk: its devices, the merchants whose discounts it knows, where UPI money goes, who issues receipts. */

export const deskSection = z.strictObject({
  /** Prints receipts and tickets; its drawer opens when cash is taken. */
  printer: slugSchema.optional(),
  terminal: slugSchema.optional(),
  /** A drawer with less than this, in minor units, runs short of change: an alarm. 0 = never. */
  change_low_minor: z.number().int().min(0).max(100_000_000).default(0),
  /** A card terminal that has not answered after this long leaves the payment in doubt: it is asked what became of it. */
  pay_ms: z.number().int().min(1_000).max(600_000).default(90_000),
});

const amount = z.union([z.string().max(20), z.number()]);
const offer = z
  .strictObject({
    name: slugSchema,
    title,
    /** Exactly one of these: what it takes off. Amounts are in the facility's currency, such as 2.50. */
    minutes: z.number().int().min(1).max(525_600).optional(),
    amount: amount.optional(),
    percent: amount.optional(),
    /** What the time costs at most. */
    price: amount.optional(),
    /** A plan of the tariff in place of the vehicle's. */
    plan: z.string().min(1).max(40).optional(),
  })
  .refine(
    ({ minutes, amount: off, percent, price, plan }) =>
      [minutes, off, percent, price, plan].filter((value) => value !== undefined).length === 1,
    "must have exactly one of minutes, amount, percent, price and plan",
  );

const merchant = z.strictObject({
  /** Signs in with this name, and with its PIN. */
  name: slugSchema,
  title: title.max(60),
  pin_file: z.string().min(1).max(500),
  /** So many validations on one day of the facility; none = without limit. */
  daily_limit: z.number().int().min(0).max(1_000_000).optional(),
  offers: z.array(offer).min(1).max(64),
});
export const merchantsSection = z.array(merchant).max(200).default([]);

/** Where money that is paid by UPI goes. */
export const upiSection = z.strictObject({
  /** The virtual payment address, name@handle. */
  payee: z
    .string()
    .regex(
      /^[A-Za-z0-9._-]{2,255}@[A-Za-z][A-Za-z0-9.-]{1,63}$/,
      "must be a virtual payment address, name@handle",
    ),
  name: title,
});

export const receiptsSection = z.strictObject({
  /** What tax law wants on a receipt; without it, the facility's name stands alone. */
  issuer: z
    .strictObject({
      name: title,
      address: z.array(z.string().trim().min(1).max(80)).max(6).default([]),
      tax_number: z.string().trim().min(1).max(40).optional(),
    })
    .optional(),
  /** Where drivers reach this agent's `/r/`, such as https://park.example.org: receipts then have a link. */
  url: z
    .url({ protocol: /^https?$/, error: "must be http:// or https://" })
    .max(200)
    .optional(),
});

/** Of a percentage: basis points. */
const PERCENT_DECIMALS = 2;
const WHOLE_BPS = 10_000;

export type OfferSection = z.infer<typeof offer>;

/** What an offer takes off; an error says what is wrong with it, and where. */
export function valueOf(
  section: OfferSection,
  currency: Currency,
): Result<ValidationValue, { readonly key: string; readonly message: string }> {
  const { minutes, amount: off, percent, price, plan } = section;
  if (minutes !== undefined) return ok({ kind: "minutes", minutes });
  if (plan !== undefined) return ok({ kind: "plan", plan });
  if (percent !== undefined) {
    const bps = readPercent(percent, PERCENT_DECIMALS);
    if (bps === null || bps <= 0 || bps > WHOLE_BPS)
      return err({
        key: "percent",
        message: "must be more than 0 and at most 100, with two decimals at most",
      });
    return ok({ kind: "percent", bps });
  }
  const key = off === undefined ? "price" : "amount";
  const minor = decimalOf(off ?? price ?? "", currency);
  if (minor === null || minor > 100_000_000)
    return err({ key, message: `must be an amount of ${currency}, with no more decimals than that has` });
  if (key === "amount" && minor === 0) return err({ key, message: "must be more than nothing" });
  return ok(key === "amount" ? { kind: "amount", minor } : { kind: "price", minor });
}

/** Null = not an amount that can be meant. */
function decimalOf(text: string | number, currency: Currency): number | null {
  const parsed = parseDecimal(text, currency);
  return parsed.ok && parsed.value.amountMinor >= 0 ? parsed.value.amountMinor : null;
}
