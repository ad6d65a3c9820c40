import { readBookText, ROW_FIELDS } from "@parkme/shared/protocol/equality";
import { EQUALITY_SUBJECTS, type EqualitySubject } from "@parkme/shared/protocol/link-facts";
import { formatSum } from "../reports/rules.ts";
import type { equalityChecks, equalityDifferences } from "../db/sync-schema.ts";
import type { CheckView, DifferenceView, EqualityView } from "./equality-contract.ts";

/** The comparison of two sides' books for people: as JSON, and as a table. */

type CheckRow = typeof equalityChecks.$inferSelect;
type DifferenceRow = typeof equalityDifferences.$inferSelect;

export function equalityView(
  about: Pick<EqualityView, "facility" | "from" | "to"> & { readonly currency: string },
  rows: { readonly checks: readonly CheckRow[]; readonly differences: readonly DifferenceRow[] },
): EqualityView {
  const { currency, facility, from, to } = about;
  const found = new Map<string, DifferenceRow[]>();
  for (const row of rows.differences) found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), row]);
  const checks = rows.checks.flatMap((row): CheckView[] => {
    const subject = subjectOf(row.subject);
    if (subject === null) return [];
    const differences = (found.get(keyOf(row)) ?? []).map((one) => differenceView(subject, one));
    return [{ ...checkPart(row, currency), subject, differences }];
  });
  return { facility, from, to, equal: checks.every(({ equal }) => equal), checks };
}

function keyOf({ day, subject }: { readonly day: string; readonly subject: string }): string {
  return `${day} ${subject}`;
}

/** A later version may compare more than this one knows. */
function subjectOf(text: string): EqualitySubject | null {
  return EQUALITY_SUBJECTS.find((subject) => subject === text) ?? null;
}

function checkPart(row: CheckRow, currency: string): Omit<CheckView, "subject" | "differences"> {
  const side = (count: number, minor: number) => ({
    rows: count,
    sum: { amount: formatSum(String(minor), currency), currency },
  });
  return {
    day: row.day,
    equal: row.equal,
    checked_at: row.checkedAt.toISOString(),
    seq: row.seq,
    edge: side(row.edgeCount, row.edgeMinor),
    cloud: side(row.cloudCount, row.cloudMinor),
  };
}

function differenceView(subject: EqualitySubject, row: DifferenceRow): DifferenceView {
  const edge = row.edgeRow === null ? null : readBookText(subject, row.edgeRow);
  const cloud = row.cloudRow === null ? null : readBookText(subject, row.cloudRow);
  const fields = ROW_FIELDS[subject].flatMap((field) => {
    const values = { field, edge: edge?.[field] ?? null, cloud: cloud?.[field] ?? null };
    return values.edge === values.cloud ? [] : [values];
  });
  return {
    row_id: row.rowId,
    found_at: row.foundAt.toISOString(),
    only: row.cloudRow === null ? "edge" : row.edgeRow === null ? "cloud" : null,
    quarantined_seq: row.quarantinedSeq,
    fields,
  };
}

const HEAD = [
  "day",
  "subject",
  "equal",
  "checked_at",
  "currency",
  "edge_rows",
  "edge_sum",
  "cloud_rows",
  "cloud_sum",
  "row_id",
  "only",
  "quarantined_seq",
  "field",
  "edge_value",
  "cloud_value",
];

/** One line for each check, and one more for each field that differs (RFC 4180). */
export function equalityCsv({ checks }: EqualityView): string {
  const lines = checks.flatMap((check) => {
    const { day, subject, equal, checked_at, edge, cloud } = check;
    const sums = [edge.sum.currency, edge.rows, edge.sum.amount, cloud.rows, cloud.sum.amount];
    const own = [day, subject, equal ? "yes" : "no", checked_at, ...sums];
    const fields = check.differences.flatMap(({ row_id, only, quarantined_seq, fields: its }) =>
      its.map(({ field, edge: ours, cloud: theirs }) => [
        ...own,
        row_id,
        only,
        quarantined_seq,
        field,
        ours,
        theirs,
      ]),
    );
    return [[...own, null, null, null, null, null, null], ...fields];
  });
  return [HEAD, ...lines].map((cells) => `${cells.map(cellOf).join(",")}\r\n`).join("");
}

/** What spreadsheets would take for a formula is made a text for them. */
function cellOf(value: string | number | boolean | null): string {
  if (value === null) return "";
  const text = String(value);
  const plain = typeof value === "string" && /^[=+@\t\r-]/.test(text) && !/^-?[\d.]+$/.test(text);
  const safe = plain ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
