import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeFrame,
  type Framing,
  FRAMINGS,
  MAX_FRAME_BYTES,
  PclessDecoder,
  type PclessMessage,
} from "./pcless-frames.ts";

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function decodeAll(framing: Framing, chunks: readonly Uint8Array[]): PclessMessage[] {
  const decoder = new PclessDecoder(framing);
  return chunks.flatMap((chunk) => decoder.push(chunk));
}

function decodeText(text: string): PclessMessage | undefined {
  return decodeAll(FRAMINGS.star, [latin1(`*${text}#`)])[0];
}

function chunksOf(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * stream.length)), stream.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}

const framing = fc.constantFrom<Framing>(FRAMINGS.a6a9, FRAMINGS.star);
const knownText = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom("ON", "OFF"))
    .map(([input, level]) => `IN${input}${level}`),
  fc.integer({ min: 0, max: 511 }).map((bits) => `STAT${bits.toString(2).padStart(9, "0")}`),
  fc.constantFrom(
    "OPEN1OK",
    "CLOSE1OK",
    "STOP1OK",
    "PINGOK",
    "POWERON",
    "W12345678",
    "X1234567890",
    "PTok",
    "SOMETHING",
  ),
);
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const junk = fc.uint8Array({ maxLength: 40 });

describe("pcless frames", () => {
  it("encodes a text between header and footer", () => {
    expect(encodeFrame(FRAMINGS.a6a9, "OPEN1")).toEqual(
      Uint8Array.from([0xa6, 0x4f, 0x50, 0x45, 0x4e, 0x31, 0xa9]),
    );
    expect(Buffer.from(encodeFrame(FRAMINGS.star, "STAT")).toString()).toBe("*STAT#");
  });

  it.each<[string, PclessMessage]>([
    ["IN3ON", { kind: "input", input: 3, on: true }],
    ["IN1OFF", { kind: "input", input: 1, on: false }],
    [
      "STAT10010100",
      { kind: "stat", inputs: [true, false, false, true], outputs: [false, true, false, false] },
    ],
    [
      "STAT000000001",
      { kind: "stat", inputs: [false, false, false, false], outputs: [false, false, false, false, true] },
    ],
    ["OPEN1OK", { kind: "ack", command: "OPEN1" }],
    ["CLOSE2OK", { kind: "ack", command: "CLOSE2" }],
    ["OUT4OFFOK", { kind: "ack", command: "OUT4OFF" }],
    ["PINGOK", { kind: "pong" }],
    ["POWERON", { kind: "poweron" }],
    ["W12345678", { kind: "card", reader: 1, number: "12345678" }],
    ["X0123456789", { kind: "card", reader: 2, number: "0123456789" }],
    ["PT\u0012\u00ff", { kind: "printer", data: Uint8Array.from([0x12, 0xff]) }],
  ])("understands %s", (text, message) => {
    expect(decodeText(text)).toEqual(message);
  });

  it.each([
    "",
    "IN5ON",
    "IN0ON",
    "IN1",
    "STAT1001010",
    "STAT1001010011",
    "STAT1001010x",
    "OPEN1",
    "OPEN3OK",
    "open1ok",
    "W12",
    "W1234567",
    "X123456789",
    "W1234567x",
  ])("takes %j for nothing it knows", (text) => {
    expect(decodeText(text)).toEqual({ kind: "unrecognised", text });
  });

  it("says the same however the bytes are split", () => {
    fc.assert(
      fc.property(
        framing,
        fc.array(fc.oneof(knownText.map(latin1), junk), { maxLength: 8 }),
        cuts,
        (wire, bodies, where) => {
          const stream = Uint8Array.from(bodies.flatMap((body) => [wire.header, ...body, wire.footer]));
          expect(decodeAll(wire, chunksOf(stream, where))).toEqual(decodeAll(wire, [stream]));
        },
      ),
    );
  });

  it("loses no good frame that begins after garbage, whatever the garbage", () => {
    fc.assert(
      fc.property(
        framing,
        fc.array(fc.tuple(junk, knownText), { maxLength: 6 }),
        cuts,
        (wire, pieces, where) => {
          const stream = Uint8Array.from(
            pieces.flatMap(([garbage, text]) => [...garbage, wire.header, ...latin1(text), wire.footer]),
          );
          const heard = decodeAll(wire, chunksOf(stream, where));
          const expected = decodeAll(
            wire,
            pieces.map(([, text]) => encodeFrame(wire, text)),
          );
          // Garbage may contain frames of its own: the good ones are there, in order, among what was heard.
          let at = 0;
          for (const message of heard) {
            if (JSON.stringify(message) === JSON.stringify(expected[at])) at += 1;
          }
          expect(at).toBe(expected.length);
        },
      ),
    );
  });

  it("never throws, and never gives more than a frame's worth of anything", () => {
    fc.assert(
      fc.property(
        framing,
        fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 6 }),
        (wire, chunks) => {
          for (const message of decodeAll(wire, chunks)) {
            if (message.kind === "unrecognised")
              expect(message.text.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
            if (message.kind === "printer") expect(message.data.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
          }
        },
      ),
    );
  });

  it("starts a new frame at a header inside a frame, and counts the old one", () => {
    const decoder = new PclessDecoder(FRAMINGS.star);
    expect(decoder.push(latin1("*IN1O*IN2ON#"))).toEqual([{ kind: "input", input: 2, on: true }]);
    expect(decoder.rejected).toBe(1);
  });

  it("gives up a frame that is too long, and hears the next one", () => {
    const decoder = new PclessDecoder(FRAMINGS.star);
    expect(decoder.push(latin1(`*PT${"x".repeat(MAX_FRAME_BYTES - 2)}#`))).toHaveLength(1);
    expect(decoder.rejected).toBe(0);
    expect(decoder.push(latin1(`*PT${"x".repeat(MAX_FRAME_BYTES - 1)}`))).toEqual([]);
    expect(decoder.rejected).toBe(1);
    expect(decoder.push(latin1("xx*PINGOK#"))).toEqual([{ kind: "pong" }]);
  });

  it("does not join halves of two connections", () => {
    const decoder = new PclessDecoder(FRAMINGS.star);
    decoder.push(latin1("*IN1"));
    decoder.reset();
    expect(decoder.push(latin1("ON#"))).toEqual([]);
    expect(decoder.rejected).toBe(1);
  });
});
