import type { Health } from "./ports.ts";

export type HealthReport = {
  readonly good: () => void;
  /** `reason` in words for an attendant. */
  readonly bad: (reason: string) => void;
};

/** Tells a device's health when it is first known, and then only when it changes. */
export function createHealthReport(tell: (health: Health) => void): HealthReport {
  let told: string | null = null;
  const report = (health: Health): void => {
    if (told === health.reason) return;
    told = health.reason;
    tell(health);
  };
  return {
    good: () => report({ ok: true, reason: "" }),
    bad: (reason) => report({ ok: false, reason: reason === "" ? "unknown trouble" : reason }),
  };
}
