import { desc, max, sql } from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import type { LogPlace } from "@parkme/shared/protocol/log";
import { linkState } from "./link-schema.ts";
import { receipts, shifts } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import { RECORD_TABLES } from "./row-images.ts";

/**
 * Numbers that are given once only. A restored database does not know which were given since it was copied: what it
 * learns of them (see high-water.ts) stands in the state of the link, and numbers go on behind that.
 */
export type LastNumbers = {
  /** Of the receipt that was issued last, with its hash; 0 and null = none was. */
  readonly receiptNumber: number;
  readonly receiptHash: string | null;
  /** Of the Z report that was made last; 0 = none was. */
  readonly zNumber: number;
  /** The highest number that any row of the record was given by its table. */
  readonly rowNumber: number;
};

/** Where a log ended, and the numbers that had been given. */
export type HighWaterMark = LogPlace & LastNumbers;

/** The receipt that was issued last: its number, 0 = none was, and its hash. */
export function lastReceiptQuery(
  db: GateDatabase,
): () => { readonly number: number; readonly hash: string | null } {
  const newest = db
    .select({ number: receipts.number, hash: receipts.hash })
    .from(receipts)
    .orderBy(desc(receipts.number))
    .limit(1)
    .prepare();
  const known = db
    .select({ number: linkState.receiptNumber, hash: linkState.receiptHash })
    .from(linkState)
    .prepare();
  return () => {
    const { number, hash } = known.get() ?? { number: 0, hash: null };
    const row = newest.get();
    return row !== undefined && row.number >= number ? row : { number, hash };
  };
}

/** The number of the Z report that was made last, 0 = none was. */
export function lastZQuery(db: GateDatabase): () => number {
  const newest = db
    .select({ number: max(shifts.zNumber) })
    .from(shifts)
    .prepare();
  const known = db.select({ number: linkState.zNumber }).from(linkState).prepare();
  return () => Math.max(newest.get()?.number ?? 0, known.get()?.number ?? 0);
}

/** Rows that a lost database may have written after its numbers were noted for the last time. */
const UNNOTED_ROWS = 1_000_000;

/** Tables whose rows are numbered by SQLite. */
const NUMBERED = RECORD_TABLES.flatMap((table) => {
  const { name, columns } = getTableConfig(table);
  return columns.some((column) => "autoIncrement" in column && column.autoIncrement === true) ? [name] : [];
});

export function numberKeeping(db: GateDatabase) {
  const receipt = lastReceiptQuery(db);
  const z = lastZQuery(db);
  const names = sql.join(
    NUMBERED.map((name) => sql`${name}`),
    sql`, `,
  );
  const row = db
    .select({ number: sql<number | null>`max(seq)` })
    .from(sql`sqlite_sequence`)
    .where(sql`name in (${names})`)
    .prepare();
  const restored = db.select({ seq: linkState.restoredSeq }).from(linkState).prepare();
  const lastNumbers = (): LastNumbers => {
    const { number: receiptNumber, hash: receiptHash } = receipt();
    return { receiptNumber, receiptHash, zNumber: z(), rowNumber: row.get()?.number ?? 0 };
  };
  return {
    /** The numbers that were given last, as far as is known. */
    lastNumbers,
    /**
     * The database was restored: what comes after `seq` in the log is new, and nothing that is written from now on is
     * given a number of what is only in the cloud.
     *
     * @param known what was given before the restore, as far as it was noted.
     */
    markRestored: (seq: number, known: Partial<LastNumbers> = {}): void =>
      db.transaction(
        () => {
          const given = lastNumbers();
          const later = (known.receiptNumber ?? 0) > given.receiptNumber;
          const { receiptNumber, receiptHash } = { ...given, ...(later ? known : {}) };
          const before = restored.get()?.seq ?? null;
          const zNumber = Math.max(known.zNumber ?? 0, given.zNumber);
          const restoredSeq = before === null ? seq : Math.min(before, seq);
          db.update(linkState).set({ restoredSeq, receiptNumber, receiptHash, zNumber }).run();
          skipRows(db, Math.max(known.rowNumber ?? 0, given.rowNumber) + UNNOTED_ROWS);
        },
        { behavior: "immediate" },
      ),
  };
}

/** SQLite numbers the rows of every table of the record from behind `number` on. */
function skipRows(db: GateDatabase, number: number): void {
  for (const name of NUMBERED) {
    const raised = db.run(sql`update sqlite_sequence set seq = max(seq, ${number}) where name = ${name}`);
    if (raised.changes === 0)
      db.run(sql`insert into sqlite_sequence (name, seq) values (${name}, ${number})`);
  }
}
