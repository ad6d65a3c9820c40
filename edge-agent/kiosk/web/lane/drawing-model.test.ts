import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import {
  advanceTracks,
  armView,
  describeDrawing,
  LOOPS,
  vehiclesOn,
  type InputView,
  type Track,
} from "./drawing-model.ts";

type Inputs = Parameters<typeof vehiclesOn>[0];
const CLEAR: Inputs = {
  arming: "off",
  safety: "off",
  closing: "off",
  photocell: "absent",
  open_limit: "off",
  closed_limit: "on",
};
const inputs = (changes: Partial<Inputs>): Inputs => ({ ...CLEAR, ...changes });
const anyInput = fc.constantFrom<InputView>("on", "off", "unknown", "absent");

describe("the arm", () => {
  it("is where its limit switches say, whatever the state", () => {
    for (const state of LANE_STATES) {
      expect(armView(state, inputs({ closed_limit: "on" }))).toBe("closed");
      expect(armView(state, inputs({ closed_limit: "off", open_limit: "on" }))).toBe("open");
      expect(armView(state, inputs({ closed_limit: "on", open_limit: "on" }))).toBe("unknown");
    }
  });

  it("moves between its limits", () => {
    const between = inputs({ closed_limit: "off", open_limit: "off" });
    expect(armView("OPENING", between)).toBe("opening");
    expect(armView("PASSING", between)).toBe("opening");
    expect(armView("CLOSING", between)).toBe("closing");
  });

  it("is open by the state where no open limit is fitted", () => {
    const between = inputs({ closed_limit: "off", open_limit: "absent" });
    expect(armView("OPEN", between)).toBe("open");
    expect(armView("CLEARING", between)).toBe("open");
    expect(armView("HELD_OPEN", between)).toBe("open");
  });

  it("is unknown, never assumed down, when its closed limit does not say so", () => {
    for (const closed_limit of ["off", "unknown"] as const) {
      const moving = ["OPENING", "OPEN", "PASSING", "CLEARING", "CLOSING", "HELD_OPEN"];
      for (const state of LANE_STATES.filter((one) => !moving.includes(one))) {
        expect(armView(state, inputs({ closed_limit }))).toBe("unknown");
      }
    }
  });
});

describe("vehicles", () => {
  const at = (changes: Partial<Inputs>) => vehiclesOn(inputs(changes)).map((vehicle) => vehicle.at);

  it("stand where loops are occupied", () => {
    expect(at({})).toEqual([]);
    expect(at({ arming: "on" })).toEqual([LOOPS.arming.at]);
    expect(at({ safety: "on" })).toEqual([LOOPS.safety.at]);
    expect(at({ arming: "on", safety: "on" })).toEqual([(LOOPS.arming.at + LOOPS.safety.at) / 2]);
    expect(at({ safety: "on", closing: "on" })).toEqual([(LOOPS.safety.at + LOOPS.closing.at) / 2]);
  });

  it("are two where a clear loop lies between, and one long one where none does", () => {
    expect(at({ arming: "on", closing: "on" })).toEqual([LOOPS.closing.at, LOOPS.arming.at]);
    expect(vehiclesOn(inputs({ arming: "on", safety: "on", closing: "on" }))).toEqual([
      { at: LOOPS.safety.at, long: true },
    ]);
  });

  it("are not made up of unknown loops", () => {
    expect(at({ arming: "unknown", safety: "unknown", closing: "unknown" })).toEqual([]);
  });
});

describe("a vehicle over time", () => {
  const steps = (...all: Partial<Inputs>[]): readonly Track[] =>
    all.reduce<readonly Track[]>((tracks, changes) => advanceTracks(tracks, vehiclesOn(inputs(changes))), []);

  it("stays the same vehicle through the lane and leaves forward", () => {
    const tracks = steps(
      { arming: "on" },
      { arming: "on", safety: "on" },
      { safety: "on" },
      { safety: "on", closing: "on" },
      { closing: "on" },
      {},
    );
    expect(tracks).toEqual([{ id: 1, at: LOOPS.closing.at, long: false, gone: "forward" }]);
  });

  it("leaves the way it came when it backs out", () => {
    expect(steps({ arming: "on" }, {})).toMatchObject([{ id: 1, gone: "back" }]);
  });

  it("is joined by the next one, which gets a silhouette of its own", () => {
    const tracks = steps({ closing: "on" }, { closing: "on", arming: "on" }, { arming: "on" });
    expect(tracks).toMatchObject([
      { id: 2, at: LOOPS.arming.at, gone: null },
      { id: 1, at: LOOPS.closing.at, gone: "forward" },
    ]);
  });

  it("does not fly back when the next one arms as it leaves", () => {
    expect(steps({ closing: "on" }, { arming: "on" })).toMatchObject([
      { id: 2, gone: null },
      { id: 1, gone: "forward" },
    ]);
  });

  it("shows what stands there and at most two that left, with ids of their own, in any order of events", () => {
    const anyInputs = fc.record({ arming: anyInput, safety: anyInput, closing: anyInput });
    fc.assert(
      fc.property(fc.array(anyInputs, { maxLength: 30 }), (all) => {
        let tracks: readonly Track[] = [];
        for (const changes of all) {
          const vehicles = vehiclesOn(inputs(changes));
          tracks = advanceTracks(tracks, vehicles);
          expect(tracks.filter((track) => track.gone === null).map((track) => track.at)).toEqual(
            vehicles.map((vehicle) => vehicle.at),
          );
          expect(tracks.length).toBeLessThanOrEqual(vehicles.length + 2);
          expect(new Set(tracks.map((track) => track.id)).size).toBe(tracks.length);
        }
      }),
    );
  });
});

describe("the drawing in words", () => {
  it("says what it shows, and the photocell only where there is one", () => {
    expect(describeDrawing("closed", inputs({ arming: "on", closing: "unknown" }))).toBe(
      "Arm down, arming loop occupied, safety loop clear, closing loop unknown",
    );
    expect(describeDrawing("open", inputs({ photocell: "on" }))).toContain("photocell occupied");
  });
});
