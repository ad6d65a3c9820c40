/** What somebody should know of. A lasting alarm has an end; every alarm waits to be acknowledged. */
export const ALARM_KINDS = [
  "tailgate",
  "wrong_way",
  "obstruction",
  "command_refused",
  "blocked",
  "watched",
  "forced",
  "stuck",
  "arm_fault",
  "sensor_stale",
  "output_mismatch",
  "fire",
  "stopped",
  "payment_in_doubt",
  "printer",
  "paper_low",
  "reader",
  "terminal",
  "display",
  /** A new tariff is not valid: the last good one stays in force. */
  "tariff_refused",
  /** A drawer runs short of change. */
  "change_low",
  /** Somebody showed a code that is signed wrongly, or is not for here or now. */
  "code_refused",
  /** The disk is nearly full. */
  "disk_low",
  /** The cloud takes nothing from this agent any more: another has taken its place, or its key was revoked. */
  "cloud_fenced",
  /** The database was restored: what was missing of it is fetched from the cloud. */
  "restored",
  /** What the cloud sent down is not signed by it, or not valid: the last good one stays. */
  "manifest_refused",
  /** A command of headquarters was not done. */
  "remote_refused",
  /** The gate's own rows and the cloud's are not the same. */
  "books_differ",
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

const MOMENTARY: ReadonlySet<AlarmKind> = new Set([
  "tailgate",
  "wrong_way",
  "obstruction",
  "command_refused",
  "blocked",
  "watched",
  "code_refused",
  "remote_refused",
]);

/** Whether an alarm of this kind goes on until something ends it. The others are over when they begin. */
export function isLasting(kind: AlarmKind): boolean {
  return !MOMENTARY.has(kind);
}
