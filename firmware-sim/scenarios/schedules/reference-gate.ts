import { createStore } from "../../../edge-agent/store/store.ts";
import { recordRows } from "../../../edge-agent/store/testing/archive.ts";
import { EUR, HOUSE } from "../../../edge-agent/store/testing/gate-db.ts";
import { openDatabase, type GateDatabase } from "../../../edge-agent/store/open.ts";
import { MIGRATIONS } from "../../../edge-agent/store/testing/gate-db.ts";
import { writeFileSync } from "node:fs";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { RemotePayment } from "@parkme/shared/protocol/remote-payments";
import type { ReceiptOptions } from "../../../edge-agent/store/receipts.ts";
import type { GateDay } from "./gate-day.ts";

/** Something that happened at the gate, and when by its clock. */
export type Happened = {
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** Money that came down; null = one more thing of its day. */
  readonly payment: RemotePayment | null;
};

/**
 * Lives the same day again at a gate that nothing ever goes wrong with, and that no cloud knows of.
 *
 * @returns the tables of the record that are not the same as at the gate that had all the trouble.
 */
export function compareWithReference(
  troubled: GateDatabase,
  again: {
    readonly path: string;
    readonly emptyDatabase: Buffer;
    readonly mint: IdMint;
    readonly receipts: ReceiptOptions;
    readonly day: GateDay;
    readonly happened: readonly Happened[];
  },
): string[] {
  writeFileSync(again.path, again.emptyDatabase);
  const opened = openDatabase({ path: again.path, migrationsFolder: MIGRATIONS, durability: "OFF" });
  if (!opened.ok) throw new Error(opened.error.message);
  const db = opened.value;
  try {
    const store = createStore(db, { currency: EUR, mint: again.mint, ...HOUSE, receipts: again.receipts });
    for (const { wallMs, monotonicMs, payment } of again.happened) {
      const desk = { db, store, clock: { wallMs: () => wallMs, monotonicMs: () => monotonicMs } };
      if (payment === null) again.day.happen(desk);
      else again.day.book(desk, payment);
    }
    const [here, there] = [recordRows(troubled), recordRows(db)];
    return Object.keys(there)
      .filter((table) => JSON.stringify(here[table]) !== JSON.stringify(there[table]))
      .map((table) => `${table} at the gate is not what it is at one without troubles`);
  } finally {
    db.$client.close();
  }
}
