import { describe, expect, it } from "vitest";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import { MOVEMENT_KINDS, REVIEW_REASONS } from "@parkme/shared/domain/stay";
import { describeConfidence, describeKind, describeReview, describeState, toneOf } from "./lane-words.ts";

describe("lane states", () => {
  it("have words of their own, in both directions", () => {
    for (const direction of ["entry", "exit"] as const) {
      const titles = LANE_STATES.map((state) => describeState(state, direction).title);
      expect(new Set(titles).size).toBe(LANE_STATES.length);
      expect(titles.every((title) => title.length <= 16)).toBe(true);
    }
  });

  it("are calm only when nobody needs to look", () => {
    const calm = LANE_STATES.filter((state) => describeState(state, "entry").tone === "calm");
    expect(calm).toEqual(["IDLE"]);
    expect(toneOf(describeState("IDLE", "entry"), [])).toBe("calm");
    expect(toneOf(describeState("IDLE", "entry"), ["safety loop is stale"])).toBe("warn");
    expect(toneOf(describeState("FAULT", "entry"), ["arm stuck"])).toBe("fault");
  });
});

describe("movements", () => {
  it("say nothing of what is normal", () => {
    expect(MOVEMENT_KINDS.filter((kind) => describeKind(kind) === null)).toEqual(["normal"]);
  });

  it("say why to look", () => {
    expect(new Set(REVIEW_REASONS.map(describeReview)).size).toBe(REVIEW_REASONS.length);
  });
});

describe("confidence", () => {
  it.each([
    [0.97, 97, true],
    [0.9, 90, true],
    [0.89, 89, false],
    [0, 0, false],
    [1.4, 100, true],
    [-1, 0, false],
  ])("%f is %i %%", (confidence, percent, sure) => {
    expect(describeConfidence(confidence)).toMatchObject({ percent, sure });
  });

  it("asks louder the less there is", () => {
    expect(describeConfidence(0.8).word).not.toBe(describeConfidence(0.5).word);
  });
});
