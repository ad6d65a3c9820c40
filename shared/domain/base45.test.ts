import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase45, encodeBase45, foreignToBase45 } from "./base45.ts";

describe("base 45", () => {
  // RFC 9285, sections 4.3 and 4.4.
  it.each([
    ["AB", "BB8"],
    ["Hello!!", "%69 VD92EX0"],
    ["base-45", "UJCLQE7W581"],
    ["ietf!", "QED8WEX0"],
  ])("writes and reads %j as the standard does", (text, encoded) => {
    const bytes = new TextEncoder().encode(text);
    expect(encodeBase45(bytes)).toBe(encoded);
    expect(decodeBase45(encoded)).toEqual(bytes);
  });

  // RFC 9285, section 6: FGW is 65,535, GGW is more than two bytes hold.
  it.each(["GGW", "::", ":::", "A", "ABCD", "bb8", "BB8\n", "BB\u0038\u0301", "ÄÖÜ", "\ud83d\ude97!"])(
    "refuses %j",
    (text) => expect(decodeBase45(text)).toBeNull(),
  );

  it("holds the largest value, and nothing", () => {
    expect(decodeBase45("FGW")).toEqual(Uint8Array.of(255, 255));
    expect(decodeBase45("")).toEqual(new Uint8Array());
  });

  it("gives every byte string back, in characters of the QR code's alphanumeric mode", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase45(bytes);
        expect(text).toMatch(/^[0-9A-Z $%*+\-./:]*$/);
        expect(foreignToBase45(text)).toBe(0);
        expect(decodeBase45(text)).toEqual(bytes);
      }),
    );
  });

  it("has one spelling for each byte string, and never throws", () => {
    const alphabet = fc.constantFrom(...Array.from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:aé"));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: alphabet }), fc.string({ unit: "binary" })), (text) => {
        const bytes = decodeBase45(text);
        if (bytes !== null) expect(encodeBase45(bytes)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
