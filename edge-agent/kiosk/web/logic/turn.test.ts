import { describe, expect, it } from "vitest";
import { turnOffer } from "./turn.ts";

describe("a turn", () => {
  it("is offered where a lane can turn, to the other side", () => {
    expect(turnOffer({ kind: "entry", direction: "entry", turn_to: null })).toBeNull();
    expect(turnOffer({ kind: "exit", direction: "exit", turn_to: null })).toBeNull();
    expect(turnOffer({ kind: "reversible", direction: "entry", turn_to: null })).toMatchObject({
      direction: "exit",
      offer: "Turn to exit",
    });
    expect(turnOffer({ kind: "reversible", direction: "exit", turn_to: null })?.direction).toBe("entry");
  });

  it("that waits for the lane to clear can be taken back", () => {
    expect(turnOffer({ kind: "reversible", direction: "exit", turn_to: "entry" })).toMatchObject({
      direction: "exit",
      offer: "Keep as exit",
    });
  });
});
