import type { Refusal } from "@parkme/shared/domain/errors";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { DeskPayment, Paid } from "@parkme/shared/protocol/kiosk-desk";
import { accountOf, type Actor, type DeskParts, nowOf, refused, stayChanged } from "./parts.ts";
import { DESK } from "./place.ts";
import { agreed, cashMoved, receiptView } from "./payments.ts";
import { doneBefore } from "./settling.ts";

/** What is owed and not paid: written off, made a debt, collected; and money that is given back. */

type Why = {
  readonly actor: Actor;
  readonly reason: string;
  readonly amountMinor: number;
  readonly idempotencyKey: string;
};

/** A zero payment: the vehicle may go, and the office reads why. */
export function writeOff(parts: DeskParts, id: string, why: Why): Result<StayAccount, Refusal> {
  return bookOff(parts, id, why, (booked) => parts.store.writeOff(booked, nowOf(parts)));
}

/** "Unable to collect": the vehicle may go, and somebody owes it. */
export function bookDebt(
  parts: DeskParts,
  id: string,
  why: Why & { readonly debtor: string },
): Result<StayAccount, Refusal> {
  return bookOff(parts, id, why, (booked) =>
    parts.store.bookDebt({ ...booked, debtor: why.debtor }, nowOf(parts)),
  );
}

type Booked = Parameters<DeskParts["store"]["writeOff"]>[0];

function bookOff(
  parts: DeskParts,
  id: string,
  { actor, reason, amountMinor, idempotencyKey }: Why,
  book: (booked: Booked) => Result<unknown, Refusal>,
): Result<StayAccount, Refusal> {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const before = doneBefore(parts, account.value, idempotencyKey);
  if (before !== null) return before;
  const due = agreed(parts, id, amountMinor);
  if (!due.ok) return due;
  const { stayId } = account.value;
  const { quote } = due.value;
  const done = book({ stayId, place: DESK, amountMinor, actor, reason, idempotencyKey, quote });
  if (!done.ok) return done;
  parts.log.info({ stay: stayId, actor, reason, amountMinor }, "not collected");
  stayChanged(parts, stayId);
  return accountOf(parts, id);
}

/** Money for a debt. The stay itself is settled already. */
export function collectDebt(
  parts: DeskParts,
  id: string,
  body: DeskPayment,
  actor: Actor,
): Result<Paid, Refusal> {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const { stayId } = account.value;
  const { method, amount_minor: amountMinor, tendered_minor: tenderedMinor, idempotency_key: key } = body;
  const before = doneBefore(parts, account.value, key);
  if (before !== null && !before.ok) return before;
  if (before === null) {
    if (method === "upi" && parts.upi === null)
      return refused("upi_not_set_up", "No money is taken by UPI here.");
    const debtMinor = parts.store.stayDetail(stayId)?.debtMinor ?? 0;
    if (debtMinor === 0) return refused("nothing_due", "There is no debt.");
    if (debtMinor !== amountMinor)
      return refused("fee_changed", "The debt is another by now. Nothing was taken.");
    const short = parts.drawer.short(actor, tenderedMinor - amountMinor);
    if (method === "cash" && !body.accept_short && short)
      return refused("change_short", "The drawer holds too little change. Nothing was taken.");
  }
  const { reference } = body;
  const paid = parts.store.collectDebt(
    { stayId, place: DESK, method, amountMinor, tenderedMinor, actor, idempotencyKey: key, reference },
    nowOf(parts),
  );
  return answered(parts, paid, stayId, method === "cash");
}

/** Gives money back. A card is given it back at the terminal, by hand; the books say that it was. */
export function refund(
  parts: DeskParts,
  id: string,
  { paymentId, actor, reason, amountMinor, idempotencyKey }: Why & { readonly paymentId: string },
): Result<Paid, Refusal> {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const { stayId } = account.value;
  const payment = parts.store
    .stayDetail(stayId)
    ?.payments.find((one) => one.paymentId === paymentId.toLowerCase());
  if (payment === undefined) return refused("unknown_payment", "This stay has no such payment.");
  const refunded = parts.store.refund(
    {
      paymentId: payment.paymentId,
      amountMinor,
      actor,
      reason,
      idempotencyKey,
      place: DESK,
    },
    nowOf(parts),
  );
  return answered(parts, refunded, stayId, payment.method === "cash");
}

type Answer = {
  readonly paymentId: string;
  readonly changeMinor?: number;
  readonly receiptNumber: number | null;
  readonly token: string | null;
  readonly again: boolean;
};

function answered(
  parts: DeskParts,
  result: Result<Answer, Refusal>,
  stayId: StayAccount["stayId"],
  cash: boolean,
): Result<Paid, Refusal> {
  if (!result.ok) return result;
  const { paymentId, changeMinor = 0, receiptNumber: number, token, again } = result.value;
  if (!again) {
    if (cash) cashMoved(parts);
    stayChanged(parts, stayId);
  }
  const receipt = number === null || token === null ? null : receiptView({ number, token });
  return ok({ payment_id: paymentId, change_minor: changeMinor, receipt });
}
