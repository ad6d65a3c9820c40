import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lcusFrame, parseLcusAnswer, parseLcusStatus } from "./lcus-codec.ts";
import { chunksOf, cuts, feed, joined, latin1 } from "./testing/feed.ts";

const channel = fc.integer({ min: 1, max: 8 });
const frame = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const answerTo = (of: number, on: boolean): Uint8Array => lcusFrame(of, on ? "on" : "off");

describe("frames to LCUS relays", () => {
  it("are the ones in the listings", () => {
    expect(lcusFrame(1, "on")).toEqual(frame(0xa0, 0x01, 0x01, 0xa2));
    expect(lcusFrame(1, "off")).toEqual(frame(0xa0, 0x01, 0x00, 0xa1));
    expect(lcusFrame(2, "on")).toEqual(frame(0xa0, 0x02, 0x01, 0xa3));
    expect(lcusFrame(8, "ask")).toEqual(frame(0xa0, 0x08, 0x05, 0xad));
  });
});

describe("answers of LCUS relays in frames", () => {
  it("are heard however they are split, after noise, echoes and answers of other relays", () => {
    // Noise with a head in it may look like the beginning of an answer; that case is the next one.
    const noise = fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.filter((byte) => byte !== 0xa0));
    fc.assert(
      fc.property(channel, channel, fc.boolean(), noise, cuts, (asked, other, on, before, where) => {
        fc.pre(asked !== other);
        const echo = lcusFrame(asked, on ? "on_answered" : "off_answered");
        const stream = joined(before, echo, answerTo(other, !on), answerTo(asked, on));
        const heard = feed((received) => parseLcusAnswer(asked, received), chunksOf(stream, where));
        expect(heard).toEqual({ kind: "answer", value: on });
      }),
    );
  });

  it("are not believed with a wrong sum, and the next good one is heard", () => {
    fc.assert(
      fc.property(channel, fc.boolean(), fc.integer({ min: 1, max: 255 }), (asked, on, wrong) => {
        const bad = answerTo(asked, !on);
        bad[3] = ((bad[3] ?? 0) + wrong) & 0xff;
        const parse = (received: Uint8Array) => parseLcusAnswer(asked, received);
        expect(feed(parse, [bad])).toBeNull();
        expect(feed(parse, [bad, answerTo(asked, on)])).toEqual({ kind: "answer", value: on });
      }),
    );
  });

  it("never throw, and never say more than is in the bytes", () => {
    fc.assert(
      fc.property(channel, fc.uint8Array({ maxLength: 1_100 }), cuts, (asked, bytes, where) => {
        const heard = feed((received) => parseLcusAnswer(asked, received), chunksOf(bytes, where));
        if (heard === null) return;
        const text = Buffer.from(bytes);
        const on = heard.kind === "answer" && heard.value;
        expect(text.includes(Buffer.from(answerTo(asked, on)))).toBe(true);
      }),
    );
  });
});

describe("the status of LCUS relays in text", () => {
  const levels = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
  const spaced = (of: readonly boolean[]): string =>
    of.map((on, index) => `CH${index + 1}: ${on ? "ON " : "OFF"}\r\n`).join("");
  const dense = (of: readonly boolean[]): string =>
    of.map((on, index) => `CH${index + 1}:${on ? "ON" : "OFF"}\r\n`).join("");

  it("is understood in both its spellings, however it is split, and after the end of another one", () => {
    fc.assert(
      fc.property(levels, fc.boolean(), fc.nat(60), cuts, (expected, wide, lost, where) => {
        const whole = latin1((wide ? spaced : dense)(expected));
        const late = latin1(spaced(expected.map((on) => !on))).subarray(lost + 3);
        const heard = feed(
          (received) => parseLcusStatus(expected.length, received),
          chunksOf(joined(late, whole), where),
        );
        expect(heard).toEqual({ kind: "answer", value: expected });
      }),
    );
  });

  it("waits for the lines of all relays", () => {
    fc.assert(
      fc.property(levels, fc.integer({ min: 1, max: 80 }), (expected, lost) => {
        const whole = latin1(dense(expected));
        const cut = whole.subarray(0, Math.max(0, whole.length - 2 - lost));
        expect(feed((received) => parseLcusStatus(expected.length, received), [cut])).toBeNull();
      }),
    );
  });

  it("is nonsense when it goes on and on without a word about relays", () => {
    expect(feed((received) => parseLcusStatus(2, received), [new Uint8Array(300).fill(0x43)])?.kind).toBe(
      "bad",
    );
  });

  it("never throws", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.constantFrom("CH1: ON ", "CH2: OFF\r\n", "CH9:ON", "CH1:").map(latin1),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(piece, { maxLength: 60 }), (channels, pieces) => {
        const heard = feed((received) => parseLcusStatus(channels, received), pieces);
        if (heard?.kind === "answer") expect(heard.value).toHaveLength(channels);
      }),
    );
  });
});
