import type { BOOKING_STATUSES } from "../db/bookings-schema.ts";
import type { BookingPolicy } from "./policy.ts";

/** What becomes of bookings: pure decisions. Times are Unix milliseconds, amounts are minor units. */

export type BookingStatus = (typeof BOOKING_STATUSES)[number];

/** What people do with a booking, what time does, and what a gate reports. */
export type BookingAct =
  | "pay"
  | "activate"
  | "complete"
  | "cancel"
  | "no_show"
  | "expire"
  | "extend"
  | "gate_in"
  | "gate_out"
  | "gate_void";

/**
 * What each act makes of a booking; what is not there cannot be done. What a gate reports has happened: a vehicle that it
 * let in before it heard of the end of a booking brings that back.
 */
export const TRANSITIONS: {
  readonly [From in BookingStatus]: { readonly [Act in BookingAct]?: BookingStatus };
} = {
  PENDING: {
    pay: "CONFIRMED",
    cancel: "CANCELLED",
    expire: "CANCELLED",
    gate_in: "ACTIVE",
    gate_out: "COMPLETED",
  },
  CONFIRMED: {
    activate: "ACTIVE",
    cancel: "CANCELLED",
    no_show: "NO_SHOW",
    extend: "CONFIRMED",
    gate_in: "ACTIVE",
    gate_out: "COMPLETED",
  },
  ACTIVE: {
    complete: "COMPLETED",
    extend: "ACTIVE",
    gate_in: "ACTIVE",
    gate_out: "COMPLETED",
    gate_void: "CONFIRMED",
  },
  COMPLETED: { gate_out: "COMPLETED" },
  CANCELLED: { gate_in: "ACTIVE", gate_out: "COMPLETED" },
  NO_SHOW: { gate_in: "ACTIVE", gate_out: "COMPLETED" },
};

/** Null = this cannot be done to a booking of this status. */
export function afterAct(status: BookingStatus, act: BookingAct): BookingStatus | null {
  return TRANSITIONS[status][act] ?? null;
}

