import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestDatabase } from "../testing/database.ts";
import { openDatabase, transact, type Client, type Db, type Tx } from "./connection.ts";
import { writeAll, copyText } from "./copy.ts";
import { isDataError } from "./errors.ts";

let db: Db;
let stop: () => Promise<void>;
beforeAll(async () => {
  const server = await startTestDatabase();
  const opened = openDatabase(server.address, () => undefined);
  db = opened.db;
  stop = async () => {
    await opened.close();
    await server.stop();
  };
  for (const name of ["one", "two"])
    await db.$client.query(`create table ${name} (id integer primary key, word text, yes boolean)`);
});
afterAll(() => stop());

const ONE = "copy one (id, word, yes) from stdin";
const TWO = "copy two (id, word, yes) from stdin";
const linesOf = (rows: readonly (readonly unknown[])[]) =>
  rows.map((row) => `${row.map(copyText).join("\t")}\n`).join("");
const rowsOf = async (name: string) => (await db.$client.query(`select * from ${name} order by id`)).rows;

/** In a transaction that is never kept. */
async function tried<T>(work: (client: Client, tx: Tx) => Promise<T>): Promise<T> {
  let result: T | undefined;
  await transact(db, async (tx, client) => {
    result = await work(client, tx);
    tx.rollback();
  }).catch((error: unknown) => {
    if (result === undefined) throw error;
  });
  if (result === undefined) throw new Error("nothing came of it");
  return result;
}

describe("writeAll", () => {
  it("writes any text as it is, into several tables at once", async () => {
    const word = fc.oneof(
      fc.string({ unit: "binary" }).filter((text) => !/\0|\p{Cs}/u.test(text)),
      fc.constantFrom("", "\\N", "\\.", "\t", "\r\n", "\\", "NULL", null),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(word, fc.option(fc.boolean())), { maxLength: 20 }), async (rows) => {
        const numbered = rows.map((row, id) => [id, ...row] as const);
        const read = await tried(async (client) => {
          const text = linesOf(numbered);
          await writeAll(client, [
            { statement: ONE, rows: text },
            { statement: TWO, rows: text },
          ]);
          const { rows: one } = await client.query("select * from one order by id");
          const { rows: two } = await client.query("select * from two order by id");
          return { one, two };
        });
        const expected = numbered.map(([id, text, yes]) => ({ id, word: text, yes }));
        expect(read).toEqual({ one: expected, two: expected });
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["a row that is there", [[1], [1]]],
    ["a value that does not fit", [["many"]]],
    ["NUL in a text", [[1, "\0"]]],
    ["too many values", [[1, "a", true, 4]]],
  ])(
    "is refused as a whole because of %s, wherever it is, and the connection goes on",
    async (_what, rows) => {
      const bad = linesOf(rows.map((row) => [...row, ...[null, null, null].slice(row.length)].slice(0, 4)));
      const good = linesOf(Array.from({ length: 2_000 }, (_, id) => [id, "x".repeat(100), true]));
      for (const texts of [
        [bad, good],
        [good, bad],
      ]) {
        const copies = texts.map((text, index) => ({ statement: index === 0 ? ONE : TWO, rows: text }));
        const error: unknown = await transact(db, (_tx, client) => writeAll(client, copies)).catch(
          (thrown: unknown) => thrown,
        );
        expect(isDataError(error)).toBe(true);
        expect([await rowsOf("one"), await rowsOf("two")]).toEqual([[], []]);
      }
    },
  );

  it("tells of a table that is not there, and writes nothing of none", async () => {
    const nowhere = transact(db, (_tx, client) =>
      writeAll(client, [{ statement: "copy nowhere (id) from stdin", rows: "1\n" }]),
    );
    await expect(nowhere).rejects.toThrow("nowhere");
    await transact(db, (_tx, client) => writeAll(client, []));
  });
});
