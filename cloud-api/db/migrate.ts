import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { sql } from "drizzle-orm";
import type pg from "pg";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Db } from "./connection.ts";

/** Several API processes may start at once: one migrates, the others wait and find the work done. */
const MIGRATION_LOCK = 4_711_002;

/**
 * Brings the database to this version's schema. A database that holds a migration unknown to this version (made by
 * a newer one) is refused before anything is written.
 *
 * The migrator applies only migrations newer than the newest applied one, so one that was merged late would be
 * skipped without a word: the applied ones are compared with the known ones afterwards.
 *
 * @param client a connection of its own, without a statement timeout.
 * @returns the number of migrations the database now holds, or why it cannot be used.
 */
export async function migrateDatabase(client: pg.Client, folder: string): Promise<Result<number, string>> {
  const known = new Set(readMigrationFiles({ migrationsFolder: folder }).map((migration) => migration.hash));
  await client.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
  try {
    const foreign = (await appliedMigrations(client)).filter((hash) => !known.has(hash));
    if (foreign.length > 0) {
      return err(
        `the database holds ${foreign.length} migration(s) that this version does not know: it was made by a newer ` +
          "version, and is left as it is. Start that version, or restore a backup made before the upgrade.",
      );
    }
    await migrate(drizzle(client), { migrationsFolder: folder });
    const applied = new Set(await appliedMigrations(client));
    const missing = [...known].filter((hash) => !applied.has(hash));
    if (missing.length > 0) {
      return err(
        `${missing.length} migration(s) older than the newest applied one were skipped: renumber them`,
      );
    }
    return ok(applied.size);
  } finally {
    await client.query("select pg_advisory_unlock($1)", [MIGRATION_LOCK]);
  }
}

async function appliedMigrations(client: pg.Client): Promise<string[]> {
  const { rows: tables } = await client.query<{ present: boolean }>(
    "select to_regclass('drizzle.__drizzle_migrations') is not null as present",
  );
  if (tables[0]?.present !== true) return [];
  const { rows } = await client.query<{ hash: string }>(
    "select hash from drizzle.__drizzle_migrations order by id",
  );
  return rows.map((row) => row.hash);
}

/** How many migrations the database holds now. Answers only when the database does. */
export async function countMigrations(db: Db): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(
    sql`select count(*)::int as count from drizzle.__drizzle_migrations`,
  );
  return rows[0]?.count ?? 0;
}
