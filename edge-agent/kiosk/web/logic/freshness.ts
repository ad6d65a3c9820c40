import type { Now } from "@parkme/shared/domain/clock";

/** The gate sends a snapshot at least once a second; three missed ones are no coincidence. */
export const STALE_AFTER_MS = 3_000;

/**
 * How old the newest snapshot is. The larger of two clocks: the monotonic one does not run while a tablet
 * sleeps, the wall clock may be set back; old data must look old either way.
 */
export function ageMs(received: Now, now: Now): number {
  return Math.max(0, now.monotonicMs - received.monotonicMs, now.wallMs - received.wallMs);
}

export function isStale(received: Now, now: Now): boolean {
  return ageMs(received, now) >= STALE_AFTER_MS;
}

/**
 * The gate's own time: the tablet's clock may be wrong, so only the time since the snapshot is taken from it.
 * Stands still with stale data, so that nothing on the page seems to go on.
 */
export function gateNowMs(snapshotAtMs: number, received: Now, now: Now): number {
  return isStale(received, now) ? snapshotAtMs : snapshotAtMs + ageMs(received, now);
}
