import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestDatabase } from "../testing/database.ts";
import { openDatabase, transact, type Client, type Db } from "./connection.ts";
import { BinaryRows } from "./copy-binary.ts";
import { writeAll } from "./copy.ts";
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
  await db.$client.query(
    "create table odd (id uuid, number bigint, at timestamptz, word text, document json, bytes bytea, hash bytea)",
  );
});
afterAll(() => stop());

const STATEMENT = "copy odd from stdin (format binary)";
const SHOWN = `select id, number::text as number, (extract(epoch from at) * 1000)::bigint::text as ms, word,
  document::text as document, encode(bytes, 'hex') as bytes, encode(hash, 'hex') as hash from odd`;

async function writtenAs(client: Client, rows: BinaryRows): Promise<readonly unknown[]> {
  await writeAll(client, [
    { statement: "delete from odd", rows: null },
    { statement: STATEMENT, rows: rows.end() },
  ]);
  return (await client.query<Record<string, unknown>>(SHOWN)).rows;
}

describe("BinaryRows", () => {
  it("are what PostgreSQL reads, whatever the values and their number", async () => {
    const number = fc.maxSafeInteger();
    // From year 1 to 9999.
    const ms = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
    const word = fc.option(
      fc.string({ unit: "binary", maxLength: 400 }).filter((text) => !/\0|\p{Cs}/u.test(text)),
    );
    const row = fc.record({
      id: fc.oneof(
        fc.uuid(),
        fc.constant("00000000-0000-0000-0000-000000000000"),
        fc.constant("f".repeat(8) + "-ffff".repeat(3) + "-" + "f".repeat(12)),
      ),
      number,
      ms,
      word,
      document: fc.jsonValue(),
      bytes: fc.uint8Array({ maxLength: 300 }),
    });
    const property = (client: Client) =>
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), fc.nat({ max: 500 }), async (values, capacity) => {
        const rows = new BinaryRows(capacity);
        for (const { id, number, ms, word, document, bytes } of values) {
          rows.row(7);
          rows.uuid(id.toUpperCase());
          rows.integer(number);
          rows.instant(ms);
          if (word === null) rows.null();
          else rows.text(word);
          rows.text(JSON.stringify(document).replaceAll("\\u0000", ""));
          rows.blob(bytes);
          rows.hex(Buffer.from(bytes).toString("hex"));
        }
        expect(await writtenAs(client, rows)).toEqual(
          values.map(({ id, number, ms, word, document, bytes }) => {
            const hex = Buffer.from(bytes).toString("hex");
            const text = JSON.stringify(document).replaceAll("\\u0000", "");
            return {
              id,
              number: String(number),
              ms: String(ms),
              word,
              document: text,
              bytes: hex,
              hash: hex,
            };
          }),
        );
      });
    // One transaction for all of them: a commit takes longer than what is tried.
    await transact(db, (_, client) => fc.assert(property(client), { numRuns: 10 }));
  });

  it("are refused because of their data as those in text are", async () => {
    for (const word of ["NUL \0", "no JSON"]) {
      const rows = new BinaryRows(0);
      rows.row(7);
      rows.null();
      rows.null();
      rows.null();
      rows.text(word.replace("no JSON", ""));
      rows.text(word);
      rows.null();
      rows.null();
      await expect(transact(db, (_, client) => writtenAs(client, rows))).rejects.toSatisfy(isDataError);
    }
  });
});
