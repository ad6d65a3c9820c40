import { eq, gt } from "drizzle-orm";
import { restoreConflicts } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { imageRow } from "./restore-lines.ts";
import { primaryKeyOf } from "./restore-tables.ts";

/** Why a row of the cloud's log is not in the state as it says. */
export type ConflictReason =
  /** It was changed here as well since the restore, and is as it is here: `row` is what the cloud has. */
  | "changed_here"
  /** It was changed here as well, but is further on in the cloud, and as it is there: `row` is what it was here. */
  | "further_on"
  /** It is in the state, but over: the one that was begun here goes on. */
  | "ended"
  /** It is in the state, but without its Z number, which was given again here. */
  | "number_given"
  /** Another row has its number, its key, or its place. */
  | "taken"
  /** The payment was booked again here. */
  | "booked_here"
  /** What it belongs to is not here. */
  | "no_parent"
  /** The database does not take it. */
  | "refused"
  /** This version knows no such table, or not all of its columns; what it knows is in the state. */
  | "unknown"
  /** It is no row. */
  | "unreadable";

/** The row is in the state, but not as the log says; what the log says of it later counts in place of this. */
const PASSING: ReadonlySet<string> = new Set<ConflictReason>([
  "changed_here",
  "further_on",
  "ended",
  "number_given",
]);

/** Where in the cloud's log a row is told of, and when it is adopted. */
export type Adopting = { readonly seq: number; readonly wallMs: number };

export type ConflictBook = ReturnType<typeof createConflictBook>;

type Told = { readonly id: number; readonly reason: string };

/** What could not be put into the state as the log says: for a person to look at. */
export function createConflictBook(db: GateDatabase) {
  /** Of each row, the one that is there already. */
  const passing = new Map<string, Told>();
  const nameOf = (table: string, row: string): string | null => {
    const image = imageRow(row);
    const key = image === null ? null : primaryKeyOf(table, image);
    return key === null ? null : `${table} ${key}`;
  };
  const over = (name: string): void => {
    const told = passing.get(name);
    if (told === undefined) return;
    db.delete(restoreConflicts).where(eq(restoreConflicts.id, told.id)).run();
    passing.delete(name);
  };
  return {
    /** Reads those of the restore that went back to `commonSeq`. */
    begin: (commonSeq: number): void => {
      passing.clear();
      for (const { id, tableName, row, reason } of conflictsAfter(db, commonSeq)) {
        const name = PASSING.has(reason) ? nameOf(tableName, row) : null;
        if (name !== null) passing.set(name, { id, reason });
      }
    },
    add: ({ seq, wallMs }: Adopting, table: string, row: string, reason: ConflictReason): void => {
      const name = PASSING.has(reason) ? nameOf(table, row) : null;
      if (name !== null) over(name);
      const { id } = db
        .insert(restoreConflicts)
        .values({ seq, tableName: table, row, reason, at: wallMs })
        .returning({ id: restoreConflicts.id })
        .get();
      if (name !== null) passing.set(name, { id, reason });
    },
    /** The row is as the log says now. */
    over: (table: string, key: string): void => over(`${table} ${key}`),
    /** What is told of a row that is in the state. */
    reasonOf: (table: string, key: string): string | null => passing.get(`${table} ${key}`)?.reason ?? null,
  };
}

/** The conflicts of the restore that went back to `commonSeq`, in the order in which they came up. */
export function conflictsAfter(db: GateDatabase, commonSeq: number) {
  return db
    .select()
    .from(restoreConflicts)
    .where(gt(restoreConflicts.seq, commonSeq))
    .orderBy(restoreConflicts.id)
    .all();
}
