import { asCurrency, money, type Currency } from "../../domain/money.ts";
import type { Quote } from "../quote-model.ts";

/** A quote that costs so much, for tests of what is done with quotes. */
export function plainQuote(
  totalMinor: number,
  { currency = asCurrency("EUR"), ...more }: Partial<Quote> & { readonly currency?: Currency } = {},
): Quote {
  const nothing = money(0, currency);
  const total = money(totalMinor, currency);
  return {
    base: total,
    discounts: nothing,
    validated: nothing,
    penalties: nothing,
    rounding: nothing,
    tax: nothing,
    taxIncluded: true,
    total,
    durationMinutes: 60,
    appliedRule: "Standard",
    tariffId: "standard",
    tariffVersion: 1,
    subscriptionUsed: false,
    passMinutes: 0,
    exitGraceMs: 900_000,
    trace: [{ text: "1 h parked", amountMinor: totalMinor }],
    ...more,
  };
}
