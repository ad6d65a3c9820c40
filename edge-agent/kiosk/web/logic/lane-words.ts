import type { LaneDirection, LaneState } from "@parkme/shared/domain/lane";
import type { MovementKind, ReviewReason } from "@parkme/shared/domain/stay";

/** How loud a lane is: colour means that somebody should look. */
export type Tone = "calm" | "active" | "due" | "go" | "warn" | "fault";

export type StateWords = { readonly title: string; readonly detail: string; readonly tone: Tone };

/** A lane's state in an attendant's words. */
export function describeState(state: LaneState, direction: LaneDirection): StateWords {
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
    case "PAYING":
      return { title: "Payment due", detail: "The driver waits to pay", tone: "due" };
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
    case "FAULT":
      return { title: "Fault", detail: "Look at the arm, then reset", tone: "fault" };
    default:
      return state satisfies never;
  }
}

/** A healthy-looking state with troubles beside it is not calm. */
export function toneOf(words: StateWords, troubles: readonly string[]): Tone {
  return words.tone === "calm" && troubles.length > 0 ? "warn" : words.tone;
}

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
