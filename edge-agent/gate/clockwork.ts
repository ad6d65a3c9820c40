import type { Clock } from "@parkme/shared/domain/clock";
import { dueBetween, type Due, type TimeOfWeek } from "./schedule.ts";
import type { LaneDirection } from "@parkme/shared/domain/lane";

/** What a facility does by itself at times of day: lanes that turn, counts that are set right. */

export type TurnTime = TimeOfWeek & { readonly lane: string; readonly direction: LaneDirection };
export type CountReset = TimeOfWeek & { readonly zone: string | null; readonly to: number | "stays" };

export type ClockworkOptions = {
  readonly clock: Clock;
  readonly timeZone: string;
  readonly turns: readonly TurnTime[];
  readonly resets: readonly CountReset[];
  /** When a lane last took its direction, Unix ms; null = never. */
  readonly turnedAtMs: (lane: string) => number | null;
  readonly turn: (lane: string, direction: LaneDirection) => void;
  /** Whether this reset was done on this local day already: also by an agent that ran before. */
  readonly wasReset: (key: string, date: string) => boolean;
  readonly reset: (reset: CountReset, key: string, date: string) => void;
};

const TICK_MS = 10_000;

/** Runs until stopped. What came due while nobody ran is done at the start, the newest of its kind only. */
export function startClockwork(options: ClockworkOptions): { readonly stop: () => void } {
  const { clock, timeZone, turns, resets } = options;
  let lastMs: number | null = null;

  function tick(): void {
    const nowMs = clock.wallMs();
    for (const lane of new Set(turns.map((turn) => turn.lane))) turnLane(lane, nowMs);
    for (const reset of resets) resetCount(reset, nowMs);
    lastMs = nowMs;
  }

  function turnLane(lane: string, nowMs: number): void {
    const own = turns.filter((turn) => turn.lane === lane);
    const due = newest(dueBetween(own, timeZone, lastMs ?? options.turnedAtMs(lane) ?? 0, nowMs));
    if (due !== null) options.turn(lane, due.what.direction);
  }

  function resetCount(reset: CountReset, nowMs: number): void {
    const due = newest(dueBetween([reset], timeZone, lastMs ?? nowMs - CATCH_UP_MS, nowMs));
    if (due === null) return;
    const key = `${reset.zone ?? ""} ${reset.at}`;
    if (!options.wasReset(key, due.date)) options.reset(reset, key, due.date);
  }

  if (turns.length + resets.length === 0) return { stop: () => undefined };
  tick();
  const timer = setInterval(tick, TICK_MS);
  return { stop: () => clearInterval(timer) };
}

/** A count reset that was missed by more than this waits for the next day: the place has filled since. */
const CATCH_UP_MS = 3_600_000;

function newest<T>(due: readonly Due<T>[]): Due<T> | null {
  return due.at(-1) ?? null;
}
