import { generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import type { Now } from "@parkme/shared/domain/clock";
import type { IdMint, StayId, TicketNumber } from "@parkme/shared/domain/ids";
import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import type { Result } from "@parkme/shared/domain/result";
import type { GateDatabase } from "../open.ts";
import type { Payment } from "../payments.ts";
import type { ReceiptOptions } from "../receipts.ts";
import type { Store, StoreOptions } from "../store.ts";
import { HOUSE, newMint, openStore, recordsOf, START_MS, turn } from "./gate-db.ts";

/** A store that issues receipts with a key of its own, and what a desk does with it. */

const keys = generateKeyPairSync("ed25519");

const RECEIPTS: ReceiptOptions = {
  facility: { id: "019ab3c4-0000-7000-8000-00000000f001", name: "House", timeZone: "Europe/Berlin" },
  issuer: { name: "Acme Parking", address: ["1 Main Street"], taxNumber: "DE123" },
  sign: (text) => ({
    keyId: 7,
    signature: sign(null, Buffer.from(text), keys.privateKey).toString("base64url"),
  }),
  token: () => randomBytes(16).toString("base64url"),
};

export function isOurs({ text, signature }: Pick<SignedReceipt, "text" | "signature">): boolean {
  return verify(null, Buffer.from(text), keys.publicKey, Buffer.from(signature, "base64url"));
}

export type MoneyDb = {
  readonly db: GateDatabase;
  readonly store: Store;
  readonly mint: IdMint;
  readonly make: ReturnType<typeof recordsOf>;
};

export function openMoneyDb(
  path: string,
  mint = newMint(),
  options: Pick<StoreOptions, "committed"> = {},
): MoneyDb {
  const { db, store } = openStore(path, mint, { ...HOUSE, receipts: RECEIPTS, ...options });
  return { db, store, mint, make: recordsOf(mint) };
}

export function at(ms: number): Now {
  return { wallMs: START_MS + ms, monotonicMs: ms };
}

/** A stay that came in. */
export function cameIn(
  { store, make }: MoneyDb,
  plate: string | null = "BAB1234",
  entryMs = 0,
): { readonly stayId: StayId; readonly ticketNumber: TicketNumber } {
  const stay = make.stay(plate, START_MS + entryMs);
  store.commit(turn([make.started(stay), make.moved("in", stay.stayId)], { now: at(entryMs) }));
  return stay;
}

let serial = 0;

/** A key that was never used. */
export function newKey(): string {
  return `key-${serial++}`;
}

/** Cash over the counter, as alex takes it when nothing else is said. */
export function cash(stayId: StayId, amountMinor: number, more: Partial<Payment> = {}): Payment {
  const by = { place: "desk", actor: "alex", idempotencyKey: newKey(), reference: null, quote: null };
  return { ...by, stayId, method: "cash", amountMinor, tenderedMinor: amountMinor, ...more };
}

/** What must have been done. */
export function done<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}

/** Why something was refused; null = it was not. */
export function whyNot<T>(result: Result<T, { readonly code: string }>): string | null {
  return result.ok ? null : result.error.code;
}
