import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { formatDecimal, money } from "@parkme/shared/domain/money";
import type { RemotePayment } from "@parkme/shared/protocol/remote-payments";
import { accountOf, type DeskParts, nowOf, stayChanged } from "./parts.ts";
import { owedBy } from "./payments.ts";

/** The place, and the actor, of money that was paid in an app. */
const CLOUD = "cloud";

/**
 * Books money that was paid in an app, once however often it is told. It has been taken already, so that nothing about
 * the stay refuses it: what comes for one that has left, or that owes less, is money without need, which the
 * reconciliation shows and a refund settles. What cannot be booked at all is an alarm, and the feed goes on. Throws when
 * the disk refuses.
 */
export function applyRemotePayment(parts: DeskParts, payment: RemotePayment): void {
  const { facility, log, store } = parts;
  const { method, amount_minor: amountMinor, payment_id: idempotencyKey, reference, currency } = payment;
  const account = accountOf(parts, payment.stay_id);
  if (currency !== facility.currency) return unbooked(parts, payment, `it is in ${currency}`);
  if (!account.ok) return unbooked(parts, payment, "its stay is not known here");
  const { stayId } = account.value;
  const owed = owedBy(parts, account.value, parts.clock.wallMs());
  const quote = owed.ok ? owed.value.quote : null;
  const by = { place: CLOUD, actor: CLOUD, idempotencyKey, reference };
  const taken = store.takePayment(
    { stayId, method, amountMinor, tenderedMinor: amountMinor, quote, ...by },
    nowOf(parts),
  );
  if (!taken.ok && taken.error.code === "reference_used")
    return log.info({ stay: stayId, reference }, "a payment in an app was taken at the desk before");
  if (!taken.ok) return unbooked(parts, payment, taken.error.message);
  if (taken.value.again) return;
  log.info({ stay: stayId, payment: taken.value.paymentId, method }, "money taken in an app");
  stayChanged(parts, stayId);
}

function unbooked(
  { store, facility, log, changed, ...parts }: DeskParts,
  payment: RemotePayment,
  why: string,
): void {
  const { reference, amount_minor: amountMinor, stay_id: stay, currency } = payment;
  log.warn({ reference, amountMinor, currency, stay, why }, "a payment in an app cannot be booked");
  const amount =
    currency === facility.currency
      ? formatDecimal(money(amountMinor, facility.currency))
      : String(amountMinor);
  const detail = `payment ${reference} of ${amount} ${currency} cannot be booked: ${why}`;
  const alarm: GateRecord = { type: "alarm", kind: "payment_in_doubt", detail };
  store.record({ place: facility.slug, records: [alarm] }, nowOf(parts));
  changed();
}
