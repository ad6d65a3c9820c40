import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asCurrency } from "@parkme/shared/domain/money";
import { parseAnyTariff, parseTariffFile } from "./tariff-file.ts";

const PLACE = { currency: asCurrency("EUR"), timeZone: "Europe/Berlin" };
const USUAL = { id: "draft", version: 1 };

const problemsOf = (text: string) => {
  const read = parseTariffFile(text, PLACE);
  return read.ok ? [] : read.error.map(({ line, path, message }) => `${line} ${path}: ${message}`);
};

describe("a tariff file", () => {
  it("is JSON or YAML", () => {
    const json = '{\n\t"id": "standard",\n\t"version": 4,\n\t"document": { "flat": { "price": 5 } }\n}';
    const yaml = "id: standard\nversion: 4\ndocument:\n  flat: { price: 5 } # a comment\n";
    for (const text of [json, yaml])
      expect(parseTariffFile(text, PLACE)).toMatchObject({
        ok: true,
        value: { tariff: { id: "standard", version: 4 }, fromMs: null, document: '{"flat":{"price":5}}' },
      });
  });

  it("has every problem told at once, each with its line", () => {
    const text = `id: Standard Tariff
version: 1.5
valid_from: tomorrow
colour: blue
document:
  currency: USD
  slabs:
    - { max_hours: 2, price: -1 }
    - { max_hours: 1, price: 2 }
`;
    expect(problemsOf(text)).toEqual([
      "1 id: must be lower-case letters, digits and dashes, 1..40 long",
      '1 : has keys that are not known: "colour"',
      "2 version: must be a whole number",
      expect.stringMatching(/^3 valid_from: must be a time such as/),
      "6 document.currency: is not the currency of this facility, which is EUR",
      "8 document.slabs.0.price: must not be negative",
      "9 document.slabs.1.max_hours: must be longer than the slab before it",
      "9 document.slabs.1.max_hours: no slab covers a stay of more than 1 h; end with null",
    ]);
  });

  it("without its document, or with another thing in its place, is refused", () => {
    expect(problemsOf("id: a\nversion: 1\n")).toEqual([expect.stringMatching(/document: is missing/)]);
    expect(problemsOf("id: a\nversion: 1\ndocument: [1]\n")).toHaveLength(1);
  });

  it("may be a document alone, for who looks at it", () => {
    expect(parseAnyTariff("flat: { price: 5 }\n", PLACE, USUAL)).toMatchObject({
      value: { tariff: { id: "draft", version: 1 }, document: '{"flat":{"price":5}}' },
    });
    expect(parseAnyTariff("flat: { price: five }\n", PLACE, USUAL)).toMatchObject({
      error: [{ line: 1, path: "flat.price" }],
    });
  });

  it("is a result for any text, in bounded time", () => {
    const words = fc.constantFrom(
      "id: a",
      "version: 1",
      "document:",
      "{",
      "}",
      "[",
      "&a",
      "*a",
      "- ",
      "\n",
      "flat",
      ": ",
    );
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(words, { maxLength: 40 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (given) => {
        for (const read of [parseTariffFile(given, PLACE), parseAnyTariff(given, PLACE, USUAL)])
          if (!read.ok) expect(read.error.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
    expect(problemsOf(`document: ${"[".repeat(50_000)}`).length).toBeGreaterThan(0);
  });
});
