const MIN_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
/** A link that lasted this long was a good one: the next attempt after it is quick again. */
const STABLE_MS = 10_000;

/** Chooses how long to wait before the next attempt to connect. */
export type Backoff = {
  /** Takes how long the link that just ended was up (0 = it never came up); returns milliseconds to wait. */
  readonly nextMs: (upForMs: number) => number;
};

/**
 * Exponential, from 0.2 s to 5 s. The upper half of each delay is random, so that the lines of one site do not
 * knock in step after a power cut. A peer that accepts and hangs up at once still counts as failing.
 *
 * @param random uniform in [0, 1), as `Math.random`.
 */
export function createBackoff(random: () => number): Backoff {
  let failures = 0;
  return {
    nextMs(upForMs) {
      if (upForMs >= STABLE_MS) failures = 0;
      const ceiling = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** failures);
      if (ceiling < MAX_DELAY_MS) failures += 1;
      return Math.round(ceiling / 2 + (random() * ceiling) / 2);
    },
  };
}
