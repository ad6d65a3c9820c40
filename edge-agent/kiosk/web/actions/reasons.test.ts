import { describe, expect, it } from "vitest";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import { resetSchema, vendSchema } from "@parkme/shared/protocol/kiosk";
import { AFTER_A_FAULT, resetWords, VEND_WORDS } from "./reasons.ts";

describe("reset", () => {
  it("is offered after a fault, and where an open arm waits for a person's word", () => {
    const offered = (troubles: string[]) =>
      LANE_STATES.filter((state) => resetWords({ state, troubles }) !== null);
    expect(offered([])).toEqual(["FAULT"]);
    expect(offered(["press Reset when the lane is clear"])).toEqual(["UNKNOWN", "CLEARING", "FAULT"]);
  });

  it("asks for a look at the lane before it closes an arm on a person's word", () => {
    expect(resetWords({ state: "CLEARING", troubles: ["unproven"] })?.explanation).toMatch(
      /^Look at the lane first/,
    );
    expect(resetWords({ state: "FAULT", troubles: [] })).toBe(AFTER_A_FAULT);
  });
});

describe("common reasons", () => {
  it("are ones that the gate accepts", () => {
    for (const words of [VEND_WORDS.entry, VEND_WORDS.exit, AFTER_A_FAULT]) {
      for (const reason of words.quickReasons) {
        expect(resetSchema.safeParse({ reason }).success).toBe(true);
        expect(vendSchema.shape.reason.safeParse(reason).success).toBe(true);
      }
    }
  });
});
