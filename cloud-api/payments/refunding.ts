import { askProvider, findProvider, knownOrderOf, refundOrderOf, type PaymentDeps } from "./ask-provider.ts";
import { lockPayment, type PaymentRow } from "./payments.queries.ts";
import { ProviderError, type RefundState } from "./providers/contract.ts";
import { changeRefund, lockRefund, refundsOf, type RefundRow } from "./refunds.queries.ts";
import { isCovered } from "./rules.ts";
import { settleRefund } from "./settle.ts";

/**
 * Asks the provider for a refund whose row is there. @param again it may have been asked for before.
 *
 * @throws {ProviderError} of kind `unreachable`: the job asks again.
 */
export async function askForRefund(
  deps: PaymentDeps,
  payment: PaymentRow,
  refund: RefundRow,
  again: boolean,
): Promise<RefundRow> {
  const provider = findProvider(deps, payment.provider);
  const known = knownOrderOf(payment);
  if (provider === null || known === null)
    throw new ProviderError("unreachable", "its provider is not set up");
  const { reference } = refund;
  if (reference === null && !(await mayAsk(deps, payment, refund)))
    return await failRefund(deps, refund, "more was to be given back than was paid");
  let state: RefundState;
  try {
    state = await askProvider(deps, provider, async () =>
      reference === null
        ? await provider.refund(known, refundOrderOf(refund, again))
        : await provider.refundStatus(known, { ...refundOrderOf(refund, again), reference }),
    );
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind === "unreachable") throw error;
    // One that it has already is not refused by a question that it did not like.
    if (reference !== null) throw new ProviderError("unreachable", error.message);
    return await failRefund(deps, refund, error.message);
  }
  const key = { facilityId: refund.facilityId, paymentId: payment.id, refundId: refund.id };
  return (await settleRefund(deps, key, state, new Date(deps.clock.wallMs()))).refund;
}

/** Refunds that were written at the same moment may be too much together. */
async function mayAsk({ db }: PaymentDeps, payment: PaymentRow, refund: RefundRow): Promise<boolean> {
  const { facilityId, id: paymentId } = payment;
  return await db.transaction(async (tx) => {
    const locked = await lockPayment(tx, { facilityId, paymentId });
    const all = await refundsOf(tx, facilityId, paymentId);
    return locked !== null && isCovered(locked.capturedMinor, refund, all);
  });
}

/** The provider said no: the money stays where it is, and a person has to look. */
async function failRefund(
  { db, clock, log }: PaymentDeps,
  refund: RefundRow,
  why: string,
): Promise<RefundRow> {
  const key = { facilityId: refund.facilityId, refundId: refund.id };
  const now = new Date(clock.wallMs());
  log.error({ refund: refund.id, payment: refund.paymentId, why }, "a refund was refused");
  return await db.transaction(async (tx) => {
    const row = await lockRefund(tx, key);
    if (row?.status !== "asked") return row ?? refund;
    return await changeRefund(tx, key, { status: "failed", pollAt: null, changedAt: now });
  });
}
