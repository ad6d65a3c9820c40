import { randomUUID } from "node:crypto";
import type { Tx } from "../db/connection.ts";
import { refuse } from "../platform/refusal.ts";
import type { PaymentDeps } from "./ask-provider.ts";
import { findByReference, findPayment, lockPayment, type PaymentRow } from "./payments.queries.ts";
import type { ProviderNotice } from "./providers/contract.ts";
import { bookStayPayment, isOurs, keepEvent, markEvent, type EventOutcome } from "./queries.ts";
import { addRefund, refundsOf, type RefundRow } from "./refunds.queries.ts";
import { settlePaymentIn, settleRefundIn } from "./settle.ts";

type NoticeDeps = Pick<PaymentDeps, "db" | "log" | "effects">;
type Told<T> = Extract<ProviderNotice["told"], { readonly type: T }>;

/**
 * Applies what a provider tells, once: the event's row and what it means commit together.
 *
 * @throws a refusal for what cannot be applied yet: the provider sends it again.
 */
export async function applyNotice(
  deps: NoticeDeps,
  provider: string,
  notice: ProviderNotice,
  now: Date,
): Promise<EventOutcome | "duplicate"> {
  return await deps.db.transaction(async (tx) => {
    if (!(await keepEvent(tx, provider, notice, now))) return "duplicate";
    const { told, eventId } = notice;
    if (told === null) return "ignored";
    const effect = await applyTold(tx, deps, provider, told, now);
    await markEvent(tx, provider, eventId, effect);
    return effect.outcome;
  });
}

type Effect = { readonly outcome: EventOutcome; readonly facilityId: string | null };
const UNMATCHED: Effect = { outcome: "unmatched", facilityId: null };

async function applyTold(
  tx: Tx,
  deps: NoticeDeps,
  provider: string,
  told: NonNullable<ProviderNotice["told"]>,
  now: Date,
): Promise<Effect> {
  switch (told.type) {
    case "stay": {
      if (!(await isOurs(tx, told.payment))) return UNMATCHED;
      await bookStayPayment(tx, provider, told.payment, randomUUID(), now);
      return { outcome: "applied", facilityId: told.payment.facilityId };
    }
    case "payment": {
      const payment = await findTold(tx, provider, told);
      if (payment === null) return UNMATCHED;
      const { facilityId, id: paymentId } = payment;
      const { outcome } = await settlePaymentIn(tx, deps, { facilityId, paymentId }, told.state, now);
      return { outcome: outcome === "mismatch" ? "unmatched" : "applied", facilityId };
    }
    case "refund":
      return await applyRefund(tx, deps, provider, told, now);
  }
}

/** By our id in it, which holds also before we know the provider's; else by the provider's. */
async function findTold(
  tx: Tx,
  provider: string,
  { paymentId, state }: Told<"payment">,
): Promise<PaymentRow | null> {
  const named = paymentId === null ? null : await findPayment(tx, paymentId);
  const payment = named ?? (await findByReference(tx, provider, state.reference));
  return payment?.provider === provider ? payment : null;
}

async function applyRefund(
  tx: Tx,
  deps: NoticeDeps,
  provider: string,
  told: Told<"refund">,
  now: Date,
): Promise<Effect> {
  const seen = await findByReference(tx, provider, told.of);
  if (seen === null) return UNMATCHED;
  const { facilityId, id: paymentId } = seen;
  const payment = await lockPayment(tx, { facilityId, paymentId });
  if (payment?.status !== "captured")
    return refuse(409, "too_early", "the payment that is given back is not known as captured yet");
  const refund = await findToldRefund(tx, payment, told, now);
  if (refund === null) return { outcome: "unmatched", facilityId };
  const key = { facilityId, paymentId, refundId: refund.id };
  const { outcome } = await settleRefundIn(tx, deps, key, told.state, now);
  return { outcome: outcome === "mismatch" ? "unmatched" : "applied", facilityId };
}

/** One that was made in the provider's own pages is written down as such. */
async function findToldRefund(
  tx: Tx,
  { facilityId, id: paymentId, provider, currency, capturedMinor }: PaymentRow,
  { refundId, state }: Told<"refund">,
  now: Date,
): Promise<RefundRow | null> {
  const refunds = await refundsOf(tx, facilityId, paymentId);
  const found = refunds.find(({ id, reference }) => id === refundId || reference === state.reference);
  if (found !== undefined) return found;
  const { amountMinor } = state;
  if (refundId !== null || state.currency !== currency || amountMinor <= 0 || amountMinor > capturedMinor)
    return null;
  const why = { reason: "made at the provider", actor: provider };
  const since = { madeAt: now, changedAt: now, pollAt: now };
  const row = { facilityId, id: randomUUID(), paymentId, amountMinor, currency, ...why, ...since };
  return await addRefund(tx, { ...row, status: "asked", reference: state.reference });
}
