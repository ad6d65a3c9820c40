import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cardText, MAX_CARD_BITS } from "./card-text.ts";

/** The bits as a reader sends them: first bit first, the last byte filled up with zeros. */
function packed(bits: string): Uint8Array {
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Uint8Array.from(bytes.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)));
}

/** Facility and card number between the parity bits of Wiegand 26 or 34. */
function wiegand(facility: number, card: number, facilityBits: 8 | 16): string {
  const data = facility.toString(2).padStart(facilityBits, "0") + card.toString(2).padStart(16, "0");
  const half = data.length / 2;
  const ones = (text: string): number => text.replaceAll("0", "").length;
  const even = ones(data.slice(0, half)) % 2;
  const odd = 1 - (ones(data.slice(half)) % 2);
  return `${even}${data}${odd}`;
}

describe("a card's text", () => {
  it.each([
    [wiegand(0, 0, 8), "00000000"],
    [wiegand(255, 65_535, 8), "16777215"],
    // Facility 123, card 45678: 123 * 65536 + 45678.
    [wiegand(123, 45_678, 8), "08106606"],
    [wiegand(188, 24_910, 16), "0012345678"],
    [wiegand(65_535, 65_535, 16), "4294967295"],
  ])("of Wiegand bits %s is the number between the parity bits: %s", (bits, text) => {
    expect(cardText(bits.length, packed(bits))).toBe(text);
  });

  it("of 26 bits with a wrong parity is all of them, so that it is no other card's number", () => {
    const bits = wiegand(123, 45_678, 8);
    const misread = `${bits.slice(0, 5)}${bits[5] === "0" ? "1" : "0"}${bits.slice(6)}`;
    expect(cardText(26, packed(misread))).toMatch(/^26:[0-9A-F]{7}$/);
  });

  it.each([
    [32, "DEADBEEF", "32:DEADBEEF"],
    [56, "04A1B2C3D4E5F6", "56:04A1B2C3D4E5F6"],
    [37, "8000000008", "37:1000000001"],
    [1, "80", "1:1"],
  ])("of %i other bits is their count and their number", (count, bits, text) => {
    expect(cardText(count, Uint8Array.from(Buffer.from(bits, "hex")))).toBe(text);
  });

  it("is none of no bits, of too many, or of fewer than it says", () => {
    expect(cardText(0, new Uint8Array())).toBeNull();
    expect(cardText(26, new Uint8Array(3))).toBeNull();
    expect(cardText(MAX_CARD_BITS, new Uint8Array(64))).toHaveLength(132);
    expect(cardText(MAX_CARD_BITS + 1, new Uint8Array(65))).toBeNull();
  });

  it("is printable and short whatever the bits, and another for other bits", () => {
    const card = fc
      .integer({ min: 1, max: MAX_CARD_BITS })
      .chain((count) =>
        fc
          .array(fc.constantFrom("0", "1"), { minLength: count, maxLength: count })
          .map((bits) => bits.join("")),
      );
    fc.assert(
      fc.property(card, card, (one, other) => {
        const text = cardText(one.length, packed(one));
        expect(text).toMatch(/^[0-9A-F:]{1,256}$/);
        if (one !== other) expect(cardText(other.length, packed(other))).not.toBe(text);
      }),
    );
  });
});
