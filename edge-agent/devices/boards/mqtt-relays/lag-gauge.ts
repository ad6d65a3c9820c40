/**
 * How old a device's words are when they come, by the seconds since boot that it says with them. A device whose
 * answers carry no number of the question can otherwise answer half a minute late and look fresh.
 */
export type LagGauge = {
  readonly calibrated: () => boolean;
  /** Milliseconds; null = not known before it is calibrated. */
  readonly lagMs: (uptimeS: number, nowMs: number) => number | null;
  /** These words answer the only question that was open, asked a moment ago: they are fresh. */
  readonly calibrate: (uptimeS: number, nowMs: number) => void;
  /** The device has counted from zero again. */
  readonly reset: () => void;
};

/** How much the device's clock may be slow against ours, as a share: crystals are a hundred times better. */
const DRIFT = 0.001;

export function createLagGauge(): LagGauge {
  /** Our time at the device's boot, as the freshest words had it. */
  let boot: { readonly ms: number; readonly atMs: number } | null = null;
  return {
    calibrated: () => boot !== null,
    lagMs(uptimeS, nowMs) {
      if (boot === null) return null;
      const bootMs = nowMs - uptimeS * 1000;
      boot = { ms: Math.min(bootMs, boot.ms + (nowMs - boot.atMs) * DRIFT), atMs: nowMs };
      return bootMs - boot.ms;
    },
    calibrate(uptimeS, nowMs) {
      boot = { ms: nowMs - uptimeS * 1000, atMs: nowMs };
    },
    reset() {
      boot = null;
    },
  };
}
