import { BOOK_FIELDS, BOOK_SUBJECTS, type BookSubject } from "../books.ts";
import type { CloudRows } from "../cloud-rows.ts";
import type { EdgeRows } from "../edge-rows.ts";
import type { PlainRow } from "../plain-rows.ts";
import type { MakeRule } from "../rule.ts";
import { staysSetAside } from "../set-aside.ts";
import type { TroubleKind } from "../troubles.ts";

/** So many rows that differ are told of each subject: one tells it all. */
const TOLD = 3;
/** What two lives of a gate both wrote, and a restore could not put in one place, it says. */
const FORKING: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "edge_restored",
  "cloud_restored",
  "second_agent",
]);

/**
 * When the last fault has healed, headquarters has what the gate has, row by row and field by field, and nothing else
 * (SYNC.md; edge cases 30, 47 and 48).
 *
 * - Every stay, payment, movement, ledger entry, receipt, shift and validation is on both sides with the same values.
 * - Both count the same vehicles inside.
 * - The whole log was committed; nothing of it is in quarantine or unknown.
 * - No line of the log has the number of another, but where a disk was put back or two agents ran.
 *
 * Excused are rows that the gate itself has set aside for a person after a restore, of their subject or of their stay.
 */
export const edgeEqualsCloud: MakeRule = ({ history, accuse }) => ({
  end: ({ edge, cloud, step, atMs }) => {
    if (cloud === null) return;
    const tell = (message: string): void => accuse({ step, atMs, lane: null, visit: null, message });
    if (edge.log.uploaded !== edge.log.last)
      tell(`the cloud has committed the gate's log up to line ${edge.log.uploaded} of ${edge.log.last}`);
    for (const { seq, kind, outcome, error } of cloud.notApplied)
      tell(`line ${seq} (${kind}) of the log is ${outcome} in the cloud: ${error}`);
    if (cloud.forks.length > 0 && !history.troubles.ever(FORKING))
      tell(`${cloud.forks.length} lines of the log have the number of another, first ${cloud.forks[0]?.seq}`);
    if (edge.inside !== cloud.inside)
      tell(`the gate counts ${edge.inside} inside, the cloud ${cloud.inside}`);
    const stays = staysSetAside(edge);
    for (const subject of BOOK_SUBJECTS) {
      const setAside = edge.conflicts.some(({ tableName }) => tableName === subject);
      if (!setAside) for (const message of unequal(subject, edge, cloud, stays)) tell(message);
    }
  },
});

function unequal(
  subject: BookSubject,
  edge: EdgeRows,
  cloud: CloudRows,
  aside: ReadonlySet<string>,
): readonly string[] {
  const [key, ...fields] = BOOK_FIELDS[subject];
  const isAside = (row: PlainRow): boolean => typeof row["stay_id"] === "string" && aside.has(row["stay_id"]);
  const there = new Map(cloud.books[subject].map((row) => [row[key], row]));
  const problems: string[] = [];
  for (const row of edge.books[subject]) {
    const other = there.get(row[key]);
    there.delete(row[key]);
    if (isAside(row)) continue;
    if (other === undefined) problems.push(`the cloud has no ${nameOf(subject, row, key)}`);
    else {
      const wrong = fields.filter((field) => (row[field] ?? null) !== (other[field] ?? null));
      if (wrong.length > 0) problems.push(differing(subject, row, other, key, wrong));
    }
  }
  for (const row of there.values())
    if (!isAside(row)) problems.push(`the gate has no ${nameOf(subject, row, key)}, the cloud has`);
  const more = problems.length - TOLD;
  return more > 0 ? [...problems.slice(0, TOLD), `${more} more rows of ${subject} differ`] : problems;
}

const nameOf = (subject: string, row: PlainRow, key: string): string => `${subject} row ${String(row[key])}`;

function differing(
  subject: string,
  row: PlainRow,
  other: PlainRow,
  key: string,
  fields: readonly string[],
): string {
  const told = fields.map((field) => `${field} ${String(row[field])} and ${String(other[field])}`);
  return `${nameOf(subject, row, key)} differs at the gate and in the cloud: ${told.join(", ")}`;
}
