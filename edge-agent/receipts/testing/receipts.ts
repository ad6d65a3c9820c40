import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asCurrency } from "@parkme/shared/domain/money";
import { canonicalText, type Receipt, type SignedReceipt } from "@parkme/shared/domain/receipt";
import { type Keyring, openKeyring } from "../../tickets/keyring.ts";

/** Receipts as a facility issues them, signed with a key of their own. */

/** The keys that {@link signed} receipts are signed with. */
export const KEYS: Keyring = newKeys();

export function newKeys(): Keyring {
  const folder = mkdtempSync(join(tmpdir(), "parkme-receipts-"));
  const opened = openKeyring(folder, Date.UTC(2026, 0, 1), () => undefined);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** A Monday evening's stay at the pay station, with a voucher and tax. */
const RECEIPT: Receipt = {
  number: 1042,
  kind: "payment",
  facility: { id: "0197a000-0000-7000-8000-000000000001", name: "Harbour Square", timeZone: "Europe/Berlin" },
  issuer: {
    name: "Harbour Parking GmbH",
    address: ["Am Sandtorkai 1", "20457 Hamburg"],
    taxNumber: "DE 123 456 789",
  },
  currency: asCurrency("EUR"),
  issuedWallMs: Date.UTC(2026, 2, 2, 22, 47),
  place: "Pay station, level 1",
  actor: "terminal",
  ticketNumber: "PKM-A3F7B2C1",
  plate: "HH-PM 1234",
  entryWallMs: Date.UTC(2026, 2, 2, 17, 12),
  durationMinutes: 335,
  tariff: { id: "standard", version: 7, rule: "Standard" },
  trace: [
    { text: "Mon 18:12-20:00 peak 2 h x 3.00", amountMinor: 600 },
    { text: "Mon 20:00-23:47 off-peak 4 h x 1.50", amountMinor: 600 },
    { text: "Voucher Café Kai: 1 hour", amountMinor: -150 },
  ],
  totalMinor: 1_050,
  tax: { name: "VAT 19 %", minor: 168, included: true },
  paidBeforeMinor: 0,
  method: "card",
  amountMinor: 1_050,
  tenderedMinor: 1_050,
  changeMinor: 0,
  reference: "0471",
  creditsNumber: null,
  previousHash: null,
};

export function signed(more: Partial<Receipt> = {}): SignedReceipt {
  const receipt: Receipt = { ...RECEIPT, ...more };
  const text = canonicalText(receipt);
  const hash = createHash("sha256").update(text).digest("hex");
  return { receipt, text, hash, ...KEYS.signText(text), token: "q0Jm3o1rLr8m4Xc2S5dJ7w" };
}

/** So many receipts, each naming the one before. */
export function chain(length: number): SignedReceipt[] {
  const receipts: SignedReceipt[] = [];
  for (let number = 1; number <= length; number++)
    receipts.push(signed({ number, previousHash: receipts.at(-1)?.hash ?? null }));
  return receipts;
}
