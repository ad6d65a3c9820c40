import { describe, expect, it } from "vitest";
import { stepCurve } from "./step-curve.ts";

describe("a price curve", () => {
  it("goes up where a price begins, and marks whole hours", () => {
    const points = [
      { minutes: 60, total_minor: 500 },
      { minutes: 120, total_minor: 1000 },
      { minutes: 240, total_minor: 1000 },
    ];
    expect(stepCurve(points, 240, 100)).toEqual({
      path: "M0 50V50H60V0H120V0H240",
      marks: [0, 1, 2, 3, 4].map((hours) => ({ hours, x: hours * 60 })),
      maxMinor: 1000,
    });
  });

  it("has few marks however long it is, and is none of fewer than two points", () => {
    const long = stepCurve(
      [
        { minutes: 0, total_minor: 0 },
        { minutes: 60 * 24 * 30, total_minor: 10 },
      ],
      300,
      100,
    );
    expect(long?.marks.length).toBeLessThanOrEqual(9);
    expect(stepCurve([], 1, 1)).toBeNull();
    expect(stepCurve([{ minutes: 0, total_minor: 5 }], 1, 1)).toBeNull();
  });

  it("ends soon after the last change, and shows four hours at least", () => {
    const points = [
      { minutes: 0, total_minor: 100 },
      { minutes: 600, total_minor: 500 },
      { minutes: 10_080, total_minor: 500 },
    ];
    expect(stepCurve(points, 840, 100)?.path).toBe("M0 80V80H0V0H600V0H840");
    expect(stepCurve(points.slice(0, 1).concat({ minutes: 10_080, total_minor: 100 }), 100, 10)?.path).toBe(
      "M0 0V0H0V0H100",
    );
    const early = [points[0], { minutes: 60, total_minor: 500 }, points[2]].flatMap((point) => point ?? []);
    expect(stepCurve(early, 240, 100)?.path).toBe("M0 80V80H0V0H60V0H240");
  });

  it("of a tariff that costs nothing is flat", () => {
    const free = [
      { minutes: 0, total_minor: 0 },
      { minutes: 60, total_minor: 0 },
    ];
    expect(stepCurve(free, 60, 10)?.path).toBe("M0 10V10H0V10H60");
  });
});
