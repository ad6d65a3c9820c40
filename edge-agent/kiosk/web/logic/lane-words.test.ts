import { describe, expect, it } from "vitest";
import { HOLD_CAUSES, type HoldCause } from "@parkme/shared/domain/gate-record";
import { LANE_STATES, type LaneState } from "@parkme/shared/domain/lane";
import { MOVEMENT_KINDS, REVIEW_REASONS } from "@parkme/shared/domain/stay";
import { describeConfidence, describeKind, describeReview, describeState, toneOf } from "./lane-words.ts";

const inState = (state: LaneState) => describeState({ state, direction: "entry", held_by: null });

describe("lane states", () => {
  it("have words of their own, in both directions", () => {
    for (const direction of ["entry", "exit"] as const) {
      const titles = LANE_STATES.map((state) => describeState({ state, direction, held_by: null }).title);
      expect(new Set(titles).size).toBe(LANE_STATES.length);
      expect(titles.every((title) => title.length <= 16)).toBe(true);
    }
  });

  it("are calm only when nobody needs to look", () => {
    const calm = LANE_STATES.filter((state) => inState(state).tone === "calm");
    expect(calm).toEqual(["IDLE"]);
    expect(toneOf(inState("IDLE"), "ok")).toBe("calm");
    expect(toneOf(inState("IDLE"), "degraded")).toBe("warn");
    expect(toneOf(inState("FAULT"), "out_of_order")).toBe("fault");
    expect(toneOf(inState("PAYING"), "degraded")).toBe("due");
  });

  it("say who holds an arm open, and a fire the loudest", () => {
    const heldBy = (held_by: HoldCause | null) =>
      describeState({ state: "HELD_OPEN", direction: "exit", held_by });
    const details = [...HOLD_CAUSES, null].map((cause) => heldBy(cause).detail);
    expect(new Set(details).size).toBe(details.length);
    const loud = HOLD_CAUSES.filter((cause) => heldBy(cause).tone === "fault");
    expect(loud).toEqual(["fire"]);
    expect(heldBy("fire").title.length).toBeLessThanOrEqual(16);
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
