import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTestDatabase, type TestDatabase } from "../testing/database.ts";
import { openDatabase, transact, withClient, type Db } from "./connection.ts";
import { openReplica } from "./replica.ts";

/** Two databases of one server: one says that it is the primary, the other that it is the replica. */
const REPLICA = `replica_${randomUUID().replaceAll("-", "")}`;
let server: TestDatabase;
let primary: ReturnType<typeof openDatabase>;
let told: string[] = [];
let nowMs = 0;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startTestDatabase();
  await withClient(server.address, async (client) => {
    await client.query("create table who (name text)");
    await client.query("insert into who values ('primary')");
  });
  await startReplica();
  primary = openDatabase(server.address, () => undefined);
});
afterAll(async () => {
  await endReplica();
  await primary.close();
  await server.stop();
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  told = [];
});

async function startReplica(): Promise<void> {
  await withClient(server.address, (client) => client.query(`create database ${REPLICA}`));
  await withClient({ ...server.address, database: REPLICA }, async (client) => {
    await client.query("create table who (name text)");
    await client.query("insert into who values ('replica')");
  });
}

const endReplica = async () =>
  await withClient(server.address, (client) => client.query(`drop database ${REPLICA} with (force)`));

function open(): Db {
  const { host, port, user, password } = server.address;
  const url = `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${REPLICA}?host=${encodeURIComponent(host)}`;
  const events = { away: () => told.push("away"), back: () => told.push("back") };
  const replica = openReplica(url, primary.db, events, { nowMs: () => nowMs });
  opened.push(replica.close);
  return replica.db;
}

/** Who answers: a query, a transaction of drizzle, and one of ours. */
async function whoAnswers(db: Db): Promise<readonly string[]> {
  const ask = sql`select name from who`;
  const { rows: plain } = await db.execute<{ name: string }>(ask);
  const inOne = await db.transaction(async (tx) => (await tx.execute<{ name: string }>(ask)).rows);
  const inOurs = await transact(db, async (tx) => (await tx.execute<{ name: string }>(ask)).rows);
  return [plain, inOne, inOurs].map(([row]) => row?.name ?? "");
}

describe("a replica", () => {
  it("answers by itself while it is there", async () => {
    expect(await whoAnswers(open())).toEqual(["replica", "replica", "replica"]);
    expect(told).toEqual([]);
  });

  it("is stood in for by the primary while it is away, told once, and is asked again", async () => {
    const db = open();
    await endReplica();
    expect(await whoAnswers(db)).toEqual(["primary", "primary", "primary"]);
    await startReplica();
    // It is not asked again at once: nobody waits for a server that is away.
    expect(await whoAnswers(db)).toEqual(["primary", "primary", "primary"]);
    nowMs += 5_001;
    expect(await whoAnswers(db)).toEqual(["replica", "replica", "replica"]);
    expect(told).toEqual(["away", "back"]);
  });

  it("gives what was borrowed back to where it came from", async () => {
    const db = open();
    await endReplica();
    for (let n = 0; n < 50; n += 1) await whoAnswers(db);
    expect(primary.db.$client.totalCount).toBeLessThan(5);
    expect(primary.db.$client.idleCount).toBe(primary.db.$client.totalCount);
    nowMs += 5_001;
    await startReplica();
    for (let n = 0; n < 50; n += 1) await whoAnswers(db);
    expect(db.$client.idleCount).toBe(db.$client.totalCount);
  });

  it("says what is wrong with a query, and does not call it being away", async () => {
    const db = open();
    await expect(db.execute(sql`select * from nowhere`)).rejects.toThrow("nowhere");
    expect(told).toEqual([]);
  });
});
