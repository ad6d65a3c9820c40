import { asCurrency, minorDigits } from "@parkme/shared/domain/money";
import { ProviderError } from "./contract.ts";

/**
 * Stripe's minor units are those of ISO 4217 but for some currencies (docs.stripe.com/currencies): it counts krona and
 * Ugandan shillings in hundredths that must be 00, ariary without decimals, and wants amounts with three decimals to end
 * in 0.
 */
const STRIPE_DIGITS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };

function shift(currency: string): number {
  const ours = minorDigits(asCurrency(currency));
  return (STRIPE_DIGITS[currency] ?? ours) - ours;
}

/** @throws {ProviderError} where Stripe has no such amount. */
export function toStripe(amountMinor: number, currency: string): number {
  const digits = shift(currency);
  const amount = digits >= 0 ? amountMinor * 10 ** digits : amountMinor / 10 ** -digits;
  const tens = minorDigits(asCurrency(currency)) === 3;
  if (!Number.isSafeInteger(amount) || (tens && amount % 10 !== 0))
    throw new ProviderError("refused", `Stripe takes no such amount of ${currency}`);
  return amount;
}

/** @returns null where it is no whole amount of ours. */
export function fromStripe(amount: number, currency: string): number | null {
  if (!/^[A-Z]{3}$/.test(currency)) return null;
  const digits = shift(currency);
  const minor = digits >= 0 ? amount / 10 ** digits : amount * 10 ** -digits;
  return Number.isSafeInteger(minor) ? minor : null;
}
