import type { Job } from "../platform/job.ts";
import { askProvider, findProvider, knownOrderOf, type PaymentDeps } from "./ask-provider.ts";
import { beginPayment, cancelPayment, failPayment } from "./beginning.ts";
import { changePayment, findPayment, takeDuePayments, type PaymentRow } from "./payments.queries.ts";
import { ProviderError } from "./providers/contract.ts";
import { reconcileDueDays } from "./reconcile.ts";
import { askForRefund } from "./refunding.ts";
import { changeRefund, findRefund, takeDueRefunds, type RefundRow } from "./refunds.queries.ts";
import { ABANDONED_MS, isOpen, nextPoll, nextRefundPoll } from "./rules.ts";
import { settlePayment } from "./settle.ts";

/** What nobody told us of is asked for: lost webhooks, programs that ended between two steps, payers who left. */
export function paymentJobs(deps: PaymentDeps): readonly Job[] {
  return [
    {
      name: "payments.poll",
      everySeconds: 5,
      run: async (_, now) =>
        await inTurn(await takeDuePayments(deps.db, now, MAX_A_TURN), (row) => pollPayment(deps, row, now)),
    },
    {
      name: "payments.refunds",
      everySeconds: 5,
      run: async (_, now) =>
        await inTurn(await takeDueRefunds(deps.db, now, MAX_A_TURN), (row) => pollRefund(deps, row, now)),
    },
    {
      name: "payments.reconcile",
      everySeconds: 3_600,
      run: async (_, now) => await reconcileDueDays(deps, now),
    },
  ];
}

const MAX_A_TURN = 100;
const AT_ONCE = 8;

async function inTurn<T>(rows: readonly T[], work: (row: T) => Promise<void>): Promise<number> {
  for (let i = 0; i < rows.length; i += AT_ONCE) await Promise.all(rows.slice(i, i + AT_ONCE).map(work));
  return rows.length;
}

/** Asks what became of one payment, and says when it is asked again. */
async function pollPayment(deps: PaymentDeps, row: PaymentRow, now: Date): Promise<void> {
  const key = { facilityId: row.facilityId, paymentId: row.id };
  try {
    await askAbout(deps, row, now);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    deps.log.warn(
      { payment: row.id, provider: row.provider, why: error.message },
      "a payment is not known yet",
    );
  }
  const after = await findPayment(deps.db, row.id);
  if (after !== null) await changePayment(deps.db, key, { pollAt: nextPoll(after, now) });
}

async function askAbout(deps: PaymentDeps, row: PaymentRow, now: Date): Promise<void> {
  const key = { facilityId: row.facilityId, paymentId: row.id };
  const provider = findProvider(deps, row.provider);
  if (provider === null) throw new ProviderError("unreachable", "its provider is not set up");
  const abandoned = now.getTime() - row.madeAt.getTime() > ABANDONED_MS;
  const known = knownOrderOf(row);
  if (known === null) {
    if (!isOpen(row.status)) return;
    if (abandoned) await failPayment(deps, key, "the provider did not answer");
    else await beginPayment(deps, provider, row);
    return;
  }
  if (abandoned && isOpen(row.status)) {
    await cancelPayment(deps, row);
    return;
  }
  const state = await askProvider(deps, provider, async () => await provider.status(known));
  await settlePayment(deps, key, state, now);
}

/** Asks for one refund, or what became of it. */
async function pollRefund(deps: PaymentDeps, row: RefundRow, now: Date): Promise<void> {
  const key = { facilityId: row.facilityId, refundId: row.id };
  const payment = await findPayment(deps.db, row.paymentId);
  try {
    if (payment !== null) await askForRefund(deps, payment, row, true);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    deps.log.warn(
      { refund: row.id, provider: payment?.provider, why: error.message },
      "a refund is not known yet",
    );
  }
  const after = await findRefund(deps.db, key);
  if (after !== null) await changeRefund(deps.db, key, { pollAt: nextRefundPoll(after, now) });
}
