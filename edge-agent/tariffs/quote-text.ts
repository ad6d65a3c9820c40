import { formatDecimal } from "@parkme/shared/domain/money";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { lengthText } from "./price-chart.ts";

/** A quote for people: line by line as on a receipt, with the total below. */
export function quoteText(quote: Quote): string {
  return [
    `${lengthText(quote.durationMinutes)} by ${quote.appliedRule} (${quote.tariffId}, version ${quote.tariffVersion})`,
    "",
    ...quote.trace.map(({ text }) => `  ${text}`),
    "",
    `Total ${formatDecimal(quote.total)} ${quote.total.currency}`,
  ].join("\n");
}

export function quoteJson(quote: Quote): object {
  return {
    tariff_id: quote.tariffId,
    tariff_version: quote.tariffVersion,
    applied_rule: quote.appliedRule,
    currency: quote.total.currency,
    duration_minutes: quote.durationMinutes,
    base_minor: quote.base.amountMinor,
    discounts_minor: quote.discounts.amountMinor,
    penalties_minor: quote.penalties.amountMinor,
    rounding_minor: quote.rounding.amountMinor,
    tax_minor: quote.tax.amountMinor,
    tax_included: quote.taxIncluded,
    total_minor: quote.total.amountMinor,
    trace: quote.trace.map(({ text, amountMinor }) => ({ text, amount_minor: amountMinor })),
  };
}
