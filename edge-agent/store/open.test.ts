import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { getTableColumns, is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from "drizzle-kit/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "./open.ts";
import * as linkSchema from "./link-schema.ts";
import * as listSchema from "./list-schema.ts";
import * as moneySchema from "./money-schema.ts";
import * as gateSchema from "./schema.ts";
import { createStore } from "./store.ts";
import { EUR, MIGRATIONS, newFolder, newMint, open, openStore, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

const schema = { ...gateSchema, ...linkSchema, ...listSchema, ...moneySchema };
const tables: SQLiteTable[] = Object.values(schema).flatMap((value) =>
  is(value, SQLiteTable) ? [value] : [],
);
const hash = (path: string): string | null =>
  existsSync(path) ? createHash("sha256").update(readFileSync(path)).digest("hex") : null;

function tryOpen(path: string, migrationsFolder = MIGRATIONS) {
  return openDatabase({ path, migrationsFolder });
}

/** As if a newer version had been here. */
function fromTheFuture(file: Database.Database): void {
  file.prepare("insert into __drizzle_migrations (hash, created_at) values ('of the future', 9e15)").run();
}

describe("a database that opens", () => {
  it("is written ahead, synchronised in full, and checks its references", () => {
    const { $client: file } = open(folder.path("gate.db"));
    expect(file.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(file.pragma("synchronous", { simple: true })).toBe(2);
    expect(file.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(file.pragma("wal_autocheckpoint", { simple: true })).toBe(1_000);
    file.close();
  });

  it("is written as asked for in a control experiment", () => {
    const path = folder.path("gate.db");
    for (const [durability, level] of [
      ["OFF", 0],
      ["NORMAL", 1],
      ["FULL", 2],
    ] as const) {
      const opened = openDatabase({ path, migrationsFolder: MIGRATIONS, durability });
      if (!opened.ok) throw new Error(opened.error.message);
      expect(opened.value.$client.pragma("synchronous", { simple: true })).toBe(level);
      opened.value.$client.close();
    }
  });

  it("may be new, empty, or one of ours, and is brought to this version's schema", () => {
    const path = folder.path("gate.db");
    writeFileSync(path, "");
    for (let time = 0; time < 2; time++) {
      const { $client: file } = open(path);
      const names = file.prepare("select name from sqlite_master where type = 'table'").pluck().all();
      expect(names).toEqual(expect.arrayContaining(tables.map((table) => getTableConfig(table).name)));
      file.close();
    }
  });

  it("counts its starts", () => {
    const path = folder.path("gate.db");
    const epochs = [1, 2, 3].map(() => {
      const { store } = openStore(path);
      store.close();
      return store.epoch;
    });
    expect(epochs).toEqual([1, 2, 3]);
  });

  it("edge case 47: restored from an old backup has a newer epoch than any before", () => {
    const [path, backup] = [folder.path("gate.db"), folder.path("backup.db")];
    const start = (startedAtMs: number): number => {
      const opened = open(path);
      const store = createStore(opened, { currency: EUR, mint: newMint(), startedAtMs });
      store.close();
      return store.epoch;
    };
    const first = start(1_800_000_000_000);
    copyFileSync(path, backup);
    const later = [start(1_800_000_100_000), start(1_800_000_200_000)];
    copyFileSync(backup, path);
    const restored = start(1_800_000_300_000);
    expect([first, ...later, restored]).toEqual([first, ...later, restored].toSorted((a, b) => a - b));
    // A clock that has forgotten the year still makes one more.
    expect(start(0)).toBe(restored + 1);
  });
});

describe("a database that is refused", () => {
  it("was written by a newer version: no byte of it changes", () => {
    const path = folder.path("gate.db");
    const { $client: file } = open(path);
    fromTheFuture(file);
    file.close();
    const before = hash(path);
    expect(tryOpen(path)).toMatchObject({ ok: false, error: { code: "database_newer", blame: "operator" } });
    expect(hash(path)).toBe(before);
  });

  it("was being written by a newer version when that was killed: neither it nor its log changes", () => {
    const { $client: file } = open(folder.path("running.db"));
    file.pragma("wal_checkpoint(TRUNCATE)");
    fromTheFuture(file);
    const path = folder.path("gate.db");
    for (const suffix of ["", "-wal"])
      copyFileSync(`${folder.path("running.db")}${suffix}`, `${path}${suffix}`);
    file.close();
    const before = [hash(path), hash(`${path}-wal`)];
    expect(tryOpen(path)).toMatchObject({ ok: false, error: { code: "database_newer" } });
    expect([hash(path), hash(`${path}-wal`)]).toEqual(before);
  });

  it("is no database at all, and stays what it is", () => {
    const path = folder.path("gate.db");
    writeFileSync(path, "This is a shopping list.\n".repeat(400));
    const before = hash(path);
    const opened = tryOpen(path);
    expect(opened).toMatchObject({ ok: false, error: { code: "database_damaged" } });
    expect(!opened.ok && opened.error.message).toContain(path);
    expect(hash(path)).toBe(before);
  });

  it("was cut off", () => {
    const path = folder.path("gate.db");
    open(path).$client.close();
    truncateSync(path, 6_000);
    expect(tryOpen(path)).toMatchObject({ ok: false, error: { code: "database_damaged" } });
  });

  it("lies in a folder that does not exist, or is a folder", () => {
    expect(tryOpen(folder.path("nowhere/gate.db"))).toMatchObject({ ok: false });
    mkdirSync(folder.path("gate.db"));
    expect(tryOpen(folder.path("gate.db"))).toMatchObject({ ok: false });
  });

  it("lacks a migration that came in after a newer one", () => {
    const path = folder.path("gate.db");
    const migrations = folder.path("migrations");
    mkdirSync(join(migrations, "meta"), { recursive: true });
    const entry = (idx: number, when: number) => ({
      idx,
      version: "6",
      when,
      tag: `000${idx}_x`,
      breakpoints: true,
    });
    const publish = (entries: unknown[]): void =>
      writeFileSync(
        join(migrations, "meta", "_journal.json"),
        JSON.stringify({ version: "7", dialect: "sqlite", entries }),
      );
    for (const i of [0, 1])
      writeFileSync(join(migrations, `000${i}_x.sql`), `create table t${i} (id integer);`);
    publish([entry(0, 2_000)]);
    const first = tryOpen(path, migrations);
    if (!first.ok) throw new Error(first.error.message);
    first.value.$client.close();
    publish([entry(0, 2_000), entry(1, 1_000)]);
    expect(tryOpen(path, migrations)).toMatchObject({ ok: false, error: { code: "migration_incomplete" } });
  });
});

describe("schema and migrations", () => {
  it("agree column by column", () => {
    const { $client: file } = open(folder.path("gate.db"));
    for (const table of tables) {
      const { name, columns, primaryKeys } = getTableConfig(table);
      const key = (primaryKeys[0]?.columns ?? columns.filter(({ primary }) => primary)).map((c) => c.name);
      const there = file.prepare(`select name, type, "notnull", pk from pragma_table_info(?)`).all(name);
      const here = columns.map((column) => ({
        name: column.name,
        type: column.getSQLType().toUpperCase(),
        notnull: column.notNull ? 1 : 0,
        pk: key.indexOf(column.name) + 1,
      }));
      expect(there, `columns of ${name}`).toEqual(here);
      expect(Object.keys(getTableColumns(table))).toHaveLength(there.length);
    }
    file.close();
  });

  it("agree in everything else: the generator has nothing to add", async () => {
    const journal = JSON.parse(readFileSync(join(MIGRATIONS, "meta", "_journal.json"), "utf8")) as {
      entries: { idx: number }[];
    };
    const last = String(journal.entries.at(-1)?.idx ?? 0).padStart(4, "0");
    const snapshot = JSON.parse(
      readFileSync(join(MIGRATIONS, "meta", `${last}_snapshot.json`), "utf8"),
    ) as Awaited<ReturnType<typeof generateSQLiteDrizzleJson>>;
    const current = await generateSQLiteDrizzleJson(schema, snapshot.id);
    expect(await generateSQLiteMigration(snapshot, current)).toEqual([]);
  });
});
