import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { writeAudit } from "../audit/entries.queries.ts";
import type { Db, Tx } from "../db/connection.ts";
import { lockDownlink } from "../fleet/downlink.queries.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { PaymentEffects } from "./effects.ts";
import { giveBackPayment } from "./give-back.queries.ts";
import { book } from "./ledger.queries.ts";
import {
  changePayment,
  facilityOf,
  findPayment,
  lockPayment,
  lockSubject,
  netPaid,
  type PaymentKey,
  type PaymentRow,
} from "./payments.queries.ts";
import type { PaymentState, RefundState } from "./providers/contract.ts";
import { changeRefund, lockRefund, type RefundKey, type RefundRow } from "./refunds.queries.ts";
import { advance, advanceRefund, nextPoll, nextRefundPoll, type PaymentChange } from "./rules.ts";

/** What a provider says becomes what we know: whoever hears it (a request, a webhook, a job) brings it here. */

export type SettleDeps = {
  readonly db: Db;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  readonly effects: PaymentEffects;
};

export type Settled = { readonly outcome: "changed" | "same" | "mismatch"; readonly payment: PaymentRow };

export async function settlePayment(
  deps: SettleDeps,
  key: PaymentKey,
  state: PaymentState,
  now: Date,
): Promise<Settled> {
  return await deps.db.transaction(async (tx) => await settlePaymentIn(tx, deps, key, state, now));
}

/** In a transaction of the system. The money is booked with what it means, or neither is. */
export async function settlePaymentIn(
  tx: Tx,
  { log, effects }: Pick<SettleDeps, "log" | "effects">,
  key: PaymentKey,
  state: PaymentState,
  now: Date,
): Promise<Settled> {
  const seen = await findPayment(tx, key.paymentId);
  // What goes down to a gate locks its facility, and always before the payment.
  if (seen?.purpose === "stay" && state.status === "captured") await lockDownlink(tx, key.facilityId);
  const before = await lockPayment(tx, key);
  if (before === null) throw new Error("the payment is not there");
  const step = advance(before, state);
  if (step.kind === "same") return { outcome: "same", payment: before };
  const mismatch = (why: string): Settled => {
    log.error(
      { payment: key.paymentId, provider: before.provider, why },
      "a payment is not what we asked for",
    );
    return { outcome: "mismatch", payment: before };
  };
  if (step.kind === "mismatch") return mismatch(step.why);
  const { change, capturedMinor } = step;
  if (capturedMinor !== null) {
    const at = state.capturedAt ?? now;
    if (!(await bookCapture(tx, before, change, capturedMinor, at)))
      return mismatch("its number is booked for another payment");
  }
  const payment = await changePayment(tx, key, {
    ...change,
    ...(capturedMinor === null ? {} : { capturedMinor, capturedAt: state.capturedAt ?? now }),
    pollAt: nextPoll({ ...before, status: change.status }, now),
    changedAt: now,
  });
  if (capturedMinor !== null) await takeEffect(tx, effects, payment, now);
  if (change.status !== before.status) await tell(tx, payment, now);
  return { outcome: "changed", payment };
}

async function bookCapture(
  tx: Tx,
  { facilityId, id: paymentId, provider, currency }: PaymentRow,
  { reference, charge }: PaymentChange,
  amountMinor: number,
  at: Date,
): Promise<boolean> {
  const of = { facilityId, paymentId, provider, reference: charge ?? reference };
  return await book(tx, { ...of, id: randomUUID(), kind: "capture", amountMinor, currency, at });
}

async function takeEffect(tx: Tx, effects: PaymentEffects, payment: PaymentRow, now: Date): Promise<void> {
  const { facilityId, id: paymentId, purpose, subjectId } = payment;
  const { userId, provider, method, currency, capturedMinor: amountMinor } = payment;
  await lockSubject(tx, { facilityId, purpose, subjectId });
  const paidBeforeMinor = await netPaid(tx, { facilityId, purpose, subjectId }, paymentId);
  const who = { facilityId, subjectId, paymentId, userId, provider, method };
  const fact = { ...who, amountMinor, currency, paidBeforeMinor };
  const verdict = await effects[purpose].captured(tx, fact, now);
  if (verdict === "booked") return;
  const why = { reason: "it was not owed any more", actor: "cloud" };
  await giveBackPayment(tx, { facilityId, paymentId, amountMinor: payment.capturedMinor, ...why }, now);
}

