import type { EdgeView, MoneyView } from "../contract.ts";

/** `€1,234.50`: exact, because the digits are the server's and are only grouped here. */
export function formatMoney({ amount, currency }: MoneyView): string {
  const digits = amount.split(".")[1]?.length ?? 0;
  const format = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // A string is formatted as the decimal number it is, without a detour over a float (ES2023).
  return format.format(amount as `${number}`);
}

export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** Hours and minutes in a facility's time zone; with seconds where `precise`. */
export function formatTime(at: string, timeZone: string, precise = false): string {
  return new Date(at).toLocaleTimeString("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    ...(precise ? { second: "2-digit" } : {}),
  });
}

/** `Wed 15 Jul`. */
export function formatDay(at: string, timeZone: string): string {
  return new Date(at).toLocaleDateString("en-GB", {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
  });
}

const DAY_MS = 86_400_000;

/** `04:12` of today, `Sun 22 Nov 04:12` of any other day. */
export function formatWhen(at: string, timeZone: string, nowMs: number): string {
  const day = formatDay(at, timeZone);
  const time = formatTime(at, timeZone);
  const today = formatDay(new Date(nowMs).toISOString(), timeZone);
  // The same day of another year may read the same.
  return day === today && nowMs - Date.parse(at) < DAY_MS ? time : `${day} ${time}`;
}

/** `12 s`, `4 min`, `3 h`, `2 days`: how long, in one rounded-down unit. */
export function formatSpan(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

export type EdgeState = {
  readonly tone: "good" | "busy" | "warn" | "bad" | "none";
  readonly text: string;
};

/** An edge speaks at least every 10 s; after an outage of the line it may wait 45 s before it tries again. */
const SILENT_AFTER_S = 60;
const GONE_AFTER_S = 900;
/** Older than this on arrival, and more is on the way. */
const BEHIND_AFTER_S = 60;

/** What to say of an edge at `nowMs` (the server's clock). */
export function describeEdge(edge: EdgeView | null, nowMs: number): EdgeState {
  if (edge === null) return { tone: "none", text: "No gate is set up" };
  if (edge.last_seen_at === null) return { tone: "none", text: "Waiting for the gate" };
  const silentSeconds = (nowMs - Date.parse(edge.last_seen_at)) / 1_000;
  if (silentSeconds > SILENT_AFTER_S) {
    return {
      tone: silentSeconds > GONE_AFTER_S ? "bad" : "warn",
      text: `No word for ${formatSpan(silentSeconds)}`,
    };
  }
  if (edge.behind_seconds > BEHIND_AFTER_S) {
    return { tone: "busy", text: `Catching up, ${formatSpan(edge.behind_seconds)} behind` };
  }
  return { tone: "good", text: "Online" };
}

const ALARMS: Readonly<Record<string, string>> = {
  tailgate: "Tailgating",
  wrong_way: "Wrong way",
  forced: "Arm forced",
  stuck: "Vehicle stuck",
  arm_fault: "Arm fault",
  obstruction: "Obstruction",
  sensor_stale: "Sensor silent",
  command_refused: "Command refused",
  blocked: "Blocked plate",
  watched: "Watched plate",
  output_mismatch: "Relay not as told",
  fire: "Fire",
  stopped: "Stopped",
  payment_in_doubt: "Payment in doubt",
  printer: "Printer fault",
  paper_low: "Paper low",
  reader: "Reader fault",
  terminal: "Card terminal fault",
  display: "Display fault",
  tariff_refused: "Tariff refused",
  change_low: "Change low",
  code_refused: "Code refused",
  disk_low: "Disk nearly full",
  cloud_fenced: "Cut off from headquarters",
  restored: "Restored from a backup",
  manifest_refused: "Settings refused",
  remote_refused: "Command refused",
  books_differ: "Books differ",
};

const MOVEMENTS: Readonly<Record<string, string>> = {
  vend: "Vend",
  tailgate: "Tailgate",
  inferred: "Inferred",
  free: "Held open",
  manual: "Raised by hand",
};

const REVIEWS: Readonly<Record<string, string>> = {
  passage_unproven: "Passage unproven",
  direction_ambiguous: "Direction unclear",
  missed_exit: "Missed exit",
  exit_without_entry: "Exit without entry",
  passback: "In twice",
  paid_in_doubt: "Payment in doubt",
};

/** The words for a kind of alarm; one that this page does not know yet is shown as it is called. */
export function alarmWords(kind: string): string {
  return ALARMS[kind] ?? kind.replaceAll("_", " ");
}

/** What is unusual about a movement, or null. */
export function movementNote(kind: string, review: string | null): string | null {
  if (review !== null) return REVIEWS[review] ?? review.replaceAll("_", " ");
  return kind === "normal" ? null : (MOVEMENTS[kind] ?? kind);
}
