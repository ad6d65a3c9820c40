import type { BookingRow } from "./booking-row.ts";
import { afterAct, type BookingAct, type BookingStatus } from "./rules.ts";

/** What a gate's stay makes of a booking: pure decisions. */

export type GateStay = {
  readonly stayId: string;
  readonly status: "provisional" | "void" | "open" | "closed";
  readonly entryAt: Date | null;
  readonly exitAt: Date | null;
  readonly feeMinor: number | null;
  readonly feeCurrency: string | null;
};

export type AfterStay = {
  readonly act: BookingAct | null;
  readonly status: BookingStatus;
  readonly stayId: string | null;
  readonly actualEntry: Date | null;
  readonly actualExit: Date | null;
  readonly finalMinor: number | null;
  readonly gateMinor: number;
};

type Booked = Pick<
  BookingRow,
  | "status"
  | "stayId"
  | "actualEntry"
  | "actualExit"
  | "finalMinor"
  | "gateMinor"
  | "estimatedMinor"
  | "currency"
>;

const ACTS = { provisional: null, void: "gate_void", open: "gate_in", closed: "gate_out" } as const;

/**
 * Brings a booking to where its stay is; the same again changes nothing. Null = it changes nothing: another stay was
 * begun under it before, and holds.
 */
export function followStay(booking: Booked, stay: GateStay): AfterStay | null {
  const isIts = booking.stayId === stay.stayId;
  const isOthers = booking.stayId !== null && !isIts;
  if (isOthers && (booking.status === "ACTIVE" || booking.status === "COMPLETED")) return null;
  if (stay.status === "void" && !isIts) return null;
  const act = ACTS[stay.status];
  const status = act === null ? null : afterAct(booking.status, act);
  const after = { ...moneyOf(booking), ...timesOf(booking, stay), stayId: stay.stayId };
  // Said before, or a booking that is over and whose vehicle did not come in after all.
  if (act === null || status === null)
    return {
      ...after,
      act: null,
      status: booking.status,
      stayId: stay.status === "void" ? null : stay.stayId,
    };
  switch (act) {
    case "gate_void":
      return { ...after, act, status, stayId: null, actualEntry: null };
    case "gate_in":
      // One that was over goes on: what it cost is not known any more.
      return { ...after, act, status, finalMinor: null };
    case "gate_out":
      return { ...after, act, status, ...finalOf(booking, stay), actualExit: stay.exitAt };
    default:
      return act satisfies never;
  }
}

function moneyOf({ finalMinor, gateMinor }: Booked): Pick<AfterStay, "finalMinor" | "gateMinor"> {
  return { finalMinor, gateMinor };
}

function timesOf(
  { actualEntry, actualExit }: Booked,
  { status, entryAt }: GateStay,
): Pick<AfterStay, "actualEntry" | "actualExit"> {
  const isInside = status === "open" || status === "closed";
  return { actualEntry: isInside ? (entryAt ?? actualEntry) : actualEntry, actualExit };
}

/** The booked time's price, and what the gate took for the time outside of it. */
function finalOf({ estimatedMinor, currency }: Booked, { feeMinor, feeCurrency }: GateStay) {
  const gateMinor = feeCurrency === currency ? (feeMinor ?? 0) : 0;
  return { finalMinor: estimatedMinor + gateMinor, gateMinor };
}
