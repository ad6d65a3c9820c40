import { sql, type SQL } from "drizzle-orm";
import {
  bookEntry,
  ROW_FIELDS,
  spanOf,
  type BookEntry,
  type BookPage,
  type BookRow,
} from "@parkme/shared/protocol/equality";
import { EQUALITY_SUBJECTS, type EqualitySubject } from "@parkme/shared/protocol/link-facts";
import type { Db, Tx } from "../db/connection.ts";

/** Columns that PostgreSQL would give as text, because a bigint may be more than a number can hold: ours never are. */
const NUMBERS: ReadonlySet<string> = new Set([
  "number",
  "fee_minor",
  "amount_minor",
  "change_minor",
  "float_minor",
  "expected_minor",
  "counted_minor",
  "receipt_number",
  "z_number",
  "key_id",
]);

/** Every subject has the table of its name, and columns of the names of its fields. */
function readAs(field: string): string {
  if (NUMBERS.has(field)) return `${field}::float8 as ${field}`;
  if (field !== "at" && !field.endsWith("_at")) return field;
  // Milliseconds are all that the edge has.
  return `floor(extract(epoch from ${field}) * 1000)::float8 as ${field}`;
}

type Book = { readonly table: SQL; readonly id: string; readonly at: SQL; readonly columns: SQL };

const BOOKS = Object.fromEntries(
  EQUALITY_SUBJECTS.map((subject): [EqualitySubject, Book] => {
    const [id, at] = ROW_FIELDS[subject];
    const columns = sql.raw(ROW_FIELDS[subject].map(readAs).join(", "));
    return [subject, { table: sql.raw(subject), id, at: sql.raw(at), columns }];
  }),
) as Readonly<Record<EqualitySubject, Book>>;

const ROWS_AT_ONCE = 2_000;
/** They sort before every id. */
const FIRST_ID = "00000000-0000-0000-0000-000000000000";
const FIRST_NUMBER = -1;

/** A subject's rows of one day as our projections have them, in no order; read a part at a time. */
export async function readBook(db: Db | Tx, facilityId: string, page: BookPage): Promise<BookEntry[]> {
  const { table, id, at, columns } = BOOKS[page.subject];
  const { fromMs, toMs } = spanOf(page.day);
  const key = sql.raw(id);
  const end = sql`to_timestamp(${toMs / 1_000}::float8)`;
  const entries: BookEntry[] = [];
  let after = {
    at: sql`to_timestamp(${fromMs / 1_000}::float8)`,
    id: page.subject === "receipts" ? FIRST_NUMBER : FIRST_ID,
  };
  for (;;) {
    const { rows } = await db.execute<Record<string, BookRow[string]>>(
      sql`select ${columns}, ${at}::text as read_to from ${table}
        where facility_id = ${facilityId} and ${at} >= ${after.at} and ${at} < ${end}
        and (${at} > ${after.at} or ${key} > ${after.id}) order by ${at}, ${key} limit ${ROWS_AT_ONCE}`,
    );
    for (const row of rows) entries.push(bookEntry(page.subject, row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_ONCE) return entries;
    after = { at: sql`${String(last["read_to"])}::timestamptz`, id: String(last[id]) };
  }
}
