import { describe, expect, it } from "vitest";
import { HOLD_CAUSES } from "@parkme/shared/domain/gate-record";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import { resetSchema, vendSchema } from "@parkme/shared/protocol/kiosk";
import {
  AFTER_A_FAULT,
  COUNT_WORDS,
  HOLD_WORDS,
  MODE_WORDS,
  PASSBACK_WORDS,
  resetWords,
  VEND_WORDS,
} from "./reasons.ts";

describe("reset", () => {
  it("is offered after a fault, a stop and a holding open, and where an open arm waits for a person's word", () => {
    const offered = (troubles: string[]) =>
      LANE_STATES.filter((state) => resetWords({ state, troubles, held_by: null }) !== null);
    expect(offered([])).toEqual(["HELD_OPEN", "STOPPED", "FAULT"]);
    expect(offered(["press Reset when the lane is clear"])).toEqual([
      "UNKNOWN",
      "CLEARING",
      "HELD_OPEN",
      "STOPPED",
      "FAULT",
    ]);
  });

  it("asks for a look at the lane before it closes an arm on a person's word", () => {
    expect(resetWords({ state: "CLEARING", troubles: ["unproven"], held_by: null })?.explanation).toMatch(
      /^Look at the lane first/,
    );
    expect(resetWords({ state: "FAULT", troubles: [], held_by: null })).toBe(AFTER_A_FAULT);
  });

  it("of a fire speaks of the fire, and is no way out of a mode", () => {
    const held = (held_by: (typeof HOLD_CAUSES)[number]) =>
      resetWords({ state: "HELD_OPEN", troubles: [], held_by })?.title ?? null;
    expect(held("fire")).toMatch(/fire/);
    expect(held("operator")).toMatch(/Release/);
    expect(HOLD_CAUSES.filter((cause) => held(cause) === null)).toEqual(["mode"]);
  });
});

describe("common reasons", () => {
  it("are ones that the gate accepts", () => {
    const held = resetWords({ state: "HELD_OPEN", troubles: [], held_by: "fire" });
    const stopped = resetWords({ state: "STOPPED", troubles: [], held_by: null });
    const all = [VEND_WORDS.entry, VEND_WORDS.exit, AFTER_A_FAULT, HOLD_WORDS, MODE_WORDS, COUNT_WORDS];
    for (const words of [...all, PASSBACK_WORDS, held, stopped]) {
      expect(words?.quickReasons.length).toBeGreaterThan(1);
      for (const reason of words?.quickReasons ?? []) {
        expect(resetSchema.safeParse({ reason }).success).toBe(true);
        expect(vendSchema.shape.reason.safeParse(reason).success).toBe(true);
      }
    }
  });
});
