import { join } from "node:path";
import Database from "better-sqlite3";
import type { SitePlan } from "../site/plan.ts";
import { askCloud } from "./records.ts";

/**
 * Every row of the gate's books as each side has it, field by field, read straight from the two databases. Which fields
 * these are is written down here once more, apart from what the programs compare by themselves.
 */
export type Books = Readonly<Record<BookName, readonly BookLine[]>>;
export type BookLine = Readonly<Record<string, string | number | null>>;

/** The name of a field, and how each side reads it. */
type Field = readonly [name: string, edge: string, cloud: string];

const text = (name: string): Field => [name, name, name];
const uuid = (name: string): Field => [name, name, `${name}::text`];
const count = (name: string): Field => [name, name, `${name}::float8`];
const flag = (name: string): Field => [name, name, `${name}::int`];
/** Milliseconds. */
const time = (name: string): Field => [name, name, `floor(extract(epoch from ${name}) * 1000)::float8`];
const id = (name: string): Field => [name, "id", `${name}::text`];

const TICKET = "(select number from tickets where stay_id = stays.id and replaced_by is null)";
const RECEIPT = "(select number from receipts where payment_id = payments.id and kind = 'payment')";

const FIELDS = {
  stays: [
    id("stay_id"),
    text("entry_lane"),
    time("entry_at"),
    ["status", "status", "status::text"],
    ["ticket_number", TICKET, "ticket_number"],
    text("plate"),
    time("exit_at"),
    count("fee_minor"),
    text("review"),
    text("right_kind"),
    text("right_id"),
    text("vehicle_type"),
    flag("ev"),
    flag("accessible"),
    text("lost_ticket"),
  ],
  movements: [
    id("movement_id"),
    time("at"),
    text("lane"),
    text("direction"),
    text("scope"),
    text("kind"),
    uuid("stay_id"),
    text("plate"),
    text("review"),
    count("fee_minor"),
  ],
  payments: [
    id("payment_id"),
    time("at"),
    uuid("stay_id"),
    text("lane"),
    text("method"),
    count("amount_minor"),
    count("change_minor"),
    text("currency"),
    text("actor"),
    text("reference"),
    uuid("shift_id"),
    ["receipt_number", RECEIPT, "receipt_number::float8"],
  ],
  ledger: [
    id("entry_id"),
    time("at"),
    uuid("stay_id"),
    text("kind"),
    text("side"),
    count("amount_minor"),
    text("currency"),
    text("method"),
    uuid("payment_id"),
    uuid("shift_id"),
    text("place"),
    text("actor"),
    text("reason"),
    text("debtor"),
  ],
  receipts: [
    count("number"),
    time("at"),
    text("kind"),
    uuid("payment_id"),
    uuid("stay_id"),
    ["amount_minor", "json_extract(text, '$.amountMinor')", "amount_minor::float8"],
    text("hash"),
    ["previous_hash", "json_extract(text, '$.previousHash')", "previous_hash"],
    count("key_id"),
    text("signature"),
  ],
  shifts: [
    id("shift_id"),
    text("attendant"),
    time("opened_at"),
    count("float_minor"),
    // One that a restore has ended without a count is open in the cloud, which was never told.
    ["closed_at", "iif(counted_minor is null, null, closed_at)", time("closed_at")[2]],
    count("z_number"),
    count("expected_minor"),
    count("counted_minor"),
  ],
} as const satisfies Readonly<Record<string, readonly Field[]>>;

export type BookName = keyof typeof FIELDS;
const BOOK_NAMES = Object.keys(FIELDS) as readonly BookName[];

/** Also of an agent that runs, and of one that was killed. */
export function edgeBooks(dataFolder: string): Books {
  const db = new Database(join(dataFolder, "gate.db"), { readonly: true, fileMustExist: true });
  try {
    const bookOf = (name: BookName): BookLine[] => {
      const fields = FIELDS[name].map(([field, edge]) => `${edge} as ${field}`);
      return inOrder(db.prepare<[], BookLine>(`select ${fields.join(", ")} from ${name}`).all());
    };
    // One moment of all tables.
    return db.transaction(() => booksOf(bookOf))();
  } finally {
    db.close();
  }
}

export async function cloudBooks(plan: SitePlan): Promise<Books> {
  const books = new Map<BookName, BookLine[]>();
  for (const name of BOOK_NAMES) {
    const fields = FIELDS[name].map(([field, , cloud]) => `${cloud} as ${field}`);
    const query = `select ${fields.join(", ")} from ${name} where facility_id = $1`;
    books.set(name, inOrder(await askCloud<BookLine>(plan, query)));
  }
  return booksOf((name) => books.get(name) ?? []);
}

/** Rows of one that the other does not have, or not the same. */
export function missing(one: Books, other: Books, how: "whole" | "by id" = "whole"): readonly string[] {
  return BOOK_NAMES.flatMap((name) => {
    const textOf = (row: Books[BookName][number]): string =>
      JSON.stringify(how === "whole" ? row : Object.values(row)[0]);
    const there = new Set(other[name].map(textOf));
    return one[name]
      .map(textOf)
      .filter((text) => !there.has(text))
      .map((text) => `${name} ${text}`);
  });
}

function booksOf(bookOf: (name: BookName) => readonly BookLine[]): Books {
  const [stays, movements, payments] = [bookOf("stays"), bookOf("movements"), bookOf("payments")];
  return {
    stays,
    movements,
    payments,
    ledger: bookOf("ledger"),
    receipts: bookOf("receipts"),
    shifts: bookOf("shifts"),
  };
}

/** By the first field, which no two rows share. */
function inOrder(rows: readonly BookLine[]): BookLine[] {
  const keyOf = (row: BookLine): string => String(Object.values(row)[0]).padStart(40, "0");
  return rows.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}
