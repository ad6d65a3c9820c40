import { createHash } from "node:crypto";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import {
  digestBook,
  inOrder,
  MAX_DIFFERENCES,
  ROW_HASH_LENGTH,
  type EqualityRows,
  type EqualityTexts,
  type EqualityTextsAnswer,
} from "@parkme/shared/protocol/equality";
import type { DayDigest } from "@parkme/shared/protocol/link-facts";
import type { Db, Tx } from "../db/connection.ts";
import { appendDownlink } from "./downlink.queries.ts";
import { readBook } from "./equality-book.queries.ts";
import {
  checkOf,
  holdCursor,
  isForgotten,
  keepCheck,
  keepDifferences,
  quarantinedSeqOf,
  type Difference,
} from "./equality.queries.ts";
import { raiseIncident } from "./incidents.queries.ts";

/** Compares an edge's books with ours, and finds the rows that differ. See shared/protocol/equality. */

type Owner = { readonly edgeId: string; readonly facilityId: string };

/**
 * Compares what the edge's rows added up to at this very place of its log with our own rows, which must be those of all
 * events before it and of none after it. What differs is an incident, and the edge is asked for its rows.
 *
 * @param seq the place of the report in the edge's log.
 */
export async function compareBooks(
  tx: Tx,
  { edgeId, facilityId }: Owner,
  report: EventPayload<"equality.reported">,
  seq: number,
  now: Date,
): Promise<void> {
  for (const edge of report.days) {
    const cloud = digestBook(edge, await readBook(tx, facilityId, edge), sha256);
    const same = isAsMuch(edge, cloud) && edge.digest === cloud.digest;
    // Asked after the rows were read: what was forgotten meanwhile is then known as well.
    const forgotten = !same && (await isForgotten(tx, facilityId, edge));
    const equal = same || (forgotten && isAsMuch(edge, cloud));
    const before = equal ? null : await checkOf(tx, facilityId, edge);
    await keepCheck(tx, facilityId, { seq, edge, cloud, equal }, now);
    if (equal) continue;
    await raiseIncident(tx, { facilityId, edgeId, kind: "unequal", detail: wordsOf(edge, cloud) }, now);
    // All of its rows would seem to differ.
    if (forgotten) continue;
    const asked = before !== null && !before.equal && before.cloudDigest === cloud.digest;
    if (asked && before.edgeDigest === edge.digest) continue;
    const { day, subject } = edge;
    await appendDownlink(tx, facilityId, "equality_drill", { day, subject }, now);
  }
}

/** All that can be compared of rows whose plates are forgotten here. */
function isAsMuch(edge: DayDigest, cloud: DayDigest): boolean {
  return edge.count === cloud.count && edge.amount_minor === cloud.amount_minor;
}

/** The same words as long as it is the same that is wrong, though the day goes on. */
function wordsOf(edge: DayDigest, cloud: DayDigest): string {
  const rows = edge.count - cloud.count;
  const minor = edge.amount_minor - cloud.amount_minor;
  const found = [
    ...(rows === 0 ? [] : [compared(rows, Math.abs(rows) === 1 ? "row" : "rows")]),
    ...(minor === 0 ? [] : [compared(minor, "minor units")]),
  ];
  const what =
    found.length === 0
      ? "as many rows and as much money on both sides, but not the same"
      : `the gate has ${found.join(" and ")} than headquarters`;
  return `${edge.subject} of ${edge.day}: ${what}`;
}

function compared(by: number, what: string): string {
  return `${Math.abs(by)} ${what} ${by > 0 ? "more" : "less"}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Of a page of the edge's rows, by their hashes: those that are not as ours, and ours that are not among them. Rows may
 * come and go meanwhile: what is found here only seems to differ.
 */
export async function differingRows(
  db: Db,
  facilityId: string,
  { day, subject, after, until, rows }: EqualityRows,
): Promise<string[]> {
  const all = await readBook(db, facilityId, { day, subject });
  const ours = all.filter(({ id }) => (after === null || id > after) && (until === null || id <= until));
  const theirs = new Map(rows);
  const wrong = inOrder(ours).filter(({ id, text }) => theirs.get(id) !== rowHash(text));
  const known = new Set(ours.map(({ id }) => id));
  const missing = rows.map(([id]) => id).filter((id) => !known.has(id));
  return [...missing, ...wrong.map(({ id }) => id)].slice(0, MAX_DIFFERENCES);
}

function rowHash(text: string): string {
  return sha256(text).slice(0, ROW_HASH_LENGTH);
}

/**
 * Keeps the rows that do differ, with both texts, when the edge has read them at the place of the log where we are as
 * well; else it must read them anew.
 */
export async function keepTexts(
  db: Db,
  { edgeId, facilityId }: Owner,
  { day, subject, seq, rows }: EqualityTexts,
  now: Date,
): Promise<EqualityTextsAnswer> {
  return await db.transaction(async (tx) => {
    const cursor = await holdCursor(tx, edgeId);
    if (cursor !== seq) return { verdict: "moved_on", seq: cursor };
    const page = { day, subject };
    if (await isForgotten(tx, facilityId, page)) return { verdict: "kept", differences: 0 };
    const ours = new Map((await readBook(tx, facilityId, page)).map(({ id, text }) => [id, text]));
    const differences: Difference[] = [];
    for (const [rowId, edgeRow] of rows) {
      const cloudRow = ours.get(rowId) ?? null;
      if (cloudRow === edgeRow) continue;
      const quarantinedSeq = await quarantinedSeqOf(tx, edgeId, subject, rowId);
      differences.push({ rowId, edgeRow, cloudRow, quarantinedSeq });
    }
    await keepDifferences(tx, facilityId, page, differences, now);
    return { verdict: "kept", differences: differences.length };
  });
}
