import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCsv } from "./csv.ts";
import { readSpots } from "./spot-import.ts";

const ROOF = "0192a000-0000-7000-8000-00000000000a";
const ZONES = new Map([["roof", ROOF]]);

const cellsOf = (text: string) => {
  const read = readCsv(text);
  return read.ok ? read.value.map(({ cells }) => cells) : read.error;
};
const problemsOf = (text: string) => {
  const read = readSpots(text, ZONES);
  return read.ok ? [] : read.error.map(({ line, field }) => `${line} ${field}`.trim());
};

describe("readCsv", () => {
  it("reads quotes, separators, and lines of every kind", () => {
    expect(cellsOf('a,"b,c",d\r\n"e ""f""",,\n\n"g\nh",i,j')).toEqual([
      ["a", "b,c", "d"],
      ['e "f"', "", ""],
      ["g\nh", "i", "j"],
    ]);
    expect(cellsOf("\uFEFFa;b\n1,5;2\n")).toEqual([
      ["a", "b"],
      ["1,5", "2"],
    ]);
    expect(cellsOf("")).toEqual([]);
  });

  it("knows the line that a row begins in", () => {
    const read = readCsv('a,b\n"c\n\nd",e\n\nf,g');
    expect(read.ok && read.value.map(({ line }) => line)).toEqual([1, 2, 6]);
  });

  it("refuses quotes that do not end, and text behind them", () => {
    expect(cellsOf('a,b\n"c,d')).toMatchObject({ line: 2 });
    expect(cellsOf('"a"b,c')).toMatchObject({ line: 1 });
  });

  it("reads back what was written", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", ",", ";", '"', "\n", " ", "é") });
    const rows = fc.array(fc.tuple(fc.constant("x"), cell, cell), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(rows, (table) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = ["a,b,c", ...table.map((row) => row.map(quote).join(","))].join("\r\n");
        expect(cellsOf(text)).toEqual([["a", "b", "c"], ...table]);
      }),
    );
  });

  it("ends with any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ",", ";", "\r", "\n", "a") }), (text) => {
        const read = readCsv(text);
        expect(read.ok ? Array.isArray(read.value) : read.error.line).toBeTruthy();
      }),
    );
  });
});

describe("readSpots", () => {
  it("reads spots by the names of the columns, in any order", () => {
    const text = "Zone,number,EV,sensor,vehicle_types\nroof, A1 ,yes,s-1,car van\nroof,A2,,,\n";
    const usual = { zone_id: ROOF, size: "standard", accessible: false, reservable: true };
    expect(readSpots(text, ZONES)).toEqual({
      ok: true,
      value: [
        { ...usual, number: "A1", ev: true, sensor: "s-1", vehicle_types: ["car", "van"] },
        { ...usual, number: "A2", ev: false, sensor: null, vehicle_types: [] },
      ],
    });
  });

  it.each([
    ["", ["1"]],
    ["number\nA1\n", ["1 zone"]],
    ["number,zone,colour\n", ["1 colour"]],
    ["number,zone,zone\n", ["1 zone"]],
    ["number,zone\nA1,cellar\n,roof\n", ["2 zone", "3 number"]],
    ["number,zone,size,ev\nA1,roof,huge,perhaps\n", ["2 ev", "2 size"]],
    ["number,zone\nA1,roof\nA2,roof\nA1,roof\n", ["4 number"]],
    ["number,zone\nA1,roof,more\n", ["2"]],
    ["number,zone,vehicle_types\nA1,roof,tank\n", ["2 vehicle_types"]],
    [`number,zone\n${"9".repeat(21)},roof\n`, ["2 number"]],
    ['number,zone\n"A1,roof\n', ["2"]],
  ])("tells what is wrong with %j", (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it("takes so many spots and no more", () => {
    const file = (rows: number) =>
      ["number,zone", ...Array.from({ length: rows }, (_, index) => `${index},roof`)].join("\n");
    expect(problemsOf(file(5_000))).toEqual([]);
    expect(problemsOf(file(5_001))).toEqual(["1"]);
  });
});
