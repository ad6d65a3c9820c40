import type { StayDifference, TariffDiff } from "@parkme/shared/pricing/diff";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { fullTime } from "./local-time.ts";
import { amountText, columnsOf, lengthText } from "./price-chart.ts";

/** What a change of tariff would have meant: the sums, and the stays that it means most for. */

const MINUTE_MS = 60_000;
/** Stays that are listed, those first that change by most. */
const MAX_LISTED = 20;

export function diffText(result: TariffDiff, before: Tariff, after: Tariff): string {
  const { currency } = after;
  const changed = result.rows
    .filter(({ differenceMinor }) => differenceMinor !== null && differenceMinor !== 0)
    .toSorted((a, b) => Math.abs(b.differenceMinor ?? 0) - Math.abs(a.differenceMinor ?? 0));
  const sums = [
    ["Stays", String(result.priced), ""],
    [nameOf(before), amountText(result.beforeMinor, currency), ""],
    [nameOf(after), amountText(result.afterMinor, currency), ""],
    ["Difference", signed(result.differenceMinor, after), percentOf(result)],
    ["Dearer", String(result.dearer), extreme(result.mostDearer, after)],
    ["Cheaper", String(result.cheaper), extreme(result.mostCheaper, after)],
    ["The same", String(result.same), ""],
    ...(result.refused === 0 ? [] : [["Not priced", String(result.refused), "by one or the other"]]),
  ];
  const listed = changed.slice(0, MAX_LISTED);
  const left = changed.length - listed.length;
  const table = columnsOf(
    [["Stay", "From", "Length", "Before", "After", "Difference"], ...listed.map((row) => rowOf(row, after))],
    [false, false, false, true, true, true],
  );
  return [
    ...columnsOf(sums, [false, true, false]),
    ...(listed.length === 0 ? [] : ["", ...table]),
    ...(left === 0 ? [] : [`... and ${left} more: use --json for all`]),
  ].join("\n");
}

function nameOf({ name, id, version }: Tariff): string {
  return `${name} (${id}, version ${version})`;
}

function rowOf({ name, stay, beforeMinor, afterMinor, differenceMinor }: StayDifference, tariff: Tariff) {
  const { currency, timeZone } = tariff;
  return [
    name,
    fullTime(stay.entryMs, timeZone),
    lengthText(Math.ceil(Math.max(0, stay.exitMs - stay.entryMs) / MINUTE_MS)),
    amountText(beforeMinor ?? 0, currency),
    amountText(afterMinor ?? 0, currency),
    signed(differenceMinor ?? 0, tariff),
  ];
}

function extreme(row: StayDifference | null, tariff: Tariff): string {
  return row === null ? "" : `by ${signed(row.differenceMinor ?? 0, tariff)} at most (${row.name})`;
}

function signed(minor: number, { currency }: Tariff): string {
  return `${minor > 0 ? "+" : ""}${amountText(minor, currency)}`;
}

function percentOf({ beforeMinor, differenceMinor }: TariffDiff): string {
  if (beforeMinor === 0) return "";
  const percent = Math.round((differenceMinor * 1_000) / beforeMinor) / 10;
  return `(${percent > 0 ? "+" : ""}${percent.toFixed(1)} %)`;
}

export function diffJson(result: TariffDiff, before: Tariff, after: Tariff): object {
  return {
    before: { id: before.id, version: before.version },
    after: { id: after.id, version: after.version },
    currency: after.currency,
    stays: result.priced,
    refused: result.refused,
    before_minor: result.beforeMinor,
    after_minor: result.afterMinor,
    difference_minor: result.differenceMinor,
    dearer: result.dearer,
    cheaper: result.cheaper,
    same: result.same,
    rows: result.rows.map(({ name, stay, beforeMinor, afterMinor, differenceMinor }) => ({
      name,
      entry: new Date(stay.entryMs).toISOString(),
      exit: new Date(stay.exitMs).toISOString(),
      before_minor: beforeMinor,
      after_minor: afterMinor,
      difference_minor: differenceMinor,
    })),
  };
}
