import type { PurposeEffects } from "../payments/effects.ts";
import { netPaid } from "../payments/payments.queries.ts";
import { dueOf, pay } from "./lifecycle.ts";
import { findSubscriptionOf, periodsOf } from "./subscriptions.queries.ts";

/** What becomes of subscriptions when money for them comes in or goes back. Each period is paid by one payment. */
export const SUBSCRIPTION_PAYMENTS: PurposeEffects = {
  owed: async (tx, { facilityId, subjectId }, now) => {
    const row = await findSubscriptionOf(tx, facilityId, subjectId);
    if (row === null) return null;
    const { userId, currency } = row;
    const isOver = row.status === "cancelled" || row.status === "ended";
    const due = isOver ? null : dueOf(await periodsOf(tx, row), now);
    if (due === null) return { userId, amountMinor: 0, currency };
    // What was paid for it before was for other periods: payments subtract it.
    const before = await netPaid(tx, { facilityId, purpose: "subscription", subjectId });
    return { userId, amountMinor: before + due.dueMinor, currency: due.currency };
  },

  captured: async (tx, { facilityId, subjectId: subscriptionId, paymentId, amountMinor, currency }, now) => {
    const paid = await pay(tx, { facilityId, subscriptionId, paymentId, amountMinor, currency }, now);
    return paid === "unwanted" ? "not_due" : "booked";
  },

  // Who cancels gets back what is left, and that was written down then; what a person gives back ends nothing.
  refunded: async () => undefined,
};
