import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacketLimit } from "./packet-limit.ts";

const MAX = 20_000;

/** A packet of any type with this many bytes after its fixed header. */
function packet(length: number, type = 0x30): Uint8Array {
  const header = [type];
  let rest = length;
  do {
    const group = rest % 128;
    rest = Math.floor(rest / 128);
    header.push(rest > 0 ? group | 0x80 : group);
  } while (rest > 0);
  return Uint8Array.from([...header, ...new Uint8Array(length).fill(0xff)]);
}

/** The stream cut at the given places, given as fractions of its length. */
function chunksOf(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * stream.length)), stream.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

describe("packet limit", () => {
  it("lets any run of short packets through, however it is split", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: MAX }), { maxLength: 5 }), cuts, (lengths, where) => {
        const withinLimit = createPacketLimit(MAX);
        const stream = Uint8Array.from(lengths.flatMap((length) => [...packet(length)]));
        expect(chunksOf(stream, where).every(withinLimit)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("finds the one that is too long behind any others, before it is there", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 5 }),
        fc.integer({ min: MAX + 1, max: 1_000_000 }),
        cuts,
        (lengths, tooLong, where) => {
          const withinLimit = createPacketLimit(MAX);
          const beginning = packet(tooLong).subarray(0, 4);
          const stream = Uint8Array.from([...lengths.flatMap((length) => [...packet(length)]), ...beginning]);
          expect(chunksOf(stream, where).every(withinLimit)).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("accepts the limit itself and nothing above it", () => {
    expect(createPacketLimit(MAX)(packet(MAX))).toBe(true);
    expect(createPacketLimit(MAX)(packet(MAX + 1).subarray(0, 4))).toBe(false);
  });

  it("refuses a length that never ends", () => {
    expect(createPacketLimit(MAX)(Uint8Array.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x00]))).toBe(false);
  });
});
