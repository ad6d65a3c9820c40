/**
 * A stay is provisional from the decision to let a vehicle in until the loops confirm that it passed, open
 * while it is inside, closed when the exit is confirmed, void when it never came in.
 */
export const STAY_STATUSES = ["provisional", "open", "closed", "void"] as const;
export type StayStatus = (typeof STAY_STATUSES)[number];

/** How a movement came about. Only `normal` and `inferred` ones belong to a stay without anybody's word. */
export const MOVEMENT_KINDS = ["normal", "vend", "tailgate", "inferred"] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** Why a person should look at a stay or a movement. */
export const REVIEW_REASONS = [
  "passage_unproven",
  "direction_ambiguous",
  "missed_exit",
  "exit_without_entry",
] as const;
export type ReviewReason = (typeof REVIEW_REASONS)[number];

export const PAYMENT_METHODS = ["cash"] as const;
export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

/** What a lane reports that somebody should know of. */
export const ALARM_KINDS = [
  "tailgate",
  "wrong_way",
  "forced",
  "stuck",
  "arm_fault",
  "obstruction",
  "sensor_stale",
  "command_refused",
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];
