import { lt, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { literal, type Write } from "../db/copy.ts";
import { facilityChanges } from "../db/platform-schema.ts";

/** Told as the facility's id on every commit that changed something there. */
export const CHANGES_CHANNEL = "parkme_changes";

/** Changes are kept so long for those who come back. */
export const KEPT_MS = 7 * 86_400_000;

export const CHANGE_KINDS = [
  "availability",
  "spot",
  "booking",
  "subscription",
  "payment",
  "violation",
  "tariff",
  "facility",
  "lists",
  /** What the gate told: passages, alarms. */
  "gate",
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Tells those who watch a facility, when the transaction is committed. @param body small, without personal data. */
export async function tellChange(
  tx: Db | Tx,
  facilityId: string,
  kind: ChangeKind,
  body: Readonly<Record<string, unknown>>,
  now: Date,
): Promise<void> {
  await tx.insert(facilityChanges).values({ facilityId, kind, body, at: now });
  await tx.execute(sql`select pg_notify(${CHANGES_CHANNEL}, ${facilityId})`);
}

/** The same row, to be written with others; whoever writes it hints, see change-hints.queries.ts. */
export function changeWrite(
  facilityId: string,
  kind: ChangeKind,
  body: Readonly<Record<string, unknown>>,
  now: Date,
): Write {
  const values = [facilityId, kind, JSON.stringify(body), now.toISOString()].map(literal);
  return {
    statement: `insert into facility_changes (facility_id, kind, body, at) values (${values.join(", ")})`,
    rows: null,
  };
}

/** A change's place: all that are behind it come later. */
export type ChangePlace = { readonly xid: string; readonly id: number; readonly atMs: number };

export type Change = ChangePlace & { readonly kind: string; readonly body: unknown };

export type Changes = {
  readonly changes: readonly Change[];
  /** There are more, or some whose transaction may still be overtaken: look again soon. */
  readonly more: boolean;
};

const AT_ONCE = 500;

/**
 * Changes behind a place, in an order that never changes: only those of transactions older than every one that still
 * runs, so nothing appears before what was read.
 */
export async function readChanges(db: Db, facilityId: string, after: ChangePlace): Promise<Changes> {
  const { rows } = await db.execute<{
    xid_text: string;
    id: string;
    kind: string;
    body: unknown;
    at_ms: string;
    settled: boolean;
  }>(sql`
    select xid::text as xid_text, id, kind, body, (extract(epoch from at) * 1000)::bigint as at_ms,
      xid < pg_snapshot_xmin(pg_current_snapshot()) as settled
    from facility_changes
    where facility_id = ${facilityId} and (xid, id) > (${after.xid}::xid8, ${after.id}::bigint)
    order by facility_changes.xid, facility_changes.id limit ${AT_ONCE}`);
  const settled = rows.filter((row) => row.settled);
  const changes = settled.map(({ xid_text: xid, id, kind, body, at_ms: atMs }) => ({
    xid,
    id: Number(id),
    atMs: Number(atMs),
    kind,
    body,
  }));
  return { changes, more: settled.length < rows.length || rows.length === AT_ONCE };
}

/** The place behind all that is settled now. */
export async function placeOfNow(db: Db, now: Date): Promise<ChangePlace> {
  const { rows } = await db.execute<{ xid: string }>(
    sql`select pg_snapshot_xmin(pg_current_snapshot())::text as xid`,
  );
  // Of the oldest transaction that may still tell something, nothing has been read.
  return { xid: String(BigInt(rows[0]?.xid ?? "0") - 1n), id: Number.MAX_SAFE_INTEGER, atMs: now.getTime() };
}

/** Forgets changes that are older than {@link KEPT_MS}. @returns how many. */
export async function forgetChanges(db: Db, now: Date): Promise<number> {
  const gone = await db
    .delete(facilityChanges)
    .where(lt(facilityChanges.at, new Date(now.getTime() - KEPT_MS)));
  return gone.rowCount ?? 0;
}
