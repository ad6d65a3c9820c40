import { getTableColumns, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { GateDatabase } from "./open.ts";
import { stays, tickets } from "./schema.ts";

/** Where and when a record is written. */
export type At = { readonly lane: string; readonly wallMs: number };

/** A prepared INSERT of every column of a table; columns left out of the row have their default, or are NULL. */
export function inserter<T extends SQLiteTable>(
  db: GateDatabase,
  table: T,
  onConflict: "fail" | "ignore" = "fail",
): (row: T["$inferInsert"]) => void {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => !isAutoIncrement(table, name));
  const names = columns.map(([name]) => name);
  const empty = Object.fromEntries(columns.map(([name, column]) => [name, column.default ?? null]));
  const placeholders = Object.fromEntries(names.map((name) => [name, sql.placeholder(name)]));
  const insert = db.insert(table).values(placeholders as T["$inferInsert"]);
  const prepared = (onConflict === "ignore" ? insert.onConflictDoNothing() : insert).prepare();
  return (row) => {
    prepared.run({ ...empty, ...row });
  };
}

function isAutoIncrement(table: SQLiteTable, name: string): boolean {
  const column = getTableColumns(table)[name];
  return column !== undefined && "autoIncrement" in column && column.autoIncrement === true;
}

/**
 * The stay may be inside. Written out, not with parameters: SQLite uses the partial indexes of these stays only
 * where it can see that the condition is theirs, word for word.
 */
export const MAY_BE_INSIDE = sql`${stays.status} in ('provisional', 'open')`;

/**
 * The stay was admitted, and its vehicle is expected to be on its way in: it takes a space. One whose passage
 * nobody could prove is for a person to look at, and takes none.
 */
export const ADMITTED = sql`${stays.status} = 'provisional' and (${stays.review} is null or ${stays.review} <> 'passage_unproven')`;

/** The ticket that a stay has now; those that it had before were lost. */
export const CURRENT_TICKET = sql`${tickets.stayId} = ${stays.id} and ${tickets.replacedBy} is null`;
