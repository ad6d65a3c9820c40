import { getTableColumns, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { GateDatabase } from "./open.ts";

/** A prepared INSERT of every column of a table; columns left out of the row are NULL. */
export function inserter<T extends SQLiteTable>(
  db: GateDatabase,
  table: T,
  onConflict: "fail" | "ignore" = "fail",
): (row: T["$inferInsert"]) => void {
  const names = Object.keys(getTableColumns(table)).filter((name) => !isAutoIncrement(table, name));
  const empty = Object.fromEntries(names.map((name) => [name, null]));
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
