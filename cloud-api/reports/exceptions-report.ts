import type { Tx } from "../db/connection.ts";
import { facilityCells, facilityColumns, wholeSpans, type Ask } from "./ask.ts";
import { readExceptions } from "./exceptions.queries.ts";
import { localTime } from "./range.ts";
import { formatSum } from "./rules.ts";
import type { Bar, Row, Table } from "./table.ts";

/** Everything that did not go as it should, or that a person did by hand: the newest first. */
export async function exceptionsReport(tx: Tx, ask: Ask, limit: number): Promise<Table> {
  const found = await readExceptions(tx, wholeSpans(ask), limit + 1);
  const shown = found.slice(0, limit);
  const zones = new Map(ask.facilities.map(({ id, timeZone }) => [id, timeZone]));
  const rows = shown.map((row): Row => ({
    ...facilityCells(ask, row.facility_id),
    time: localTime(row.at_ms, zones.get(row.facility_id) ?? "UTC"),
    at: new Date(row.at_ms).toISOString(),
    kind: row.kind,
    place: row.place,
    actor: row.actor,
    detail: row.detail,
    amount:
      row.amount_minor === null || row.currency === null ? null : formatSum(row.amount_minor, row.currency),
    currency: row.currency,
    subject: row.subject,
  }));
  const counts = new Map<string, number>();
  for (const { kind } of shown) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const kinds = [...counts]
    .map(([label, value]): Bar => ({ label: label.replaceAll("_", " "), value }))
    .toSorted((a, b) => b.value - a.value);
  return {
    columns: [
      ...facilityColumns(ask),
      { key: "time", label: "Time", kind: "time" },
      { key: "at", label: "At (UTC)", kind: "time" },
      { key: "kind", label: "What", kind: "text" },
      { key: "place", label: "Where", kind: "text" },
      { key: "actor", label: "Who", kind: "text" },
      { key: "detail", label: "Detail", kind: "text" },
      { key: "amount", label: "Amount", kind: "money" },
      { key: "currency", label: "Currency", kind: "text" },
      { key: "subject", label: "Of", kind: "id" },
    ],
    rows,
    summary: [{ label: "Exceptions", facility: null, value: shown.length, unit: null }],
    chart: kinds.length === 0 ? null : { kind: "bars", title: "By what it was", bars: kinds, limit: null },
    truncated: found.length > limit,
  };
}
