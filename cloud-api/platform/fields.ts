import { z } from "@hono/zod-openapi";
import { asCurrency, formatDecimal, money, parseDecimal } from "@parkme/shared/domain/money";
import { normalisePlate } from "@parkme/shared/domain/plate";
import { refuse } from "./refusal.ts";

/** The kinds of members that the API's requests and answers have. */

export const id = z.uuid().toLowerCase();
/** RFC 3339, read as a Date; years that PostgreSQL and people know. */
export const instant = z.iso
  .datetime({ offset: true, abort: true })
  // Aborts: what compares times is to be given Dates.
  .refine((text) => /^(19|20|21)\d\d-/.test(text), {
    message: "must be of the years 1900 to 2199",
    abort: true,
  })
  .transform((text) => new Date(text));
export const words = (max: number) => z.string().trim().min(1).max(max);
export const plate = z
  .string()
  .max(60)
  .transform((text, ctx) => {
    const normal = normalisePlate(text);
    if (normal !== null) return normal;
    ctx.addIssue({ code: "custom", message: "is no plate" });
    return z.NEVER;
  });
export const currency = z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code");
/** A decimal amount of money as a request has it; see {@link minorOf}. */
export const amount = z.string().regex(/^\d{1,12}(\.\d{1,3})?$/, "must be an amount such as 15.00");

/** Of answers: money as a decimal string, times in RFC 3339 UTC. */
export const amountText = z.string();
export const instantText = z.iso.datetime();

/** `15.00` of 1500 EUR. */
export function decimal(amountMinor: number, code: string): string {
  return formatDecimal(money(amountMinor, asCurrency(code)));
}

/** Minor units of a decimal amount. @throws a refusal where the currency has fewer decimals. */
export function minorOf(text: string, code: string, field: string): number {
  const read = parseDecimal(text, asCurrency(code));
  return read.ok ? read.value.amountMinor : refuse(400, "invalid", `is no amount of ${code}`, field);
}

export const iso = (at: Date): string => at.toISOString();
export const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;
