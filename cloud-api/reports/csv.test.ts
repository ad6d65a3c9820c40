import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvOf } from "./csv.ts";
import type { Column } from "./table.ts";

const TEXT: Column = { key: "a", label: "A", kind: "text" };
const MONEY: Column = { key: "b", label: "B", kind: "money" };
const COUNT: Column = { key: "c", label: "C", kind: "count" };

/** A reader of RFC 4180 that was written apart: character by character. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let [row, cell, quoted] = [[] as string[], "", false];
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (char === '"' && cell === "") quoted = true;
    else if (char === ",") {
      row.push(cell);
      cell = "";
    } else if (char === "\r" && text[i + 1] === "\n") {
      rows.push([...row, cell]);
      [row, cell] = [[], ""];
      i++;
    } else cell += char;
  }
  if (cell !== "" || row.length > 0) throw new Error("the last line has no end");
  return rows;
}

describe("CSV", () => {
  it("has a header, CRLF, and quotes where RFC 4180 wants them", () => {
    const rows = [
      { a: 'says "no", twice', b: "-3.50", c: -2 },
      { a: "two\r\nlines", b: null, c: 0 },
      { a: "Café", b: "12.00", c: 3 },
    ];
    expect(csvOf([TEXT, MONEY, COUNT], rows)).toBe(
      'A,B,C\r\n"says ""no"", twice",-3.50,-2\r\n"two\r\nlines",,0\r\nCafé,12.00,3\r\n',
    );
  });

  it.each([
    ["=1+1", "'=1+1"],
    ["+49 30", "'+49 30"],
    ["-2", "'-2"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["＝cmd", "'＝cmd"],
    ["a=1", "a=1"],
    ["12.00", "12.00"],
  ])("never makes a formula of %j", (text, expected) => {
    expect(readCsv(csvOf([TEXT], [{ a: text }]))).toEqual([["A"], [expected]]);
  });

  it("gives back what was written, whatever it is", () => {
    const anyText = fc.oneof(fc.string(), fc.constantFrom("\r\n", '"', ",", "=", "''", '\n,"\r\n'));
    fc.assert(
      fc.property(fc.array(fc.record({ a: anyText, b: anyText }), { maxLength: 5 }), (rows) => {
        const columns = [TEXT, { ...TEXT, key: "b" }];
        const read = readCsv(csvOf(columns, rows)).slice(1);
        expect(read).toHaveLength(rows.length);
        for (const [index, row] of rows.entries()) {
          for (const [place, text] of [row.a, row.b].entries()) {
            const cell = read[index]?.[place];
            expect([text, `'${text}`]).toContain(cell);
            expect(cell).not.toMatch(/^[=+\-@]/);
          }
        }
      }),
    );
  });
});
