import { and, asc, eq, gte, lt, sql } from "drizzle-orm";
import { NO_RIGHTS, type CloudSlot } from "@parkme/shared/domain/capacity-rights-cloud";
import { slotsOf, type SlotRange } from "@parkme/shared/domain/capacity-rights";
import type { Db, Tx } from "../db/connection.ts";
import { capacityRights } from "../db/sync-schema.ts";

/** One class of one facility. */
export type BookOf = { readonly facilityId: string; readonly class: string };

/**
 * The slots of a range, for writing: every one of them has its row, and the rows are locked in the order of time to the
 * end of the transaction.
 */
export async function lockSlots(tx: Tx, book: BookOf, range: SlotRange): Promise<Map<number, CloudSlot>> {
  const rows = slotsOf(range).map((slot) => ({ ...book, slot: new Date(slot), held: 0 }));
  await tx.insert(capacityRights).values(rows).onConflictDoNothing();
  const locked = await tx
    .select()
    .from(capacityRights)
    .where(inRange(book, range))
    .orderBy(asc(capacityRights.slot))
    .for("update");
  return new Map(locked.map(({ slot, held, sold, owed }) => [slot.getTime(), { held, sold, owed }]));
}

/** The slots of a range as they are; those that have no row hold nothing. */
export async function readSlots(
  db: Db | Tx,
  book: BookOf,
  range: SlotRange,
): Promise<Map<number, CloudSlot>> {
  const rows = await db.select().from(capacityRights).where(inRange(book, range));
  const known = new Map(rows.map(({ slot, held, sold, owed }) => [slot.getTime(), { held, sold, owed }]));
  return new Map(slotsOf(range).map((slot) => [slot, known.get(slot) ?? NO_RIGHTS]));
}

/** Writes slots that are locked. */
export async function writeSlots(
  tx: Tx,
  { facilityId, class: name }: BookOf,
  slots: ReadonlyMap<number, CloudSlot>,
): Promise<void> {
  if (slots.size === 0) return;
  const rows = [...slots].map(([slot, its]) => ({ slot: new Date(slot).toISOString(), ...its }));
  await tx.execute(sql`
    update capacity_rights set held = r.held, sold = r.sold, owed = r.owed
    from json_to_recordset(${JSON.stringify(rows)}::json) as r(slot timestamptz, held integer, sold integer, owed integer)
    where capacity_rights.facility_id = ${facilityId} and capacity_rights.class = ${name}
      and capacity_rights.slot = r.slot`);
}

function inRange({ facilityId, class: name }: BookOf, { fromMs, untilMs }: SlotRange) {
  return and(
    eq(capacityRights.facilityId, facilityId),
    eq(capacityRights.class, name),
    gte(capacityRights.slot, new Date(fromMs)),
    lt(capacityRights.slot, new Date(untilMs)),
  );
}
