/** Who is signed in. */
export type Session = {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly organisation: { readonly id: string; readonly name: string };
};

export const SESSION_COOKIE = "parkme_session";
export const SESSION_HOURS = 12;
/** Of one user at a time; the oldest make room. */
export const MAX_SESSIONS = 20;

/** Counts attempts by key in windows of time. */
export type AttemptLimiter = {
  /** Counts one attempt. Returns 0 when it may go on, else the seconds to wait. */
  readonly take: (key: string, nowMs: number) => number;
  /** Takes one counted attempt back: it was a good one. */
  readonly giveBack: (key: string) => void;
};

/**
 * A limit of `limit` attempts by key in `windowMs`. At most `maxKeys` keys are remembered; when they are exceeded
 * the key seen first is forgotten, which can only favour an attacker who pays with that many other attempts.
 */
export function createAttemptLimiter(limit: number, windowMs: number, maxKeys: number): AttemptLimiter {
  const windows = new Map<string, { count: number; endsMs: number }>();
  return {
    take(key, nowMs) {
      let window = windows.get(key);
      if (window === undefined || window.endsMs <= nowMs) {
        windows.delete(key);
        window = { count: 0, endsMs: nowMs + windowMs };
        windows.set(key, window);
        const oldest = windows.keys().next();
        if (windows.size > maxKeys && oldest.done !== true) windows.delete(oldest.value);
      }
      if (window.count >= limit) return Math.max(1, Math.ceil((window.endsMs - nowMs) / 1_000));
      window.count += 1;
      return 0;
    },
    giveBack(key) {
      const window = windows.get(key);
      if (window !== undefined && window.count > 0) window.count -= 1;
    },
  };
}
