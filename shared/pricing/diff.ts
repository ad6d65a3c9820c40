import { quote } from "./quote.ts";
import type { StayToPrice } from "./quote-model.ts";
import type { Tariff } from "./tariff-model.ts";

/** What a change of tariff would have meant for stays that there were. */

export type PastStay = { readonly name: string; readonly stay: StayToPrice };

/** Totals in minor units; null = that tariff does not price it. */
export type StayDifference = {
  readonly name: string;
  readonly stay: StayToPrice;
  readonly beforeMinor: number | null;
  readonly afterMinor: number | null;
  /** After less before. */
  readonly differenceMinor: number | null;
};

export type TariffDiff = {
  readonly rows: readonly StayDifference[];
  /** Of the stays that both price. */
  readonly priced: number;
  readonly beforeMinor: number;
  readonly afterMinor: number;
  readonly differenceMinor: number;
  readonly dearer: number;
  readonly cheaper: number;
  readonly same: number;
  /** Not priced by one or the other. */
  readonly refused: number;
  /** The stay that becomes dearer by most, and cheaper by most; null = none does. */
  readonly mostDearer: StayDifference | null;
  readonly mostCheaper: StayDifference | null;
};

/** Prices every stay twice. Of several that differ by the same, the first is the extreme. */
export function diff(before: Tariff, after: Tariff, stays: readonly PastStay[]): TariffDiff {
  const rows = stays.map((past) => differenceOf(past, before, after));
  const sum = { beforeMinor: 0, afterMinor: 0, dearer: 0, cheaper: 0, same: 0, refused: 0 };
  let [mostDearer, mostCheaper]: (StayDifference | null)[] = [null, null];
  for (const row of rows) {
    const { beforeMinor, afterMinor, differenceMinor: by } = row;
    if (beforeMinor === null || afterMinor === null || by === null) {
      sum.refused += 1;
      continue;
    }
    sum.beforeMinor += beforeMinor;
    sum.afterMinor += afterMinor;
    if (by > 0) sum.dearer += 1;
    else if (by < 0) sum.cheaper += 1;
    else sum.same += 1;
    if (by > (mostDearer?.differenceMinor ?? 0)) mostDearer = row;
    if (by < (mostCheaper?.differenceMinor ?? 0)) mostCheaper = row;
  }
  return {
    rows,
    ...sum,
    priced: rows.length - sum.refused,
    differenceMinor: sum.afterMinor - sum.beforeMinor,
    mostDearer: mostDearer ?? null,
    mostCheaper: mostCheaper ?? null,
  };
}

function differenceOf({ name, stay }: PastStay, before: Tariff, after: Tariff): StayDifference {
  const total = (tariff: Tariff): number | null => {
    const priced = quote(tariff, stay);
    return priced.ok ? priced.value.total.amountMinor : null;
  };
  const [beforeMinor, afterMinor] = [total(before), total(after)];
  const both = beforeMinor !== null && afterMinor !== null;
  return { name, stay, beforeMinor, afterMinor, differenceMinor: both ? afterMinor - beforeMinor : null };
}
