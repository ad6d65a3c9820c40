import { randomUUID } from "node:crypto";
import type { Tx } from "../db/connection.ts";
import {
  capturedPayments,
  findPayment,
  type PaymentKey,
  type PaymentRow,
  type Subject,
} from "./payments.queries.ts";
import { addRefund, refundsOf } from "./refunds.queries.ts";
import { refundableMinor } from "./rules.ts";

/**
 * How other domains give money back: the refund is written in their transaction, and the job asks the provider. They run as
 * the system: see `asSystem` in db/tenancy.ts. No payment is locked, because they hold what it is for, which whoever books
 * money locks after the payment: two refunds at once may be too much together, and the job asks only for what is left.
 */

type Why = {
  readonly reason: string;
  /** Who decided it: an email, or `cloud`. */
  readonly actor: string;
};

/** Gives back what was paid for a subject beyond `keepMinor`, the newest payment first. @returns how much, in minor units. */
export async function giveBackSubject(
  tx: Tx,
  { keepMinor, reason, actor, ...subject }: Subject & Why & { readonly keepMinor: number },
  now: Date,
): Promise<number> {
  const payments = [];
  for (const payment of await capturedPayments(tx, subject))
    payments.push({ payment, left: await leftOf(tx, payment) });
  const beyond = payments.reduce((sum, { left }) => sum + left, 0) - Math.max(0, keepMinor);
  let given = 0;
  for (const { payment, left } of payments) {
    const amountMinor = Math.min(left, beyond - given);
    if (amountMinor <= 0) continue;
    await ask(tx, payment, { amountMinor, reason, actor }, now);
    given += amountMinor;
  }
  return given;
}

/** Gives back of one payment what is asked for, and no more than is left of it. @returns how much, in minor units. */
export async function giveBackPayment(
  tx: Tx,
  { amountMinor, reason, actor, ...key }: PaymentKey & Why & { readonly amountMinor: number },
  now: Date,
): Promise<number> {
  const payment = await findPayment(tx, key.paymentId);
  if (payment === null || payment.facilityId !== key.facilityId) return 0;
  const given = Math.min(amountMinor, await leftOf(tx, payment));
  if (given <= 0) return 0;
  await ask(tx, payment, { amountMinor: given, reason, actor }, now);
  return given;
}

async function leftOf(tx: Tx, { facilityId, id, capturedMinor }: PaymentRow): Promise<number> {
  return refundableMinor(capturedMinor, await refundsOf(tx, facilityId, id));
}

async function ask(
  tx: Tx,
  { facilityId, id: paymentId, currency }: PaymentRow,
  { amountMinor, reason, actor }: Why & { readonly amountMinor: number },
  now: Date,
): Promise<void> {
  const since = { madeAt: now, changedAt: now, pollAt: now };
  const row = { facilityId, id: randomUUID(), paymentId, amountMinor, currency, reason, actor, ...since };
  await addRefund(tx, { ...row, status: "asked" });
}
