import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { twoLines } from "./two-lines.ts";

describe("a text on two lines", () => {
  it.each([
    ["", "", ""],
    ["Welcome", "Welcome", ""],
    ["Please take your ticket", "Please take your", "ticket"],
    ["Donaudampfschifffahrtsgesellschaft", "Donaudampfschifffahr", ""],
    ["Full. Please turn round", "Full. Please turn", "round"],
  ])("breaks %j between words", (text, first, second) => {
    expect(twoLines(text)).toEqual([first, second]);
  });

  it("never has more than twenty characters a line", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const line of twoLines(text)) expect(line.length).toBeLessThanOrEqual(20);
      }),
    );
  });
});
