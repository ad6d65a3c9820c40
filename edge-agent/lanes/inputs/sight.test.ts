import { describe, expect, it } from "vitest";
import type { LaneInput } from "@parkme/shared/domain/lane";
import type { BoardEvent } from "../../devices/ports.ts";
import { createSight, type InputWire, type LaneWiring } from "./sight.ts";

type Inputs = Extract<BoardEvent, { kind: "inputs" }>;

function inputs(levels: Record<string, boolean>, more: Partial<Inputs> = {}): Inputs {
  return { kind: "inputs", levels, outputs: null, edges: null, boot: null, ...more };
}

function wired(
  places: Partial<Record<LaneInput, string>>,
  more: Partial<Record<LaneInput, Partial<InputWire>>> = {},
): LaneWiring {
  return new Map(
    Object.entries(places).map(([name, place]) => {
      const input = name as LaneInput;
      const [board = "", point = ""] = place.split("/");
      return [input, { board, point, inverted: false, debounceMs: 0, whenUnknown: null, ...more[input] }];
    }),
  );
}

const ONE_BOARD = wired({ arming: "a/in1", safety: "a/in2", closing: "a/in3", closed_limit: "a/in4" });
const TWO_BOARDS = wired({ arming: "a/in1", safety: "a/in2", closing: "b/in1", closed_limit: "a/in4" });

describe("what a lane sees", () => {
  it("is its own inputs by their names, whatever else is wired to the board", () => {
    const sight = createSight(ONE_BOARD, "a");
    expect(sight.boards).toEqual(["a"]);
    const seen = sight.update("a", inputs({ in1: true, in2: false, in3: false, in4: true, in5: true }), 0);
    expect(seen).toEqual({
      known: true,
      image: {
        levels: { arming: true, safety: false, closing: false, closed_limit: true },
        counts: null,
        missing: null,
      },
    });
  });

  it("lacks an input that the board does not report, and is told which", () => {
    const seen = createSight(ONE_BOARD, "a").update("a", inputs({ in1: true, in2: false, in4: true }), 0);
    expect(seen.known && seen.image.levels).toEqual({ arming: true, safety: false, closed_limit: true });
    expect(seen.known && seen.image.missing).toBe("board a does not report in3");
  });

  it("is nothing until the barrier's board has spoken, and nothing when that falls silent", () => {
    const sight = createSight(TWO_BOARDS, "a");
    expect([...sight.boards].toSorted()).toEqual(["a", "b"]);
    expect(sight.update("b", inputs({ in1: false }), 0)).toEqual({
      known: false,
      reason: "Waiting for board a",
    });
    expect(sight.update("a", inputs({ in1: true, in2: false, in4: true }), 0).known).toBe(true);
    expect(sight.update("a", { kind: "lost", reason: "line dead" }, 0)).toEqual({
      known: false,
      reason: "line dead",
    });
  });

  it("is the rest when another board falls silent, and why", () => {
    const sight = createSight(TWO_BOARDS, "a");
    sight.update("b", inputs({ in1: false }), 0);
    sight.update("a", inputs({ in1: true, in2: true, in4: true }), 0);
    expect(sight.update("b", { kind: "lost", reason: "line dead" }, 0)).toEqual({
      known: true,
      image: {
        levels: { arming: true, safety: true, closed_limit: true },
        counts: null,
        missing: "line dead",
      },
    });
  });

  it("turns contacts round that are open when the input is on", () => {
    const sight = createSight(wired({ safety: "a/in2" }, { safety: { inverted: true } }), "a");
    const seen = sight.update("a", inputs({ in2: false }, { edges: { in2: 3 }, boot: "b1" }), 0);
    expect(seen).toMatchObject({ image: { levels: { safety: true }, counts: null } });
  });

  it("takes a switch that is not known for what the configuration says, and never a sensor", () => {
    const wiring = wired(
      { safety: "a/in2", fire: "b/in1", stop: "b/in2" },
      { fire: { whenUnknown: false }, stop: { whenUnknown: true } },
    );
    const seen = createSight(wiring, "a").update("a", inputs({ in2: false }), 0);
    expect(seen).toMatchObject({
      image: { levels: { safety: false, fire: false, stop: true }, missing: null },
    });
  });

  it("looks again when a bounce would be over", () => {
    const sight = createSight(wired({ button: "a/in1" }, { button: { debounceMs: 30 } }), "a");
    sight.update("a", inputs({ in1: false }), 0);
    expect(sight.wakeMs()).toBeNull();
    expect(sight.update("a", inputs({ in1: true }), 5)).toMatchObject({
      image: { levels: { button: false } },
    });
    expect(sight.wakeMs()).toBe(35);
    expect(sight.look(35)).toMatchObject({ image: { levels: { button: true } } });
    expect(sight.wakeMs()).toBeNull();
  });
});

describe("what a lane counts", () => {
  const levels = { in1: false, in2: false, in3: false, in4: true };

  it("are the edges of its loops since the board's boot", () => {
    const seen = createSight(ONE_BOARD, "a").update(
      "a",
      inputs(levels, { edges: { in1: 9, in2: 7, in3: 5 }, boot: "b1" }),
      0,
    );
    expect(seen.known && seen.image.counts).toEqual({ boot: "b1", arming: 9, safety: 7, closing: 5 });
  });

  it("are none yet where the board has not counted, and none at a loop that is not there", () => {
    const bare = createSight(wired({ arming: "a/in1", safety: "a/in2", closed_limit: "a/in4" }), "a");
    const seen = bare.update("a", inputs(levels, { edges: {}, boot: "b1" }), 0);
    expect(seen.known && seen.image.counts).toEqual({ boot: "b1", arming: 0, safety: 0, closing: 0 });
  });

  it("are unknown without counters, without a boot, and when two boards count", () => {
    const edges = { in2: 7, in3: 5 };
    const counts = [
      createSight(ONE_BOARD, "a").update("a", inputs(levels, { boot: "b1" }), 0),
      createSight(ONE_BOARD, "a").update("a", inputs(levels, { edges }), 0),
    ].map((seen) => seen.known && seen.image.counts);
    expect(counts).toEqual([null, null]);
    const two = createSight(TWO_BOARDS, "a");
    two.update("b", inputs({ in1: false }, { edges: { in1: 5 }, boot: "b2" }), 0);
    const seen = two.update("a", inputs(levels, { edges, boot: "b1" }), 0);
    expect(seen.known && seen.image.counts).toBeNull();
  });
});
