import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPageText } from "./code-pages.ts";

const NUMBERS = { cp858: 19, cp437: 0, cp1252: 16 } as const;
const pageText = (...pages: (keyof typeof NUMBERS)[]) =>
  createPageText(pages, (page) => [0x1b, 0x74, NUMBERS[page as keyof typeof NUMBERS]]);

/** Halves of surrogate pairs too. */
const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));

describe("text of one byte a character", () => {
  it("prints the euro sign of page 858 and of page 1252", () => {
    expect([...pageText("cp858").encode("2 €")]).toEqual([0x32, 0x20, 0x1b, 0x74, 19, 0xd5]);
    expect([...pageText("cp1252").encode("€")]).toEqual([0x1b, 0x74, 16, 0x80]);
  });

  it("changes the page only for a character that the page before lacks", () => {
    const text = pageText("cp858", "cp1252");
    expect([...text.encode("é")]).toEqual([0x1b, 0x74, 19, 0x82]);
    expect([...text.encode("éa")]).toEqual([0x82, 0x61]);
    expect([...text.encode("é…é€")]).toEqual([0x82, 0x1b, 0x74, 16, 0x85, 0xe9, 0x80]);
  });

  it.each([
    ["Zürich, Gölü, Łódź, Đakovo, İzmir", "Zürich, Gölü, Lódz, Dakovo, Izmir"],
    ["₹ 40", "Rs 40"],
    ["9:05\u202fAM", "9:05 AM"],
    ["a\u00a0b\tc\nd\u001b@", "a b c d @"],
    ["“so”… – ‘yes’", "\"so\"... - 'yes'"],
    ["e\u0301", "é"],
    ["Ő ő ş ț Ț", "O o s t T"],
    ["漢字", "??"],
  ])("makes %j read %j on page 858", (text, expected) => {
    expect(pageText("cp858").printable(text)).toBe(expected);
  });

  it("keeps to ASCII where there are no pages", () => {
    const text = createPageText([], () => []);
    expect(text.printable("12 € für Øre, naïve café №5")).toBe("12 EUR fur Ore, naive cafe No5");
  });

  it("never lets a control byte through, and loses no printable character", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyUnit, maxLength: 40 }), (anything) => {
        const text = pageText("cp858", "cp437", "cp1252");
        const printable = text.printable(anything);
        const bytes = [...text.encode(printable)];
        let characters = 0;
        for (let i = 0; i < bytes.length; i++) {
          if (bytes[i] === 0x1b) {
            expect(bytes[i + 1]).toBe(0x74);
            i += 2;
            continue;
          }
          expect(bytes[i]).toBeGreaterThanOrEqual(0x20);
          expect(bytes[i]).not.toBe(0x7f);
          characters += 1;
        }
        expect(characters).toBe([...printable].length);
      }),
    );
  });
});
