import { describe, expect, it } from "vitest";
import { isConfusable } from "./look-alikes.ts";

describe("look-alikes", () => {
  it.each([
    ["BAB123", "8AB123", true],
    ["BAB123", "8A8123", false],
    ["BAB1234", "8A81234", true],
    ["BAB1234", "8A8I234", false],
    ["BAB123", "BAB124", false],
    ["BAB123", "BAB1234", false],
    ["BAB123", "BAB123", true],
  ])("%s and %s: %s", (one, other, isIt) => {
    expect(isConfusable(one, other)).toBe(isIt);
    expect(isConfusable(other, one)).toBe(isIt);
  });
});
