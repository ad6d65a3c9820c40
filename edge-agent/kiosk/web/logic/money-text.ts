import { formatDecimal, minorDigits, money, type Currency } from "@parkme/shared/domain/money";
import { LOCALE } from "./locale.ts";

/** Minor units as people read them: `€12.00`, `¥1,200`, `-€3.50`. */
export type MoneyText = (amountMinor: number) => string;

export function createMoneyText(currency: Currency): MoneyText {
  // The digits are ours, not the browser's: its locale data shows no decimals for some currencies that have them.
  const digits = minorDigits(currency);
  const format = new Intl.NumberFormat(LOCALE, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // A decimal string stays exact; a division by 100 would not.
  return (amountMinor) => format.format(formatDecimal(money(amountMinor, currency)) as `${number}`);
}
