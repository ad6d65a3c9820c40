import type { bookings } from "../db/bookings-schema.ts";
import type { BookingPolicy } from "./policy.ts";
import { dueAtMs, type Held } from "./rules.ts";

export type BookingRow = typeof bookings.$inferSelect;

/** What a booking begins without. */
export const BLANK = {
  userId: null,
  vehicleId: null,
  spotId: null,
  class: null,
  zoneSlug: null,
  saleId: null,
  actualEntry: null,
  actualExit: null,
  overstayAt: null,
  stayId: null,
  finalMinor: null,
  gateMinor: 0,
  paidMinor: 0,
  subscriptionId: null,
  cancelReason: null,
  dueAt: null,
} as const;

/** What says how long a booking holds its space. */
type HeldRow = Pick<
  BookingRow,
  "kind" | "status" | "spotId" | "entryTime" | "expectedExit" | "heldUntil" | "overstayAt" | "madeAt"
>;

/** What rules.ts decides by. */
export function heldOf(row: HeldRow): Held {
  return {
    status: row.status,
    madeMs: row.madeAt.getTime(),
    entryMs: row.entryTime.getTime(),
    expectedExitMs: row.expectedExit.getTime(),
    heldUntilMs: row.heldUntil.getTime(),
    hasSpot: row.spotId !== null,
    isDriveIn: row.kind === "drive_in",
    isOverstaying: row.overstayAt !== null,
  };
}

/** When somebody has to look at it next. */
export function dueOf(row: HeldRow, policy: BookingPolicy): Date | null {
  const dueMs = dueAtMs(heldOf(row), policy);
  return dueMs === null ? null : new Date(dueMs);
}

/** What is still to be paid through the cloud: the gate takes its own part. Never less than nothing. */
export function dueMinorOf(row: BookingRow): number {
  return Math.max(0, priceMinorOf(row) - row.paidMinor);
}

/** What it costs through the cloud: as estimated, until it is known. */
export function priceMinorOf({ finalMinor, gateMinor, estimatedMinor }: BookingRow): number {
  return (finalMinor ?? estimatedMinor) - gateMinor;
}
