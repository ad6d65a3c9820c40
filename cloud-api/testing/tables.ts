import { sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";

/** What events lead to. */
const PROJECTIONS = ["stays", "movements", "payments", "ledger", "shifts", "receipts", "vends", "alarms"];

/** Forgets every event and what it led to; no edge was ever heard of. */
export async function emptyTables(db: Db): Promise<void> {
  await db.execute(sql.raw(`truncate edge_events, ${PROJECTIONS.join(", ")}`));
  await db.execute(sql`update edges set cursor = 0, last_seen_at = null, behind_ms = 0`);
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
    "select seq, event_id, kind, payload::text, outcome, error from edge_events order by edge_id, seq",
  );
  tables["cursor"] = await rowsOf(db, "select id, cursor from edges order by id");
  tables["inside"] = await rowsOf(db, "select id, inside from facilities order by id");
  return tables;
}
