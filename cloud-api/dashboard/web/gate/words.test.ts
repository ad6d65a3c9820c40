import { describe, expect, it } from "vitest";
import { LANE_MODES } from "@parkme/shared/domain/lane-mode";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import { clockWords, fieldWords, laneWords } from "./words.ts";

describe("laneWords", () => {
  it("says what a lane does, and what is unusual about it", () => {
    expect(laneWords(null)).toEqual({ text: "Not known", tone: "none" });
    expect(laneWords({ state: "IDLE", mode: "open", trouble: null })).toEqual({
      text: "Ready",
      tone: "none",
    });
    expect(laneWords({ state: "IDLE", mode: "full", trouble: null })).toEqual({
      text: "Ready; full: rights only",
      tone: "warn",
    });
    expect(laneWords({ state: "PASSING", mode: "full", trouble: null }).tone).toBe("busy");
    expect(laneWords({ state: "IDLE", mode: "open", trouble: "The board is offline" })).toEqual({
      text: "Ready; The board is offline",
      tone: "bad",
    });
  });

  it("has words for every state and mode, and reads out those of a later version", () => {
    for (const state of LANE_STATES)
      expect(laneWords({ state, mode: "open", trouble: null }).text).not.toBe(state.toLowerCase());
    for (const mode of LANE_MODES)
      expect(laneWords({ state: "IDLE", mode, trouble: null }).text).not.toContain("_");
    expect(laneWords({ state: "BEING_WASHED", mode: "half_open", trouble: null }).text).toBe(
      "being washed; half open",
    );
  });
});

describe("fieldWords", () => {
  const euros = { amount: "7.00", currency: "EUR" };
  it.each([
    [{ field: "amount_minor", edge: 100, cloud: 250 }, euros, "amount: €1.00 at the gate, €2.50 here"],
    [{ field: "amount_minor", edge: -5, cloud: null }, euros, "amount: -€0.05 at the gate, nothing here"],
    [
      { field: "fee_minor", edge: 1_200, cloud: 0 },
      { amount: "0", currency: "JPY" },
      "fee: ¥1,200 at the gate, ¥0 here",
    ],
    [
      { field: "exit_at", edge: null, cloud: "2026-07-15T08:00:00.000Z" },
      euros,
      "exit at: nothing at the gate, 2026-07-15T08:00:00.000Z here",
    ],
  ])("says what each side has: %j", (field, money, words) => {
    expect(fieldWords(field, money)).toBe(words);
  });
});

describe("clockWords", () => {
  it.each([
    [null, "not known"],
    [-4_999, "in step"],
    [125_000, "2 min ahead"],
    [-315_360_000_000, "3650 days behind"],
  ])("of %j says: %s", (offsetMs, words) => {
    expect(clockWords(offsetMs).text).toBe(words);
  });
});
