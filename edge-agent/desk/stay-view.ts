import type { Refusal } from "@parkme/shared/domain/errors";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import type { AttemptView, QuoteView, StayRow, StayView } from "@parkme/shared/protocol/kiosk-desk";
import type { AttemptId } from "@parkme/shared/domain/ids";
import type { StayDetail, StayFound } from "../store/stay-accounts.ts";
import type { DeskParts } from "./parts.ts";
import { owedBy, receiptView } from "./payments.ts";

/** A stay as the desk shows it. */

export function stayRow(found: StayFound): StayRow {
  return {
    stay_id: found.stayId,
    ticket_number: found.ticketNumber,
    plate: found.plate,
    status: found.status,
    entry_at: instant(found.entryWallMs),
    exit_at: found.exitWallMs === null ? null : instant(found.exitWallMs),
    right: found.rightKind,
    review: found.review,
    balance_minor: found.balanceMinor,
  };
}

export function stayView(parts: DeskParts, account: StayAccount): StayView {
  const { stayId } = account;
  const detail = parts.store.stayDetail(stayId);
  if (detail === null) throw new Error(`the stay ${stayId} is gone`);
  const owed = owedBy(parts, account, parts.clock.wallMs());
  const open = parts.card?.openFor(stayId) ?? inDoubtElsewhere(parts, account);
  return {
    ...stayRow({ ...account, rightKind: account.right?.kind ?? null, review: detail.review }),
    entry_lane: detail.entryLane,
    vehicle: { type: account.vehicleType, ev: account.ev, accessible: account.accessible },
    lost_ticket: account.lostTicket !== "no",
    ...owedView(owed),
    debt_minor: detail.debtMinor,
    ...bookView(detail),
    validations: account.validations.map(({ validationId, merchant, name, wallMs }) => ({
      validation_id: validationId,
      merchant,
      name,
      at: instant(wallMs),
    })),
    penalties: [...account.penalties],
    attempt: open && attemptView(parts, open),
  };
}

/** A card payment of a lane or a pay station that only a person's word may settle. */
function inDoubtElsewhere({ store }: DeskParts, { stayId }: StayAccount): AttemptId | null {
  const open = store.openAttemptsOf(stayId);
  return open.findLast(({ status }) => status === "unknown")?.attemptId ?? null;
}

function owedView(
  owed: ReturnType<typeof owedBy>,
): Pick<StayView, "due_minor" | "pricing_refusal" | "leave_by" | "quote"> {
  if (!owed.ok)
    return {
      due_minor: null,
      pricing_refusal: (owed.error satisfies Refusal).message,
      leave_by: null,
      quote: null,
    };
  const { amountMinor, leaveByMs, quote } = owed.value;
  return {
    due_minor: amountMinor,
    pricing_refusal: null,
    leave_by: leaveByMs === null ? null : instant(leaveByMs),
    quote: quote && quoteView(quote),
  };
}

function bookView({ entries, payments }: StayDetail): Pick<StayView, "entries" | "payments"> {
  return {
    entries: entries.map(({ kind, amountMinor, wallMs, actor, reason, method }) => ({
      kind,
      amount_minor: amountMinor,
      at: instant(wallMs),
      actor,
      reason,
      method,
    })),
    payments: payments.map(({ paymentId, method, amountMinor, refundedMinor, wallMs, actor, receipt }) => ({
      payment_id: paymentId,
      method,
      amount_minor: amountMinor,
      refunded_minor: refundedMinor,
      at: instant(wallMs),
      actor,
      receipt: receiptView(receipt),
    })),
  };
}

function quoteView(quote: Quote): QuoteView {
  return {
    base_minor: quote.base.amountMinor,
    discounts_minor: quote.discounts.amountMinor,
    penalties_minor: quote.penalties.amountMinor,
    rounding_minor: quote.rounding.amountMinor,
    tax_minor: quote.tax.amountMinor,
    tax_included: quote.taxIncluded,
    total_minor: quote.total.amountMinor,
    duration_minutes: quote.durationMinutes,
    applied_rule: quote.appliedRule,
    tariff_id: quote.tariffId,
    tariff_version: quote.tariffVersion,
    subscription_used: quote.subscriptionUsed,
    trace: quote.trace.map(({ text, amountMinor }) => ({ text, amount_minor: amountMinor })),
  };
}

/** Null = there is no such attempt. What the terminal tells the driver meanwhile is its detail. */
export function attemptView(
  { store, card }: Pick<DeskParts, "store" | "card">,
  id: AttemptId,
): AttemptView | null {
  const attempt = store.attemptById(id);
  if (attempt === null) return null;
  const { attemptId, stayId, status, amountMinor, detail } = attempt;
  const payment = status === "approved" ? store.paymentByKey(attemptId) : null;
  return {
    attempt_id: attemptId,
    stay_id: stayId,
    status,
    amount_minor: amountMinor,
    detail: status === "begun" ? (card?.progress(attemptId) ?? "") : detail,
    payment: payment && {
      payment_id: payment.paymentId,
      receipt_number: payment.receiptNumber,
    },
  };
}

function instant(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
