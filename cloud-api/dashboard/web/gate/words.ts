import type { CommandView, RemoteAct } from "@parkme/shared/protocol/downlink";
import type { EqualitySubject } from "@parkme/shared/protocol/link-facts";
import type { LinkEdge } from "../../../fleet/link-contract.ts";
import type { DifferenceView } from "../../../fleet/equality-contract.ts";
import type { LaneNow, MoneyView } from "../../contract.ts";
import { formatCount, formatMoney, formatSpan } from "../format.ts";

/** What the page of a gate says in words. */

export type Tone = "good" | "busy" | "warn" | "bad" | "none";

export const ACT_WORDS: Readonly<Record<RemoteAct, string>> = {
  vend: "Open once",
  hold: "Hold open",
  release: "End hold",
  close: "Close",
  reset: "Reset lane",
  reprint: "Print ticket again",
  snapshot: "Ask for its state",
};

/** What happens then, before it is asked for. */
export const ACT_HINTS: Readonly<Record<RemoteAct, string>> = {
  vend: "The arm opens for one vehicle.",
  hold: "The arm opens, and stays open until the hold is ended.",
  release: "The arm is let go, and the lane is open as on other days.",
  close: "The lane lets nobody in any more but holders of permits. Whoever is in it gets through.",
  reset: "You vouch that the lane is clear: the arm comes down.",
  reprint: "The desk prints the ticket again.",
  snapshot: "The gate says what it looks like.",
};

export const STATUS_WORDS: Readonly<
  Record<CommandView["status"], { readonly text: string; readonly tone: Tone }>
> = {
  waiting: { text: "On its way", tone: "busy" },
  no_answer: { text: "No answer", tone: "warn" },
  done: { text: "Done", tone: "good" },
  refused: { text: "Refused", tone: "bad" },
  late: { text: "Too late, not done", tone: "warn" },
  failed: { text: "Failed", tone: "bad" },
  unknown: { text: "Not known", tone: "warn" },
};

const INCIDENTS: Readonly<Record<string, string>> = {
  fork: "Two events with one number",
  broken_chain: "Log was changed on its way",
  old_epoch: "An older history spoke up",
  fenced: "A second agent spoke up",
  edge_restored: "Gate was restored",
  cloud_restored: "Headquarters was restored",
  quarantined: "Event not understood",
  unequal: "Books differ",
  downlink_fork: "Gate has taken what we do not have",
  bad_assertion: "Sign-in with a wrong key",
  replaced: "Gate was replaced",
  oversold: "More spaces sold than there are",
};

export function incidentWords(kind: string): string {
  return INCIDENTS[kind] ?? kind.replaceAll("_", " ");
}

const CLOCK_OFF_MS = 5_000;

/** `2 min ahead`, `in step`; of a clock that is compared with ours. */
export function clockWords(offsetMs: number | null): { readonly text: string; readonly tone: Tone } {
  if (offsetMs === null) return { text: "not known", tone: "none" };
  if (Math.abs(offsetMs) < CLOCK_OFF_MS) return { text: "in step", tone: "good" };
  const by = formatSpan(Math.abs(offsetMs) / 1_000);
  return { text: `${by} ${offsetMs > 0 ? "ahead" : "behind"}`, tone: "warn" };
}

const LANE_STATES: Readonly<Record<string, { readonly text: string; readonly tone: Tone }>> = {
  UNKNOWN: { text: "Not ready: arm or sensors not proven", tone: "warn" },
  IDLE: { text: "Ready", tone: "none" },
  ARMED: { text: "Vehicle waiting", tone: "busy" },
  DECIDING: { text: "Vehicle waiting", tone: "busy" },
  PRINTING: { text: "Printing a ticket", tone: "busy" },
  WAIT_TAKE: { text: "Ticket is out", tone: "busy" },
  PAYING: { text: "Payment due", tone: "busy" },
  PAY_UNKNOWN: { text: "Payment unclear", tone: "warn" },
  DENIED: { text: "Not let through: a driver needs help", tone: "warn" },
  OPENING: { text: "Opening", tone: "busy" },
  OPEN: { text: "Open for a vehicle", tone: "busy" },
  PASSING: { text: "Vehicle passing", tone: "busy" },
  CLEARING: { text: "Vehicle passing", tone: "busy" },
  CLOSING: { text: "Closing", tone: "busy" },
  HELD_OPEN: { text: "Held open", tone: "warn" },
  STOPPED: { text: "Stopped until somebody resets it", tone: "bad" },
  DEGRADED: { text: "Sensor failed: vends only", tone: "warn" },
  FAULT: { text: "Fault: the arm did not do as told", tone: "bad" },
};

const MODES: Readonly<Record<string, string>> = {
  full: "full: rights only",
  held_open: "held open by its mode",
  closed: "closed: permits only",
  closed_to_all: "closed",
};

/** What a lane does now, with what is unusual about it. */
export function laneWords(now: LaneNow | null): { readonly text: string; readonly tone: Tone } {
  if (now === null) return { text: "Not known", tone: "none" };
  const { state, mode, trouble } = now;
  const known = LANE_STATES[state] ?? { text: state.toLowerCase().replaceAll("_", " "), tone: "none" };
  const unusual = mode === "open" ? null : (MODES[mode] ?? mode.replaceAll("_", " "));
  const text = [known.text, unusual, trouble].filter((words) => words !== null).join("; ");
  if (trouble !== null) return { text, tone: "bad" };
  return { text, tone: known.tone === "none" && unusual !== null ? "warn" : known.tone };
}

type FieldView = DifferenceView["fields"][number];

/** `amount: €1.00 at the gate, €2.50 here`. @param money whose currency and digits amounts have. */
export function fieldWords({ field, edge, cloud }: FieldView, money: MoneyView): string {
  const isMoney = field.endsWith("_minor");
  const said = (value: FieldView["edge"]): string => {
    if (value === null) return "nothing";
    return isMoney && typeof value === "number" ? formatMinor(value, money) : String(value);
  };
  const name = (isMoney ? field.slice(0, -"_minor".length) : field).replaceAll("_", " ");
  return `${name}: ${said(edge)} at the gate, ${said(cloud)} here`;
}

function formatMinor(minor: number, { amount, currency }: MoneyView): string {
  const digits = amount.split(".")[1]?.length ?? 0;
  return formatMoney({ amount: (minor / 10 ** digits).toFixed(digits), currency });
}

export function waitingWords({ waiting }: LinkEdge): string {
  return waiting === 0 ? "nothing" : `${formatCount(waiting)} events`;
}

export function credentialWords({ credential, box }: LinkEdge): string {
  if (credential === "key") return box === null ? "by its own key" : `by its own key, as ${box}`;
  return credential === "token" ? "by a provisioned token" : "it cannot any more";
}

export const SUBJECT_WORDS: Readonly<Record<EqualitySubject, string>> = {
  stays: "Stays",
  movements: "Movements",
  payments: "Payments",
  ledger: "Ledger",
  receipts: "Receipts",
  shifts: "Shifts",
  validations: "Validations",
};
