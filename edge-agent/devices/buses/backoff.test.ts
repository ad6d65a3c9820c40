import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBackoff } from "./backoff.ts";

describe("backoff", () => {
  it("doubles from 0.2 s to 5 s", () => {
    const backoff = createBackoff(() => 0.999_999);
    const delays = Array.from({ length: 8 }, () => backoff.nextMs(0));
    expect(delays).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  });

  it("stays within half and whole of its ceiling, whatever chance says", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 1 }),
        (chances) => {
          let turn = 0;
          const backoff = createBackoff(() => chances[turn++ % chances.length] ?? 0);
          for (let i = 0; i < 20; i++) {
            const ceiling = Math.min(5_000, 200 * 2 ** i);
            const delay = backoff.nextMs(0);
            expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
            expect(delay).toBeLessThanOrEqual(ceiling);
          }
        },
      ),
    );
  });

  it("is quick again after a link that lasted, not after one that was accepted and dropped", () => {
    const backoff = createBackoff(() => 0);
    for (let i = 0; i < 6; i++) backoff.nextMs(0);
    expect(backoff.nextMs(50)).toBe(2_500);
    expect(backoff.nextMs(60_000)).toBe(100);
  });
});
