/** Which way vehicles go through a lane. */
export type LaneDirection = "entry" | "exit";

/** What a lane is built for. A reversible one has a direction that changes, by schedule or by hand. */
export const LANE_KINDS = ["entry", "exit", "reversible"] as const;
export type LaneKind = (typeof LANE_KINDS)[number];

/** The states of a lane, whatever its kind. See GLOSSARY.md. */
export const LANE_STATES = [
  "UNKNOWN",
  "IDLE",
  "ARMED",
  "DECIDING",
  "PRINTING",
  "WAIT_TAKE",
  "PAYING",
  "PAY_UNKNOWN",
  "DENIED",
  "OPENING",
  "OPEN",
  "PASSING",
  "CLEARING",
  "CLOSING",
  "HELD_OPEN",
  "STOPPED",
  "DEGRADED",
  "FAULT",
] as const;
export type LaneState = (typeof LANE_STATES)[number];

/**
 * Inputs by which a lane knows where a vehicle and the arm are. Arming, safety and closing are the loops before,
 * under and behind the arm. A lane that lacks sight of one of its own commands no close.
 */
export const SENSOR_INPUTS = [
  "arming",
  "safety",
  "closing",
  "photocell",
  "open_limit",
  "closed_limit",
] as const;
export type SensorInput = (typeof SENSOR_INPUTS)[number];

/** Inputs by which a person or the house tells a lane something: ticket button, fire, stop, key switch. */
export const SWITCH_INPUTS = ["button", "fire", "stop", "key_switch"] as const;
export type SwitchInput = (typeof SWITCH_INPUTS)[number];

/** Every input a lane may have. */
export const LANE_INPUTS = [...SENSOR_INPUTS, ...SWITCH_INPUTS] as const;
export type LaneInput = (typeof LANE_INPUTS)[number];

/** What is known of one input. Unknown counts as occupied wherever safety is concerned. */
export type InputValue = "on" | "off" | "unknown";

export type BarrierAction = "open" | "close" | "stop";
