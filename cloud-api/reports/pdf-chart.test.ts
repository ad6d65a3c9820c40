import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { niceTicks, plotOf } from "./pdf-chart.ts";

const AREA = { x: 80, y: 100, width: 450, height: 130 };

describe("the axis of a chart", () => {
  it.each([
    [0, 1_700, [0, 500, 1_000, 1_500, 2_000]],
    [-120, 1_700, [-500, 0, 500, 1_000, 1_500, 2_000]],
    [0, 0, [0, 0.5]],
    [0, 0.3, [0, 0.1, 0.2, 0.3]],
    [-7, 0, [-8, -6, -4, -2, 0]],
  ])("from %s to %s has %j", (low, high, expected) => {
    expect(niceTicks(low, high)).toEqual(expected);
  });

  it("always holds everything, and zero, between a few ticks that rise", () => {
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(value, value, (one, other) => {
        const ticks = niceTicks(Math.min(one, other), Math.max(one, other));
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
        const slack = Math.max(...ticks.map(Math.abs)) * 1e-9;
        expect(ticks[0]!).toBeLessThanOrEqual(Math.min(one, other, 0) + slack);
        expect(ticks.at(-1)!).toBeGreaterThanOrEqual(Math.max(one, other, 0) - slack);
        expect(ticks).toContain(0);
      }),
    );
  });
});

describe("the parts of a chart", () => {
  it("stand within its area, whatever is drawn", () => {
    const bar = fc.record({ label: fc.string(), value: fc.integer({ min: -1e9, max: 1e9 }) });
    const kind = fc.constantFrom("bars" as const, "line" as const);
    const limit = fc.option(fc.nat(1e9));
    fc.assert(
      fc.property(fc.array(bar, { maxLength: 800 }), kind, limit, (bars, what, most) => {
        const plot = plotOf({ kind: what, title: "", bars, limit: most }, AREA);
        const [low, high] = [AREA.y - 0.001, AREA.y + AREA.height + 0.001];
        const heights = [
          plot.baseline,
          ...plot.bars.flatMap(({ y, height }) => [y, y + height]),
          ...plot.points.map(({ y }) => y),
          ...(plot.limitY === null ? [] : [plot.limitY]),
        ];
        for (const y of heights) {
          expect(y).toBeGreaterThanOrEqual(low);
          expect(y).toBeLessThanOrEqual(high);
        }
        for (const { x, width } of plot.bars) {
          expect(x).toBeGreaterThanOrEqual(AREA.x);
          expect(x + width).toBeLessThanOrEqual(AREA.x + AREA.width + 0.001);
        }
        expect(plot.bars.length + plot.points.length).toBe(bars.length);
        // Labels have room.
        for (const [index, { x }] of plot.labels.entries())
          if (index > 0) expect(x - plot.labels[index - 1]!.x).toBeGreaterThanOrEqual(62 - 0.001);
      }),
      { numRuns: 60 },
    );
  });
});
