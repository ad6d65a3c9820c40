import type { Validation } from "../pricing/quote-model.ts";
import type { StayId, TicketNumber, ValidationId } from "./ids.ts";
import type { RightKind, StayStatus } from "./stay.ts";

/** A stay as it is priced and paid for: what the store knows of it. Amounts are minor units of the facility's currency. */
export type StayAccount = {
  readonly stayId: StayId;
  readonly ticketNumber: TicketNumber;
  readonly plate: string | null;
  readonly status: StayStatus;
  readonly entryWallMs: number;
  readonly exitWallMs: number | null;
  readonly right: { readonly kind: RightKind; readonly id: string } | null;
  readonly vehicleType: string;
  readonly ev: boolean;
  readonly accessible: boolean;
  /** The version in force when it began; null = there was none. */
  readonly tariff: { readonly id: string; readonly version: number } | null;
  /** How full the facility was when it began; null = not known. */
  readonly occupancyPercent: number | null;
  readonly lostTicket: "no" | "proven" | "unproven";
  readonly validations: readonly GivenValidation[];
  readonly penalties: readonly string[];
  /** Sum of its charges, less what they were corrected by when the price fell. */
  readonly chargedMinor: number;
  /** What its validations took off, as booked; positive. */
  readonly validatedMinor: number;
  /** What was paid or taken off otherwise: payments less change and refunds, write-offs, debts, corrections; positive. */
  readonly creditedMinor: number;
  /** What it owes by the ledger, the sum of its entries: charged - validated - credited. */
  readonly balanceMinor: number;
  /**
   * When nothing was owed any more, by a payment, a write-off, a debt or because it is free: the time to leave is
   * counted from here. Null = never, or something has changed since that may cost more: a fine, another entry time,
   * money given back.
   */
  readonly settledWallMs: number | null;
};

/** What a person may change of a stay. */
export const AMENDMENTS = [
  "entry_time",
  "vehicle",
  "lost_ticket",
  "penalty",
  "begun_by_hand",
  "void",
] as const;
export type Amendment = (typeof AMENDMENTS)[number];

export type GivenValidation = Validation & {
  readonly validationId: ValidationId;
  readonly merchant: string;
  readonly wallMs: number;
};
