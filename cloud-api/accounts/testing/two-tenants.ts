import { sql } from "drizzle-orm";
import type { Db } from "../../db/connection.ts";

/** What the rows of one tenant have in their columns. */
export type Side = {
  readonly organisation: string;
  readonly facility: string;
  readonly driver: string;
  /** In every other column for an id. */
  readonly row: string;
  /** In columns for text. */
  readonly text: string;
};

type Column = { readonly name: string; readonly type: string; readonly wanted: boolean };

/** A row of each side in each table, made up of its columns' types; foreign keys and triggers look away. */
export async function fillTables(db: Db, tables: readonly string[], sides: readonly Side[]): Promise<void> {
  for (const table of tables) {
    if (!["facilities", "organisations", "users"].includes(table)) await fill(db, table, sides);
  }
}

async function fill(db: Db, table: string, sides: readonly Side[]): Promise<void> {
  const { rows } = await db.execute<Column>(sql`
    select column_name as name, udt_name as type, is_nullable = 'NO' and column_default is null as wanted
    from information_schema.columns where table_schema = 'public' and table_name = ${table} and is_generated = 'NEVER'`);
  for (const side of sides) {
    const values = rows.flatMap((column) => {
      const value = valueOf(column, side);
      return value === null ? [] : [[`"${column.name}"`, value] as const];
    });
    const [names, texts] = [values.map(([name]) => name).join(), values.map(([, value]) => value).join()];
    await db.transaction(async (tx) => {
      await tx.execute(sql.raw("set local session_replication_role = replica"));
      await tx.execute(sql.raw(`insert into "${table}" (${names}) values (${texts})`));
    });
  }
}

function valueOf({ name, type, wanted }: Column, side: Side): string | null {
  if (name === "facility_id") return `'${side.facility}'`;
  if (name === "organisation_id") return `'${side.organisation}'`;
  if (name === "user_id" || name === "owner") return `'${side.driver}'`;
  if (!wanted) return null;
  const values: Readonly<Record<string, string>> = {
    uuid: `'${side.row}'`,
    text: `'${side.text}'`,
    bytea: `'${side.row}'`,
    timestamptz: "'2026-01-01T00:00:00Z'",
    date: "'2026-01-01'",
    int4: "0",
    int8: "0",
    float8: "0",
    bool: "false",
    json: "'{}'",
    jsonb: "'{}'",
    xid8: "'1'",
    _text: "'{}'",
    _uuid: "'{}'",
    _bytea: "'{}'",
    stay_status: "'open'",
    remote_payment_status: "'pending'",
  };
  const value = values[type];
  if (value === undefined) throw new Error(`no value for ${name} of type ${type}: add one`);
  return value;
}
