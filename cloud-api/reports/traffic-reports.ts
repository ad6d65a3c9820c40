import type { Tx } from "../db/connection.ts";
import {
  daySpans,
  facilityCells,
  facilityColumns,
  facilityLabel,
  pastHours,
  wholeSpans,
  type Ask,
} from "./ask.ts";
import { netOf, occupiedHours, percentOf, type Flow, type OccupiedHour } from "./occupancy.ts";
import type { LocalHour } from "./range.ts";
import type { FacilitySpans, Placed, ReportedFacility } from "./spans.queries.ts";
import type { Bar, Figure, Row, Table } from "./table.ts";
import { readFlow, readLengths, readStayed, type StayedRow } from "./traffic.queries.ts";

/** Reports of what passes and stays. */

const HOUR_MS = 3_600_000;

/** Who is inside at the end of each hour, until now. */
export async function occupancyReport(tx: Tx, ask: Ask): Promise<Table> {
  const hours = new Map(ask.facilities.map((facility) => [facility.id, pastHours(ask, facility)]));
  const since = await sinceThen(tx, ask, hours);
  const spans = ask.facilities.map(({ id }) => hourSpans(id, hours.get(id) ?? []));
  const flows = new Map<string, Map<number, Flow>>();
  for (const row of await readFlow(tx, spans)) {
    const own = flows.get(row.facility_id) ?? new Map<number, Flow>();
    own.set(hours.get(row.facility_id)?.[row.place]?.startsMs ?? 0, row);
    flows.set(row.facility_id, own);
  }
  const counted = ask.facilities.map((facility) => ({
    facility,
    hours: occupiedHours(
      hours.get(facility.id) ?? [],
      flows.get(facility.id) ?? new Map(),
      facility.inside - (since.get(facility.id) ?? 0),
    ),
  }));
  return {
    columns: [
      ...facilityColumns(ask),
      { key: "date", label: "Date", kind: "date" },
      { key: "hour", label: "Hour", kind: "time" },
      { key: "starts_at", label: "Begins (UTC)", kind: "time" },
      { key: "in", label: "In", kind: "count" },
      { key: "out", label: "Out", kind: "count" },
      { key: "corrected", label: "Corrected", kind: "count" },
      { key: "inside", label: "Inside at its end", kind: "count" },
      { key: "percent", label: "Occupied %", kind: "percent" },
    ],
    rows: counted.flatMap(({ facility, hours: own }) => own.map((hour) => occupancyRow(ask, facility, hour))),
    summary: counted.flatMap(({ facility, hours: own }) => peakOf(ask, facility, own)),
    chart: {
      kind: "line",
      title: "Vehicles inside",
      bars: together(counted.map((one) => one.hours)),
      limit: ask.facilities.reduce((sum, { capacity }) => sum + capacity, 0),
    },
    truncated: false,
  };
}

function hourSpans(facilityId: string, hours: readonly LocalHour[]): FacilitySpans {
  return {
    facilityId,
    names: hours.map(({ date, hour }) => `${date} ${hour}`),
    startsMs: hours.map(({ startsMs }) => startsMs),
    endMs: hours.at(-1)?.endsMs ?? 0,
  };
}

/** What changed the facilities' counts after the report's last hour, until now. */
async function sinceThen(
  tx: Tx,
  ask: Ask,
  hours: ReadonlyMap<string, readonly LocalHour[]>,
): Promise<ReadonlyMap<string, number>> {
  // What a gate's clock runs ahead counts as now.
  const aheadMs = ask.now.getTime() + 24 * HOUR_MS;
  const spans = ask.facilities.flatMap(({ id }): FacilitySpans[] => {
    const last = hours.get(id)?.at(-1);
    if (last === undefined) return [];
    const endMs = Math.max(aheadMs, last.endsMs);
    return [{ facilityId: id, names: ["since"], startsMs: [last.endsMs], endMs }];
  });
  const net = new Map<string, number>();
  for (const row of await readFlow(tx, spans))
    net.set(row.facility_id, (net.get(row.facility_id) ?? 0) + netOf(row));
  return net;
}

function occupancyRow(ask: Ask, { id, capacity }: ReportedFacility, hour: OccupiedHour): Row {
  return {
    ...facilityCells(ask, id),
    date: hour.date,
    hour: hour.hour,
    starts_at: new Date(hour.startsMs).toISOString(),
    in: hour.in,
    out: hour.out,
    corrected: hour.corrected,
    inside: hour.inside,
    percent: percentOf(hour.inside, capacity),
  };
}

function peakOf(ask: Ask, facility: ReportedFacility, hours: readonly OccupiedHour[]): Figure[] {
  const peak = hours.reduce<OccupiedHour | null>(
    (most, hour) => (most === null || hour.inside > most.inside ? hour : most),
    null,
  );
  if (peak === null) return [];
  const mean = hours.reduce((sum, { inside }) => sum + inside, 0) / hours.length;
  const own = { facility: facilityLabel(ask, facility) };
  return [
    { ...own, label: "Most inside", value: peak.inside, unit: `${peak.date} ${peak.hour}` },
    { ...own, label: "Inside on average", value: Math.round(mean * 10) / 10, unit: null },
    { ...own, label: "Capacity", value: facility.capacity, unit: null },
  ];
}

/** The curves of facilities, one upon the other; those of other time zones by their own clocks. */
function together(curves: readonly (readonly OccupiedHour[])[]): Bar[] {
  const bars = new Map<string, number>();
  for (const curve of curves)
    for (const [index, { date, hour, inside }] of curve.entries()) {
      // The hour that is there twice is two places of the curve.
      const again = curve[index - 1]?.hour === hour ? "'" : "";
      const label = `${date} ${hour}${again}`;
      bars.set(label, (bars.get(label) ?? 0) + inside);
    }
  return [...bars]
    .map(([label, value]) => ({ label, value }))
    .toSorted((a, b) => (a.label < b.label ? -1 : 1));
}

