/**
 * A stay is provisional from the decision to let a vehicle in until the loops confirm that it passed, open
 * while it is inside, closed when the exit is confirmed, void when it never came in.
 */
export const STAY_STATUSES = ["provisional", "open", "closed", "void"] as const;
export type StayStatus = (typeof STAY_STATUSES)[number];

/**
 * How a movement came about. Only `normal` and `inferred` ones belong to a stay without anybody's word; `free` is
 * one through an arm held open, `manual` one through an arm that was raised without a command.
 */
export const MOVEMENT_KINDS = ["normal", "vend", "tailgate", "inferred", "free", "manual"] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** Why a person should look at a stay or a movement. */
export const REVIEW_REASONS = [
  "passage_unproven",
  "direction_ambiguous",
  "missed_exit",
  "exit_without_entry",
  "passback",
  "paid_in_doubt",
] as const;
export type ReviewReason = (typeof REVIEW_REASONS)[number];

/**
 * `card` by a terminal on the site; `upi` by a code that the driver's bank app read; `online` by the cloud;
 * `account` = put on the bill of an account.
 */
export const PAYMENT_METHODS = ["cash", "card", "upi", "online", "account"] as const;
export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

/** What became of one attempt to take a payment by a terminal. `unknown` = it may have been charged. */
export const ATTEMPT_STATUSES = [
  "begun",
  "approved",
  "declined",
  "refused",
  "unknown",
  "reversing",
  "reversed",
] as const;
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

/** What became of a ticket on its way to the driver. */
export const TICKET_STEPS = ["begun", "printed", "failed", "taken", "retracted"] as const;
export type TicketStep = (typeof TICKET_STEPS)[number];

/** A right to park that somebody has besides a ticket: from the lists of the facility. */
export const RIGHT_KINDS = ["permit", "reservation"] as const;
export type RightKind = (typeof RIGHT_KINDS)[number];
