import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BOOK_FIELDS, BOOK_SUBJECTS } from "./books.ts";
import { readEdgeRows } from "./edge-rows.ts";

const MIGRATIONS = join(dirname(fileURLToPath(import.meta.url)), "../../../edge-agent/store/migrations");

/** A gate's file as the program makes it, by its own migrations. */
function emptyFile(): Database.Database {
  const file = new Database(":memory:");
  for (const name of readdirSync(MIGRATIONS)
    .filter((entry) => entry.endsWith(".sql"))
    .sort())
    for (const statement of readFileSync(join(MIGRATIONS, name), "utf8").split("--> statement-breakpoint"))
      file.exec(statement);
  return file;
}

const STAY = `insert into stays (id, status, entry_lane, plate, entry_at, exit_at, fee_minor, ev, tariff_id, tariff_version)
  values ('s1', 'closed', 'entry-1', 'BAB123', 1000, 2000, 300, 1, 'house', 2)`;

describe("the gate's file as it is read", () => {
  let file: Database.Database;
  beforeEach(() => {
    file = emptyFile();
  });
  afterEach(() => void file.close());

  it("is empty when it is new, with every book", () => {
    const rows = readEdgeRows(file);
    expect(rows.stays).toEqual([]);
    expect(Object.keys(rows.books).sort()).toEqual([...BOOK_SUBJECTS].sort());
  });

  it("has a stay with its ticket, in the books with exactly their fields", () => {
    file.exec(STAY);
    file.exec(
      "insert into tickets (number, stay_id, lane, issued_at) values ('PKM-1', 's1', 'entry-1', 1000)",
    );
    const rows = readEdgeRows(file);
    expect(rows.stays).toMatchObject([
      {
        id: "s1",
        status: "closed",
        entryAtMs: 1_000,
        exitAtMs: 2_000,
        feeMinor: 300,
        ev: 1,
        tariffVersion: 2,
      },
    ]);
    const [book] = rows.books.stays;
    expect(Object.keys(book ?? {})).toEqual([...BOOK_FIELDS.stays]);
    expect(book).toMatchObject({ stay_id: "s1", ticket_number: "PKM-1", ev: true, accessible: false });
  });

  it("has every other book with exactly its fields", () => {
    file.exec(STAY);
    file.exec(`insert into movements (id, lane, direction, kind, stay_id, at, fee_minor)
      values ('m1', 'exit-1', 'out', 'normal', 's1', 2000, 300);
      insert into shifts (id, attendant, opened_at, opened_by_payment, float_minor) values ('f1', 'alex', 1, 0, 5000);
      insert into payments (id, stay_id, lane, method, amount_minor, change_minor, currency, actor, at, idempotency_key,
        shift_id, tendered_minor) values ('p1', 's1', 'exit-1', 'cash', 300, 200, 'EUR', 'alex', 1900, 'k1', 'f1', 500);
      insert into ledger (id, stay_id, kind, side, amount_minor, currency, place, actor, reason, at)
        values ('l1', 's1', 'charge', 'charged', 300, 'EUR', 'exit-1', 'gate', '', 1900);
      insert into receipts (number, kind, payment_id, stay_id, at, text, hash, key_id, signature, token)
        values (1, 'payment', 'p1', 's1', 1900, '{"amountMinor":300,"previousHash":null}', 'ab', 1, 'x', 't');
      insert into validations (id, stay_id, merchant, name, value, actor, at)
        values ('v1', 's1', 'shop', 'hour', '{"kind":"minutes","minutes":60}', 'shop', 1500)`);
    const rows = readEdgeRows(file);
    for (const subject of BOOK_SUBJECTS)
      expect([subject, ...Object.keys(rows.books[subject][0] ?? {})]).toEqual([
        subject,
        ...BOOK_FIELDS[subject],
      ]);
    expect(rows.books.payments[0]).toMatchObject({ receipt_number: 1, change_minor: 200 });
    expect(rows.books.receipts[0]).toMatchObject({ amount_minor: 300, previous_hash: null });
    expect(rows.payments[0]).toMatchObject({ tenderedMinor: 500, key: "k1", shiftId: "f1" });
  });

  it("is refused where it is no gate's", () => {
    const other = new Database(":memory:");
    expect(() => readEdgeRows(other)).toThrow("no such table");
    other.close();
  });
});
