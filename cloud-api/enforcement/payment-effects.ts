import type { Tx } from "../db/connection.ts";
import type { PurposeEffects } from "../payments/effects.ts";
import { findEnforced } from "./penalties.queries.ts";
import { auditBySystem, tellViolation } from "./raising.ts";
import { afterAct, isClosed } from "./rules.ts";
import {
  changeViolation,
  findViolationOf,
  lockViolationOf,
  type ViolationRow,
} from "./violations.queries.ts";

/** What becomes of violations when money for them comes in or goes back. */
export const VIOLATION_PAYMENTS: PurposeEffects = {
  owed: async (tx, { facilityId, subjectId }) => {
    const violation = await findViolationOf(tx, { facilityId, id: subjectId });
    if (violation === null) return null;
    const { status, userId, penaltyMinor, currency } = violation;
    const isDue = !isClosed(status) || status === "paid";
    return { userId, amountMinor: isDue ? penaltyMinor : 0, currency };
  },

  captured: async (tx, { facilityId, subjectId, amountMinor, paidBeforeMinor, currency, paymentId }, now) => {
    const violation = await lockViolationOf(tx, { facilityId, id: subjectId });
    if (violation === null || violation.currency !== currency) return "not_due";
    const status = afterAct(violation.status, "pay");
    if (status === null) return "not_due";
    // A part of it, or it grew while it was paid: the rest is still to pay.
    if (paidBeforeMinor + amountMinor < violation.penaltyMinor) return "booked";
    const paid = await changeViolation(tx, violation, { status, closedAt: now, goesOn: false });
    await told(
      tx,
      paid,
      "violation.paid",
      { payment_id: paymentId, amount_minor: amountMinor, currency },
      now,
    );
    return "booked";
  },

  refunded: async (tx, { facilityId, subjectId, leftMinor, refundId, amountMinor, currency }, now) => {
    const violation = await lockViolationOf(tx, { facilityId, id: subjectId });
    // What was paid twice, or for one that is void, changes nothing.
    if (violation === null || leftMinor >= violation.penaltyMinor) return;
    const status = afterAct(violation.status, "refund");
    if (status === null) return;
    const open = await changeViolation(tx, violation, { status, closedAt: null });
    const detail = { refund_id: refundId, amount_minor: amountMinor, currency };
    await told(tx, open, "violation.refunded", detail, now);
  },
};

async function told(
  tx: Tx,
  violation: ViolationRow,
  action: string,
  detail: Readonly<Record<string, unknown>>,
  now: Date,
): Promise<void> {
  const { facilityId, id } = violation;
  await tellViolation(tx, violation, now);
  const facility = await findEnforced(tx, facilityId);
  const audit = auditBySystem(tx, facility?.organisationId ?? null, "payment", now);
  await audit({ action, subject: `violation:${id}`, facilityId, detail });
}
