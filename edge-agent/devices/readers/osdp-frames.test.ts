import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Parsed } from "../buses/request-bus.ts";
import { type CheckKind, encodeCommand, MAX_REPLY_BYTES, type OsdpReply, parseReply } from "./osdp-frames.ts";
import { hex } from "../testing/hex.ts";
import { withCrc } from "./testing/osdp-line.ts";

const PLAIN = { security: null, authenticate: null } as const;

/** A reader's frame: as a command, but under its address with bit 7 set, and without the mark. */
function replyFrame(
  address: number,
  sequence: number,
  code: number,
  data: Uint8Array,
  check: CheckKind = "crc",
): Uint8Array {
  return encodeCommand({ address: address | 0x80, sequence, check, code, data, ...PLAIN }).subarray(1);
}

/** As a bus does it: skips what it is told to, until there is an answer or nothing is left. */
function answerIn(stream: Uint8Array, address: number, sequence: number): OsdpReply | null {
  let rest = stream;
  while (rest.length > 0) {
    const parsed: Parsed<OsdpReply> = parseReply(rest, { address, sequence });
    if (parsed.kind === "answer") return parsed.value;
    if (parsed.kind !== "skip") return null;
    expect(parsed.bytes).toBeGreaterThan(0);
    rest = rest.subarray(parsed.bytes);
  }
  return null;
}

describe("osdp commands", () => {
  it.each([
    // OSDP 2.2, annex E, as libosdp has the examples.
    ["COMSET with a CRC", 0x7f, 0, "crc", 0x6e, "0080250000", "537f0d00046e0080250000 6e38"],
    ["ID with a CRC", 0x00, 0, "crc", 0x61, "00", "5300090004 6100 c066"],
    ["COMSET with a checksum", 0x7f, 0, "checksum", 0x6e, "0080250000", "537f0c00006e0080250000 0f"],
    ["ID with a checksum", 0x00, 0, "checksum", 0x61, "00", "5300080000 6100 44"],
    // Recorded between a control panel and a reader (OSDP-Embedded, acuconsole-poll-id-cap.osdpcap).
    ["POLL with number 3", 0x00, 3, "crc", 0x60, "", "5300080007 60 b8ff"],
    ["CAP with number 2", 0x00, 2, "crc", 0x62, "00", "5300090006 6200 f35d"],
    // OSDP.Net, PacketDecodingTest.
    ["BUZ with number 2", 0x00, 2, "crc", 0x6a, "0002020201", "53000d00066a0002020201 5992"],
  ] as const)("are the published bytes of %s", (_what, address, sequence, check, code, data, frame) => {
    const bytes = encodeCommand({ address, sequence, check, code, data: hex(data), ...PLAIN });
    expect(bytes).toEqual(Uint8Array.from([0xff, ...hex(frame)]));
  });
});

