import { randomUUID } from "node:crypto";
import { writeAudit, type AuditFact } from "../audit/entries.queries.ts";
import type { Tx } from "../db/connection.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { PenaltyRow } from "./penalties.queries.ts";
import { findReported, insertViolation, type ViolationRow } from "./violations.queries.ts";
import { dueAfter, penaltyOf } from "./rules.ts";

/** A violation as it was found; what it costs, the facility's rule says. */
export type Found = Pick<
  ViolationRow,
  | "source"
  | "sourceKey"
  | "plate"
  | "stayId"
  | "bookingId"
  | "spotId"
  | "userId"
  | "minutes"
  | "note"
  | "reportedBy"
  | "at"
> & { readonly id?: string; readonly goesOn?: boolean };

export type Raised =
  | { readonly kind: "raised"; readonly violation: ViolationRow }
  /** The same was reported before; null = only the id is that of another one. */
  | { readonly kind: "known"; readonly violation: ViolationRow | null }
  /** It is within the grace. */
  | { readonly kind: "let_go" };

export type WriteFact = (fact: AuditFact) => Promise<void>;

/**
 * Writes down a violation with what it costs by the rule, once for each source and its key, tells those who watch the
 * facility, and the audit log.
 */
export async function raiseViolation(
  tx: Tx,
  rule: PenaltyRow,
  found: Found,
  audit: WriteFact,
  now: Date,
): Promise<Raised> {
  const { facilityId, kind, currency } = rule;
  const penaltyMinor = penaltyOf(rule, found.minutes);
  if (penaltyMinor === null) return { kind: "let_go" };
  const made = await insertViolation(tx, {
    ...found,
    id: found.id ?? randomUUID(),
    facilityId,
    kind,
    status: "open",
    penaltyMinor,
    currency,
    pictures: [],
    dueAt: dueAfter(found.at, rule.dueDays),
  });
  if (made === null) return { kind: "known", violation: await findReported(tx, { ...found, facilityId }) };
  await tellViolation(tx, made, now);
  const detail = { kind, source: found.source, amount_minor: penaltyMinor, currency };
  await audit({ action: "violation.reported", subject: `violation:${made.id}`, facilityId, detail });
  return { kind: "raised", violation: made };
}

/** Tells those who watch the facility what a violation is now. */
export async function tellViolation(tx: Tx, violation: ViolationRow, now: Date): Promise<void> {
  const { facilityId, id, kind, status } = violation;
  await tellChange(tx, facilityId, "violation", { id, kind, status }, now);
}

/** Writes for the cloud itself, into the log of the facility's organisation. */
export function auditBySystem(tx: Tx, organisationId: string | null, because: string, now: Date): WriteFact {
  return async (fact) =>
    await writeAudit(
      tx,
      { principal: null, requestId: because, now },
      organisationId === null ? fact : { ...fact, organisationId },
    );
}