/** How many came, left and stayed, day by day. */
export async function turnoverReport(tx: Tx, ask: Ask): Promise<Table> {
  const days = daySpans(ask);
  const keyOf = ({ facility_id, place }: Placed) => `${facility_id} ${place}`;
  const passed = new Map((await readFlow(tx, days)).map((row) => [keyOf(row), row]));
  const stayed = new Map((await readStayed(tx, days)).map((row) => [keyOf(row), row]));
  const rows = ask.facilities.flatMap(({ id, capacity }, index) =>
    (days[index]?.names ?? []).map((date, place): Row => {
      const key = keyOf({ facility_id: id, place });
      const left = stayed.get(key);
      return {
        ...facilityCells(ask, id),
        date,
        in: passed.get(key)?.in ?? 0,
        out: passed.get(key)?.out ?? 0,
        stays_ended: left?.count ?? 0,
        turnover: capacity <= 0 ? null : Math.round(((left?.count ?? 0) * 100) / capacity) / 100,
        mean_minutes: left === undefined ? null : Math.round(left.mean_minutes),
      };
    }),
  );
  const total = (key: string) => rows.reduce((sum, row) => sum + Number(row[key] ?? 0), 0);
  return {
    columns: [
      ...facilityColumns(ask),
      { key: "date", label: "Date", kind: "date" },
      { key: "in", label: "In", kind: "count" },
      { key: "out", label: "Out", kind: "count" },
      { key: "stays_ended", label: "Stays ended", kind: "count" },
      { key: "turnover", label: "Per space", kind: "number" },
      { key: "mean_minutes", label: "Average minutes", kind: "minutes" },
    ],
    rows,
    summary: [
      { label: "Came in", facility: null, value: total("in"), unit: null },
      { label: "Went out", facility: null, value: total("out"), unit: null },
      { label: "Stays ended", facility: null, value: total("stays_ended"), unit: null },
    ],
    chart: {
      kind: "bars",
      title: "Stays ended by day",
      bars: sumBy(rows, "date", "stays_ended"),
      limit: null,
    },
    truncated: false,
  };
}

/** Lines added up by a column, in the order in which they come first. */
function sumBy(rows: readonly Row[], by: string, key: string): Bar[] {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(String(row[by]), (sums.get(String(row[by])) ?? 0) + Number(row[key] ?? 0));
  return [...sums].map(([label, value]) => ({ label, value }));
}

const LENGTHS: readonly { readonly untilMinutes: number; readonly label: string }[] = [
  { untilMinutes: 15, label: "under 15 min" },
  { untilMinutes: 30, label: "15 to 30 min" },
  { untilMinutes: 60, label: "30 to 60 min" },
  { untilMinutes: 120, label: "1 to 2 h" },
  { untilMinutes: 180, label: "2 to 3 h" },
  { untilMinutes: 240, label: "3 to 4 h" },
  { untilMinutes: 360, label: "4 to 6 h" },
  { untilMinutes: 720, label: "6 to 12 h" },
  { untilMinutes: 1_440, label: "12 to 24 h" },
  { untilMinutes: 2_880, label: "1 to 2 days" },
  { untilMinutes: 10_080, label: "2 to 7 days" },
];
const LONGER = "over 7 days";

/** How long those stayed that left, by classes of length. */
export async function lengthReport(tx: Tx, ask: Ask): Promise<Table> {
  const spans = wholeSpans(ask);
  const limits = LENGTHS.map(({ untilMinutes }) => untilMinutes);
  const counts = new Map(
    (await readLengths(tx, spans, limits)).map((row) => [`${row.facility_id} ${row.length}`, row.count]),
  );
  const stayed = new Map((await readStayed(tx, spans)).map((row) => [row.facility_id, row]));
  const labels = [...LENGTHS.map(({ label }) => label), LONGER];
  const rows = ask.facilities.flatMap(({ id }) =>
    labels.map((label, place): Row => {
      const count = counts.get(`${id} ${place}`) ?? 0;
      const share = percentOf(count, stayed.get(id)?.count ?? 0);
      return { ...facilityCells(ask, id), length: label, stays: count, percent: share };
    }),
  );
  return {
    columns: [
      ...facilityColumns(ask),
      { key: "length", label: "Length", kind: "text" },
      { key: "stays", label: "Stays", kind: "count" },
      { key: "percent", label: "Share %", kind: "percent" },
    ],
    rows,
    summary: ask.facilities.flatMap((facility) => lengthFigures(ask, facility, stayed.get(facility.id))),
    chart: { kind: "bars", title: "Stays by length", bars: sumBy(rows, "length", "stays"), limit: null },
    truncated: false,
  };
}

function lengthFigures(ask: Ask, facility: ReportedFacility, row: StayedRow | undefined): Figure[] {
  const own = { facility: facilityLabel(ask, facility) };
  if (row === undefined) return [{ ...own, label: "Stays ended", value: 0, unit: null }];
  const minutes = (label: string, value: number): Figure => ({
    ...own,
    label,
    value: Math.round(value),
    unit: "minutes",
  });
  return [
    { ...own, label: "Stays ended", value: row.count, unit: null },
    minutes("Average", row.mean_minutes),
    minutes("Half stay less than", row.median_minutes),
    minutes("Nine of ten less than", row.p90_minutes),
  ];
}
