import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate } from "drizzle-orm/better-sqlite3/migrator";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";

/** The first SQLite in which a WAL reset cannot corrupt the database any more (SQLite release notes, 3.51.3). */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** Another connection may hold the file for a moment, such as a backup. */
const BUSY_MS = 2_000;

export type OpenRefusal = Refusal<
  "sqlite_too_old" | "database_newer" | "database_damaged" | "migration_incomplete"
>;

/** How the file is written. `FULL` is the only one that survives a power cut; the others are for controls. */
export type Durability = "FULL" | "NORMAL" | "OFF";

export type OpenOptions = {
  readonly path: string;
  /** The folder that drizzle-kit generated. */
  readonly migrationsFolder: string;
  readonly durability?: Durability;
};

export type GateDatabase = ReturnType<typeof drizzle> & { readonly $client: Database.Database };

/**
 * Opens the gate's database in WAL mode with full synchronisation, and brings it to this version's schema. A
 * database that a newer version has written is refused and left untouched.
 */
export function openDatabase(options: OpenOptions): Result<GateDatabase, OpenRefusal> {
  const known = countKnownMigrations(options.migrationsFolder);
  let file: Database.Database | undefined;
  try {
    const refused = inspect(options.path, known);
    if (refused !== null) return err(refused);
    file = new Database(options.path, { timeout: BUSY_MS });
    const db = prepare(file, options);
    // The migrator skips, without a word, a migration that was merged after a newer one was applied.
    const applied = countAppliedMigrations(file);
    if (applied === known) return ok(db);
    file.close();
    const message = `${options.path} has ${applied} of ${known} migrations: restore it from a backup of this version.`;
    return err(refusal("migration_incomplete", "bug", message));
  } catch (error) {
    file?.close();
    return err(damaged(options.path, error));
  }
}

/** Looks without touching: even to open and close a database for writing folds its log into it. */
function inspect(path: string, known: number): OpenRefusal | null {
  const file = existsSync(path)
    ? new Database(path, { readonly: true, timeout: BUSY_MS })
    : new Database(":memory:");
  try {
    return refuse(file, known, path);
  } finally {
    file.close();
  }
}

function prepare(file: Database.Database, { durability, migrationsFolder }: OpenOptions): GateDatabase {
  file.pragma("journal_mode = WAL");
  file.pragma(`synchronous = ${durability ?? "FULL"}`);
  file.pragma("foreign_keys = ON");
  file.pragma("wal_autocheckpoint = 1000");
  const db = drizzle(file);
  migrate(db, { migrationsFolder });
  return db;
}

function refuse(file: Database.Database, known: number, path: string): OpenRefusal | null {
  const version = String(file.prepare("select sqlite_version()").pluck().get());
  if (isOlder(version, OLDEST_SQLITE)) {
    return refusal(
      "sqlite_too_old",
      "operator",
      `SQLite ${version} is too old; ${OLDEST_SQLITE.join(".")} is needed.`,
    );
  }
  const applied = countAppliedMigrations(file);
  if (applied > known) {
    const message = `${path} was written by a newer version (${applied} migrations, this one knows ${known}). Install that version, or restore a backup; nothing was changed.`;
    return refusal("database_newer", "operator", message);
  }
  return null;
}

function damaged(path: string, error: unknown): OpenRefusal {
  const why = error instanceof Error ? error.message : String(error);
  return refusal(
    "database_damaged",
    "device",
    `${path} cannot be opened as a database (${why}). Restore it from a backup.`,
  );
}

function isOlder(version: string, oldest: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  for (const [i, least] of oldest.entries()) {
    const part = parts[i] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

function countKnownMigrations(folder: string): number {
  const journal = JSON.parse(readFileSync(join(folder, "meta", "_journal.json"), "utf8")) as {
    entries: unknown[];
  };
  return journal.entries.length;
}

function countAppliedMigrations(file: Database.Database): number {
  const table = file.prepare("select 1 from sqlite_master where name = '__drizzle_migrations'").get();
  if (table === undefined) return 0;
  return Number(file.prepare("select count(*) from __drizzle_migrations").pluck().get());
}
