import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../traffic/random.ts";
import { drawCuts } from "./cuts.ts";
import { KINDS, type Kind } from "./options.ts";

describe("the cuts of a batch", () => {
  it("are the same for the same seed, and others for another", () => {
    const draw = (seed: string) => drawCuts(KINDS, 0, 20, createRandom(seed));
    expect(draw("one")).toEqual(draw("one"));
    expect(draw("one")).not.toEqual(draw("two"));
  });

  it("have each kind as often as the others, also over the end of a batch", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5 }), (size, batches) => {
        const drawn = Array.from({ length: batches }, (_, batch) =>
          drawCuts(KINDS, batch * size, size, createRandom(`${batch}`)),
        ).flat();
        expect(drawn.map(({ number }) => number)).toEqual(drawn.map((_cut, index) => index + 1));
        const counts = KINDS.map((kind) => drawn.filter((cut) => cut.kind === kind).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("end the way that their kind says", () => {
    const drawn = drawCuts(KINDS, 0, 400, createRandom("ways"));
    const of = (kind: Kind) => drawn.filter((cut) => cut.kind === kind);
    expect(new Set(of("power").map(({ by }) => by))).toEqual(new Set(["power"]));
    expect(new Set(of("kill").map(({ by }) => by))).toEqual(new Set(["kill"]));
    expect(new Set(of("link").map(({ by }) => by))).toEqual(new Set(["power", "kill"]));
    expect(of("link").every(({ fault, during }) => fault !== null && during === "work")).toBe(true);
    expect(of("disk-full").every(({ fault, during }) => fault === null && during === "work")).toBe(true);
    expect(new Set(of("power").map(({ during }) => during))).toEqual(new Set(["work", "start"]));
  });
});