/** Those that hold their space: see the constraint `bookings_no_overlap`. */
export function holdsSpace(status: BookingStatus): boolean {
  return status === "PENDING" || status === "CONFIRMED" || status === "ACTIVE";
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A request takes a while, and clocks differ. */
const LATE_MS = 5 * MINUTE_MS;

/** What is wrong with the times that somebody wants to book. */
type TimesProblem = {
  readonly code: "invalid" | "too_long" | "too_far_ahead";
  readonly field: "entry_time" | "expected_exit";
  readonly message: string;
};

export function timesProblem(
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  policy: Pick<BookingPolicy, "max_hours" | "max_days_ahead">,
  nowMs: number,
): TimesProblem | null {
  if (fromMs < nowMs - LATE_MS) return { code: "invalid", field: "entry_time", message: "is over already" };
  if (untilMs < fromMs + MINUTE_MS)
    return {
      code: "invalid",
      field: "expected_exit",
      message: "must be a minute after entry_time, or later",
    };
  if (fromMs > nowMs + policy.max_days_ahead * DAY_MS)
    return {
      code: "too_far_ahead",
      field: "entry_time",
      message: `must be within ${policy.max_days_ahead} days from now`,
    };
  return tooLong({ fromMs, untilMs }, policy);
}

export function tooLong(
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  { max_hours }: Pick<BookingPolicy, "max_hours">,
): TimesProblem | null {
  if (untilMs - fromMs <= max_hours * 60 * MINUTE_MS) return null;
  return { code: "too_long", field: "expected_exit", message: `a booking is of at most ${max_hours} hours` };
}

/** A part of a price in percent, half a unit upwards. */
export function percentOf(amountMinor: number, percent: number): number {
  return Number((BigInt(amountMinor) * BigInt(percent) + 50n) / 100n);
}

type Priced = { readonly status: BookingStatus; readonly entryMs: number; readonly estimatedMinor: number };

/** What a booking costs that is cancelled now. One that was not paid yet costs nothing. */
export function cancelFee(
  { status, entryMs, estimatedMinor }: Priced,
  policy: BookingPolicy,
  nowMs: number,
): number {
  const free = status === "PENDING" || nowMs <= entryMs - policy.cancel_free_until_minutes * MINUTE_MS;
  return free ? 0 : percentOf(estimatedMinor, policy.cancel_fee_percent);
}

export function noShowFee({ estimatedMinor }: Pick<Priced, "estimatedMinor">, policy: BookingPolicy): number {
  return percentOf(estimatedMinor, policy.no_show_fee_percent);
}

/** From when on it lets in. */
export function opensAtMs(entryMs: number, { early_minutes }: Pick<BookingPolicy, "early_minutes">): number {
  return entryMs - early_minutes * MINUTE_MS;
}

export type Held = {
  readonly status: BookingStatus;
  readonly madeMs: number;
  readonly entryMs: number;
  readonly expectedExitMs: number;
  readonly heldUntilMs: number;
  readonly hasSpot: boolean;
  /** Of a drive-in, nobody said how long it would stay. */
  readonly isDriveIn: boolean;
  readonly isOverstaying: boolean;
};

/** When somebody has to look at a booking next; null = never. */
export function dueAtMs(booking: Held, policy: BookingPolicy): number | null {
  const { status, madeMs, entryMs, expectedExitMs } = booking;
  switch (status) {
    case "PENDING":
      return madeMs + policy.pay_within_minutes * MINUTE_MS;
    case "CONFIRMED":
      // Who comes at the end of the booked time would come for nothing.
      return Math.min(entryMs + policy.no_show_after_minutes * MINUTE_MS, expectedExitMs);
    case "ACTIVE": {
      const marked = booking.isOverstaying ? Infinity : overstaysFromMs(booking, policy);
      const held = booking.hasSpot ? booking.heldUntilMs : Infinity;
      const due = Math.min(marked, held);
      return due === Infinity ? null : due;
    }
    case "COMPLETED":
    case "CANCELLED":
    case "NO_SHOW":
      return null;
    default:
      return status satisfies never;
  }
}

function overstaysFromMs(
  { expectedExitMs, isDriveIn }: Pick<Held, "expectedExitMs" | "isDriveIn">,
  policy: BookingPolicy,
): number {
  return isDriveIn ? Infinity : expectedExitMs + policy.overstay_grace_minutes * MINUTE_MS;
}

/** So often somebody looks at a vehicle that stays over, and so much longer its spot is kept each time. */
const HOLD_STEP_MS = 15 * MINUTE_MS;
/** Where the next booking begins already: it may be cancelled. */
const LOOK_AGAIN_MS = 5 * MINUTE_MS;

export type Overstay = {
  readonly heldUntilMs: number;
  /** It is beyond the grace. */
  readonly isOverstaying: boolean;
  readonly dueMs: number;
};

/**
 * What staying over leads to: the spot is kept as long as the next booking of it allows, and after the grace it is an
 * overstay.
 *
 * @param nextEntryMs when the next booking of its spot begins; null = there is none.
 */
export function overstay(
  booking: Held,
  nextEntryMs: number | null,
  policy: BookingPolicy,
  nowMs: number,
): Overstay {
  const isOverstaying = booking.isOverstaying || nowMs >= overstaysFromMs(booking, policy);
  let { heldUntilMs } = booking;
  if (booking.hasSpot && heldUntilMs <= nowMs)
    heldUntilMs = Math.max(heldUntilMs, Math.min(nowMs + HOLD_STEP_MS, nextEntryMs ?? Infinity));
  const due = dueAtMs({ ...booking, heldUntilMs, isOverstaying }, policy) ?? nowMs + HOLD_STEP_MS;
  return { heldUntilMs, isOverstaying, dueMs: due > nowMs ? due : nowMs + LOOK_AGAIN_MS };
}
