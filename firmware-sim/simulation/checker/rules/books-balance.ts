import { createHash } from "node:crypto";
import type { EdgeRows } from "../edge-rows.ts";
import type { MakeRule } from "../rule.ts";
import { staysSetAside } from "../set-aside.ts";
import { groupBy } from "../tariff-versions.ts";
import type { TroubleKind } from "../troubles.ts";

/** A number that was given is not given again, also when what had it was lost with the file. */
const FORGETFUL: ReadonlySet<TroubleKind> = new Set<TroubleKind>(["edge_restored", "second_agent"]);

/**
 * The gate's books add up (the ledger's promise in shared/domain/ledger.ts; edge cases 18, 22 and 45).
 *
 * - What a stay owes is the sum of its entries.
 * - Each payment is two entries at the most, and they say what it says: what was handed over, and the change.
 * - Receipts are numbered from 1 without a gap or a double, each payment has one, each names the hash of the one before
 *   and bears the hash of its own text.
 * - Z reports are numbered without a gap or a double.
 *
 * Excused are gaps, never doubles, where a file was put back: of what was lost with it the numbers alone are known; and
 * a receipt whose number another agent gave as well, and that the gate has set aside for a person.
 */
export const booksBalance: MakeRule = ({ history, accuse }) => ({
  end: ({ edge, step, atMs }) => {
    const mayMiss = history.troubles.ever(FORGETFUL);
    const problems = [
      ...balances(edge),
      ...paymentEntries(edge),
      ...receiptChain(edge, mayMiss),
      ...numbered(
        "receipts",
        edge.receipts.map(({ number }) => number),
        mayMiss,
      ),
      ...numbered(
        "Z reports",
        edge.shifts.flatMap(({ zNumber }) => zNumber ?? []),
        mayMiss,
      ),
    ];
    for (const message of problems) accuse({ step, atMs, lane: null, visit: null, message });
  },
});

function balances({ stays, ledger }: EdgeRows): readonly string[] {
  const sums = new Map<string, number>();
  for (const { stayId, amountMinor } of ledger) sums.set(stayId, (sums.get(stayId) ?? 0) + amountMinor);
  return stays.flatMap(({ id, balanceMinor }) => {
    const sum = sums.get(id) ?? 0;
    return sum === balanceMinor
      ? []
      : [`stay ${id} is said to owe ${balanceMinor}, and its entries sum to ${sum}`];
  });
}

function paymentEntries({ payments, ledger }: EdgeRows): readonly string[] {
  const entries = groupBy(ledger, ({ paymentId }) => paymentId);
  return payments.flatMap(({ id, amountMinor, changeMinor, tenderedMinor }) => {
    const own = entries.get(id) ?? [];
    const sum = (kind: string): number =>
      own.reduce((all, entry) => all + (entry.kind === kind ? entry.amountMinor : 0), 0);
    if (tenderedMinor !== amountMinor + changeMinor)
      return [`payment ${id}: ${tenderedMinor} handed over is not ${amountMinor} and ${changeMinor} change`];
    if (-sum("payment") !== tenderedMinor || sum("change") !== changeMinor)
      return [
        `payment ${id} of ${tenderedMinor} less ${changeMinor} has entries of ${-sum("payment")} less ${sum("change")}`,
      ];
    return [];
  });
}

function receiptChain(edge: EdgeRows, mayMiss: boolean): readonly string[] {
  const { receipts, payments } = edge;
  const aside = staysSetAside(edge);
  const problems: string[] = [];
  let previous: string | null = null;
  let before = 0;
  for (const { number, text, hash } of receipts) {
    if (createHash("sha256").update(text).digest("hex") !== hash)
      problems.push(`receipt ${number} does not bear the hash of its text`);
    const said = JSON.parse(text) as { readonly previousHash?: string | null };
    const isBehindGap = mayMiss && number > before + 1;
    if ((said.previousHash ?? null) !== previous && !isBehindGap)
      problems.push(`receipt ${number} does not follow the one before it`);
    [previous, before] = [hash, number];
  }
  const issued = groupBy(
    receipts.filter(({ kind }) => kind === "payment"),
    ({ paymentId }) => paymentId,
  );
  for (const { id, stayId } of payments) {
    const count = issued.get(id)?.length ?? 0;
    const isAside = count === 0 && aside.has(stayId);
    if (count !== 1 && !isAside) problems.push(`payment ${id} has ${count} receipts`);
  }
  return problems;
}

function numbered(what: string, numbers: readonly number[], mayMiss: boolean): readonly string[] {
  const sorted = numbers.toSorted((a, b) => a - b);
  const wrong = sorted.findIndex((number, index) => {
    const before = sorted[index - 1] ?? 0;
    return mayMiss ? number <= before : number !== before + 1;
  });
  return wrong === -1
    ? []
    : [`the numbers of ${what} have a gap or a double at ${wrong + 1}: ${sorted[wrong]}`];
}
