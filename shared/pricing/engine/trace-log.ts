import { formatDecimal, money, type Currency } from "../../domain/money.ts";
import type { TraceLine } from "../quote-model.ts";

/** The lines of a trace as they come about. There is none while a quote is only priced: texts are made when read. */
export class TraceLog {
  readonly lines: TraceLine[] = [];
  readonly currency: Currency;
  /** How many lines the time of one version of the tariff may take. */
  readonly timeLines: number;

  constructor(currency: Currency, timeLines: number) {
    this.currency = currency;
    this.timeLines = timeLines;
  }

  add(text: string, amountMinor: number): void {
    const amount = money(amountMinor, this.currency);
    this.lines.push({ text: `${text} = ${formatDecimal(amount)}`, amountMinor: amount.amountMinor });
  }

  /** Says something that adds nothing. */
  note(text: string): void {
    this.lines.push({ text, amountMinor: 0 });
  }

  decimal(minor: number): string {
    return formatDecimal(money(minor, this.currency));
  }
}
