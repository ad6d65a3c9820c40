import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyEntry } from "./key-entry.ts";

const keys = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

describe("keys", () => {
  it("are an entry when # ends them, however they come", () => {
    const entry = new KeyEntry();
    expect(entry.push(keys("12"), 0)).toEqual([]);
    expect(entry.push(keys("34\r56#7"), 1_000)).toEqual(["1234", "56"]);
    expect(entry.push(keys("8#"), 2_000)).toEqual(["78"]);
  });

  it("begin anew with *, after a pause, and after #", () => {
    const entry = new KeyEntry();
    expect(entry.push(keys("99\u007f1*23#"), 0)).toEqual(["23"]);
    entry.push(keys("4"), 1_000);
    expect(entry.push(keys("5#"), 11_001)).toEqual(["5"]);
    expect(entry.push(keys("##A#"), 12_000)).toEqual([]);
  });

  it("that are too many are no entry, and what follows is one", () => {
    const entry = new KeyEntry();
    expect(entry.push(keys(`${"1".repeat(32)}#${"1".repeat(33)}#2#`), 0)).toEqual(["1".repeat(32), "2"]);
  });

  it("never make anything but digits", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (parts) => {
        const entry = new KeyEntry();
        for (const text of parts.flatMap((part) => entry.push(part, 0))) expect(text).toMatch(/^\d{1,32}$/);
      }),
    );
  });
});
