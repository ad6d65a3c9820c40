import { type Currency, formatDecimal, money } from "@parkme/shared/domain/money";
import type { Lines } from "./model.ts";

/** What a pay station's display says: two lines of 20 characters. */

export const WELCOME: Lines = ["Pay here", "Show your ticket"];
export const WELCOME_WITHOUT_CARD: Lines = ["Show your ticket", "Payment at the desk"];
export const OUT_OF_ORDER: Lines = ["Out of order", "Pay at the desk"];
export const PLEASE_WAIT: Lines = ["Please wait", ""];
export const IN_DOUBT: Lines = ["Please wait. Payment", "is being checked"];
export const ASK_AT_DESK: Lines = ["Payment not clear", "Ask at the desk"];
export const NOT_CHARGED: Lines = ["Card not charged", "Show ticket again"];
export const DECLINED: Lines = ["Card declined", "Show ticket again"];
export const PERMIT: Lines = ["Nothing to pay", "Your permit is valid"];

export function pleasePay(amountMinor: number, currency: Currency, voucher: boolean): Lines {
  return [toPay(amountMinor, currency), voucher ? "Voucher accepted" : "Insert your card"];
}

export function payAtDesk(amountMinor: number, currency: Currency): Lines {
  return [toPay(amountMinor, currency), "Pay at the desk"];
}

export function leaveBy(
  first: "Paid. Thank you" | "Already paid" | "Nothing to pay",
  atMs: number,
  timeZone: string,
): Lines {
  const time = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" }).format(
    atMs,
  );
  return [first, `Leave by ${time}`];
}

function toPay(amountMinor: number, currency: Currency): string {
  return `To pay ${currency} ${formatDecimal(money(amountMinor, currency))}`;
}
