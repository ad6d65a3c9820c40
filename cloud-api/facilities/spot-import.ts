import type { z } from "@hono/zod-openapi";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { readCsv, type CsvRow } from "./csv.ts";
import { MAX_NEW_SPOTS, newSpotSchema } from "./spot-fields.ts";

/**
 * Spots of a CSV file. Its first line names its columns, in any order: `number`, `zone` (its slug), and, where they are
 * there, `size`, `ev`, `accessible`, `reservable` (yes or no), `vehicle_types` (parted by blanks) and `sensor`.
 */

export type ImportProblem = { readonly line: number; readonly field: string; readonly message: string };
export type ImportedSpot = z.output<typeof newSpotSchema>;

const COLUMNS = [
  "number",
  "zone",
  "size",
  "ev",
  "accessible",
  "reservable",
  "vehicle_types",
  "sensor",
] as const;
type Column = (typeof COLUMNS)[number];

const YES_OR_NO: ReadonlyMap<string, boolean> = new Map([
  ["yes", true],
  ["true", true],
  ["1", true],
  ["no", false],
  ["false", false],
  ["0", false],
]);

const MAX_PROBLEMS = 20;

/** @param zones ids of the facility's zones, by slug. @returns all spots, or the first problems. */
export function readSpots(
  text: string,
  zones: ReadonlyMap<string, string>,
): Result<readonly ImportedSpot[], readonly ImportProblem[]> {
  const csv = readCsv(text);
  if (!csv.ok) return err([{ ...csv.error, field: "" }]);
  const [header, ...rows] = csv.value;
  if (header === undefined) return err([{ line: 1, field: "", message: "is empty" }]);
  const columns = columnsOf(header);
  if (!columns.ok) return columns;
  if (rows.length > MAX_NEW_SPOTS)
    return err([{ line: 1, field: "", message: `has more than ${MAX_NEW_SPOTS} spots` }]);

  const problems: ImportProblem[] = [];
  const spots: ImportedSpot[] = [];
  const lines = new Map<string, number>();
  for (const row of rows) {
    const spot = readRow(row, columns.value, zones, problems);
    if (spot === null) continue;
    const before = lines.get(spot.number);
    if (before !== undefined)
      problems.push({ line: row.line, field: "number", message: `is in line ${before} as well` });
    lines.set(spot.number, row.line);
    spots.push(spot);
  }
  return problems.length > 0 ? err(problems.slice(0, MAX_PROBLEMS)) : ok(spots);
}

function columnsOf({ line, cells }: CsvRow): Result<readonly Column[], readonly ImportProblem[]> {
  const problems: ImportProblem[] = [];
  const columns: Column[] = [];
  for (const cell of cells) {
    const name = cell.trim().toLowerCase();
    const column = COLUMNS.find((known) => known === name);
    if (column === undefined || columns.includes(column))
      problems.push({ line, field: name.slice(0, 40), message: "is no column, or is there twice" });
    else columns.push(column);
  }
  for (const needed of ["number", "zone"] as const)
    if (!columns.includes(needed)) problems.push({ line, field: needed, message: "is missing" });
  return problems.length > 0 ? err(problems.slice(0, MAX_PROBLEMS)) : ok(columns);
}

function readRow(
  { line, cells }: CsvRow,
  columns: readonly Column[],
  zones: ReadonlyMap<string, string>,
  problems: ImportProblem[],
): ImportedSpot | null {
  const found = problems.length;
  const wrong = (field: string, message: string): void => {
    problems.push({ line, field, message });
  };
  if (cells.length > columns.length) wrong("", "has more cells than there are columns");
  const cellOf = (column: Column): string | undefined => {
    const text = cells[columns.indexOf(column)]?.trim() ?? "";
    return text === "" ? undefined : text;
  };
  const flag = (column: Column): boolean | undefined => {
    const text = cellOf(column);
    const value = text === undefined ? undefined : YES_OR_NO.get(text.toLowerCase());
    if (text !== undefined && value === undefined) wrong(column, "must be yes or no");
    return value;
  };
  const zone = zones.get(cellOf("zone") ?? "");
  if (zone === undefined) wrong("zone", "is no zone of this facility");
  const members = {
    number: cellOf("number"),
    zone_id: zone,
    size: cellOf("size"),
    ev: flag("ev"),
    accessible: flag("accessible"),
    reservable: flag("reservable"),
    vehicle_types: cellOf("vehicle_types")?.split(/\s+/),
    sensor: cellOf("sensor"),
  };
  const read = newSpotSchema.safeParse(members);
  if (!read.success)
    for (const { path, message } of read.error.issues)
      if (path[0] !== "zone_id") wrong(String(path[0] ?? ""), message);
  return read.success && problems.length === found ? read.data : null;
}
