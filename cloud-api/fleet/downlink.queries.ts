import { createHash } from "node:crypto";
import { and, asc, eq, gt, sql } from "drizzle-orm";
import {
  downlinkBodies,
  downlinkText,
  MAX_DOWNLINK_BODY,
  MAX_DOWNLINK_BYTES,
  MAX_DOWNLINK_ITEMS,
  type DownlinkBody,
  type DownlinkItem,
  type DownlinkKind,
  type LiveHint,
} from "@parkme/shared/protocol/downlink";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import type { Db, Tx } from "../db/connection.ts";
import { facilities } from "../db/schema.ts";
import { downlink, manifests } from "../db/sync-schema.ts";

/** Of the database's notifications: the payload is `FACILITY_ID HINT`. See downlink-hints.ts. */
export const HINT_CHANNEL = "parkme_hints";
/** No edge has taken more items than this. */
const MAX_NUMBER = 2 ** 48;

/** A place in a facility's downlink. */
export type DownlinkPlace = { readonly seq: number; readonly hash: string };

/** Where a facility's downlink ends. Its row stays locked to the end of the transaction: items go one after another. */
export async function lockDownlink(tx: Tx, facilityId: string): Promise<DownlinkPlace> {
  const rows = await tx
    .select({ seq: facilities.downlinkSeq, hash: facilities.downlinkHash })
    .from(facilities)
    .where(eq(facilities.id, facilityId))
    .for("no key update");
  const row = rows[0];
  if (row === undefined) throw new Error(`there is no facility ${facilityId}`);
  return { seq: row.seq, hash: row.hash ?? GENESIS_HASH };
}

/**
 * Puts an item at the end of what goes down to a facility's edge. The facility's row is locked to the end of the
 * transaction; with its commit, whoever holds the edge's web socket is told.
 *
 * @throws when there is no such facility, or the body is not one of its kind: a bug of the caller.
 */
export async function appendDownlink<K extends DownlinkKind>(
  tx: Tx,
  facilityId: string,
  kind: K,
  body: DownlinkBody<K>,
  now: Date,
): Promise<DownlinkItem> {
  const place = await lockDownlink(tx, facilityId);
  const text = JSON.stringify(downlinkBodies[kind].parse(body));
  if (text.length > MAX_DOWNLINK_BODY) throw new Error(`${kind} is too long for the downlink`);
  const item = { seq: place.seq + 1, kind, body: text };
  const hash = hashAfterItem(place.hash, item);
  await tx.insert(downlink).values({ ...item, facilityId, hash, madeAt: now });
  await tx
    .update(facilities)
    .set({ downlinkSeq: item.seq, downlinkHash: hash })
    .where(eq(facilities.id, facilityId));
  await hintEdge(tx, facilityId, "downlink");
  return item;
}

/** With the commit, whoever holds the edge's web socket is told to hint. */
export async function hintEdge(tx: Tx, facilityId: string, hint: LiveHint["hint"]): Promise<void> {
  await tx.execute(sql`select pg_notify(${HINT_CHANNEL}, ${`${facilityId} ${hint}`})`);
}

/** Of an edge that has taken items which we have forgotten, because we were restored: their numbers are not used again. */
export async function raiseDownlinkAbove(tx: Tx, facilityId: string, seq: number): Promise<void> {
  const place = await lockDownlink(tx, facilityId);
  if (place.seq >= seq || seq > MAX_NUMBER) return;
  await tx.update(facilities).set({ downlinkSeq: seq }).where(eq(facilities.id, facilityId));
}

/** The hash of an item after the one before it, in hex. */
export function hashAfterItem(previous: string, item: DownlinkItem): string {
  return createHash("sha256").update(previous, "hex").update(downlinkText(item)).digest("hex");
}

/** The items after a place, at most about a page of them, or null when the facility's downlink has no such place. */
export async function readDownlink(
  db: Db,
  facilityId: string,
  { seq, hash }: DownlinkPlace,
): Promise<readonly DownlinkItem[] | null> {
  if (!(await hasPlace(db, facilityId, seq, hash))) return null;
  const items = await db
    .select({ seq: downlink.seq, kind: downlink.kind, body: downlink.body })
    .from(downlink)
    .where(and(eq(downlink.facilityId, facilityId), gt(downlink.seq, seq)))
    .orderBy(asc(downlink.seq))
    .limit(MAX_DOWNLINK_ITEMS);
  return firstPage(items);
}

function firstPage(items: readonly DownlinkItem[]): readonly DownlinkItem[] {
  let bytes = 0;
  const end = items.findIndex((item, i) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return i > 0 && bytes > MAX_DOWNLINK_BYTES;
  });
  return end === -1 ? items : items.slice(0, end);
}

async function hasPlace(db: Db, facilityId: string, seq: number, hash: string): Promise<boolean> {
  if (seq === 0) return hash === GENESIS_HASH;
  const rows = await db
    .select({ hash: downlink.hash })
    .from(downlink)
    .where(and(eq(downlink.facilityId, facilityId), eq(downlink.seq, seq)));
  return rows[0]?.hash === hash;
}

/** The version of a facility's newest manifest; 0 = there is none. */
export async function newestManifest(db: Db, facilityId: string): Promise<number> {
  const rows = await db
    .select({ version: sql<number>`coalesce(max(${manifests.version}), 0)`.mapWith(Number) })
    .from(manifests)
    .where(eq(manifests.facilityId, facilityId));
  return rows[0]?.version ?? 0;
}
