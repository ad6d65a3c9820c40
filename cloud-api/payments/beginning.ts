import { askProvider, findProvider, knownOrderOf, orderOf, type PaymentDeps } from "./ask-provider.ts";
import { changePayment, lockPayment, type PaymentKey, type PaymentRow } from "./payments.queries.ts";
import { ProviderError, type PaymentState, type Provider } from "./providers/contract.ts";
import { isOpen } from "./rules.ts";
import { settlePayment } from "./settle.ts";

/** A payment after a word with its provider. */
export type Told = {
  readonly payment: PaymentRow;
  /** What the payer's program needs to go on; null = there is nothing to go on with. */
  readonly client: Readonly<Record<string, string>> | null;
  /** What the provider said is not what was asked of it: nothing was changed. */
  readonly mismatch?: boolean;
};

/**
 * Begins a payment at its provider, or goes on with one that was begun: the row is there before, and what the provider
 * says is written after. A crash in between leaves a row that the job takes up.
 *
 * @throws {ProviderError} of kind `unreachable`: nobody can have paid it, and the same request may come again.
 */
export async function beginPayment(deps: PaymentDeps, provider: Provider, row: PaymentRow): Promise<Told> {
  if (!isOpen(row.status)) return { payment: row, client: null };
  const known = knownOrderOf(row);
  const key = { facilityId: row.facilityId, paymentId: row.id };
  let state: PaymentState;
  try {
    state = await askProvider(deps, provider, async () =>
      known === null ? await provider.begin(orderOf(row)) : await provider.status(known),
    );
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind === "unreachable" || known !== null) throw error;
    return { payment: await failPayment(deps, key, error.message), client: null };
  }
  return await settleAndTell(deps, key, state);
}

export async function settleAndTell(deps: PaymentDeps, key: PaymentKey, state: PaymentState): Promise<Told> {
  const { payment, outcome } = await settlePayment(deps, key, state, new Date(deps.clock.wallMs()));
  const goesOn = outcome !== "mismatch" && (payment.status === "pending" || payment.status === "authorized");
  return { payment, client: goesOn ? state.client : null, mismatch: outcome === "mismatch" };
}

/** The provider did not take it at all. @returns the payment as it is then. */
export async function failPayment(
  { db, clock }: PaymentDeps,
  key: PaymentKey,
  why: string,
): Promise<PaymentRow> {
  const now = new Date(clock.wallMs());
  return await db.transaction(async (tx) => {
    const row = await lockPayment(tx, key);
    if (row === null) throw new Error("the payment is not there");
    if (row.status !== "created") return row;
    const change = { status: "failed", failure: why.slice(0, 200), pollAt: null, changedAt: now } as const;
    return await changePayment(tx, key, change);
  });
}

/** Nobody is to pay it any more. @throws {ProviderError} */
export async function cancelPayment(deps: PaymentDeps, payment: PaymentRow): Promise<PaymentRow> {
  const key = { facilityId: payment.facilityId, paymentId: payment.id };
  const known = knownOrderOf(payment);
  if (known === null) return await dropPayment(deps, key);
  const provider = findProvider(deps, payment.provider);
  if (provider === null) throw new ProviderError("unreachable", "its provider is not set up");
  const state = await askProvider(deps, provider, async () => await provider.cancel(known));
  return (await settleAndTell(deps, key, state)).payment;
}

/** What the provider never answered for: nobody was given what it takes to pay it. */
async function dropPayment({ db, clock }: PaymentDeps, key: PaymentKey): Promise<PaymentRow> {
  const now = new Date(clock.wallMs());
  return await db.transaction(async (tx) => {
    const row = await lockPayment(tx, key);
    if (row === null) throw new Error("the payment is not there");
    if (!isOpen(row.status) || row.reference !== null) return row;
    return await changePayment(tx, key, { status: "cancelled", pollAt: null, changedAt: now });
  });
}
