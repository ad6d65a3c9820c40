import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Apdu,
  decodeBcd,
  encodeApdu,
  encodeBcd,
  MAX_APDU_DATA_BYTES,
  ZvtDecoder,
} from "./zvt-frames.ts";
import { hex } from "../testing/hex.ts";

function decodeAll(chunks: readonly Uint8Array[]): Apdu[] {
  const decoder = new ZvtDecoder();
  return chunks.flatMap((chunk) => decoder.push(chunk));
}

function chunksOf(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * stream.length)), stream.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const apdu = fc.record({
  control: fc.constantFrom(0x040f, 0x04ff, 0x060f, 0x061e, 0x06d1, 0x06d3),
  data: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 600 })),
});

describe("zvt messages", () => {
  it.each([
    // As Portalum.Zvt and others send them (ZvtClientTest; libDecom, prot_zvt test).
    ["Authorisation of 10.00", 0x0601, "04000000001000", "06010704000000001000"],
    ["Authorisation of 1.10 EUR", 0x0601, "04000000011000490978", "06010a04000000011000490978"],
    ["an acknowledgement", 0x8000, "", "800000"],
  ])("are the published bytes of %s", (_what, control, data, bytes) => {
    expect(encodeApdu(control, hex(data))).toEqual(hex(bytes));
  });

  it("have a long length from 255 bytes on, the low byte first", () => {
    expect(encodeApdu(0x06d3, new Uint8Array(254)).subarray(0, 4)).toEqual(hex("06d3fe00"));
    expect(encodeApdu(0x06d3, new Uint8Array(255)).subarray(0, 6)).toEqual(hex("06d3ffff0000"));
    // PA00P015, 3.5: 861 bytes are FF 5D 03.
    expect(encodeApdu(0x06d3, new Uint8Array(861)).subarray(0, 5)).toEqual(hex("06d3ff5d03"));
    expect(decodeAll([hex("040fff01006c")])).toEqual([{ control: 0x040f, data: hex("6c") }]);
  });

  it("are the same however the bytes are split", () => {
    fc.assert(
      fc.property(fc.array(apdu, { maxLength: 6 }), cuts, (apdus, where) => {
        const stream = Uint8Array.from(apdus.flatMap(({ control, data }) => [...encodeApdu(control, data)]));
        expect(decodeAll(chunksOf(stream, where))).toEqual(apdus);
      }),
    );
  });

  it("are found behind noise that cannot begin one", () => {
    const noise = fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => bytes.filter((byte) => ![0x04, 0x06, 0x80, 0x84].includes(byte)));
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, apdu), { maxLength: 5 }), cuts, (pieces, where) => {
        const stream = Uint8Array.from(
          pieces.flatMap(([junk, { control, data }]) => [...junk, ...encodeApdu(control, data)]),
        );
        expect(decodeAll(chunksOf(stream, where))).toEqual(pieces.map(([, each]) => each));
      }),
    );
  });

  it("are never longer than any that a terminal has for us, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 6 }), (chunks) => {
        for (const { data } of decodeAll(chunks))
          expect(data.length).toBeLessThanOrEqual(MAX_APDU_DATA_BYTES);
      }),
    );
  });

  it("that claim to be longer are noise, and what follows is heard", () => {
    const decoder = new ZvtDecoder();
    expect(decoder.push(hex("06d3ff0110 840120 800100 060f00"))).toEqual([
      { control: 0x060f, data: hex("") },
    ]);
    expect(decoder.rejected).toBeGreaterThan(0);
  });

  it("of two connections are not joined", () => {
    const decoder = new ZvtDecoder();
    decoder.push(hex("040f0627"));
    decoder.reset();
    expect(decoder.push(hex("060f00"))).toEqual([{ control: 0x060f, data: hex("") }]);
  });
});

describe("packed digits", () => {
  it("are read as they were written, and nothing else is read", () => {
    expect(encodeBcd("000000001250")).toEqual(hex("000000001250"));
    expect(decodeBcd(hex("0471"))).toBe("0471");
    expect(decodeBcd(hex("04e1"))).toBeNull();
  });
});
