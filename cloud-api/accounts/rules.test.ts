import { describe, expect, it } from "vitest";
import { createAttemptLimiter } from "./rules.ts";

describe("createAttemptLimiter", () => {
  it("allows the limit in a window, tells how long to wait, and allows again afterwards", () => {
    const limiter = createAttemptLimiter(2, 60_000, 10);
    expect([limiter.take("a", 0), limiter.take("a", 10_000)]).toEqual([0, 0]);
    expect(limiter.take("a", 20_000)).toBe(40);
    expect(limiter.take("a", 59_999)).toBe(1);
    expect(limiter.take("a", 60_000)).toBe(0);
  });

  it("counts every key for itself", () => {
    const limiter = createAttemptLimiter(1, 60_000, 10);
    expect([limiter.take("a", 0), limiter.take("b", 0)]).toEqual([0, 0]);
    expect(limiter.take("a", 1)).toBeGreaterThan(0);
  });

  it("takes a good attempt back", () => {
    const limiter = createAttemptLimiter(1, 60_000, 10);
    limiter.take("a", 0);
    limiter.giveBack("a");
    expect(limiter.take("a", 1)).toBe(0);
  });

  it("forgets the key it saw first when there are too many", () => {
    const limiter = createAttemptLimiter(1, 60_000, 2);
    for (const key of ["a", "b", "c"]) limiter.take(key, 0);
    expect(limiter.take("c", 1)).toBeGreaterThan(0);
    expect(limiter.take("b", 1)).toBeGreaterThan(0);
    expect(limiter.take("a", 1)).toBe(0);
  });
});
