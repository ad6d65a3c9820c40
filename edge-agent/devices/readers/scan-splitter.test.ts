import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Affixes, MAX_AFFIX_CHARACTERS, MAX_SCAN_CHARACTERS, ScanSplitter } from "./scan-splitter.ts";

const NONE: Affixes = { prefix: "", suffix: "" };
const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function codesOf(text: string, affixes: Affixes = NONE): string[] {
  return new ScanSplitter(affixes).push(latin1(text));
}

function chunksOf(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * stream.length)), stream.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const printable = fc
  .string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  })
  .map((text) => text.slice(0, MAX_SCAN_CHARACTERS));
const end = fc.constantFrom("\r", "\n", "\r\n");

describe("scans", () => {
  it.each([
    ["PKM-7K2M9QX3\r", ["PKM-7K2M9QX3"]],
    ["PKM-7K2M9QX3\n", ["PKM-7K2M9QX3"]],
    ["PKM-7K2M9QX3\r\n4006381333931\r\n", ["PKM-7K2M9QX3", "4006381333931"]],
    ["\r\n\r\n\r", []],
    ["no end yet", []],
    [" https://example.org/t/1 \r", ["https://example.org/t/1"]],
    ["   \r", []],
  ])("reads %j as %j", (text, codes) => {
    expect(codesOf(text)).toEqual(codes);
  });

  it("takes off what the scanner adds, and drops a text without it: one end of it was lost", () => {
    const affixes = { prefix: "\u0002]Q1", suffix: "\u0003" };
    const splitter = new ScanSplitter(affixes);
    expect(splitter.push(latin1("\u0002]Q1ABC\u0003\r"))).toEqual(["ABC"]);
    expect(splitter.push(latin1("Q1ABC\u0003\r\u0002]Q1ABC\r\u0002]Q1\u0003\r"))).toEqual([]);
    expect(splitter.rejected).toBe(3);
  });

  it("does not mistake one and the same text for head and tail", () => {
    expect(codesOf("#\r", { prefix: "#", suffix: "#" })).toEqual([]);
  });

  it("drops a text with unprintable characters whole", () => {
    const splitter = new ScanSplitter(NONE);
    expect(splitter.push(latin1("AB\u0007C\rD\u00e9F\rgood\r"))).toEqual(["good"]);
    expect(splitter.rejected).toBe(2);
  });

  it("accepts the longest code, and drops a longer one whole, up to its end", () => {
    const longest = "x".repeat(MAX_SCAN_CHARACTERS);
    const affixes = { prefix: "<".repeat(MAX_AFFIX_CHARACTERS), suffix: ">".repeat(MAX_AFFIX_CHARACTERS) };
    expect(codesOf(`${longest}\r`)).toEqual([longest]);
    expect(codesOf(`${affixes.prefix}${longest}${affixes.suffix}\r`, affixes)).toEqual([longest]);
    const splitter = new ScanSplitter(NONE);
    expect(splitter.push(latin1(`${longest}x\rnext\r`))).toEqual(["next"]);
    expect(splitter.push(latin1("y".repeat(10_000)))).toEqual([]);
    expect(splitter.push(latin1("good\rnext\r"))).toEqual(["next"]);
    expect(splitter.rejected).toBe(2);
  });

  it("forgets a half when told that its rest will not come", () => {
    const splitter = new ScanSplitter(NONE);
    splitter.push(latin1("half"));
    expect(splitter.pending).toBe(true);
    splitter.reset();
    expect(splitter.push(latin1("whole\r"))).toEqual(["whole"]);
    expect(splitter.rejected).toBe(1);
  });

  it("are the same however the bytes are split", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 6 }), cuts, (parts, where) => {
        const stream = Uint8Array.from(parts.flatMap((part) => [...part, 0x0d]));
        const splitter = new ScanSplitter(NONE);
        const heard = chunksOf(stream, where).flatMap((chunk) => splitter.push(chunk));
        expect(heard).toEqual(new ScanSplitter(NONE).push(stream));
        for (const code of heard) expect(code).toMatch(/^[\x20-\x7e]{1,256}$/);
      }),
    );
  });

  it("lose no good one that follows whatever garbage, once that has ended", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.array(printable),
        end,
        cuts,
        (junk, codes, eol, where) => {
          const stream = Uint8Array.from([
            ...junk,
            0x0d,
            ...latin1(codes.map((code) => code + eol).join("")),
          ]);
          const splitter = new ScanSplitter(NONE);
          const heard = chunksOf(stream, where).flatMap((chunk) => splitter.push(chunk));
          expect(heard.slice(heard.length - codes.length)).toEqual(codes);
        },
      ),
    );
  });
});
