import { NO_CURRENCY } from "@parkme/shared/domain/money";
import { askProvider, findProvider, knownOrderOf, refundOrderOf, type PaymentDeps } from "./ask-provider.ts";
import {
  ledgerForList,
  ourReferences,
  reconciledDays,
  saveReconciliation,
  type LedgerRow,
  type ReconciliationRow,
} from "./ledger.queries.ts";
import { findPayment } from "./payments.queries.ts";
import { ProviderError, type DayEntry, type Provider } from "./providers/contract.ts";
import { compareDay, type Difference } from "./reconcile-rules.ts";
import { findRefund } from "./refunds.queries.ts";

const DAY_MS = 86_400_000;
/** Days that are over and are looked at, if they were not yet. */
const DAYS_BACK = 3;
/** A longer list is no day of parking; it would not fit into memory for ever either. */
const MAX_ENTRIES = 200_000;

export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** Looks at every day that is due, and at each once more a day later, when the last of its money has been heard of. */
export async function reconcileDueDays(deps: PaymentDeps, now: Date): Promise<number> {
  let looked = 0;
  for (const provider of deps.providers.filter(({ entries }) => entries !== null)) {
    const today = Date.parse(dayOf(now));
    const days = Array.from({ length: DAYS_BACK }, (_, i) => today - (DAYS_BACK - i) * DAY_MS);
    const done = await reconciledDays(deps.db, provider.name, dayOf(new Date(days[0] ?? today)));
    for (const dayMs of days) {
      const day = dayOf(new Date(dayMs));
      const last = Math.max(0, ...done.filter((look) => look.day === day).map(({ at }) => at.getTime()));
      const final = last >= dayMs + 2 * DAY_MS;
      const again = last > 0 && now.getTime() < dayMs + 2 * DAY_MS;
      if (final || again) continue;
      try {
        await reconcileDay(deps, provider, day, now);
        looked += 1;
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        deps.log.warn({ provider: provider.name, day, why: error.message }, "a day cannot be reconciled yet");
      }
    }
  }
  return looked;
}

/**
 * Holds a provider's own list of a UTC day against the ledger.
 *
 * @returns one row for each currency. @throws {ProviderError}
 */
export async function reconcileDay(
  deps: PaymentDeps,
  provider: Provider,
  day: string,
  now: Date,
): Promise<readonly ReconciliationRow[]> {
  const { db, log } = deps;
  const from = new Date(`${day}T00:00:00Z`);
  const range = { from, until: new Date(from.getTime() + DAY_MS) };
  const theirs = await listOf(deps, provider, range);
  const names = [
    ...new Set(theirs.flatMap(({ reference, of }) => (of === null ? [reference] : [reference, of]))),
  ];
  const booked = await ledgerForList(db, provider.name, range, names);
  const known = await ourReferences(db, provider.name, names);
  const look = compareDay(theirs, booked, range, known);
  const differences: Difference[] = [...look.differences];
  for (const row of look.notListed) {
    if (!(await isTheirs(deps, provider, row))) differences.push(onlyOurs(row));
  }
  const currencies = new Set([...look.totals.keys(), ...differences.map(({ currency }) => currency)]);
  if (currencies.size === 0) currencies.add(NO_CURRENCY);
  const rows = [];
  for (const currency of currencies) {
    const totals = look.totals.get(currency) ?? { theirCount: 0, theirMinor: 0, ourCount: 0, ourMinor: 0 };
    const differing = differences.filter((difference) => difference.currency === currency);
    if (differing.length > 0)
      log.error(
        { provider: provider.name, day, currency, differences: differing.length },
        "the books differ",
      );
    const row = { provider: provider.name, day, currency, at: now, ...totals, differences: differing };
    rows.push(await saveReconciliation(db, row));
  }
  return rows;
}

async function listOf(
  deps: PaymentDeps,
  provider: Provider,
  { from, until }: { readonly from: Date; readonly until: Date },
): Promise<readonly DayEntry[]> {
  const { entries } = provider;
  if (entries === null) return [];
  return await askProvider(deps, provider, async () => {
    const list: DayEntry[] = [];
    for await (const entry of entries(from, until)) {
      if (list.push(entry) > MAX_ENTRIES) throw new ProviderError("refused", "the list has no end");
    }
    return list;
  });
}

const onlyOurs = ({ reference, kind, facilityId, amountMinor, currency }: LedgerRow): Difference => ({
  reference,
  kind,
  facility_id: facilityId,
  currency,
  theirs_minor: null,
  ours_minor: amountMinor,
});

/** What is booked and not in the list of its day may stand in that of another: the provider is asked for it itself. */
async function isTheirs(deps: PaymentDeps, provider: Provider, row: LedgerRow): Promise<boolean> {
  const payment = await findPayment(deps.db, row.paymentId);
  const known = payment === null ? null : knownOrderOf(payment);
  if (known === null || findProvider(deps, row.provider) === null) return false;
  try {
    if (row.kind === "capture") {
      const state = await askProvider(deps, provider, async () => await provider.status(known));
      return state.capturedMinor === row.amountMinor;
    }
    const { facilityId, refundId, reference } = row;
    const refund = refundId === null ? null : await findRefund(deps.db, { facilityId, refundId });
    if (refund === null) return false;
    const order = { ...refundOrderOf(refund, true), reference };
    const state = await askProvider(deps, provider, async () => await provider.refundStatus(known, order));
    return state.status === "done" && state.amountMinor === -row.amountMinor;
  } catch (error) {
    if (error instanceof ProviderError && error.kind === "refused") return false;
    throw error;
  }
}
