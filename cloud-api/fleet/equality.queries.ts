import { and, asc, count, desc, eq, gte, inArray, lte, sql } from "drizzle-orm";
import type { BookPage } from "@parkme/shared/protocol/equality";
import { EQUALITY_SUBJECTS, type DayDigest, type EqualitySubject } from "@parkme/shared/protocol/link-facts";
import type { EventKind } from "@parkme/shared/protocol/sync";
import type { Db, Tx } from "../db/connection.ts";
import { edges, facilities } from "../db/schema.ts";
import { equalityChecks, equalityDifferences, forgottenDays } from "../db/sync-schema.ts";
import { asText } from "../db/text.ts";

/** A comparison of one kind of rows of one day, at one place of the edge's log. */
export type Check = {
  readonly seq: number;
  readonly edge: DayDigest;
  readonly cloud: DayDigest;
  readonly equal: boolean;
};

type CheckRow = typeof equalityChecks.$inferSelect;

export async function checkOf(tx: Tx, facilityId: string, page: BookPage): Promise<CheckRow | null> {
  const rows = await tx.select().from(equalityChecks).where(itsCheck(facilityId, page));
  return rows[0] ?? null;
}

/** The latest holds. What differed in it is forgotten when all is equal. */
export async function keepCheck(
  tx: Tx,
  facilityId: string,
  { seq, edge, cloud, equal }: Check,
  now: Date,
): Promise<void> {
  const found = {
    seq,
    checkedAt: now,
    edgeCount: edge.count,
    edgeMinor: edge.amount_minor,
    edgeDigest: edge.digest,
    cloudCount: cloud.count,
    cloudMinor: cloud.amount_minor,
    cloudDigest: cloud.digest,
    equal,
  };
  const { day, subject } = edge;
  await tx
    .insert(equalityChecks)
    .values({ facilityId, day, subject, ...found })
    .onConflictDoUpdate({
      target: [equalityChecks.facilityId, equalityChecks.day, equalityChecks.subject],
      set: found,
    });
  if (equal) await tx.delete(equalityDifferences).where(itsDifferences(facilityId, edge));
}

/** Those whose rows have plates. */
const WITH_PLATES: readonly EqualitySubject[] = ["stays", "movements"];

/** Whether plates of this page's rows were forgotten here; the edge has them still. */
export async function isForgotten(tx: Tx, facilityId: string, { day, subject }: BookPage): Promise<boolean> {
  if (!WITH_PLATES.includes(subject)) return false;
  const its = and(eq(forgottenDays.facilityId, facilityId), eq(forgottenDays.day, day));
  return (await tx.$count(forgottenDays, its)) > 0;
}

/** What did not agree when it was compared last, the newest days first; not what was forgotten since. */
export async function unequalPages(
  db: Db,
  facilityId: string,
  limit: number,
): Promise<{ readonly pages: readonly BookPage[]; readonly total: number }> {
  const unequal = and(
    eq(equalityChecks.facilityId, facilityId),
    sql`not ${equalityChecks.equal}`,
    sql`not (${inArray(equalityChecks.subject, [...WITH_PLATES])} and exists (select from ${forgottenDays}
      where ${forgottenDays.facilityId} = ${facilityId} and ${forgottenDays.day} = ${equalityChecks.day}))`,
  );
  const [all] = await db.select({ n: count() }).from(equalityChecks).where(unequal);
  const rows = await db
    .select({ day: equalityChecks.day, subject: equalityChecks.subject })
    .from(equalityChecks)
    .where(unequal)
    .orderBy(desc(equalityChecks.day), asc(equalityChecks.subject))
    .limit(limit);
  const pages = rows.flatMap(({ day, subject }) => (isSubject(subject) ? [{ day, subject }] : []));
  return { pages, total: all?.n ?? 0 };
}

function isSubject(text: string): text is EqualitySubject {
  return EQUALITY_SUBJECTS.some((subject) => subject === text);
}

/** Where our copy of the edge's log ends; it stays so to the end of the transaction. */
export async function holdCursor(tx: Tx, edgeId: string): Promise<number> {
  const rows = await tx
    .select({ cursor: edges.cursor })
    .from(edges)
    .where(eq(edges.id, edgeId))
    .for("no key update");
  if (rows[0] === undefined) throw new Error("the edge of a valid token is gone");
  return rows[0].cursor;
}

