import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import {
  createIdMint,
  type CommandId,
  type IdMint,
  type MovementId,
  type PaymentId,
  type StayId,
} from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import type { Turn } from "../commit.ts";
import { openDatabase, type GateDatabase } from "../open.ts";
import { createStore, type Store, type StoreOptions } from "../store.ts";

/** Real databases in folders of their own, and turns to fill them with. */

export const MIGRATIONS = join(import.meta.dirname, "..", "migrations");
export const EUR = asCurrency("EUR");
export const START_MS = Date.UTC(2026, 2, 1, 8);

/** A house of two levels, with a corner for the staff on the second, and a yard beside it. */
export const HOUSE = {
  capacity: 100,
  zones: [
    { name: "house", title: "Car park house", parent: null, capacity: 60 },
    { name: "level-1", title: "Level 1", parent: "house", capacity: 30 },
    { name: "level-2", title: "Level 2", parent: "house", capacity: 30 },
    { name: "staff", title: "Staff corner", parent: "level-2", capacity: 5 },
    { name: "yard", title: "Yard", parent: null, capacity: 40 },
  ],
} as const;

export type Folder = { readonly path: (name: string) => string; readonly remove: () => void };

export function newFolder(): Folder {
  const root = mkdtempSync(join(tmpdir(), "parkme-store-"));
  return {
    path: (name) => join(root, name),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function newMint(): IdMint {
  return createIdMint((length) => randomBytes(length));
}

/** Opens a database that must open. */
export function open(path: string): GateDatabase {
  const opened = openDatabase({ path, migrationsFolder: MIGRATIONS });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

export function openStore(
  path: string,
  mint = newMint(),
  options: Pick<StoreOptions, "zones" | "capacity" | "receipts" | "committed"> = {},
): { readonly db: GateDatabase; readonly store: Store } {
  const db = open(path);
  return { db, store: createStore(db, { currency: EUR, mint, ...options }) };
}

export function turn(records: readonly GateRecord[], more: Partial<Turn> = {}): Turn {
  return {
    lane: "entry",
    state: "IDLE",
    now: { wallMs: START_MS, monotonicMs: 0 },
    records,
    commands: [],
    reads: [],
    outcomes: [],
    credit: null,
    ...more,
  };
}

/** Records for a story of stays, with ids of one mint. */
export function recordsOf(mint: IdMint) {
  let serial = 0;
  return {
    stay: (plate: string | null, entryWallMs = START_MS): StayInHand => ({
      stayId: mint.next<StayId>(START_MS),
      ticketNumber: mint.ticketNumber(),
      plate,
      entryWallMs,
      status: "provisional",
      right: null,
      due: null,
    }),
    started: (
      stay: StayInHand,
      more: Partial<Pick<Extract<GateRecord, { type: "stay_started" }>, "credential" | "zone">> = {},
    ): GateRecord => ({ type: "stay_started", stay, credential: null, zone: null, ...more }),
    voided: (stayId: StayId): GateRecord => ({ type: "stay_voided", stayId, reason: "backed out" }),
    moved: (
      direction: "in" | "out",
      stayId: StayId | null,
      more: Partial<Extract<GateRecord, { type: "movement" }>> = {},
    ): GateRecord => ({
      type: "movement",
      movementId: mint.next<MovementId>(START_MS),
      direction,
      kind: "normal",
      scope: "facility",
      zones: [],
      stayId,
      plate: null,
      review: null,
      quote: null,
      ...more,
    }),
    paid: (
      stayId: StayId,
      amountMinor: number,
      idempotencyKey = `pay-${serial++}`,
      more: Partial<Extract<GateRecord, { type: "payment" }>> = {},
    ): GateRecord => ({
      type: "payment",
      paymentId: mint.next<PaymentId>(START_MS),
      stayId,
      method: "cash",
      amountMinor,
      changeMinor: 0,
      actor: "alex",
      idempotencyKey,
      quote: null,
      reference: null,
      ...more,
    }),
    vended: (idempotencyKey = `vend-${serial++}`): GateRecord => ({
      type: "vend",
      commandId: mint.next<CommandId>(START_MS),
      actor: "alex",
      reason: "no plate",
      idempotencyKey,
    }),
  };
}
