import type { LedgerKind } from "@parkme/shared/domain/ledger";
import type { PaymentMethod } from "@parkme/shared/domain/stay";
import type { Reconciliation } from "@parkme/shared/protocol/kiosk-desk";

/** Money in the attendant's words. */

export const METHOD_WORDS: Record<PaymentMethod, string> = {
  cash: "cash",
  card: "card",
  upi: "UPI",
  online: "online",
  account: "on account",
};

export const LEDGER_WORDS: Record<LedgerKind, string> = {
  charge: "Charge",
  payment: "Payment",
  change: "Change",
  refund: "Refund",
  validation: "Validation",
  write_off: "Write-off",
  debt: "Debt",
  correction: "Correction",
};

type Discrepancy = Reconciliation["discrepancies"][number]["kind"];

export const DISCREPANCY_WORDS: Record<Discrepancy, string> = {
  left_unpaid: "Left without paying",
  left_without_stay: "Left, and nobody knows its stay",
  paid_without_movement: "Paid, and is not here",
  overpaid: "Paid too much",
  in_doubt: "Card payment in doubt",
  vend_without_movement: "Opened by hand, and nobody passed",
};
