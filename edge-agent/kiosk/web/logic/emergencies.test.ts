import { describe, expect, it } from "vitest";
import { LANE_INPUTS } from "@parkme/shared/domain/lane";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { emergenciesOf } from "./emergencies.ts";

const OFF = Object.fromEntries(LANE_INPUTS.map((input) => [input, "off"])) as LaneView["inputs"];
type Lane = Parameters<typeof emergenciesOf>[0][number];
const lane = (name: string, changes: Partial<Lane> = {}): Lane => ({
  name,
  state: "IDLE",
  held_by: null,
  inputs: OFF,
  ...changes,
});

describe("emergencies", () => {
  it("are none where nothing burns and nobody stopped a lane", () => {
    const lanes = [lane("a", { state: "FAULT" }), lane("b", { state: "HELD_OPEN", held_by: "operator" })];
    expect(emergenciesOf(lanes)).toEqual({ fire: [], stopped: [] });
    expect(emergenciesOf([lane("a", { inputs: { ...OFF, fire: "unknown", stop: "absent" } })])).toEqual({
      fire: [],
      stopped: [],
    });
  });

  it("last as long as the signal, and as long as the lane keeps to it", () => {
    const lanes = [
      lane("signal", { inputs: { ...OFF, fire: "on" } }),
      lane("latched", { state: "HELD_OPEN", held_by: "fire" }),
      lane("pressed", { inputs: { ...OFF, stop: "on" } }),
      lane("stopped", { state: "STOPPED" }),
      lane("both", { state: "STOPPED", inputs: { ...OFF, fire: "on" } }),
    ];
    expect(emergenciesOf(lanes)).toEqual({
      fire: ["signal", "latched", "both"],
      stopped: ["pressed", "stopped", "both"],
    });
  });
});
