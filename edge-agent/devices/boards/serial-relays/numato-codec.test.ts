import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_NUMATO_POINTS,
  numatoCommand,
  numatoPoint,
  parseNumatoAll,
  parseNumatoAnswer,
  parseNumatoDone,
  parseNumatoLevel,
} from "./numato-codec.ts";
import { chunksOf, cuts, feed, joined, latin1 } from "./testing/feed.ts";

/** What a module says to an emptied line and a command. */
function session(command: string, answer: string | null): Uint8Array {
  return latin1(`\n\r>${command}\n\r${answer === null ? "" : `${answer}\n\r`}>`);
}

describe("commands to a Numato module", () => {
  it("name points by one character, and begin on an empty line", () => {
    expect(Buffer.from(numatoCommand("relay on 0")).toString()).toBe("\rrelay on 0\r");
    expect([0, 9, 10, 15, 31].map(numatoPoint)).toEqual(["0", "9", "A", "F", "V"]);
    expect(new Set(Array.from({ length: MAX_NUMATO_POINTS }, (_, i) => numatoPoint(i))).size).toBe(32);
  });
});

describe("answers of a Numato module", () => {
  it("are found between the echo and the prompt, however they are split, after noise and late answers", () => {
    const noise = fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, "."));
    fc.assert(
      fc.property(noise, fc.nat(31), fc.boolean(), cuts, (before, index, on, where) => {
        const command = `relay read ${numatoPoint(index)}`;
        fc.pre(!before.includes(command));
        const late = session("relay read Z", "on");
        const stream = joined(latin1(before), late, session(command, on ? "on" : "off"));
        const heard = feed((received) => parseNumatoLevel(command, received), chunksOf(stream, where));
        expect(heard).toEqual({ kind: "answer", value: on });
      }),
    );
  });

  it("are read for inputs in digits", () => {
    const parse = (received: Uint8Array) => parseNumatoLevel("gpio read 0", received);
    expect(feed(parse, [session("gpio read 0", "1")])).toEqual({ kind: "answer", value: true });
    expect(feed(parse, [session("gpio read 0", "0")])).toEqual({ kind: "answer", value: false });
  });

  it("are empty when the module obeyed, and nonsense when it has something to say", () => {
    const parse = (received: Uint8Array) => parseNumatoDone("relay on 3", received);
    expect(feed(parse, [session("relay on 3", null)])).toEqual({ kind: "answer", value: null });
    expect(feed(parse, [session("relay on 3", "error")])).toEqual({
      kind: "bad",
      reason: '"error" to relay on 3',
    });
  });

  it("are waited for when the echo is spoilt: the module did not understand", () => {
    const parse = (received: Uint8Array) => parseNumatoDone("relay on 3", received);
    expect(feed(parse, [session("relay n 3", null), session("xrelay on 3", null)])).toBeNull();
  });

  it("give one bit for each point, the last digit being the first four", () => {
    const parse = (received: Uint8Array) => parseNumatoAll("relay readall", 8, received);
    const answer = feed(parse, [session("relay readall", "a1")]);
    expect(answer).toEqual({
      kind: "answer",
      value: [true, false, false, false, false, true, false, true],
    });
    expect(feed(parse, [session("relay readall", "1")])?.kind).toBe("bad");
    expect(feed(parse, [session("relay readall", "g1")])?.kind).toBe("bad");
  });

  it("give every pattern back", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 32 }), cuts, (levels, where) => {
        const bits = levels.reduce((sum, on, index) => sum + (on ? 2 ** index : 0), 0);
        const text = bits.toString(16).padStart(Math.ceil(levels.length / 4), "0");
        const stream = session("gpio readall", text);
        const heard = feed(
          (received) => parseNumatoAll("gpio readall", levels.length, received),
          chunksOf(stream, where),
        );
        expect(heard).toEqual({ kind: "answer", value: levels });
      }),
    );
  });

  it("never throw, and are nonsense when they do not end", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom("relay readall", "\n\r", ">", "on", "ffff").map(latin1),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 32 }), (pieces, points) => {
        const heard = feed((received) => parseNumatoAll("relay readall", points, received), pieces);
        if (heard?.kind === "answer") expect(heard.value).toHaveLength(points);
        feed((received) => parseNumatoLevel("relay readall", received), pieces);
      }),
    );
    const endless = feed((received) => parseNumatoAnswer("x", received), [new Uint8Array(300).fill(0x61)]);
    expect(endless?.kind).toBe("bad");
  });
});
