import type { Violation } from "./checker/violation.ts";
import type { Outcome } from "./run.ts";

const MAX_TOLD = 10;

/**
 * What went wrong in a history, and how to see it again.
 *
 * @param flags those that drew it, with a blank before.
 */
export function failureText({ schedule, violations }: Outcome, flags: string): string {
  const lines = violations.slice(0, MAX_TOLD).map((one) => `  ${violationText(one)}`);
  if (violations.length > MAX_TOLD) lines.push(`  and ${violations.length - MAX_TOLD} more`);
  const again = `npm run sim --${flags} --replay ${schedule.seed}:${violations[0]?.step ?? 0}`;
  return [`seed ${schedule.seed} failed:`, ...lines, `its story: ${again}`].join("\n");
}

export function violationText({ step, rule, message }: Violation): string {
  return `step ${step}, ${rule}: ${message}`;
}