describe("osdp replies", () => {
  it.each([
    ["ACK", "5380080007 40 0af9", 3, 0x40, ""],
    ["PDID", "5380140006 45000ee310100000749723 0606 1b88", 2, 0x45, "000ee3101000007497230606"],
    [
      "PDCAP",
      "53801d000646 010101020101030101040101050101060101090104 b606",
      2,
      0x46,
      "010101020101030101040101050101060101090104",
    ],
    // A card of 75 bits, which libosdp-conformance (README) has without the check.
    ["RAW", "", 3, 0x50, "00004b0009a4494aa3274cd52bc0"],
  ] as const)("are understood: %s", (_what, frame, sequence, code, data) => {
    const bytes = frame === "" ? replyFrame(0, sequence, code, hex(data)) : hex(frame);
    expect(parseReply(bytes, { address: 0, sequence })).toEqual({
      kind: "answer",
      value: { code, data: hex(data), security: null, mac: null },
    });
  });

  it("are waited for until they are complete", () => {
    const frame = replyFrame(5, 1, 0x40, hex(""));
    for (let length = 0; length < frame.length; length++) {
      const parsed = parseReply(frame.subarray(0, length), { address: 5, sequence: 1 });
      expect(parsed).toEqual(length === 0 ? { kind: "skip", bytes: 0 } : { kind: "more" });
    }
  });

  it("of other readers, to other commands, or with a wrong check are none", () => {
    const good = replyFrame(5, 1, 0x40, hex(""));
    expect(answerIn(good, 6, 1)).toBeNull();
    expect(answerIn(good, 5, 2)).toBeNull();
    for (const [i] of good.entries()) {
      const changed = good.map((byte, at) => (at === i ? byte ^ 0x20 : byte));
      expect(answerIn(changed, 5, 1)).toBeNull();
    }
    expect(
      parseReply(
        good.map((byte, at) => (at === 6 ? byte ^ 1 : byte)),
        { address: 5, sequence: 1 },
      ),
    ).toEqual({
      kind: "skip",
      bytes: 1,
      reason: "the reader's answers are garbled",
    });
  });

  it("of a busy reader or one that refuses count whatever their number", () => {
    expect(answerIn(replyFrame(5, 0, 0x79, hex("")), 5, 3)?.code).toBe(0x79);
    expect(answerIn(replyFrame(5, 0, 0x41, hex("04")), 5, 3)).toMatchObject({ code: 0x41, data: hex("04") });
  });

  it("longer than any that a reader has for us are noise", () => {
    const length = MAX_REPLY_BYTES - 8;
    expect(answerIn(replyFrame(5, 1, 0x50, new Uint8Array(length)), 5, 1)?.data).toHaveLength(length);
    expect(answerIn(replyFrame(5, 1, 0x50, new Uint8Array(length + 1)), 5, 1)).toBeNull();
  });

  it("with a security block that does not fit are none", () => {
    for (const blockLength of [0, 1, 4, 5, 200]) {
      const security = { type: 0x16, data: new Uint8Array() };
      const frame = encodeCommand({
        address: 0x85,
        sequence: 1,
        check: "crc",
        code: 0x40,
        data: new Uint8Array(),
        security,
        authenticate: () => hex("01020304"),
      }).slice(1);
      frame[5] = blockLength;
      const fixed = withCrc(frame);
      expect(answerIn(fixed, 5, 1)).toBeNull();
    }
  });

  it("are found behind any noise and echo that holds no beginning of theirs", () => {
    const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.filter((byte) => byte !== 0x53));
    fc.assert(
      fc.property(
        noise,
        fc.boolean(),
        fc.integer({ min: 0, max: 126 }),
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom<CheckKind>("crc", "checksum"),
        fc.uint8Array({ maxLength: 80 }),
        (junk, echo, address, sequence, check, data) => {
          const command = encodeCommand({
            address,
            sequence,
            check,
            code: 0x60,
            data: new Uint8Array(),
            ...PLAIN,
          });
          const reply = replyFrame(address, sequence, 0x50, data, check);
          const stream = Uint8Array.from([...(echo ? command : []), ...junk, ...reply]);
          expect(answerIn(stream, address, sequence)).toMatchObject({ code: 0x50, data });
        },
      ),
    );
  });

  it("are never made of noise, and no noise makes the parser throw or stand still", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1_200 }),
        fc.integer({ min: 0, max: 126 }),
        fc.integer({ min: 0, max: 3 }),
        (junk, address, sequence) => {
          // Noise with plausible beginnings, as random bytes rarely have one.
          const noise = Uint8Array.from([
            0x53,
            address | 0x80,
            junk.length & 0xff,
            junk.length >> 8,
            0x0c,
            ...junk,
          ]);
          const reply = answerIn(noise, address, sequence);
          if (reply !== null) expect(reply.data.length).toBeLessThanOrEqual(MAX_REPLY_BYTES);
        },
      ),
    );
  });
});
