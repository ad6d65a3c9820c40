import type { TraceLine } from "../pricing/quote-model.ts";
import type { Currency } from "./money.ts";
import type { PaymentMethod } from "./stay.ts";

/**
 * What a receipt says, as it is signed and kept. Receipts of a facility are numbered without a gap, credit notes
 * among them, and each names the hash of the one before: a receipt that is missing or was changed shows. Amounts are
 * minor units, times Unix milliseconds.
 */
export type Receipt = {
  readonly number: number;
  readonly kind: "payment" | "refund";
  readonly facility: { readonly id: string; readonly name: string; readonly timeZone: string };
  readonly issuer: ReceiptIssuer;
  readonly currency: Currency;
  readonly issuedWallMs: number;
  readonly place: string;
  readonly actor: string;
  readonly ticketNumber: string;
  readonly plate: string | null;
  readonly entryWallMs: number;
  readonly durationMinutes: number | null;
  readonly tariff: { readonly id: string; readonly version: number; readonly rule: string } | null;
  readonly trace: readonly TraceLine[];
  /** What the whole stay costs by the quote; null where money was taken without one. */
  readonly totalMinor: number | null;
  readonly tax: { readonly name: string; readonly minor: number; readonly included: boolean } | null;
  /** What was paid before this. */
  readonly paidBeforeMinor: number;
  readonly method: PaymentMethod;
  /** Paid by this receipt; of a refund, given back. */
  readonly amountMinor: number;
  readonly tenderedMinor: number;
  readonly changeMinor: number;
  /** A terminal's or a bank's own number of the payment. */
  readonly reference: string | null;
  /** Of a credit note: the number of the receipt whose payment it gives back; null = that has none. */
  readonly creditsNumber: number | null;
  /** Hash of the receipt before, hex; null = the first. */
  readonly previousHash: string | null;
};

/** Who issues receipts: what tax law wants on them. */
export type ReceiptIssuer = {
  readonly name: string;
  readonly address: readonly string[];
  readonly taxNumber: string | null;
};

/** A receipt with its proof. `hash` is the SHA-256 of its canonical text, `signature` an Ed25519 one of that text. */
export type SignedReceipt = {
  readonly receipt: Receipt;
  /** Canonical text: the JSON of the receipt with its keys in order. */
  readonly text: string;
  readonly hash: string;
  readonly keyId: number;
  /** Base64url. */
  readonly signature: string;
  /** Unguessable: who has it may see the receipt. */
  readonly token: string;
};

/** The one text of a receipt that is hashed and signed: its JSON with the keys of every object in order. */
export function canonicalText(receipt: Receipt): string {
  return JSON.stringify(receipt, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
