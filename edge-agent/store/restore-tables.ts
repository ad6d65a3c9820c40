import { getTableConfig } from "drizzle-orm/sqlite-core";
import { drawerMoves, ledger, payments, receipts } from "./money-schema.ts";
import type { ImageRow } from "./restore-lines.ts";
import { keyColumns, RECORD_TABLES } from "./row-images.ts";

/** A table of the record, as a restore sees it. */
export type RecordTable = {
  readonly name: string;
  readonly columns: ReadonlySet<string>;
  readonly key: readonly string[];
  /** The column that SQLite numbers; null = its rows have names of their own. Numbered rows are only ever added. */
  readonly number: string | null;
  /** Triggers refuse to change its rows. */
  readonly addedOnly: boolean;
};

const ADDED_ONLY: ReadonlySet<string> = new Set(
  [ledger, payments, receipts, drawerMoves].map((table) => getTableConfig(table).name),
);

/** Kept by a trigger from the ledger: what an image says of it is not written. */
export const DERIVED: ReadonlyMap<string, string> = new Map([["stays", "balance_minor"]]);

export const TABLES: ReadonlyMap<string, RecordTable> = new Map(
  RECORD_TABLES.map((table) => {
    const { name, columns } = getTableConfig(table);
    const numbered = columns.find((column) => "autoIncrement" in column && column.autoIncrement === true);
    return [
      name,
      {
        name,
        columns: new Set(columns.map((column) => column.name)),
        key: keyColumns(table),
        number: numbered?.name ?? null,
        addedOnly: ADDED_ONLY.has(name),
      },
    ];
  }),
);

/** Names a row within its table; null = the table is not known, or the row has no key. */
export function primaryKeyOf(table: string, row: ImageRow): string | null {
  const key = TABLES.get(table)?.key.map((column) => row[column]);
  if (key === undefined || key.some((part) => part === undefined || part === null)) return null;
  return key.length === 1 ? String(key[0]) : JSON.stringify(key);
}
