import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sql } from "drizzle-orm";
import { startTestDatabase } from "../testing/database.ts";
import { openDatabase, transact, type Db } from "./connection.ts";

let server: Awaited<ReturnType<typeof startTestDatabase>>;
let db: Db;
let close: () => Promise<void>;
const told: { statement: string; ms: number }[] = [];
beforeAll(async () => {
  server = await startTestDatabase();
  ({ db, close } = openDatabase(
    server.address,
    () => undefined,
    (statement, ms) => told.push({ statement, ms }),
  ));
});
beforeEach(() => void told.splice(0));
afterAll(async () => {
  await close();
  await server.stop();
});

const statements = () => told.map(({ statement }) => statement);

describe("queries", () => {
  it("are told with how long they took, however they are asked", async () => {
    await db.execute(sql`select pg_sleep(0.05), ${"a value"}::text`);
    await db.$client.query("select 2");
    await db.$client.query({ text: "select 3" });
    expect(statements()).toEqual(["select pg_sleep(0.05), $1::text", "select 2", "select 3"]);
    expect(told[0]?.ms).toBeGreaterThan(45);
  });

  it("are told in a transaction, and when they fail; and their answers are the same", async () => {
    const answer = await transact(db, async (tx, client) => {
      const { rows } = await client.query<{ one: number }>("select 1 as one");
      await tx.execute(sql`select 2`);
      return rows;
    });
    expect(answer).toEqual([{ one: 1 }]);
    expect(statements()).toEqual(["begin", "select 1 as one", "select 2", "commit"]);
    await expect(db.$client.query("select nothing from nowhere")).rejects.toThrow("nowhere");
    expect(statements().at(-1)).toBe("select nothing from nowhere");
  });

  it("are told to a callback as well", async () => {
    const client = await db.$client.connect();
    const rows = await new Promise<unknown>((resolve) => {
      client.query("select 4 as four", (_error, result) => resolve(result.rows));
    });
    client.release();
    expect(rows).toEqual([{ four: 4 }]);
    expect(statements()).toEqual(["select 4 as four"]);
  });
});
