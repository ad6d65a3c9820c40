import type { Database, Statement } from "better-sqlite3";
import type { GateDatabase } from "./open.ts";
import type { Adopting, ConflictBook, ConflictReason } from "./restore-conflicts.ts";
import type { Image, ImageRow, Scalar } from "./restore-lines.ts";
import type { LocalChanges } from "./restore-local.ts";
import { DERIVED, primaryKeyOf, TABLES, type RecordTable } from "./restore-tables.ts";

/** Numbers of rows whose own were given again here: far behind all that the log may still bring. */
const FAR = 1_000_000;

/**
 * Puts rows of the cloud's log into the state, one after the other in the order of the log. What was changed here
 * since the restore stays as it is here; whatever cannot be put in is kept among the conflicts.
 */
export function createRowAdopter(
  db: GateDatabase,
  { local, conflicts }: { readonly local: LocalChanges; readonly conflicts: ConflictBook },
): (image: Image, adopting: Adopting) => void {
  const rows = rowStatements(db.$client);
  const counts = countAdopter(db.$client, local);
  const parts: Parts = { local, rows, conflicts };
  return (image, adopting) => {
    const { table: name, row, gone } = image;
    const say = (reason: ConflictReason, what: ImageRow = row): void =>
      conflicts.add(adopting, name, JSON.stringify(what), reason);
    if (counts(image)) return;
    const table = TABLES.get(name);
    if (table === undefined) return say("unknown");
    const key = primaryKeyOf(name, row);
    if (key === null) return say("unreadable");
    const known = knownPart(table, row);
    if (Object.keys(known).length < Object.keys(row).length) say("unknown");
    const outcome = adopt(parts, { table, key, row: known, gone, adopting });
    if (outcome === null) conflicts.over(name, key);
    else if (outcome !== "told") say(outcome.reason, outcome.row);
  };
}

type Parts = {
  readonly local: LocalChanges;
  readonly rows: RowStatements;
  readonly conflicts: ConflictBook;
};
type Adoption = {
  readonly table: RecordTable;
  readonly key: string;
  readonly row: ImageRow;
  readonly gone: boolean;
  readonly adopting: Adopting;
};
/**
 * `row` is the one that is not in the state; left out, it is that of the log. Null = it is in the state as the log says;
 * `told` = it is, and what is told of it already stays.
 */
type Outcome = { readonly reason: ConflictReason; readonly row?: ImageRow } | "told" | null;

function adopt(parts: Parts, adoption: Adoption): Outcome {
  const { table } = adoption;
  if (adoption.gone) return remove(parts, adoption);
  if (table.number !== null || table.addedOnly) return add(parts, table, adoption.row);
  if (parts.local.has(table.name, adoption.key)) return keep(parts, adoption);
  return change(parts, adoption);
}

/** A row of a table whose rows are only ever added. */
function add({ local, rows }: Parts, table: RecordTable, row: ImageRow): Outcome {
  if (table.name === "ledger" && isBookedHere(row, local)) return { reason: "booked_here" };
  const refused = rows.insert(table, row);
  if (refused === null) return null;
  const there = rows.read(table, row);
  if (there !== null && isSame(there, row, null)) return null;
  if (refused === "no_parent") return { reason: refused };
  if (table.name === "payments" && there !== null) return { reason: "booked_here" };
  if (table.number === null || there === null) return { reason: refused };
  // Its number was given again, to a row that came here by itself: nothing refers to it by its number.
  const { [table.number]: number, ...rest } = row;
  const again = rows.insert(table, { ...rest, [table.number]: rows.farNumber(table, Number(number)) });
  return again === null ? null : { reason: again };
}

/** What came and went with a payment that was booked here again counts once. */
function isBookedHere(row: ImageRow, local: LocalChanges): boolean {
  const kind = row["kind"];
  return (kind === "payment" || kind === "change") && local.has("payments", String(row["payment_id"]));
}

/** A row that was changed here as well. */
function keep(parts: Parts, adoption: Adoption): Outcome {
  const { table, key, row } = adoption;
  const here = parts.rows.read(table, row);
  if (here === null) return change(parts, adoption);
  const followed = parts.conflicts.reasonOf(table.name, key) === "further_on";
  if (isSame(here, row, DERIVED.get(table.name) ?? null)) return followed ? "told" : null;
  if (!followed && progress(table, row) <= progress(table, here)) return { reason: "changed_here" };
  // A vehicle that is known to have left is not inside, whatever was thought here.
  const outcome = change(parts, adoption);
  return outcome ?? (followed ? "told" : { reason: "further_on", row: here });
}

/** How far on a row is that only goes forward: a stay that ends, rights that were given. */
function progress({ name }: RecordTable, row: ImageRow): number {
  if (name === "capacity_rights") return Number(row["given"]);
  if (name !== "stays") return 0;
  return row["status"] === "provisional" ? 0 : row["status"] === "open" ? 1 : 2;
}

/** A row that is as the log says last. */
function change({ rows }: Parts, { table, row, adopting }: Adoption): Outcome {
  const refused = rows.upsert(table, row);
  if (refused !== "taken") return refused === null ? null : { reason: refused };
  // What goes on can do so once only: of two that were begun on both sides, the one of here goes on.
  if (table.name === "alarms" && row["ended_at"] === null) {
    const ended = { ...row, ended_at: Math.max(adopting.wallMs, Number(row["started_at"])) };
    return { reason: rows.upsert(table, ended) ?? "ended" };
  }
  if (table.name !== "shifts") return { reason: refused };
  if (row["closed_at"] !== null)
    return { reason: rows.upsert(table, { ...row, z_number: null }) ?? "number_given" };
  const ended = { ...row, closed_at: Math.max(adopting.wallMs, Number(row["opened_at"])) };
  return { reason: rows.upsert(table, ended) ?? "ended" };
}

