import type { LaneInput } from "@parkme/shared/domain/lane";

export type DebounceSetting = {
  /** A level counts when it has lasted so long. */
  readonly ms: number;
  /** `on` is believed at once: under and behind the arm, doubt means a vehicle (safety invariant 2). */
  readonly onAtOnce: boolean;
};

/** Levels that have lasted, and when to look again. */
export type Debounced = {
  readonly levels: Readonly<Partial<Record<LaneInput, boolean>>>;
  /** Monotonic; null when nothing is on its way. */
  readonly nextMs: number | null;
};

type Point = {
  readonly level: boolean;
  readonly changing: { readonly to: boolean; readonly sinceMs: number } | null;
};

/**
 * Lets short bounces of contacts pass unseen. An input that is not known is so at once, and its first level
 * after that counts at once too: there is nothing to compare it with.
 */
export function createDebounce(settings: ReadonlyMap<LaneInput, DebounceSetting>) {
  let points: ReadonlyMap<LaneInput, Point> = new Map();
  return (raw: Readonly<Partial<Record<LaneInput, boolean>>>, nowMs: number): Debounced => {
    const next = new Map<LaneInput, Point>();
    const levels: Partial<Record<LaneInput, boolean>> = {};
    let nextMs: number | null = null;
    for (const [input, setting] of settings) {
      const level = raw[input];
      if (level === undefined) continue;
      const point = follow(points.get(input), level, setting, nowMs);
      next.set(input, point);
      levels[input] = point.level;
      if (point.changing !== null) nextMs = Math.min(nextMs ?? Infinity, point.changing.sinceMs + setting.ms);
    }
    points = next;
    return { levels, nextMs };
  };
}

function follow(point: Point | undefined, level: boolean, setting: DebounceSetting, nowMs: number): Point {
  if (point === undefined || level === point.level) return { level, changing: null };
  if (setting.ms === 0 || (level && setting.onAtOnce)) return { level, changing: null };
  const sinceMs = point.changing?.sinceMs ?? nowMs;
  return nowMs - sinceMs >= setting.ms
    ? { level, changing: null }
    : { level: point.level, changing: { to: level, sinceMs } };
}
