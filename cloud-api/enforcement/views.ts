import { z } from "@hono/zod-openapi";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import { VIOLATION_KINDS, VIOLATION_STATUSES } from "../db/enforcement-schema.ts";
import { amountText, decimal, instantText, iso, isoOrNull } from "../platform/fields.ts";
import { numbersOfSpots } from "./links.queries.ts";
import type { PenaltyRow } from "./penalties.queries.ts";
import type { DisputeRow, ViolationRow } from "./violations.queries.ts";

/** Violations, disputes and penalties as the API shows them. */

export const violationKind = z.enum(VIOLATION_KINDS);
export const violationStatus = z.enum(VIOLATION_STATUSES);

export const violationView = z
  .object({
    id: z.uuid(),
    facility_id: z.uuid(),
    kind: violationKind,
    status: violationStatus,
    source: z.enum(["gate", "patrol", "system"]),
    plate: z.string().nullable(),
    stay_id: z.uuid().nullable(),
    booking_id: z.uuid().nullable(),
    spot_id: z.uuid().nullable(),
    spot_number: z.string().nullable(),
    /** How long it went on, where that is known. */
    minutes: z.number().int().nullable(),
    penalty: amountText,
    currency: z.string(),
    note: z.string(),
    pictures: z.array(z.uuid()),
    /** For those who run the facility; null for drivers. */
    reported_by: z.string().nullable(),
    at: instantText,
    due_at: instantText,
    closed_at: instantText.nullable(),
    void_reason: z.string().nullable(),
  })
  .openapi("Violation");

type ViolationView = z.input<typeof violationView>;

/** @param principal who asks. */
export async function showViolations(
  tx: Tx,
  principal: Principal,
  rows: readonly ViolationRow[],
): Promise<ViolationView[]> {
  const numbers = await numbersOfSpots(tx, rows);
  return rows.map((row) => showViolation(principal, row, numbers.get(row.spotId ?? "") ?? null));
}

export async function showOne(tx: Tx, principal: Principal, row: ViolationRow): Promise<ViolationView> {
  const numbers = await numbersOfSpots(tx, [row]);
  return showViolation(principal, row, numbers.get(row.spotId ?? "") ?? null);
}

function showViolation(principal: Principal, row: ViolationRow, spotNumber: string | null): ViolationView {
  return {
    id: row.id,
    facility_id: row.facilityId,
    kind: row.kind,
    status: row.status,
    source: row.source,
    plate: row.plate,
    stay_id: row.stayId,
    booking_id: row.bookingId,
    spot_id: row.spotId,
    spot_number: spotNumber,
    minutes: row.minutes,
    penalty: decimal(row.penaltyMinor, row.currency),
    currency: row.currency,
    note: row.note,
    pictures: row.pictures,
    reported_by: runsFacility(principal, row.facilityId) ? row.reportedBy : null,
    at: iso(row.at),
    due_at: iso(row.dueAt),
    closed_at: isoOrNull(row.closedAt),
    void_reason: row.voidReason,
  };
}

export const disputeView = z
  .object({
    id: z.uuid(),
    violation_id: z.uuid(),
    text: z.string(),
    at: instantText,
    decision: z.enum(["upheld", "dismissed", "reduced"]).nullable(),
    reduced_to: amountText.nullable(),
    decided_at: instantText.nullable(),
    answer: z.string().nullable(),
  })
  .openapi("Dispute");

export function showDispute(row: DisputeRow, currency: string): z.input<typeof disputeView> {
  return {
    id: row.id,
    violation_id: row.violationId,
    text: row.text,
    at: iso(row.at),
    decision: row.decision,
    reduced_to: row.reducedToMinor === null ? null : decimal(row.reducedToMinor, currency),
    decided_at: isoOrNull(row.decidedAt),
    answer: row.answer,
  };
}

export const penaltyView = z
  .object({
    kind: violationKind,
    amount: amountText,
    per_hour: amountText,
    max: amountText.nullable(),
    currency: z.string(),
    grace_minutes: z.number().int(),
    due_days: z.number().int(),
  })
  .openapi("Penalty");

export function showPenalty(row: PenaltyRow): z.input<typeof penaltyView> {
  const { kind, amountMinor, perHourMinor, maxMinor, currency, graceMinutes, dueDays } = row;
  return {
    kind,
    amount: decimal(amountMinor, currency),
    per_hour: decimal(perHourMinor, currency),
    max: maxMinor === null ? null : decimal(maxMinor, currency),
    currency,
    grace_minutes: graceMinutes,
    due_days: dueDays,
  };
}
