import type { DayEntry } from "./providers/contract.ts";

/** What differs between a provider's list and the ledger; amounts in minor units, refunds negative on both sides. */
export type Difference = {
  readonly reference: string;
  readonly kind: "capture" | "refund";
  /** Null = it is not known whose it is. */
  readonly facility_id: string | null;
  readonly currency: string;
  readonly theirs_minor: number | null;
  readonly ours_minor: number | null;
};

type Booked = {
  readonly facilityId: string;
  readonly kind: "capture" | "refund";
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly at: Date;
};

type Totals = {
  readonly theirCount: number;
  readonly theirMinor: number;
  readonly ourCount: number;
  readonly ourMinor: number;
};

export type DayLook<B> = {
  readonly totals: ReadonlyMap<string, Totals>;
  readonly differences: readonly Difference[];
  /** Booked on the day and not in the list: it may stand in the list of another day. */
  readonly notListed: readonly B[];
};

/** Ends the reference of an entry that undoes a refund which the bank sent back. */
const RETURNED = ":returned";

/**
 * Compares a provider's list of a day with what was booked on it, and with whatever was booked of what the list has.
 *
 * @param known payments of ours by the provider's references, with their facilities.
 */
export function compareDay<B extends Booked>(
  theirs: readonly DayEntry[],
  booked: readonly B[],
  { from, until }: { readonly from: Date; readonly until: Date },
  known: ReadonlyMap<string, string>,
): DayLook<B> {
  const undone = new Set(
    booked
      .filter(({ reference }) => reference.endsWith(RETURNED))
      .map(({ reference }) => reference.slice(0, -RETURNED.length)),
  );
  const ours = booked.filter(({ reference }) => !reference.endsWith(RETURNED) && !undone.has(reference));
  const byName = new Map(ours.map((row) => [nameOf(row), row]));
  const mine = theirs.filter(
    (entry) =>
      entry.ours || byName.has(nameOf(entry)) || known.has(entry.reference) || known.has(entry.of ?? ""),
  );
  const differences: Difference[] = [];
  for (const entry of mine) {
    const row = byName.get(nameOf(entry));
    const theirsMinor = signed(entry);
    if (row !== undefined && row.amountMinor === theirsMinor && row.currency === entry.currency) continue;
    const facility = row?.facilityId ?? known.get(entry.reference) ?? known.get(entry.of ?? "") ?? null;
    const { reference, kind, currency } = entry;
    const found = { facility_id: facility, theirs_minor: theirsMinor, ours_minor: row?.amountMinor ?? null };
    differences.push({ reference, kind, currency, ...found });
  }
  const listed = new Set(mine.map(nameOf));
  const ofTheDay = ours.filter(({ at }) => at >= from && at < until);
  return {
    totals: totalsOf(mine, ofTheDay),
    differences,
    notListed: ofTheDay.filter((row) => !listed.has(nameOf(row))),
  };
}

const nameOf = ({ kind, reference }: { readonly kind: string; readonly reference: string }) =>
  `${kind} ${reference}`;

const signed = ({ kind, amountMinor }: DayEntry) => (kind === "refund" ? -amountMinor : amountMinor);

function totalsOf(theirs: readonly DayEntry[], ours: readonly Booked[]): ReadonlyMap<string, Totals> {
  const totals = new Map<string, Totals>();
  const add = (currency: string, by: Partial<Totals>): void => {
    const before = totals.get(currency) ?? { theirCount: 0, theirMinor: 0, ourCount: 0, ourMinor: 0 };
    totals.set(currency, {
      theirCount: before.theirCount + (by.theirCount ?? 0),
      theirMinor: before.theirMinor + (by.theirMinor ?? 0),
      ourCount: before.ourCount + (by.ourCount ?? 0),
      ourMinor: before.ourMinor + (by.ourMinor ?? 0),
    });
  };
  for (const entry of theirs) add(entry.currency, { theirCount: 1, theirMinor: signed(entry) });
  for (const row of ours) add(row.currency, { ourCount: 1, ourMinor: row.amountMinor });
  return totals;
}
