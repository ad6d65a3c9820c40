import { formatDecimal, money, type Currency } from "../domain/money.ts";
import type { TraceLine } from "./quote-model.ts";

/** A line of a trace for a table with a column of amounts. A note, which adds nothing, has no amount. */
export type TraceRow = { readonly label: string; readonly amountMinor: number | null };

/** A line says its amount at its end, for who reads it alone; beside a column of amounts that would be twice. */
export function traceRow({ text, amountMinor }: TraceLine, currency: Currency): TraceRow {
  const end = ` = ${formatDecimal(money(amountMinor, currency))}`;
  if (text.endsWith(end)) return { label: text.slice(0, -end.length), amountMinor };
  return { label: text, amountMinor: amountMinor === 0 ? null : amountMinor };
}
