import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asCurrency, formatDecimal, money } from "@parkme/shared/domain/money";
import { formatSum, occupancySteps, STEP_MS } from "./rules.ts";

describe("formatSum", () => {
  it("writes sums that no float holds", () => {
    expect(formatSum("18014398509481983", "EUR")).toBe("180143985094819.83");
    expect(formatSum("-5", "EUR")).toBe("-0.05");
    expect(formatSum("1200", "JPY")).toBe("1200");
    expect(formatSum("1200", "KWD")).toBe("1.200");
  });

  it("agrees with the shared format wherever that one reaches", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom("EUR", "JPY", "BHD"), (amount, code) => {
        expect(formatSum(String(amount), code)).toBe(formatDecimal(money(amount, asCurrency(code))));
      }),
    );
  });
});

describe("occupancySteps", () => {
  const dayStart = Date.parse("2026-07-14T22:00:00Z");
  const at = (step: number) => dayStart + step * STEP_MS;

  it("ends at what is inside now and goes back by what changed", () => {
    const changes = [
      { startsMs: at(1), in: 3, out: 0 },
      { startsMs: at(3), in: 1, out: 2 },
    ];
    const steps = occupancySteps(7, changes, dayStart, at(4) + 1);
    expect(steps.map((step) => step.inside)).toEqual([5, 8, 8, 7, 7]);
    expect(steps.map((step) => step.in - step.out)).toEqual([0, 3, 0, -1, 0]);
  });

  it("has one step at the very start of a day", () => {
    expect(occupancySteps(4, [], dayStart, dayStart)).toEqual([
      { startsMs: dayStart, inside: 4, in: 0, out: 0 },
    ]);
  });

  it("counts changes of a clock that runs ahead as now", () => {
    const steps = occupancySteps(2, [{ startsMs: at(40), in: 2, out: 0 }], dayStart, at(2));
    expect(steps.map((step) => step.inside)).toEqual([0, 0, 2]);
  });
});
