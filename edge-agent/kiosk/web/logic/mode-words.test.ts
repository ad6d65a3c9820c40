import { describe, expect, it } from "vitest";
import { LANE_MODES } from "@parkme/shared/domain/lane-mode";
import { describeMode, MODE_TITLES, modeOrigin, ownMode } from "./mode-words.ts";
import { createTimeText } from "./time-text.ts";

const SET = { since: "2025-11-22T11:00:00Z", actor: "alex", reason: "snow" } as const;

describe("modes", () => {
  it("have words of their own for every scope", () => {
    expect(new Set(Object.values(MODE_TITLES)).size).toBe(LANE_MODES.length);
    for (const scope of ["facility", "zone", "lane"] as const) {
      const details = LANE_MODES.map((mode) => describeMode(mode, scope));
      expect(new Set(details).size).toBe(LANE_MODES.length);
    }
  });

  it("say what becomes of those who want out: only a lane's own closing shuts an exit", () => {
    for (const mode of ["closed", "closed_to_all"] as const) {
      expect(describeMode(mode, "lane")).toContain("another lane");
      expect(describeMode(mode, "zone")).toContain("Exits stay open");
      expect(describeMode(mode, "facility")).toContain("Exits stay open");
    }
  });

  it("are found by what they were set for, not by name alone", () => {
    const modes = [
      { ...SET, scope: "zone", name: "level-1", mode: "full" },
      { ...SET, scope: "lane", name: "level-1", mode: "closed" },
    ] as const;
    expect(ownMode(modes, "lane", "level-1")?.mode).toBe("closed");
    expect(ownMode(modes, "facility", "level-1")).toBeNull();
  });

  it("tell who set them, or that the schedule did", () => {
    const time = createTimeText("Europe/Berlin");
    const nowMs = Date.parse("2025-11-22T15:00:00Z");
    expect(modeOrigin(SET, time, nowMs)).toBe("alex, since 12:00: snow");
    expect(modeOrigin({ ...SET, actor: null }, time, nowMs)).toBe("By schedule, since 12:00: snow");
  });
});
