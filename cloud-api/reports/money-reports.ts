import type { Tx } from "../db/connection.ts";
import {
  daySpans,
  facilityCells,
  facilityColumns,
  facilityLabel,
  nameOf,
  wholeSpans,
  type Ask,
} from "./ask.ts";
import { readFeesByRule, readRevenue, readShifts, type ShiftRow } from "./money.queries.ts";
import { localTime } from "./range.ts";
import { formatSum } from "./rules.ts";
import type { FacilitySpans, Placed } from "./spans.queries.ts";
import type { Bar, Column, Figure, Row, Table } from "./table.ts";

/** Reports of money. Sums are added up as whole numbers of any length, and written with a point at the very end. */

const DATE: Column = { key: "date", label: "Date", kind: "date" };
const CURRENCY: Column = { key: "currency", label: "Currency", kind: "text" };

/** What came in and went back, by day, purpose, way of paying and currency; or fees by day and the tariff's rule. */
export async function revenueReport(tx: Tx, ask: Ask): Promise<Table> {
  return ask.by === "rule" ? await feesReport(tx, ask) : await takingsReport(tx, ask);
}

async function takingsReport(tx: Tx, ask: Ask): Promise<Table> {
  const days = daySpans(ask);
  const found = byName(await readRevenue(tx, days), days);
  const nets = found.map((row) => ({
    currency: row.currency,
    date: row.name,
    minor: BigInt(row.taken_minor) - BigInt(row.refunded_minor),
  }));
  const rows = found.map((row, index): Row => ({
    ...facilityCells(ask, row.facility_id),
    date: row.name,
    purpose: row.purpose,
    method: row.method,
    payments: row.count,
    taken: formatSum(row.taken_minor, row.currency),
    refunded: formatSum(row.refunded_minor, row.currency),
    net: formatSum(String(nets[index]?.minor ?? 0n), row.currency),
    currency: row.currency,
  }));
  return {
    columns: [
      ...facilityColumns(ask),
      DATE,
      { key: "purpose", label: "For", kind: "text" },
      { key: "method", label: "Method", kind: "text" },
      { key: "payments", label: "Payments", kind: "count" },
      { key: "taken", label: "Taken", kind: "money" },
      { key: "refunded", label: "Refunded", kind: "money" },
      { key: "net", label: "Net", kind: "money" },
      CURRENCY,
    ],
    rows,
    summary: sums("Net", nets),
    chart: moneyChart("Net by day", ask, nets),
    truncated: false,
  };
}

/** Rows with the date that they are of; the earliest first, as the database has put the rest. */
function byName<R extends Placed>(
  rows: readonly R[],
  days: readonly FacilitySpans[],
): (R & { readonly name: string })[] {
  return rows
    .map((row) => ({ ...row, name: nameOf(days, row) }))
    .toSorted((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
}

async function feesReport(tx: Tx, ask: Ask): Promise<Table> {
  const days = daySpans(ask);
  const found = byName(await readFeesByRule(tx, days), days);
  const fees = found.map(({ currency, name, fees_minor }) => ({
    currency,
    date: name,
    minor: BigInt(fees_minor),
  }));
  return {
    columns: [
      ...facilityColumns(ask),
      DATE,
      { key: "rule", label: "Rule", kind: "text" },
      { key: "tariff_version", label: "Version", kind: "count" },
      { key: "stays", label: "Stays", kind: "count" },
      { key: "fees", label: "Fees", kind: "money" },
      CURRENCY,
    ],
    rows: found.map((row) => ({
      ...facilityCells(ask, row.facility_id),
      date: row.name,
      rule: row.rule,
      tariff_version: row.tariff_version,
      stays: row.count,
      fees: formatSum(row.fees_minor, row.currency),
      currency: row.currency,
    })),
    summary: sums("Fees", fees),
    chart: moneyChart("Fees by day", ask, fees),
    truncated: false,
  };
}

type Sum = { readonly currency: string; readonly date: string; readonly minor: bigint };

function sums(label: string, rows: readonly Sum[]): Figure[] {
  const totals = new Map<string, bigint>();
  for (const { currency, minor } of rows) totals.set(currency, (totals.get(currency) ?? 0n) + minor);
  return [...totals]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, minor]) => ({
      label,
      facility: null,
      value: formatSum(String(minor), currency),
      unit: currency,
    }));
}

