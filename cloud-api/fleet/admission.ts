import { MAX_BATCH_EVENTS, type Window } from "@parkme/shared/protocol/log";

/**
 * Who is let in when many edges come at once, after a night without the cloud. A few batches are applied at a time, some
 * more wait at the door; everybody else is given a time to come back at, one after another, as if they stood in a line.
 * Who was served and has more goes to the end of that line, so that nobody is kept out.
 */
export type AdmissionLimits = {
  /** Batches that are applied at the same time. */
  readonly running: number;
  /** Batches that wait for their turn. */
  readonly waiting: number;
};

export const ADMISSION_LIMITS: AdmissionLimits = { running: 4, waiting: 32 };

/** What is going on; times are by a monotonic clock. */
export type Crowd = {
  readonly running: number;
  readonly waiting: number;
  /** How long a batch takes, smoothed. */
  readonly serviceMs: number;
  /** The end of the line: the time that was given last. */
  readonly lineMs: number;
};

export const EMPTY: Crowd = { running: 0, waiting: 0, serviceMs: 20, lineMs: 0 };

export type Answer =
  | { readonly kind: "run" }
  | { readonly kind: "wait" }
  | {
      readonly kind: "busy";
      readonly retryAfterMs: number;
      /** The new end of the line. */
      readonly lineMs: number;
    };

/** Nobody is sent away for longer. */
const MAX_AWAY_MS = 60_000;
const MIN_AWAY_MS = 100;
/**
 * The times are given a little closer together than places become free, so that somebody waits at the door whenever one
 * does; and they are spread over as much as the door has room for, because who was told the same comes at the same time.
 */
const HASTE = 0.9;
const SPREAD = 0.5;

/** @param random 0 to below 1. */
export function answerAt(crowd: Crowd, limits: AdmissionLimits, nowMs: number, random: number): Answer {
  if (crowd.running < limits.running && crowd.waiting === 0) return { kind: "run" };
  if (crowd.waiting < limits.waiting) return { kind: "wait" };
  const lineMs = endOfLine(crowd, limits, nowMs);
  const spreadMs = SPREAD * limits.waiting * everyMs(crowd, limits) * random;
  const awayMs = Math.max(MIN_AWAY_MS, Math.min(MAX_AWAY_MS, lineMs - nowMs) + spreadMs);
  return { kind: "busy", retryAfterMs: Math.min(Math.round(awayMs), 2 * MAX_AWAY_MS), lineMs };
}

/**
 * What an edge is granted for its next batch: less, and later, the more others there are.
 *
 * @param hasMore lines wait behind the batch that it sent.
 */
export function windowAt(
  crowd: Crowd,
  limits: AdmissionLimits,
  nowMs: number,
  hasMore: boolean,
): { readonly window: Window; readonly lineMs: number } {
  if (crowd.lineMs <= nowMs) {
    const events = crowd.waiting * 2 > limits.waiting ? MAX_BATCH_EVENTS / 2 : MAX_BATCH_EVENTS;
    return { window: { events, pause_ms: 0 }, lineMs: crowd.lineMs };
  }
  const lineMs = hasMore ? endOfLine(crowd, limits, nowMs) : crowd.lineMs;
  const pause_ms = Math.round(Math.min(MAX_AWAY_MS, lineMs - nowMs));
  return { window: { events: MAX_BATCH_EVENTS / 2, pause_ms }, lineMs };
}

/** Where somebody stands who comes now: behind those who are inside, and those who were given a time. */
function endOfLine(crowd: Crowd, limits: AdmissionLimits, nowMs: number): number {
  const every = everyMs(crowd, limits);
  const behindInside = nowMs + HASTE * (crowd.running + crowd.waiting) * every;
  return Math.max(crowd.lineMs, behindInside) + every;
}

/** How often somebody may come. */
function everyMs({ serviceMs }: Crowd, { running }: AdmissionLimits): number {
  return (HASTE * serviceMs) / running;
}

const SMOOTH = 0.1;

/** How long a batch takes, with one more that took so long. */
export function smoothed(serviceMs: number, tookMs: number): number {
  return serviceMs + SMOOTH * (tookMs - serviceMs);
}
