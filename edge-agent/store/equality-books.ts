import { createHash } from "node:crypto";
import {
  bookEntry,
  ROW_FIELDS,
  spanOf,
  type BookEntry,
  type BookPage,
  type BookPlace,
  type BookRow,
  type BookRows,
  type BookValue,
} from "@parkme/shared/protocol/equality";
import { EQUALITY_SUBJECTS, type EqualitySubject } from "@parkme/shared/protocol/link-facts";
import type { GateDatabase } from "./open.ts";

/** The gate's own rows as they are compared with the cloud's. See shared/protocol/equality. */

/** Where the rows of a subject are: table, key and own time as the table has them, and each field by its column. */
type Book = {
  readonly table: string;
  readonly key: string;
  readonly at: string;
  /** Rows that count, where not all do. */
  readonly only?: string;
  /** Where a field is not the column of its name. */
  readonly columns: Readonly<Record<string, string>>;
  /** Where a row holds more than its fields. */
  readonly read?: (row: BookRow) => BookRow;
};

const BOOKS: Readonly<Record<EqualitySubject, Book>> = {
  stays: {
    table: "stays",
    key: "id",
    at: "entry_at",
    columns: {
      stay_id: "id",
      ticket_number:
        "(select number from tickets where stay_id = stays.id and replaced_by is null order by number limit 1)",
    },
    read: (row) => ({ ...row, ev: row["ev"] === 1, accessible: row["accessible"] === 1 }),
  },
  movements: { table: "movements", key: "id", at: "at", columns: { movement_id: "id" } },
  payments: {
    table: "payments",
    key: "id",
    at: "at",
    columns: {
      payment_id: "id",
      reference: "substr(reference, 1, 80)",
      receipt_number:
        "(select number from receipts where payment_id = payments.id and kind = 'payment' order by number limit 1)",
    },
  },
  ledger: { table: "ledger", key: "id", at: "at", columns: { entry_id: "id" } },
  receipts: {
    table: "receipts",
    key: "number",
    at: "at",
    columns: { amount_minor: "null", previous_hash: "null", hash: "text" },
    read: readReceipt,
  },
  shifts: {
    table: "shifts",
    key: "id",
    at: "closed_at",
    // One that a restore has ended, because another was open by then, has no count and no Z report: nobody was told.
    only: "counted_minor is not null",
    columns: { shift_id: "id" },
  },
  validations: { table: "validations", key: "id", at: "at", columns: { validation_id: "id" } },
};

/** The text is the receipt: what stands beside it is not believed. */
function readReceipt(row: BookRow): BookRow {
  const text = String(row["hash"]);
  const hash = createHash("sha256").update(text).digest("hex");
  const receipt = jsonObjectOf(text);
  const { amountMinor: amount_minor = null, previousHash: previous_hash = null } = receipt;
  return { ...row, hash, amount_minor: plain(amount_minor), previous_hash: plain(previous_hash) };
}

function plain(value: unknown): BookValue {
  return typeof value === "number" || typeof value === "string" ? value : null;
}

function jsonObjectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

type Span = ReturnType<typeof spanOf>;
type Row = BookRow & { readonly own_time: number; readonly own_key: string | number };

/** Before every key. */
const FIRST: Readonly<Record<"text" | "number", string | number>> = { text: "", number: -1 };

/** Reads the rows of a day, a part at a time. */
export function bookReading(db: GateDatabase) {
  const readers = new Map(EQUALITY_SUBJECTS.map((subject) => [subject, subjectReader(db, subject)]));
  const readerOf = (subject: EqualitySubject): SubjectReader => {
    const reader = readers.get(subject);
    if (reader === undefined) throw new TypeError(`no book of ${subject}`);
    return reader;
  };
  const every = (ask: (reader: SubjectReader) => number | null): readonly number[] =>
    [...readers.values()].map(ask).filter((at) => at !== null);
  const bookRows: BookRows = ({ day, subject }, after, limit) =>
    readerOf(subject).page(spanOf(day), after, limit);
  return {
    bookRows,
    /** A row of a day by its id; null = the day has none. */
    bookRow: ({ day, subject }: BookPage, id: string): BookEntry | null =>
      readerOf(subject).one(spanOf(day), id),
    /** The first moment, from one on, that any row is of; null = there are no more. */
    firstBookMs: (fromMs: number): number | null => {
      const found = every((reader) => reader.first(fromMs));
      return found.length === 0 ? null : Math.min(...found);
    },
    /** The last moment that any row is of. */
    lastBookMs: (): number | null => {
      const found = every((reader) => reader.last());
      return found.length === 0 ? null : Math.max(...found);
    },
  };
}

type SubjectReader = ReturnType<typeof subjectReader>;

function subjectReader({ $client: file }: GateDatabase, subject: EqualitySubject) {
  const { table, key, at, columns, read, only = "true" } = BOOKS[subject];
  const fields = ROW_FIELDS[subject].map((field) => `${columns[field] ?? field} as ${field}`);
  const selected = `select ${fields.join(", ")}, ${at} as own_time, ${key} as own_key from ${table}`;
  const inDay = `${only} and ${at} >= ? and ${at} < ?`;
  const pageQuery = file.prepare<unknown[], Row>(
    `${selected} where ${inDay} and (${at} > ? or ${key} > ?) order by ${at}, ${key} limit ?`,
  );
  const oneQuery = file.prepare<unknown[], Row>(`${selected} where ${inDay} and ${key} = ?`);
  const firstQuery = file
    .prepare<unknown[], number>(
      `select ${at} from ${table} where ${only} and ${at} >= ? order by ${at} limit 1`,
    )
    .pluck();
  const lastQuery = file
    .prepare<unknown[], number>(
      `select ${at} from ${table} where ${only} and ${at} is not null order by ${at} desc limit 1`,
    )
    .pluck();
  const entryOf = (row: Row): BookEntry => bookEntry(subject, read === undefined ? row : read(row));
  const numbered = subject === "receipts";
  return {
    page: ({ fromMs, toMs }: Span, after: BookPlace | null, limit: number) => {
      const place = after ?? { at: fromMs, key: FIRST[numbered ? "number" : "text"] };
      const rows = pageQuery.all(place.at, toMs, place.at, place.key, limit);
      const last = rows.at(-1);
      const next =
        last === undefined || rows.length < limit ? null : { at: last.own_time, key: last.own_key };
      return { entries: rows.map(entryOf), next };
    },
    one: ({ fromMs, toMs }: Span, id: string): BookEntry | null => {
      const row = oneQuery.get(fromMs, toMs, numbered ? Number(id) : id);
      return row === undefined ? null : entryOf(row);
    },
    first: (fromMs: number): number | null => firstQuery.get(fromMs) ?? null,
    last: (): number | null => lastQuery.get() ?? null,
  };
}
