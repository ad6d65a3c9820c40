import { describe, expect, it } from "vitest";
import type { LaneInput } from "@parkme/shared/domain/lane";
import type { BoardEvent } from "../devices/ports.ts";
import { createSight, type LaneWiring } from "./wiring.ts";

type Inputs = Extract<BoardEvent, { kind: "inputs" }>;

function inputs(levels: Record<string, boolean>, more: Partial<Inputs> = {}): Inputs {
  return { kind: "inputs", levels, outputs: null, edges: null, boot: null, ...more };
}

function wired(places: Partial<Record<LaneInput, string>>): LaneWiring {
  return new Map(
    Object.entries(places).map(([input, place]) => {
      const [board = "", point = ""] = place.split("/");
      return [input as LaneInput, { board, point }];
    }),
  );
}

const ONE_BOARD = wired({ arming: "a/in1", safety: "a/in2", closing: "a/in3", closed_limit: "a/in4" });
const TWO_BOARDS = wired({ arming: "a/in1", safety: "a/in2", closing: "b/in1", closed_limit: "a/in4" });

describe("what a lane sees", () => {
  it("is its own inputs by their names, whatever else is wired to the board", () => {
    const sight = createSight(ONE_BOARD);
    expect(sight.boards).toEqual(["a"]);
    expect(sight.update("a", inputs({ in1: true, in2: false, in3: false, in4: true, in5: true }))).toEqual({
      known: true,
      image: { levels: { arming: true, safety: false, closing: false, closed_limit: true }, counts: null },
    });
  });

  it("lacks an input that the board does not report", () => {
    const seen = createSight(ONE_BOARD).update("a", inputs({ in1: true, in2: false, in4: true }));
    expect(seen.known && seen.image.levels).toEqual({ arming: true, safety: false, closed_limit: true });
  });

  it("is nothing until every board has spoken, and nothing when one of them falls silent", () => {
    const sight = createSight(TWO_BOARDS);
    expect([...sight.boards].toSorted()).toEqual(["a", "b"]);
    expect(sight.update("a", inputs({ in1: true, in2: false, in4: true }))).toEqual({
      known: false,
      reason: "Waiting for board b",
    });
    expect(sight.update("b", inputs({ in1: false })).known).toBe(true);
    expect(sight.update("b", { kind: "lost", reason: "line dead" })).toEqual({
      known: false,
      reason: "line dead",
    });
    expect(sight.update("a", inputs({ in1: true, in2: true, in4: true }))).toEqual({
      known: false,
      reason: "line dead",
    });
    expect(sight.update("b", inputs({ in1: true }))).toMatchObject({
      known: true,
      image: { levels: { closing: true, safety: true } },
    });
  });
});

describe("what a lane counts", () => {
  const levels = { in1: false, in2: false, in3: false, in4: true };

  it("are the edges of its loops since the board's boot", () => {
    const seen = createSight(ONE_BOARD).update(
      "a",
      inputs(levels, { edges: { in2: 7, in3: 5 }, boot: "b1" }),
    );
    expect(seen.known && seen.image.counts).toEqual({ boot: "b1", safety: 7, closing: 5 });
  });

  it("are none yet where the board has not counted, and none at a loop that is not there", () => {
    const bare = createSight(wired({ arming: "a/in1", safety: "a/in2", closed_limit: "a/in4" }));
    const seen = bare.update("a", inputs(levels, { edges: {}, boot: "b1" }));
    expect(seen.known && seen.image.counts).toEqual({ boot: "b1", safety: 0, closing: 0 });
  });

  it("are unknown without counters, without a boot, and when two boards count", () => {
    const edges = { in2: 7, in3: 5 };
    const counts = [
      createSight(ONE_BOARD).update("a", inputs(levels, { boot: "b1" })),
      createSight(ONE_BOARD).update("a", inputs(levels, { edges })),
    ].map((seen) => seen.known && seen.image.counts);
    expect(counts).toEqual([null, null]);
    const two = createSight(TWO_BOARDS);
    two.update("b", inputs({ in1: false }, { edges: { in1: 5 }, boot: "b2" }));
    const seen = two.update("a", inputs(levels, { edges, boot: "b1" }));
    expect(seen.known && seen.image.counts).toBeNull();
  });
});
