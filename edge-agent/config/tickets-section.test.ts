import { describe, expect, it } from "vitest";
import { offerNumber } from "../tickets/code-numbers.ts";
import { checkOfferNumbers, ticketsSection } from "./tickets-section.ts";

/** Two offers with the same number, found by trying. */
function clash(): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const name = `o${i.toString(36)}`;
    const other = seen.get(offerNumber("cafe", name));
    if (other !== undefined) return [other, name];
    seen.set(offerNumber("cafe", name), name);
  }
}

describe("the tickets section", () => {
  it("may be left out, and is bounded", () => {
    expect(ticketsSection.parse(undefined)).toEqual({ rotate_days: 90, valid_days: 90 });
    expect(ticketsSection.parse({ valid_days: 2_730 })).toEqual({ rotate_days: 90, valid_days: 2_730 });
    for (const wrong of [{ valid_days: 2_731 }, { valid_days: 0 }, { rotate_days: 0 }, { keys: "x" }])
      expect(ticketsSection.safeParse(wrong).success).toBe(false);
  });
});

describe("offers in codes", () => {
  it("are told apart by their names alone: an order, a title and other offers do not matter", () => {
    // The first 32 bits of the SHA-256 of "offer\ncafe\none-hour".
    expect(offerNumber("cafe", "one-hour")).toBe(0x21a60423);
    expect(offerNumber("cafe", "one-hour")).not.toBe(offerNumber("kiosk", "one-hour"));
  });

  it("are refused where two would have the same number", () => {
    const [one, other] = clash();
    const problems: [readonly PropertyKey[], string][] = [];
    const merchants = [{ name: "cafe", offers: [{ name: one }, { name: "free" }, { name: other }] }];
    checkOfferNumbers(merchants, (path, message) => problems.push([path, message]));
    expect(problems).toEqual([
      [["merchants", 0, "offers", 2, "name"], expect.stringContaining(`cafe/${one}`)],
    ]);
  });
});