function remove({ local, rows }: Parts, { table, key, row }: Adoption): Outcome {
  if (local.has(table.name, key) && rows.read(table, row) !== null) return { reason: "changed_here" };
  const refused = rows.remove(table, row);
  return refused === null ? null : { reason: refused };
}

/** Whether what a row of the log says is what stands there. */
function isSame(there: ImageRow, row: ImageRow, except: string | null): boolean {
  return Object.entries(row).every(([column, value]) => column === except || there[column] === value);
}

function knownPart({ columns }: RecordTable, row: ImageRow): ImageRow {
  if (Object.keys(row).every((column) => columns.has(column))) return row;
  return Object.fromEntries(Object.entries(row).filter(([column]) => columns.has(column)));
}

/**
 * Counts are what they are in the cloud, and what passed here since besides. One that somebody took here since is what
 * was counted.
 */
function countAdopter(file: Database, local: LocalChanges): (image: Image) => boolean {
  const setFacility = file.prepare("update agent_state set inside = ?");
  const setZone = file.prepare(
    "insert into zone_counts (zone, inside) values (?, ?) on conflict (zone) do update set inside = excluded.inside",
  );
  return ({ table, row, gone }) => {
    if (table !== "agent_state" && table !== "zone_counts") return false;
    const [zone, inside] = [row["zone"], row["inside"]];
    const ofFacility = table === "agent_state";
    if (gone || typeof inside !== "number" || !(ofFacility || typeof zone === "string")) return false;
    const { by, isSet } = local.count(ofFacility ? null : String(zone));
    if (isSet) return true;
    if (ofFacility) setFacility.run(inside + by);
    else setZone.run(zone, inside + by);
    return true;
  };
}

type Refused = Extract<ConflictReason, "taken" | "no_parent" | "refused">;
type RowStatements = ReturnType<typeof rowStatements>;

/** Writes rows by the columns that they have: those of an older version have fewer. */
function rowStatements(file: Database) {
  const cache = new Map<string, Statement>();
  const prepared = (what: string, table: RecordTable, row: ImageRow, text: () => string): Statement => {
    const name = `${what} ${table.name} ${Object.keys(row).join()}`;
    const known = cache.get(name);
    if (known !== undefined) return known;
    const made = file.prepare(text());
    cache.set(name, made);
    return made;
  };
  const keyOf = (table: RecordTable, row: ImageRow): Scalar[] =>
    table.key.map((column) => row[column] ?? null);
  const where = ({ key }: RecordTable): string => key.map((column) => `"${column}" = ?`).join(" and ");
  return {
    /** Null = it was put in. */
    insert: (table: RecordTable, row: ImageRow): Refused | null => {
      const statement = prepared("insert", table, row, () => insertText(table, Object.keys(row)));
      return attempt(() => statement.run(Object.values(row)));
    },
    upsert: (table: RecordTable, row: ImageRow): Refused | null => {
      const written = withoutDerived(table, row);
      const statement = prepared("upsert", table, written, () => upsertText(table, Object.keys(written)));
      return attempt(() => statement.run(Object.values(written)));
    },
    remove: (table: RecordTable, row: ImageRow): Refused | null =>
      attempt(() =>
        prepared("delete", table, {}, () => `delete from "${table.name}" where ${where(table)}`).run(
          keyOf(table, row),
        ),
      ),
    read: (table: RecordTable, row: ImageRow): ImageRow | null => {
      const statement = prepared(
        "read",
        table,
        {},
        () => `select * from "${table.name}" where ${where(table)}`,
      );
      return (statement.get(keyOf(table, row)) as ImageRow | undefined) ?? null;
    },
    /** A number that nothing has, and nothing that the log may still bring. */
    farNumber: ({ name, number }: RecordTable, near: number): number => {
      const text = `select max((select coalesce(max("${number}"), 0) from "${name}"), coalesce((select seq from sqlite_sequence where name = '${name}'), 0))`;
      const last = Number(file.prepare(text).pluck().get());
      return last - near < FAR ? last + FAR : last + 1;
    },
  };
}

function withoutDerived({ name }: RecordTable, row: ImageRow): ImageRow {
  const derived = DERIVED.get(name);
  if (derived === undefined) return row;
  const { [derived]: _derived, ...written } = row;
  return written;
}

function insertText({ name }: RecordTable, columns: readonly string[]): string {
  const names = columns.map((column) => `"${column}"`).join(", ");
  return `insert into "${name}" (${names}) values (${columns.map(() => "?").join(", ")})`;
}

function upsertText(table: RecordTable, columns: readonly string[]): string {
  const key = table.key.map((column) => `"${column}"`).join(", ");
  const changed = columns.filter((column) => !table.key.includes(column));
  const set = changed.map((column) => `"${column}" = excluded."${column}"`).join(", ");
  const then = changed.length === 0 ? "nothing" : `update set ${set}`;
  return `${insertText(table, columns)} on conflict (${key}) do ${then}`;
}

/** The database refuses one row; the transaction goes on. Anything else than a refused row is thrown. */
function attempt(write: () => unknown): Refused | null {
  try {
    write();
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "SQLITE_CONSTRAINT_FOREIGNKEY") return "no_parent";
    if (code === "SQLITE_CONSTRAINT_UNIQUE" || code === "SQLITE_CONSTRAINT_PRIMARYKEY") return "taken";
    if (code === "SQLITE_CONSTRAINT_TRIGGER") return "taken";
    if (code.startsWith("SQLITE_CONSTRAINT") || code === "SQLITE_MISMATCH") return "refused";
    throw error;
  }
}