export type RefundSettled = { readonly outcome: Settled["outcome"]; readonly refund: RefundRow };

export async function settleRefund(
  deps: SettleDeps,
  key: RefundKey & { readonly paymentId: string },
  state: RefundState,
  now: Date,
): Promise<RefundSettled> {
  return await deps.db.transaction(async (tx) => await settleRefundIn(tx, deps, key, state, now));
}

/** In a transaction of the system. The payment's row is locked before the refund's. */
export async function settleRefundIn(
  tx: Tx,
  { log, effects }: Pick<SettleDeps, "log" | "effects">,
  key: RefundKey & { readonly paymentId: string },
  state: RefundState,
  now: Date,
): Promise<RefundSettled> {
  const payment = await lockPayment(tx, key);
  const before = await lockRefund(tx, key);
  if (payment === null || before === null) throw new Error("the refund is not there");
  const step = advanceRefund(before, state);
  if (step.kind === "same") return { outcome: "same", refund: before };
  if (step.kind === "mismatch") {
    log.error(
      { refund: key.refundId, provider: payment.provider, why: step.why },
      "a refund is not what we asked for",
    );
    return { outcome: "mismatch", refund: before };
  }
  const { status, booked } = step;
  const pollAt = nextRefundPoll({ ...before, status }, now);
  const refund = await changeRefund(tx, key, { status, reference: state.reference, pollAt, changedAt: now });
  if (booked !== null) await bookRefund(tx, effects, { payment, refund, booked, at: state.at ?? now }, now);
  if (booked === "returned")
    log.error({ refund: key.refundId, provider: payment.provider }, "a refund came back from the bank");
  return { outcome: "changed", refund };
}

async function bookRefund(
  tx: Tx,
  effects: PaymentEffects,
  what: {
    readonly payment: PaymentRow;
    readonly refund: RefundRow;
    readonly booked: "given" | "returned";
    readonly at: Date;
  },
  now: Date,
): Promise<void> {
  const { payment, refund, booked, at } = what;
  const { facilityId, id: paymentId, purpose, subjectId, provider, currency } = payment;
  const { id: refundId, amountMinor } = refund;
  const given = booked === "given";
  const reference = given ? (refund.reference ?? refundId) : `${refund.reference ?? refundId}:returned`;
  const of = { facilityId, paymentId, refundId, provider, reference, currency, at };
  const fresh = await book(tx, {
    ...of,
    id: randomUUID(),
    kind: "refund",
    amountMinor: given ? -amountMinor : amountMinor,
  });
  if (!fresh) throw new Error("the refund was booked before");
  const refundedMinor = payment.refundedMinor + (given ? amountMinor : -amountMinor);
  const after = await changePayment(tx, { facilityId, paymentId }, { refundedMinor, changedAt: now });
  if (given) {
    const leftMinor = await netPaid(tx, { facilityId, purpose, subjectId });
    const fact = { facilityId, subjectId, paymentId, refundId, amountMinor, currency, leftMinor };
    await effects[purpose].refunded(tx, fact, now);
  }
  await tell(tx, after, now);
}

/** Those who watch the facility, and the audit log. */
async function tell(tx: Tx, payment: PaymentRow, now: Date): Promise<void> {
  const { facilityId, id, status, purpose, refundedMinor, capturedMinor } = payment;
  await tellChange(tx, facilityId, "payment", { payment_id: id, status, purpose }, now);
  if (status !== "captured") return;
  const facility = await facilityOf(tx, facilityId);
  if (facility === null) return;
  const { organisationId } = facility;
  await writeAudit(
    tx,
    { principal: null, requestId: "", now },
    {
      action: refundedMinor > 0 ? "payment.refunded" : "payment.captured",
      subject: `payment:${id}`,
      organisationId,
      facilityId,
      detail: {
        provider: payment.provider,
        captured_minor: capturedMinor,
        refunded_minor: refundedMinor,
        currency: payment.currency,
      },
    },
  );
}
