import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "@parkme/shared/domain/clock";
import { startClockwork, type ClockworkOptions } from "./clockwork.ts";

const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => Date.now() };
const day = (date: number, hour: number, minute = 0): number => Date.UTC(2026, 5, date, hour, minute);

let stop: () => void = () => undefined;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  stop();
  vi.useRealTimers();
});

function start(more: Partial<ClockworkOptions>) {
  const turned: string[] = [];
  const reset: string[] = [];
  const done = new Set<string>();
  const clockwork = startClockwork({
    clock,
    timeZone: "UTC",
    turns: [],
    resets: [],
    turnedAtMs: () => null,
    turn: (lane, direction) => turned.push(`${lane} ${direction}`),
    wasReset: (key, date) => done.has(`${key} ${date}`),
    reset: ({ zone, to }, key, date) => {
      done.add(`${key} ${date}`);
      reset.push(`${date} ${zone} ${to}`);
    },
    ...more,
  });
  stop = clockwork.stop;
  return { turned, reset };
}

const COMMUTE = [
  { lane: "mid", at: "06:00", direction: "entry" as const },
  { lane: "mid", at: "15:00", direction: "exit" as const },
];

describe("the clockwork", () => {
  it("sets no timer where nothing is to be done by the time of day", () => {
    start({});
    expect(vi.getTimerCount()).toBe(0);
    start({ turns: COMMUTE });
    expect(vi.getTimerCount()).toBe(1);
  });

  it("turns a lane at its times", () => {
    vi.setSystemTime(day(1, 5));
    const { turned } = start({ turns: COMMUTE, turnedAtMs: () => day(1, 4) });
    vi.advanceTimersByTime(12 * 3_600_000);
    expect(turned).toEqual(["mid entry", "mid exit"]);
  });

  it("gives a lane the direction that is due by now when the agent starts, once", () => {
    vi.setSystemTime(day(1, 16));
    expect(start({ turns: COMMUTE }).turned).toEqual(["mid exit"]);
  });

  it("leaves a lane alone that was turned by hand since its last time", () => {
    vi.setSystemTime(day(1, 16));
    expect(start({ turns: COMMUTE, turnedAtMs: () => day(1, 15, 30) }).turned).toEqual([]);
  });

  it("resets a count once a day, though the agent starts anew or the clock steps back", () => {
    vi.setSystemTime(day(1, 3, 59));
    const resets = [{ zone: null, at: "04:00", to: "stays" as const }];
    const { reset } = start({ resets });
    vi.advanceTimersByTime(120_000);
    vi.setSystemTime(day(1, 3, 58));
    vi.advanceTimersByTime(240_000);
    expect(reset).toEqual(["2026-06-01 null stays"]);
    vi.advanceTimersByTime(24 * 3_600_000);
    expect(reset).toEqual(["2026-06-01 null stays", "2026-06-02 null stays"]);
  });

  it("makes up for a reset that was missed by minutes, not for one missed by hours", () => {
    const resets = [{ zone: "ev", at: "04:00", to: 0 }];
    vi.setSystemTime(day(1, 4, 20));
    expect(start({ resets }).reset).toEqual(["2026-06-01 ev 0"]);
    stop();
    vi.setSystemTime(day(2, 9));
    expect(start({ resets }).reset).toEqual([]);
  });
});
