import type { Refusal } from "@parkme/shared/domain/errors";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { asId, type AttemptId, type IdMint, type PaymentId, type StayId } from "@parkme/shared/domain/ids";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import type { DeskPayment, Paid } from "@parkme/shared/protocol/kiosk-desk";
import type { CardPaid } from "./card-machine.ts";
import { type Actor, accountOf, type DeskParts, nowOf, refused, stayChanged } from "./parts.ts";
import { DESK } from "./place.ts";

/** Money for stays: what is due is asked at the moment of the act, and taken once for one key. */

/** What a stay has to pay now, and the quote that it is booked with. */
export type Owed = {
  readonly amountMinor: number;
  readonly quote: Quote | null;
  readonly leaveByMs: number | null;
};

/** Who has left owes what the ledger says: its price was booked on the way out. */
export function owedBy(
  { tariffs }: Pick<DeskParts, "tariffs">,
  account: StayAccount,
  nowMs: number,
): Result<Owed, Refusal> {
  if (account.status === "void") return ok({ amountMinor: 0, quote: null, leaveByMs: null });
  if (account.status === "closed")
    return ok({ amountMinor: Math.max(0, account.balanceMinor), quote: null, leaveByMs: null });
  return tariffs.due(account, nowMs);
}

/** Checks that what the attendant saw to be due still is, and that no card is about to pay it. */
export function agreed(
  parts: DeskParts,
  id: string,
  amountMinor: number,
): Result<{ readonly account: StayAccount; readonly quote: Quote | null }, Refusal> {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const owed = owedBy(parts, account.value, parts.clock.wallMs());
  if (!owed.ok) return owed;
  if (cardFor(parts, account.value.stayId) === "under_way")
    return refused("card_under_way", "A card payment of this stay is under way. Stop it first.");
  if (owed.value.amountMinor === 0) return refused("nothing_due", "Nothing is due.");
  if (owed.value.amountMinor !== amountMinor)
    return refused("fee_changed", "Another amount is due by now. Nothing was taken.");
  return ok({ account: account.value, quote: owed.value.quote });
}

/** What a payment under this key did before; null = there is none. */
function earlier({ store }: DeskParts, id: string, key: string): Result<Paid, Refusal> | null {
  const taken = store.paymentByKey(key);
  // A card that is asked for under this key would find it used when it is approved.
  const used = store.attemptById(key) !== null;
  if (taken === null && !used) return null;
  if (taken === null || taken.stayId !== id.toLowerCase())
    return refused("key_reused", "This key was used for something else. Nothing was taken.");
  const { paymentId, changeMinor } = taken;
  const signed = store.receiptOfPayment(paymentId);
  const receipt = signed && receiptView({ number: signed.receipt.number, token: signed.token });
  return ok({ payment_id: paymentId, change_minor: changeMinor, receipt });
}

/** A card that is asked for anywhere in the facility: what it pays is not due twice. */
function cardFor({ store }: Pick<DeskParts, "store">, stayId: StayId): "under_way" | "in_doubt" | null {
  const open = store.openAttemptsOf(stayId);
  if (open.some(({ status }) => status === "begun")) return "under_way";
  return open.length > 0 ? "in_doubt" : null;
}

/** A driver who cannot wait is let out with a debt, or a person finds out what became of the card. */
function inDoubt(): Result<never, Refusal> {
  return refused(
    "card_in_doubt",
    "The card may have been charged already: settle that by hand first. Nothing was taken.",
  );
}

export function receiptView(
  receipt: { readonly number: number; readonly token: string } | null,
): Paid["receipt"] {
  return receipt && { number: receipt.number, url: `/r/${receipt.token}` };
}

/** Cash, a payment by UPI that the bank has confirmed, or one on the bill of an account. */
export function takePayment(
  parts: DeskParts,
  id: string,
  body: DeskPayment,
  actor: Actor,
): Result<Paid, Refusal> {
  const { method, amount_minor: amountMinor, tendered_minor: tenderedMinor, idempotency_key: key } = body;
  const before = earlier(parts, id, key);
  if (before !== null) return before;
  if (method === "upi" && parts.upi === null)
    return refused("upi_not_set_up", "No money is taken by UPI here.");
  const due = agreed(parts, id, amountMinor);
  if (!due.ok) return due;
  const { account, quote } = due.value;
  if (cardFor(parts, account.stayId) === "in_doubt") return inDoubt();
  const changeMinor = tenderedMinor - amountMinor;
  if (method === "cash" && body.accept_short !== true && parts.drawer.short(actor, changeMinor))
    return refused("change_short", "The drawer holds too little change. Nothing was taken.");
  const taken = parts.store.takePayment(
    {
      stayId: account.stayId,
      place: DESK,
      method,
      amountMinor,
      tenderedMinor,
      actor,
      idempotencyKey: key,
      reference: body.reference,
      quote,
    },
    nowOf(parts),
  );
  if (!taken.ok) return taken;
  const { paymentId, again } = taken.value;
  if (!again) {
    parts.log.info({ actor, payment: paymentId, method }, "money taken at the desk");
    if (method === "cash") cashMoved(parts);
    stayChanged(parts, account.stayId);
  }
  const { receiptNumber: number, token } = taken.value;
  const receipt = number === null || token === null ? null : receiptView({ number, token });
  return ok({ payment_id: paymentId, change_minor: taken.value.changeMinor, receipt });
}

/** Opens the drawer, and looks whether it runs short. */
export function cashMoved({ openDrawer, drawer }: Pick<DeskParts, "openDrawer" | "drawer">): void {
  openDrawer();
  drawer.look();
}

/** Asks for a card at the desk's terminal. Sent again, it is asked for no second time. */
export function beginCard(
  parts: DeskParts,
  id: string,
  body: { readonly amount_minor: number; readonly idempotency_key: string },
  actor: Actor,
): Result<AttemptId, Refusal> {
  const { card, store } = parts;
  if (card === null) return refused("no_terminal", "The desk has no card terminal.");
  const attemptId = asId<AttemptId>(body.idempotency_key.toLowerCase());
  const known = store.attemptById(attemptId);
  if (known !== null && known.stayId !== id.toLowerCase())
    return refused("key_reused", "This key asked for a card for another stay. Nothing was asked for.");
  if (known !== null) return ok(attemptId);
  if (store.actByKey(attemptId) !== null)
    return refused("key_reused", "This key was used for something else. Nothing was asked for.");
  const due = agreed(parts, id, body.amount_minor);
  if (!due.ok) return due;
  const { stayId } = due.value.account;
  if (cardFor(parts, stayId) === "in_doubt") return inDoubt();
  const begun = card.begin({ attemptId, stayId, amountMinor: body.amount_minor, actor });
  return begun.ok ? ok(attemptId) : begun;
}

/** An approved card payment, as it is booked. The money is there, whatever is due by now. */
export function cardPayment(
  parts: Pick<DeskParts, "store" | "tariffs" | "clock">,
  { attempt, reference }: CardPaid,
  mint: IdMint,
): GateRecord {
  const { attemptId, stayId, amountMinor, actor } = attempt;
  const wallMs = parts.clock.wallMs();
  const account = parts.store.stayAccount(stayId);
  const owed = account && owedBy(parts, account, wallMs);
  return {
    type: "payment",
    paymentId: mint.next<PaymentId>(wallMs),
    stayId,
    method: "card",
    amountMinor,
    changeMinor: 0,
    actor,
    idempotencyKey: attemptId,
    quote: owed?.ok === true ? owed.value.quote : null,
    reference,
  };
}
