import { eq, isNotNull, sql } from "drizzle-orm";
import type { GateDatabase } from "./open.ts";
import { conflictsAfter } from "./restore-conflicts.ts";
import { type ImageRow, imageRow } from "./restore-lines.ts";
import { TABLES } from "./restore-tables.ts";
import { agentState, lanes, stays, zoneCounts } from "./schema.ts";

/** Rows that are told with one row of the log. */
const TOLD_AT_ONCE = 200;

/**
 * Tells the log once more of every row that both sides had a part in, as it is now: whoever adopts the log one day has
 * the same of it in the end. Within a transaction.
 *
 * @returns how many rows of the cloud's log are not in the state as it says.
 */
export function tellMerged(db: GateDatabase, commonSeq: number, tellSome: () => void): number {
  db.update(agentState)
    .set({ inside: sql`${agentState.inside}` })
    .run();
  db.update(zoneCounts)
    .set({ inside: sql`${zoneCounts.inside}` })
    .run();
  const conflicts = conflictsAfter(db, commonSeq);
  let told = 0;
  for (const { tableName, row: json } of conflicts) {
    const row = imageRow(json);
    if (row === null) continue;
    // First the one of the cloud, then the one of here that it had to give way to.
    told += tellAgain(db, tableName, row) + tellRivals(db, tableName, row);
    if (told < TOLD_AT_ONCE) continue;
    tellSome();
    told = 0;
  }
  return conflicts.length;
}

/** By a change that changes nothing: it is told of like any other. Rows that are only ever added cannot be, nor need be. */
function tellAgain(db: GateDatabase, name: string, row: ImageRow): number {
  const table = TABLES.get(name);
  if (table === undefined || table.addedOnly || table.number !== null) return 0;
  const key = table.key.map((column) => row[column] ?? null);
  const where = table.key.map((column) => `"${column}" = ?`).join(" and ");
  const [column] = table.key;
  return db.$client.prepare(`update "${name}" set "${column}" = "${column}" where ${where}`).run(key).changes;
}

function tellRivals(db: GateDatabase, name: string, row: ImageRow): number {
  const file = db.$client;
  if (name === "alarms") {
    const open = "update alarms set id = id where lane = ? and kind = ? and ended_at is null and id <> ?";
    return file.prepare(open).run(row["lane"], row["kind"], row["id"]).changes;
  }
  if (name !== "shifts") return 0;
  const rival =
    "update shifts set id = id where (z_number = ? or (attendant = ? and closed_at is null)) and id <> ?";
  return file.prepare(rival).run(row["z_number"], row["attendant"], row["id"]).changes;
}

/**
 * A restart would have to resolve the credits that lanes had when the database was copied. Those of stays that have
 * gone on since are resolved.
 */
export function dropOldCredits(db: GateDatabase): void {
  const credits = db
    .select({
      lane: lanes.lane,
      was: sql<string | null>`json_extract(${lanes.credit}, '$.stay.status')`,
      status: stays.status,
    })
    .from(lanes)
    .innerJoin(stays, sql`${stays.id} = json_extract(${lanes.credit}, '$.stay.stayId')`)
    .where(isNotNull(lanes.credit))
    .all();
  for (const { lane, was, status } of credits)
    if (was !== status) db.update(lanes).set({ credit: null }).where(eq(lanes.lane, lane)).run();
}
