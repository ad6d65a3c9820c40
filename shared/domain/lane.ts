/** Which way vehicles go through a lane. */
export type LaneDirection = "entry" | "exit";

/** The states of a lane, whatever its kind. See GLOSSARY.md. */
export const LANE_STATES = [
  "UNKNOWN",
  "IDLE",
  "ARMED",
  "DECIDING",
  "PAYING",
  "DENIED",
  "OPENING",
  "OPEN",
  "PASSING",
  "CLEARING",
  "CLOSING",
  "FAULT",
] as const;
export type LaneState = (typeof LANE_STATES)[number];

/** Inputs a lane may have. Arming, safety and closing are the loops before, under and behind the arm. */
export const LANE_INPUTS = [
  "arming",
  "safety",
  "closing",
  "photocell",
  "open_limit",
  "closed_limit",
] as const;
export type LaneInput = (typeof LANE_INPUTS)[number];

/** What is known of one input. Unknown counts as occupied wherever safety is concerned. */
export type InputValue = "on" | "off" | "unknown";

export type BarrierAction = "open" | "close" | "stop";
