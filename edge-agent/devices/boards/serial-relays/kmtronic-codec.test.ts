import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  KMTRONIC_ASK_ALL,
  kmtronicAskOne,
  kmtronicSwitch,
  parseKmtronicAll,
  parseKmtronicOne,
} from "./kmtronic-codec.ts";
import { chunksOf, cuts, feed, joined } from "./testing/feed.ts";

const channel = fc.integer({ min: 1, max: 8 });

describe("commands to KMtronic relays", () => {
  it("are the ones in the list", () => {
    expect([...kmtronicSwitch(1, true)]).toEqual([0xff, 0x01, 0x01]);
    expect([...kmtronicSwitch(8, false)]).toEqual([0xff, 0x08, 0x00]);
    expect([...kmtronicAskOne(2)]).toEqual([0xff, 0x02, 0x03]);
    expect([...KMTRONIC_ASK_ALL]).toEqual([0xff, 0x09, 0x00]);
  });
});

describe("the answer about one KMtronic relay", () => {
  it("is heard however it is split, after noise, the echo and answers about others", () => {
    const noise = fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.filter((byte) => byte !== 0xff));
    fc.assert(
      fc.property(channel, channel, fc.boolean(), noise, cuts, (asked, other, on, before, where) => {
        fc.pre(asked !== other);
        const stream = joined(
          before,
          kmtronicAskOne(asked),
          kmtronicSwitch(other, !on),
          kmtronicSwitch(asked, on),
        );
        const heard = feed((received) => parseKmtronicOne(asked, received), chunksOf(stream, where));
        expect(heard).toEqual({ kind: "answer", value: on });
      }),
    );
  });

  it("is nonsense when the relay is neither on nor off", () => {
    expect(feed((received) => parseKmtronicOne(1, received), [Uint8Array.of(0xff, 1, 7)])?.kind).toBe("bad");
  });

  it("never throws, and never says what is not in the bytes", () => {
    fc.assert(
      fc.property(channel, fc.uint8Array({ maxLength: 1_100 }), cuts, (asked, bytes, where) => {
        const heard = feed((received) => parseKmtronicOne(asked, received), chunksOf(bytes, where));
        if (heard?.kind !== "answer") return;
        expect(Buffer.from(bytes).includes(Buffer.from(kmtronicSwitch(asked, heard.value)))).toBe(true);
      }),
    );
  });
});

describe("the answer about all KMtronic relays", () => {
  const levels = fc.array(fc.boolean(), { minLength: 4, maxLength: 8 });
  const bytesOf = (of: readonly boolean[]): Uint8Array => Uint8Array.from(of, (on) => (on ? 1 : 0));

  it("is heard however it is split, and after the echo", () => {
    fc.assert(
      fc.property(levels, fc.boolean(), cuts, (expected, echoed, where) => {
        const echo = echoed ? KMTRONIC_ASK_ALL : new Uint8Array();
        const stream = joined(echo, bytesOf(expected));
        const heard = feed(
          (received) => parseKmtronicAll(expected.length, received),
          chunksOf(stream, where),
        );
        expect(heard).toEqual({ kind: "answer", value: expected });
      }),
    );
  });

  it("is nonsense when it is too long, or a relay is neither on nor off", () => {
    const parse = (received: Uint8Array) => parseKmtronicAll(4, received);
    expect(feed(parse, [bytesOf([true, true, true, true, true])])?.kind).toBe("bad");
    expect(feed(parse, [Uint8Array.of(1, 0, 2)])?.kind).toBe("bad");
    expect(feed(parse, [bytesOf([true, false, true])])).toBeNull();
  });

  it("never throws", () => {
    fc.assert(
      fc.property(channel, fc.uint8Array({ maxLength: 1_100 }), cuts, (channels, bytes, where) => {
        const heard = feed((received) => parseKmtronicAll(channels, received), chunksOf(bytes, where));
        if (heard?.kind === "answer") expect(heard.value).toHaveLength(channels);
      }),
    );
  });
});
