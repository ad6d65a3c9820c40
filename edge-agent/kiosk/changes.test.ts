import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createChanges } from "./changes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Counts how often a wait has ended. */
function waiter(changes: ReturnType<typeof createChanges>, timeoutMs: number) {
  let woken = 0;
  void changes.next(timeoutMs).then(() => (woken += 1));
  return () => woken;
}

describe("changes", () => {
  it("wake everybody who waits, once for many at the same time", async () => {
    const changes = createChanges();
    const waits = [waiter(changes, 1_000), waiter(changes, 1_000)];
    for (let i = 0; i < 100; i++) changes.note();
    await vi.advanceTimersByTimeAsync(49);
    expect(waits.map((woken) => woken())).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(waits.map((woken) => woken())).toEqual([1, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("wake nobody later who did not wait then", async () => {
    const changes = createChanges();
    changes.note();
    await vi.advanceTimersByTimeAsync(50);
    const woken = waiter(changes, 1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(woken()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(woken()).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("wake who began to wait while they were settling", async () => {
    const changes = createChanges();
    changes.note();
    await vi.advanceTimersByTimeAsync(30);
    const woken = waiter(changes, 1_000);
    await vi.advanceTimersByTimeAsync(20);
    expect(woken()).toBe(1);
  });

  it("come at most every 50 ms, however busy the gate, and leave no timers behind", async () => {
    const changes = createChanges();
    let wakes = 0;
    let looking = true;
    const page = (async () => {
      for (; looking; wakes += 1) await changes.next(10_000);
    })();
    for (let ms = 0; ms < 1_000; ms += 5) {
      changes.note();
      await vi.advanceTimersByTimeAsync(5);
    }
    expect(wakes).toBeGreaterThanOrEqual(15);
    expect(wakes).toBeLessThanOrEqual(20);
    looking = false;
    changes.note();
    await vi.advanceTimersByTimeAsync(50);
    await page;
    expect(vi.getTimerCount()).toBe(0);
  });
});
