import { sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";

/** What events lead to. */
const PROJECTIONS = ["stays", "movements", "payments", "ledger", "shifts", "receipts", "vends", "alarms"];

/** What is kept of the edges' logs themselves. */
const LOGS = ["edge_events", "edge_batches", "edge_forks", "edge_epochs", "edge_boots", "sync_incidents"];

/** Forgets every event and what it led to; no edge was ever heard of. */
export async function emptyTables(db: Db): Promise<void> {
  await db.execute(sql.raw(`truncate ${[...LOGS, ...PROJECTIONS].join(", ")}`));
  await db.execute(sql`update edges set cursor = 0, epoch = 1, head_hash = null, boot_id = null, last_seen_at = null,
    behind_ms = 0, clock_offset_ms = null, waiting = 0, manifest_version = 0`);
  await db.execute(sql`update facilities set inside = 0`);
}

/** The rows of one SQL statement. */
export async function rowsOf(db: Db, query: string): Promise<Record<string, unknown>[]> {
  return (await db.execute(sql.raw(query))).rows;
}

/** Everything that events lead to, in an order that does not depend on when a row was written. */
export async function everything(db: Db): Promise<Record<string, unknown>> {
  const tables: Record<string, unknown> = {};
  for (const table of PROJECTIONS) tables[table] = await rowsOf(db, `select * from ${table} order by 1, 2`);
  tables["events"] = await rowsOf(
    db,
    "select seq, event_id, kind, payload::text, outcome, error, epoch, hash::text from edge_events order by edge_id, seq",
  );
  tables["cursor"] = await rowsOf(db, "select id, cursor, epoch, head_hash from edges order by id");
  tables["inside"] = await rowsOf(db, "select id, inside from facilities order by id");
  return tables;
}
