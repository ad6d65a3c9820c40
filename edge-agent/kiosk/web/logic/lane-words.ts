import type { HoldCause } from "@parkme/shared/domain/gate-record";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { MovementKind, ReviewReason } from "@parkme/shared/domain/stay";
import type { LaneHealth, LaneView } from "@parkme/shared/protocol/kiosk";

/** How loud a lane is: colour means that somebody should look. */
export type Tone = "calm" | "active" | "due" | "go" | "warn" | "fault";

export type StateWords = { readonly title: string; readonly detail: string; readonly tone: Tone };

/** A lane's state in an attendant's words. */
export function describeState({
  state,
  direction,
  held_by: heldBy,
}: Pick<LaneView, "state" | "direction" | "held_by">): StateWords {
  const entry = direction === "entry";
  switch (state) {
    case "UNKNOWN":
      return { title: "Not ready", detail: "Arm or sensors not proven", tone: "warn" };
    case "IDLE":
      return { title: "Ready", detail: "No vehicle", tone: "calm" };
    case "ARMED":
      return { title: "Vehicle waiting", detail: "Reading the plate", tone: "active" };
    case "DECIDING":
      return {
        title: "Deciding",
        detail: entry ? "Checking whether it may enter" : "Looking for its stay",
        tone: "active",
      };
    case "PRINTING":
      return { title: "Printing ticket", detail: "The printer is at work", tone: "active" };
    case "WAIT_TAKE":
      return { title: "Ticket is out", detail: "The driver is to take it", tone: "active" };
    case "PAYING":
      return { title: "Payment due", detail: "The driver waits to pay", tone: "due" };
    case "PAY_UNKNOWN":
      return { title: "Payment unclear", detail: "The terminal is being asked", tone: "warn" };
    case "DENIED":
      return {
        title: entry ? "Not admitted" : "Not released",
        detail: "The driver needs your help",
        tone: "warn",
      };
    case "OPENING":
      return { title: "Opening", detail: "The arm goes up", tone: "go" };
    case "OPEN":
      return { title: "Open", detail: "Waiting for the vehicle to go", tone: "go" };
    case "PASSING":
      return { title: "Passing", detail: "The vehicle is under the arm", tone: "go" };
    case "CLEARING":
      return { title: "Clearing", detail: "The arm waits until all is clear", tone: "go" };
    case "CLOSING":
      return { title: "Closing", detail: "The arm comes down", tone: "active" };
    case "HELD_OPEN":
      return describeHold(heldBy);
    case "STOPPED":
      return { title: "Stopped", detail: "Nothing moves until reset", tone: "fault" };
    case "DEGRADED":
      return { title: "Sensor failed", detail: "Only you can let vehicles pass", tone: "warn" };
    case "FAULT":
      return { title: "Fault", detail: "Look at the arm, then reset", tone: "fault" };
    default:
      return state satisfies never;
  }
}

function describeHold(cause: HoldCause | null): StateWords {
  const title = "Held open";
  switch (cause) {
    case "fire":
      return { title: "Fire: held open", detail: "Open until reset", tone: "fault" };
    case "operator":
      return { title, detail: "By an attendant", tone: "warn" };
    case "key_switch":
      return { title, detail: "By the key switch", tone: "warn" };
    case "mode":
      return { title, detail: "By its mode; vehicles are counted", tone: "go" };
    case "policy":
      return { title, detail: "For want of sensors or disk", tone: "warn" };
    case null:
      return { title, detail: "Vehicles are counted", tone: "warn" };
    default:
      return cause satisfies never;
  }
}

/** A healthy-looking state of a lane that is not healthy is not calm. */
export function toneOf(words: StateWords, health: LaneHealth): Tone {
  return words.tone === "calm" && health !== "ok" ? "warn" : words.tone;
}

export const HEALTH_WORDS: Record<LaneHealth, string> = {
  ok: "Works",
  degraded: "Degraded",
  out_of_order: "Out of order",
};

export const DIRECTION_WORDS: Record<LaneDirection, string> = { entry: "Entry", exit: "Exit" };

/** Null for a normal movement, which needs no words. */
export function describeKind(kind: MovementKind): string | null {
  switch (kind) {
    case "normal":
      return null;
    case "vend":
      return "Vend";
    case "tailgate":
      return "Tailgate";
    case "inferred":
      return "Inferred";
    case "free":
      return "Arm held open";
    case "manual":
      return "Arm raised by hand";
    default:
      return kind satisfies never;
  }
}

export function describeReview(reason: ReviewReason): string {
  switch (reason) {
    case "passage_unproven":
      return "Passage not proven";
    case "direction_ambiguous":
      return "Direction unclear";
    case "missed_exit":
      return "Missed exit";
    case "exit_without_entry":
      return "Exit without entry";
    case "passback":
      return "Was already inside";
    case "paid_in_doubt":
      return "Payment in doubt";
    default:
      return reason satisfies never;
  }
}

export type ConfidenceWords = { readonly percent: number; readonly word: string; readonly sure: boolean };

/** A camera's confidence, 0 to 1, as a percentage and as advice. */
export function describeConfidence(confidence: number): ConfidenceWords {
  const percent = Math.round(Math.min(1, Math.max(0, confidence)) * 100);
  if (percent >= 90) return { percent, word: "sure", sure: true };
  return {
    percent,
    word: percent >= 70 ? "check it" : "unsure, check it",
    sure: false,
  };
}