/** A row that differs, as either side has it; null = it has none. */
export type Difference = {
  readonly rowId: string;
  readonly edgeRow: string | null;
  readonly cloudRow: string | null;
  /** The event in quarantine that speaks of it. */
  readonly quarantinedSeq: number | null;
};

/** What was found before of this day and subject is replaced. */
export async function keepDifferences(
  tx: Tx,
  facilityId: string,
  page: BookPage,
  differences: readonly Difference[],
  now: Date,
): Promise<void> {
  await tx.delete(equalityDifferences).where(itsDifferences(facilityId, page));
  if (differences.length === 0) return;
  const { day, subject } = page;
  const rows = differences.map(({ edgeRow, cloudRow, ...rest }) => ({
    ...rest,
    edgeRow: edgeRow === null ? null : asText(edgeRow),
    cloudRow,
  }));
  await tx
    .insert(equalityDifferences)
    .values(rows.map((row) => ({ facilityId, day, subject, foundAt: now, ...row })));
}

/** The kinds of events that make a subject's rows. */
const KINDS: Readonly<Record<EqualitySubject, readonly EventKind[]>> = {
  stays: [
    "stay.started",
    "stay.voided",
    "stay.flagged",
    "stay.amended",
    "ticket.replaced",
    "movement.recorded",
  ],
  movements: ["movement.recorded"],
  payments: ["payment.taken"],
  ledger: ["ledger.entry"],
  receipts: ["receipt.issued"],
  shifts: ["shift.opened", "shift.closed"],
  validations: ["validation.given"],
};

/**
 * The first event in quarantine that makes a row; null = there is none. By its text: what is in quarantine may be such
 * that PostgreSQL cannot even look into it.
 *
 * @param rowId a UUID, or a receipt's number.
 */
export async function quarantinedSeqOf(
  tx: Tx,
  edgeId: string,
  subject: EqualitySubject,
  rowId: string,
): Promise<number | null> {
  const kinds = `{${KINDS[subject].join(",")}}`;
  const named =
    subject === "receipts"
      ? sql`payload::text ~ ${`"number"\\s*:\\s*${rowId}[^0-9]`}`
      : sql`position(${rowId} in lower(payload::text)) > 0`;
  // The first condition is that of the index of these few, word for word.
  const { rows } = await tx.execute<{ seq: number | null }>(
    sql`select min(seq)::float8 as seq from edge_events where edge_id = ${edgeId}
      and outcome <> 'applied' and outcome = 'quarantined' and kind = any(${kinds}::text[]) and ${named}`,
  );
  return rows[0]?.seq ?? null;
}

/** What a facility's amounts are in. */
export async function currencyOf(db: Db, facilityId: string): Promise<string> {
  const rows = await db
    .select({ currency: facilities.currency })
    .from(facilities)
    .where(eq(facilities.id, facilityId));
  if (rows[0] === undefined) throw new Error(`there is no facility ${facilityId}`);
  return rows[0].currency;
}

/** What is shown of a facility: checks of a time, newest days first, and the rows that differ in them. */
export async function readChecks(
  db: Db,
  facilityId: string,
  { from, to }: { readonly from: string; readonly to: string },
) {
  const ofTime = and(
    eq(equalityChecks.facilityId, facilityId),
    gte(equalityChecks.day, from),
    lte(equalityChecks.day, to),
  );
  const checks = await db
    .select()
    .from(equalityChecks)
    .where(ofTime)
    .orderBy(desc(equalityChecks.day), asc(equalityChecks.subject));
  const differences = await db
    .select()
    .from(equalityDifferences)
    .where(
      and(
        eq(equalityDifferences.facilityId, facilityId),
        gte(equalityDifferences.day, from),
        lte(equalityDifferences.day, to),
      ),
    )
    .orderBy(asc(equalityDifferences.rowId))
    .limit(MAX_SHOWN);
  return { checks, differences };
}

/** Rows that differ, in one answer. */
const MAX_SHOWN = 2_000;

function itsCheck(facilityId: string, { day, subject }: BookPage) {
  return and(
    eq(equalityChecks.facilityId, facilityId),
    eq(equalityChecks.day, day),
    eq(equalityChecks.subject, subject),
  );
}

function itsDifferences(facilityId: string, { day, subject }: BookPage) {
  return and(
    eq(equalityDifferences.facilityId, facilityId),
    eq(equalityDifferences.day, day),
    eq(equalityDifferences.subject, subject),
  );
}
