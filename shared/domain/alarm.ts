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
]);

/** Whether an alarm of this kind goes on until something ends it. The others are over when they begin. */
export function isLasting(kind: AlarmKind): boolean {
  return !MOMENTARY.has(kind);
}