/** In one currency: that of most of the lines. Days without money are there too. */
function moneyChart(title: string, ask: Ask, rows: readonly Sum[]): Table["chart"] {
  const counts = new Map<string, number>();
  for (const { currency } of rows) counts.set(currency, (counts.get(currency) ?? 0) + 1);
  const [currency] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [];
  if (currency === undefined) return null;
  const names = daySpans(ask).flatMap((days) => days.names);
  const days = new Map<string, bigint>(names.map((name) => [name, 0n]));
  for (const { date, minor } of rows.filter((row) => row.currency === currency))
    days.set(date, (days.get(date) ?? 0n) + minor);
  const bars = [...days].map(([label, minor]): Bar => ({
    label,
    value: Number(formatSum(String(minor), currency)),
  }));
  return { kind: "bars", title: `${title}, ${currency}`, bars, limit: null };
}

/** Drawers: what should have been in them, and what was. */
export async function shiftsReport(tx: Tx, ask: Ask, limit: number): Promise<Table> {
  const found = await readShifts(tx, wholeSpans(ask), limit + 1);
  const shown = found.slice(0, limit);
  const variances = shown.flatMap((row) => {
    const minor = varianceOf(row);
    return minor === null ? [] : [{ currency: row.currency, date: row.shift_id, minor }];
  });
  const off = variances.filter(({ minor }) => minor !== 0n).length;
  return {
    columns: [
      ...facilityColumns(ask),
      { key: "z_number", label: "Z", kind: "count" },
      { key: "attendant", label: "Attendant", kind: "text" },
      { key: "opened", label: "Opened", kind: "time" },
      { key: "closed", label: "Closed", kind: "time" },
      { key: "float", label: "Float", kind: "money" },
      { key: "expected", label: "Expected", kind: "money" },
      { key: "counted", label: "Counted", kind: "money" },
      { key: "variance", label: "Variance", kind: "money" },
      CURRENCY,
      { key: "shift_id", label: "Shift id", kind: "id" },
    ],
    rows: shown.map((row) => shiftRow(ask, row)),
    summary: [
      ...ask.facilities.map((facility): Figure => ({
        label: "Shifts",
        facility: facilityLabel(ask, facility),
        value: shown.filter(({ facility_id }) => facility_id === facility.id).length,
        unit: null,
      })),
      { label: "Drawers that were not right", facility: null, value: off, unit: null },
      ...sums("Variance", variances),
    ],
    chart: null,
    truncated: found.length > limit,
  };
}

/** More than expected is positive; null where it was not counted. */
function varianceOf({ expected_minor, counted_minor }: ShiftRow): bigint | null {
  return expected_minor === null || counted_minor === null
    ? null
    : BigInt(counted_minor) - BigInt(expected_minor);
}

function shiftRow(ask: Ask, row: ShiftRow): Row {
  const timeZone = ask.facilities.find(({ id }) => id === row.facility_id)?.timeZone ?? "UTC";
  const sum = (minor: string | null) => (minor === null ? null : formatSum(minor, row.currency));
  const time = (ms: number | null) => (ms === null ? null : localTime(ms, timeZone));
  return {
    ...facilityCells(ask, row.facility_id),
    z_number: row.z_number,
    attendant: row.attendant,
    opened: time(row.opened_ms),
    closed: time(row.closed_ms),
    float: sum(row.float_minor),
    expected: sum(row.expected_minor),
    counted: sum(row.counted_minor),
    variance: sum(varianceOf(row)?.toString() ?? null),
    currency: row.currency,
    shift_id: row.shift_id,
  };
}
