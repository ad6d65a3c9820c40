import type { Db, Tx } from "../db/connection.ts";
import type { PaymentMethod } from "./providers/contract.ts";

/** What payments are for, and what happens there when money comes or goes back. Each domain has its own. */

export const PURPOSES = ["stay", "booking", "violation", "subscription"] as const;
export type Purpose = (typeof PURPOSES)[number];

export type Owed = {
  /** Who may pay it; null = nobody who signs in is known for it. */
  readonly userId: string | null;
  /** The whole price, of which payments/ subtracts what was paid; 0 = there is nothing to pay (any more). */
  readonly amountMinor: number;
  readonly currency: string;
};

/** Money that came. */
export type PaidFact = {
  readonly facilityId: string;
  readonly subjectId: string;
  readonly paymentId: string;
  readonly userId: string | null;
  readonly provider: string;
  readonly method: PaymentMethod;
  readonly amountMinor: number;
  readonly currency: string;
  /** What other payments paid for the same subject before, net of refunds. */
  readonly paidBeforeMinor: number;
};

/** Money that went back. */
export type RefundFact = {
  readonly facilityId: string;
  readonly subjectId: string;
  readonly paymentId: string;
  readonly refundId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What stays paid for the subject, of all payments. */
  readonly leftMinor: number;
};

/** All of them run as the system, outside the walls between tenants: whether somebody may pay is decided by `userId`. */
export type PurposeEffects = {
  /** What is to pay for something; null = there is no such thing. @throws a refusal where it cannot be said. */
  readonly owed: (
    tx: Tx | Db,
    subject: { readonly facilityId: string; readonly subjectId: string },
    now: Date,
  ) => Promise<Owed | null>;
  /**
   * In the transaction that books the money, once for each payment. `not_due` = it was cancelled or paid in another way
   * meanwhile: the money is given back.
   */
  readonly captured: (tx: Tx, fact: PaidFact, now: Date) => Promise<"booked" | "not_due">;
  /** In the transaction that books the refund, once for each refund. */
  readonly refunded: (tx: Tx, fact: RefundFact, now: Date) => Promise<void>;
};

export type PaymentEffects = Readonly<Record<Purpose, PurposeEffects>>;
