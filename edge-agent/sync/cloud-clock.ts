import type { Clock } from "@parkme/shared/domain/clock";

/** How far our wall clock is off by the cloud's. Nothing is ever refused for it, be it years: it is told, that is all. */
export type CloudClock = {
  /**
   * The cloud's clock said `now` in an answer.
   *
   * @param askedMs when it was asked, by our monotonic clock: it looked at its clock between then and now.
   */
  readonly heard: (now: string, askedMs: number) => void;
  /** The cloud's clock minus our wall clock, as heard last, perhaps in an earlier start; null = never. */
  readonly offsetMs: () => number | null;
};

/** Less than this says nothing: the answer was under way. */
const WORTH_KEEPING_MS = 1_000;

export type CloudClockOptions = {
  readonly clock: Clock;
  /** On the disk. */
  readonly kept: () => number | null;
  readonly keep: (offsetMs: number) => void;
};

export function createCloudClock({ clock, kept, keep }: CloudClockOptions): CloudClock {
  return {
    heard: (now, askedMs) => {
      const underWayMs = (clock.monotonicMs() - askedMs) / 2;
      const offsetMs = Math.round(Date.parse(now) + underWayMs - clock.wallMs());
      if (!Number.isSafeInteger(offsetMs)) return;
      const before = kept();
      if (before === null || Math.abs(offsetMs - before) >= WORTH_KEEPING_MS) keep(offsetMs);
    },
    offsetMs: kept,
  };
}
