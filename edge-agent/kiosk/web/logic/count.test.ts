import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countSchema } from "@parkme/shared/protocol/kiosk";
import { countChange, MAX_COUNT, parseCount, stepCount } from "./count.ts";

describe("a count", () => {
  it.each([
    ["47", 47],
    [" 0 ", 0],
    ["007", 7],
    ["1000000", MAX_COUNT],
    ["1000001", null],
    ["-1", null],
    ["4.5", null],
    ["1e3", null],
    ["", null],
    ["forty", null],
  ])("typed as %j is %j", (text, count) => {
    expect(parseCount(text)).toBe(count);
  });

  it("is one that the gate's schema takes, or none", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        const count = parseCount(text);
        return count === null || countSchema.shape.count.safeParse(count).success;
      }),
    );
  });

  it("is stepped from what is typed, else from what the gate counts, and never below none", () => {
    expect(stepCount("", 47, 10)).toBe(57);
    expect(stepCount("50", 47, -1)).toBe(49);
    expect(stepCount("3", 47, -10)).toBe(0);
    expect(stepCount(String(MAX_COUNT), 47, 1)).toBe(MAX_COUNT);
  });

  it("says what it changes", () => {
    expect(countChange("", 47)).toBe("");
    expect(countChange("x", 47)).toMatch(/not a number/);
    expect(countChange("47", 47)).toMatch(/^The same/);
    expect(countChange("50", 47)).toMatch(/^3 more/);
    expect(countChange("40", 47)).toMatch(/^7 fewer/);
  });
});
