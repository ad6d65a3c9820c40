import { asc, eq, gt, sql } from "drizzle-orm";
import { z } from "zod";
import { dayOf } from "@parkme/shared/protocol/equality";
import type { DayDigest } from "@parkme/shared/protocol/link-facts";
import type { LogPlace } from "@parkme/shared/protocol/log";
import { bookReading } from "./equality-books.ts";
import { linkState, log } from "./link-schema.ts";
import { instantOf, type LogWriter } from "./log.ts";
import type { GateDatabase } from "./open.ts";

type BookParts = { readonly writeLog: LogWriter; readonly head: () => LogPlace };

/** Rows of the log in which days are looked for at once: a few milliseconds. */
const LOG_ROWS = 200;
const DAY_MS = 86_400_000;
/** Days of every time. */
const EVER = "0001-01-01";

/** What the gate says of its books, and which days there is something new of. */
export function bookKeeping(db: GateDatabase, { writeLog, head }: BookParts) {
  rememberOldBooks(db);
  const after = db
    .select({ seq: log.seq, kind: log.kind, payload: log.payload, rows: log.rows })
    .from(log)
    .where(gt(log.seq, sql.placeholder("seq")))
    .orderBy(asc(log.seq))
    .limit(LOG_ROWS)
    .prepare();
  return {
    ...bookReading(db),
    /** Books of before this day are not compared: what older versions told is less than what they kept. */
    booksFrom: (): string => db.select({ from: linkState.booksFrom }).from(linkState).get()?.from ?? EVER,
    /** Days that some of the rows of the log after a place are about, and the place after those; null = no more. */
    daysTouched: (seq: number): { readonly days: ReadonlySet<string>; readonly next: number | null } => {
      const rows = after.all({ seq });
      const days = new Set(rows.flatMap((row) => [...daysOfRows(row.rows), ...daysOfFact(row)]));
      return { days, next: rows.length < LOG_ROWS ? null : (rows.at(-1)?.seq ?? null) };
    },
    /**
     * Tells the cloud what the books of some days add up to, unless anything was written to the log since they were
     * read: only then are they what they were at the place of the report.
     *
     * @param readAt where the log ended when the first of them was read.
     * @returns the report's place in the log, or null.
     */
    reportBooks: (days: readonly DayDigest[], readAt: number, wallMs: number): number | null =>
      db.transaction(
        () => {
          if (head().seq !== readAt) return null;
          writeLog(
            { kind: "equality.reported", payload: { days: [...days], at: instantOf(wallMs) } },
            wallMs,
          );
          return readAt + 1;
        },
        { behavior: "immediate" },
      ),
  };
}

/** A log that is damaged is no reason not to start: its first write says so. */
function rememberOldBooks(db: GateDatabase): void {
  try {
    rememberThem(db);
  } catch {
    // Books of those days are compared, and may be found to differ.
  }
}

/** Rows of the log from before it was chained are those of an older version: its first row is one, if any is. */
function rememberThem(db: GateDatabase): void {
  const OLD = "-";
  const first = db.select({ bootId: log.bootId }).from(log).orderBy(asc(log.seq)).limit(1).get();
  if (first?.bootId !== OLD) return;
  const last = db
    .select({ at: sql<number>`max(${log.wallAt})` })
    .from(log)
    .where(eq(log.bootId, OLD))
    .get();
  const from = dayOf((last?.at ?? 0) + DAY_MS);
  if (from !== null) db.update(linkState).set({ booksFrom: from }).run();
}

/** The time that says which day a row is of, by table. */
const OWN_TIMES: Readonly<Record<string, string>> = {
  stays: "entry_at",
  movements: "at",
  payments: "at",
  ledger: "at",
  receipts: "at",
  shifts: "closed_at",
  validations: "at",
};

const imagesSchema = z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())]).rest(z.unknown()));

function daysOfRows(rows: string | null): readonly string[] {
  if (rows === null) return [];
  const images = imagesSchema.safeParse(jsonOf(rows));
  if (!images.success) return [];
  return images.data.flatMap(([table, row]) => {
    const column = OWN_TIMES[table];
    const at = column === undefined ? null : row[column];
    return typeof at === "number" ? listed(dayOf(at)) : [];
  });
}

const amendedSchema = z.object({ what: z.literal("entry_time"), before: z.iso.datetime({ offset: true }) });

/** The day that a stay was of before somebody corrected its entry. */
function daysOfFact({
  kind,
  payload,
}: {
  readonly kind: string;
  readonly payload: string;
}): readonly string[] {
  if (kind !== "stay.amended") return [];
  const amended = amendedSchema.safeParse(jsonOf(payload));
  return amended.success ? listed(dayOf(Date.parse(amended.data.before))) : [];
}

function listed(day: string | null): readonly string[] {
  return day === null ? [] : [day];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
