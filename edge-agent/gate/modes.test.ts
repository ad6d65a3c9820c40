import { describe, expect, it } from "vitest";
import { laneModeOf, type SetMode } from "./modes.ts";

const entry = { name: "in-1", direction: "entry" as const, zones: ["level-2", "ev"] };
const exit = { ...entry, name: "out-1", direction: "exit" as const };
const set = (scope: SetMode["scope"], name: string, mode: SetMode["mode"]): SetMode => ({
  scope,
  name,
  mode,
});

describe("the mode in force at a lane", () => {
  it("is open where nobody set one, or set it elsewhere", () => {
    expect(laneModeOf(entry, [])).toBe("open");
    const elsewhere = [set("lane", "in-2", "closed"), set("zone", "level-3", "full")];
    expect(laneModeOf(entry, elsewhere)).toBe("open");
  });

  it("is the strictest of facility, zones and lane at an entry", () => {
    expect(laneModeOf(entry, [set("facility", "demo", "full"), set("zone", "ev", "closed")])).toBe("closed");
    expect(
      laneModeOf(entry, [set("facility", "demo", "held_open"), set("lane", "in-1", "closed_to_all")]),
    ).toBe("closed_to_all");
  });

  it("closes an exit only by the exit's own: nobody is locked in", () => {
    const closed = [set("facility", "demo", "closed_to_all"), set("zone", "ev", "closed")];
    expect(laneModeOf(exit, closed)).toBe("open");
    expect(laneModeOf(exit, [...closed, set("lane", "out-1", "closed")])).toBe("closed");
    expect(laneModeOf(exit, [set("facility", "demo", "held_open")])).toBe("held_open");
  });
});
