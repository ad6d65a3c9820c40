/** A report as lines and columns, before it is JSON, CSV or a PDF. */

/** Null = nothing is known of it. Money is a decimal string; numbers are counts, minutes and percents. */
export type Cell = string | number | null;
export type Row = Readonly<Record<string, Cell>>;

/** `text` is what somebody wrote; everything else is ours. */
export type ColumnKind =
  "text" | "id" | "date" | "time" | "count" | "number" | "minutes" | "percent" | "money";
export type Column = { readonly key: string; readonly label: string; readonly kind: ColumnKind };

/** A figure that sums the report up. */
export type Figure = {
  readonly label: string;
  /** Of which facility, where there are several. */
  readonly facility: string | null;
  readonly value: Cell;
  /** A currency, `minutes`, ... */
  readonly unit: string | null;
};

export type Bar = { readonly label: string; readonly value: number };
/** What is drawn above the lines; `line` is for what changes all the time, with a height that it should not pass. */
export type Chart = {
  readonly kind: "bars" | "line";
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly limit: number | null;
};

export type Table = {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly summary: readonly Figure[];
  readonly chart: Chart | null;
  /** There were more lines than a report has. */
  readonly truncated: boolean;
};

export const REPORTS = [
  "revenue",
  "occupancy",
  "length_of_stay",
  "turnover",
  "exceptions",
  "shifts",
] as const;
export type ReportName = (typeof REPORTS)[number];

export const TITLES: Readonly<Record<ReportName, string>> = {
  revenue: "Revenue",
  occupancy: "Occupancy by hour",
  length_of_stay: "Length of stay",
  turnover: "Turnover",
  exceptions: "Exceptions",
  shifts: "Shifts",
};
