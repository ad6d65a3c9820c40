import { describe, expect, it } from "vitest";
import { createRoster, type DeviceState } from "./roster.ts";

describe("the roster of devices", () => {
  it("has faulty ones first, and tells of changes only", () => {
    const changes: DeviceState[] = [];
    const roster = createRoster((state) => changes.push(state));
    roster.add("entry-board", "board", "mqtt", true);
    roster.add("entry-cam", "camera", "mqtt", false);
    expect(roster.list().map(({ name, ok }) => [name, ok])).toEqual([
      ["entry-board", false],
      ["entry-cam", true],
    ]);
    roster.note("entry-board", { ok: true, reason: "" });
    roster.note("entry-board", { ok: true, reason: "" });
    roster.note("entry-cam", { ok: false, reason: "answers nonsense" });
    expect(changes.map(({ name, ok }) => [name, ok])).toEqual([
      ["entry-board", true],
      ["entry-cam", false],
    ]);
    expect(roster.list()[0]).toEqual({
      name: "entry-cam",
      kind: "camera",
      driver: "mqtt",
      ok: false,
      reason: "answers nonsense",
    });
  });

  it("knows nobody who was not added", () => {
    const roster = createRoster(() => undefined);
    expect(() => roster.note("ghost", { ok: true, reason: "" })).toThrow("no device ghost");
  });
});
