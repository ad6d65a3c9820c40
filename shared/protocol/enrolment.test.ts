import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assertionText,
  ENROLMENT_CODE_BYTES,
  enrolmentSchema,
  enrolmentText,
  readEnrolmentCode,
  writeEnrolmentCode,
} from "./enrolment.ts";

const bytes = fc.uint8Array({ minLength: ENROLMENT_CODE_BYTES, maxLength: ENROLMENT_CODE_BYTES });

describe("an enrolment code", () => {
  it("holds all its bits: no two are alike, from all zeros to all ones", () => {
    expect(writeEnrolmentCode(new Uint8Array(10))).toBe("0000-0000-0000-0000");
    expect(writeEnrolmentCode(new Uint8Array(10).fill(255))).toBe("ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    expect(writeEnrolmentCode(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]))).toBe("0000-0000-0000-0001");
    expect(writeEnrolmentCode(Uint8Array.from([128, 0, 0, 0, 0, 0, 0, 0, 0, 0]))).toBe("G000-0000-0000-0000");
    for (let bit = 0; bit < 80; bit++) {
      const one = new Uint8Array(10);
      one[Math.floor(bit / 8)] = 128 >> (bit % 8);
      expect(BigInt(`0b${bitsOf(writeEnrolmentCode(one))}`)).toBe(1n << BigInt(79 - bit));
    }
    expect(() => writeEnrolmentCode(new Uint8Array(9))).toThrow("10 bytes");
  });

  it("is read as it is typed", () => {
    const typings = fc.record({
      lower: fc.boolean(),
      zero: fc.constantFrom("0", "O", "o"),
      one: fc.constantFrom("1", "I", "i", "L", "l"),
      between: fc.constantFrom("", "-", " ", " - ", "\t"),
    });
    fc.assert(
      fc.property(bytes, typings, (random, { lower, zero, one, between }) => {
        const code = writeEnrolmentCode(random);
        const typed = (lower ? code.toLowerCase() : code)
          .replaceAll("-", between)
          .replaceAll("0", zero)
          .replaceAll("1", one);
        expect(readEnrolmentCode(` ${typed} `)).toBe(code.replaceAll("-", ""));
      }),
    );
  });

  it("is nothing else", () => {
    const none = [
      "",
      "0123-4567-89AB-CDE",
      "0123-4567-89AB-CDEF0",
      "0123-4567-89AB-CDEU",
      "0123_4567_89AB_CDEF",
    ];
    for (const text of [...none, "０１２３４５６７８９ＡＢＣＤＥＦ", "0".repeat(65), " ".repeat(60)])
      expect(readEnrolmentCode(text)).toBeNull();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        expect(readEnrolmentCode(text)).toSatisfy(
          (read: string | null) => read === null || /^[0-9A-HJKMNP-TV-Z]{16}$/.test(read),
        );
      }),
    );
  });
});

/** Five bits for each character. */
function bitsOf(code: string): string {
  const digits = [...code.replaceAll("-", "")].map((c) => "0123456789ABCDEFGHJKMNPQRSTVWXYZ".indexOf(c));
  return digits.map((digit) => digit.toString(2).padStart(5, "0")).join("");
}

describe("what is signed", () => {
  const fields = {
    code: "0123456789ABCDEF",
    facility_id: "019ab3c4-0000-7000-8000-000000000001",
    public_key: "A".repeat(60),
    name: "box",
  };

  it("is another text as soon as one part of it is another, and never the one of another purpose", () => {
    const texts = [
      enrolmentText(fields),
      enrolmentText({ ...fields, code: "0123456789ABCDEG" }),
      enrolmentText({ ...fields, name: 'box","x' }),
      enrolmentText({ ...fields, name: "box\nx" }),
      enrolmentText({ ...fields, facility_id: "019ab3c4-0000-7000-8000-000000000002" }),
      assertionText("a", "b\nc"),
      assertionText("a", "b"),
    ];
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of texts) expect(text).toMatch(/^parkme-(enrol|token)\n/);
  });

  it("is over the code as it is read, not as it was typed", () => {
    const read = enrolmentSchema.parse({
      ...fields,
      code: "ol23-4567-89ab-cdef",
      facility_id: fields.facility_id.toUpperCase(),
      name: " box ",
      proof: `${"A".repeat(86)}==`,
    });
    expect(enrolmentText(read)).toBe(enrolmentText(fields));
  });
});
