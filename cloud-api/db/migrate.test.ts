import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestServer } from "../testing/database.ts";
import { MIGRATIONS } from "../testing/migrations.ts";
import { withClient } from "./connection.ts";
import type { DatabaseConnection } from "./embedded.ts";
import { migrateDatabase } from "./migrate.ts";

let server: Awaited<ReturnType<typeof startTestServer>>;
let address: DatabaseConnection;
let folder: string;
let made = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Each test has a database and a copy of the migrations of its own. */
beforeEach(async () => {
  address = { ...server.address, database: `test_${++made}` };
  await withClient(server.address, (client) => client.query(`create database ${address.database}`));
  folder = await mkdtemp(join(tmpdir(), "parkme-migrations-"));
  await cp(MIGRATIONS, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const migrateIt = () => withClient(address, (client) => migrateDatabase(client, folder));
const query = async (text: string) => (await withClient(address, (client) => client.query(text))).rows;

type Journal = {
  entries: { idx: number; version: string; when: number; tag: string; breakpoints: boolean }[];
};

/** Adds a migration to the copy, as a later version would bring it, or an earlier one that was merged late. */
async function addMigration(tag: string, statement: string, laterMs: number): Promise<void> {
  const path = join(folder, "meta/_journal.json");
  const journal = JSON.parse(await readFile(path, "utf8")) as Journal;
  const last = journal.entries.at(-1)!;
  journal.entries.push({ ...last, idx: last.idx + 1, tag, when: last.when + laterMs });
  await writeFile(path, JSON.stringify(journal));
  await writeFile(join(folder, `${tag}.sql`), statement);
}

describe("migrateDatabase", () => {
  it("makes the schema once, and finds it made the next time", async () => {
    const first = await migrateIt();
    expect(first.ok).toBe(true);
    expect(await migrateIt()).toEqual(first);
    expect(await query("select count(*)::int as count from stays")).toEqual([{ count: 0 }]);
  });

  it("lets several programs start at once", async () => {
    const results = await Promise.all([migrateIt(), migrateIt(), migrateIt()]);
    expect(results.every((result) => result.ok)).toBe(true);
    const [first] = results;
    expect(await query("select count(*)::int as count from drizzle.__drizzle_migrations")).toEqual([
      { count: first.ok ? first.value : -1 },
    ]);
  });

  it("applies what a newer version brings", async () => {
    await migrateIt();
    await addMigration("9999_next", "create table brought_by_next (id int)", 1_000);
    expect((await migrateIt()).ok).toBe(true);
    expect(await query("select count(*)::int as count from brought_by_next")).toEqual([{ count: 0 }]);
  });

  it("refuses a database of a newer version and leaves it as it is", async () => {
    await addMigration("9999_next", "create table brought_by_next (id int)", 1_000);
    await migrateIt();
    const everything = `select table_schema, table_name, column_name from information_schema.columns
      where table_schema in ('public', 'drizzle') order by 1, 2, 3`;
    const before = await query(everything);
    await rm(folder, { recursive: true });
    await cp(MIGRATIONS, folder, { recursive: true });
    await addMigration("9998_ours", "create table ours (id int)", 2_000);
    const refused = await migrateIt();
    expect(refused).toEqual({ ok: false, error: expect.stringContaining("newer version") });
    expect(await query(everything)).toEqual(before);
  });

  it("does not overlook a migration that was merged late", async () => {
    await migrateIt();
    await addMigration("9999_late", "create table late (id int)", -1_000);
    expect(await migrateIt()).toEqual({ ok: false, error: expect.stringContaining("skipped") });
  });

  it("keeps nothing of a migration that fails half-way", async () => {
    await migrateIt();
    await addMigration(
      "9999_broken",
      "create table half (id int);--> statement-breakpoint\nselect 1/0",
      1_000,
    );
    await expect(migrateIt()).rejects.toThrow("select 1/0");
    expect(await query("select to_regclass('half') as half")).toEqual([{ half: null }]);
  });

  it("keeps what a cloud of the first version had, and knows its alarms as over", async () => {
    const path = join(folder, "meta/_journal.json");
    const whole = await readFile(path, "utf8");
    const journal = JSON.parse(whole) as Journal;
    await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) }));
    await migrateIt();
    const id = "0192b000-0001-7000-8000-000000000001";
    await query(
      `insert into alarms values ('${id}', '${id}', 'exit', 'stuck', 'a lorry', '2026-07-15T08:00:00Z')`,
    );
    await query(`insert into movements (facility_id, movement_id, lane, direction, kind, at)
      values ('${id}', '${id}', 'entry', 'in', 'normal', '2026-07-15T08:00:00Z')`);
    await query(`insert into stays (facility_id, stay_id, status) values ('${id}', '${id}', 'open')`);
    await writeFile(path, whole);
    expect((await migrateIt()).ok).toBe(true);
    expect(
      await query("select alarm_id, kind, detail, ended_at = at as over, acknowledged_by from alarms"),
    ).toEqual([{ alarm_id: id, kind: "stuck", detail: "a lorry", over: true, acknowledged_by: null }]);
    expect(await query("select movement_id, scope from movements")).toEqual([
      { movement_id: id, scope: "facility" },
    ]);
    expect(await query("select stay_id, right_kind from stays")).toEqual([{ stay_id: id, right_kind: null }]);
  });
});
