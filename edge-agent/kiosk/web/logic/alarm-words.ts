import { isLasting, type AlarmKind } from "@parkme/shared/domain/alarm";
import type { AlarmView } from "@parkme/shared/protocol/kiosk";
import { elapsedText, type TimeText } from "./time-text.ts";

/** `fault` = somebody or something may come to harm, or a lane is out; `note` = for those who are to know. */
export type AlarmTone = "fault" | "warn" | "note";
export type AlarmWords = { readonly title: string; readonly tone: AlarmTone };

const WORDS: Record<AlarmKind, AlarmWords> = {
  fire: { title: "Fire", tone: "fault" },
  stopped: { title: "Stop pressed", tone: "fault" },
  arm_fault: { title: "Arm fault", tone: "fault" },
  stuck: { title: "Vehicle stands under the arm", tone: "fault" },
  forced: { title: "Arm raised by force", tone: "fault" },
  obstruction: { title: "Obstruction under the arm", tone: "fault" },
  tailgate: { title: "Tailgate", tone: "warn" },
  wrong_way: { title: "Wrong way", tone: "warn" },
  blocked: { title: "Blocked vehicle", tone: "warn" },
  command_refused: { title: "Command refused", tone: "warn" },
  sensor_stale: { title: "Sensors silent", tone: "warn" },
  output_mismatch: { title: "Relay is not as commanded", tone: "warn" },
  payment_in_doubt: { title: "Payment in doubt", tone: "warn" },
  paper_low: { title: "Paper is low", tone: "note" },
  printer: { title: "Ticket printer", tone: "warn" },
  reader: { title: "Reader", tone: "warn" },
  terminal: { title: "Card terminal", tone: "warn" },
  display: { title: "Display", tone: "warn" },
  watched: { title: "Watched vehicle", tone: "note" },
  tariff_refused: { title: "Tariff refused", tone: "warn" },
  change_low: { title: "Change is low", tone: "note" },
  code_refused: { title: "Code refused", tone: "note" },
  disk_low: { title: "Disk nearly full", tone: "fault" },
  cloud_fenced: { title: "Cut off from headquarters", tone: "fault" },
  restored: { title: "Restored from a backup", tone: "fault" },
  manifest_refused: { title: "Settings from headquarters refused", tone: "fault" },
  remote_refused: { title: "Command of headquarters refused", tone: "note" },
  books_differ: { title: "Books differ from headquarters", tone: "fault" },
};

export function describeAlarm(kind: AlarmKind): AlarmWords {
  return WORDS[kind];
}

export function goesOn({ ended_at }: Pick<AlarmView, "ended_at">): boolean {
  return ended_at === null;
}

export function isWaiting({ acknowledged_at }: Pick<AlarmView, "acknowledged_at">): boolean {
  return acknowledged_at === null;
}

/** When it was: `14:03`, `14:03, for 5 min`, or `since 14:03, 5 min`. */
export function alarmTimes(
  { kind, started_at, ended_at }: Pick<AlarmView, "kind" | "started_at" | "ended_at">,
  time: Pick<TimeText, "moment">,
  nowMs: number,
): string {
  const startMs = Date.parse(started_at);
  const start = time.moment(startMs, nowMs);
  if (ended_at === null) return `since ${start}, ${elapsedText(nowMs - startMs)}`;
  return isLasting(kind) ? `${start}, for ${elapsedText(Date.parse(ended_at) - startMs)}` : start;
}
