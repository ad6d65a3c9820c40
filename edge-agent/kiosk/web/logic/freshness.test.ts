import { describe, expect, it } from "vitest";
import { ageMs, gateNowMs, isStale, STALE_AFTER_MS } from "./freshness.ts";

const received = { wallMs: 1_000_000, monotonicMs: 500 };
const after = (wall: number, monotonic: number) => ({
  wallMs: 1_000_000 + wall,
  monotonicMs: 500 + monotonic,
});

describe("freshness", () => {
  it("calls data stale after three seconds, not before", () => {
    expect(isStale(received, after(STALE_AFTER_MS - 1, STALE_AFTER_MS - 1))).toBe(false);
    expect(isStale(received, after(STALE_AFTER_MS, STALE_AFTER_MS))).toBe(true);
  });

  it("sees a tablet that slept, whose monotonic clock stood still", () => {
    expect(isStale(received, after(3_600_000, 20))).toBe(true);
  });

  it("sees old data although the wall clock was set back", () => {
    expect(isStale(received, after(-3_600_000, 5_000))).toBe(true);
  });

  it("is never negative: a snapshot may come between two looks at the clock", () => {
    expect(ageMs(received, after(-200, -200))).toBe(0);
  });

  it("runs the gate's own time on between snapshots and stops it when they end", () => {
    expect(gateNowMs(70_000, received, after(1_500, 1_500))).toBe(71_500);
    expect(gateNowMs(70_000, received, after(9_000, 9_000))).toBe(70_000);
  });
});
