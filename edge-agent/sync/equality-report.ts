import { createHash } from "node:crypto";
import {
  dayOf,
  digestBook,
  type BookEntry,
  type BookPage,
  type BookRows,
} from "@parkme/shared/protocol/equality";
import { EQUALITY_SUBJECTS, type DayDigest } from "@parkme/shared/protocol/link-facts";

/** What the store knows of the books; see store/equality-reports.ts. */
export type Books = {
  readonly bookRows: BookRows;
  readonly bookRow: (page: BookPage, id: string) => BookEntry | null;
  readonly firstBookMs: (fromMs: number) => number | null;
  readonly lastBookMs: () => number | null;
  readonly booksFrom: () => string;
  readonly daysTouched: (seq: number) => { readonly days: ReadonlySet<string>; readonly next: number | null };
  readonly reportBooks: (days: readonly DayDigest[], readAt: number, wallMs: number) => number | null;
};

/** Rows that are read in one go, before the lanes have their turn: a millisecond or two. */
const ROWS_AT_ONCE = 250;
/** A report is written when it is about this many rows or days: reading must end before the log goes on. */
const REPORT_ROWS = 1_500;
const REPORT_PAGES = 70;
/** How often something may happen at the gate while books are read, before they are read without a pause. */
const TRIES = 3;

type Reporting = {
  readonly books: Books;
  /** The number of the last row of the log. */
  readonly headSeq: () => number;
  readonly wallMs: () => number;
  /** Gives the lanes their turn. */
  readonly pause: () => Promise<void>;
  readonly stopping: AbortSignal;
};

/**
 * Tells the cloud what the books add up to, a few days at a time. Each report says what they were at its own place of
 * the log: when the gate writes while they are read, they are read again.
 *
 * @returns the place of the last report; null = there was none.
 */
export async function reportPages(about: Reporting, pages: readonly BookPage[]): Promise<number | null> {
  let last: number | null = null;
  for (let at = 0; at < pages.length && !about.stopping.aborted;) {
    const report = await reportSome(about, pages.slice(at, at + REPORT_PAGES));
    last = report.seq;
    at += report.told;
  }
  return last;
}

async function reportSome(
  { books, headSeq, wallMs, pause }: Reporting,
  pages: readonly BookPage[],
): Promise<{ readonly seq: number; readonly told: number }> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const readAt = headSeq();
    const digests = await digestPages(books, pages, pause);
    const seq = books.reportBooks(digests, readAt, wallMs());
    if (seq !== null) return { seq, told: digests.length };
  }
  // A gate this busy gives no time to read in: one page at once, which is tens of milliseconds at the most.
  const [page] = pages;
  if (page === undefined) throw new RangeError("no page to report");
  const readAt = headSeq();
  const seq = books.reportBooks([digestNow(books, page)], readAt, wallMs());
  if (seq === null) throw new Error("the log went on though nobody had the time to write");
  return { seq, told: 1 };
}

/** The first pages, as many as one report is about. */
async function digestPages(
  books: Books,
  pages: readonly BookPage[],
  pause: () => Promise<void>,
): Promise<DayDigest[]> {
  const digests: DayDigest[] = [];
  let rows = 0;
  for (const page of pages) {
    const entries = await readPage(books, page, pause);
    digests.push(digestBook(page, entries, sha256));
    rows += entries.length;
    if (rows >= REPORT_ROWS) break;
    await pause();
  }
  return digests;
}

/** All rows of a day, in no order; the lanes have their turns between. */
export async function readPage(
  books: Pick<Books, "bookRows">,
  page: BookPage,
  pause: () => Promise<void>,
): Promise<BookEntry[]> {
  const entries: BookEntry[] = [];
  for (let part = books.bookRows(page, null, ROWS_AT_ONCE); ;) {
    entries.push(...part.entries);
    if (part.next === null) return entries;
    await pause();
    part = books.bookRows(page, part.next, ROWS_AT_ONCE);
  }
}

/** What a page adds up to, without a pause. */
export function digestNow(books: Pick<Books, "bookRows">, page: BookPage): DayDigest {
  const { entries } = books.bookRows(page, null, Number.MAX_SAFE_INTEGER);
  return digestBook(page, entries, sha256);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Days that are compared again when the program starts, and after a long outage. */
const RECENT_DAYS = 40;
/** Rows of the log in which it is looked for the days that changed; of more, the recent days are taken instead. */
const MAX_LOOKED_THROUGH = 20_000;

/**
 * The days to tell of, newest first: those that changed since the last report (or the last 40, when that is not known
 * or too long ago), and one of all days in its turn, so that in time every day is compared again.
 *
 * @param since the place of the last report in this history of the log; null = there is none.
 */
export async function daysDue(
  { books, headSeq, wallMs, pause }: Reporting,
  since: number | null,
): Promise<readonly string[]> {
  const nowMs = wallMs();
  const days = new Set<string>();
  if (since === null || headSeq() - since > MAX_LOOKED_THROUGH) {
    for (let ago = 0; ago < RECENT_DAYS; ago += 1) add(days, dayOf(nowMs - ago * DAY_MS));
    // A clock that ran ahead for a while has left rows of days to come.
    add(days, dayOf(books.lastBookMs() ?? nowMs));
  } else {
    for (let next: number | null = since; next !== null;) {
      const touched = books.daysTouched(next);
      for (const day of touched.days) days.add(day);
      next = touched.next;
      await pause();
    }
  }
  add(days, rotated(books, nowMs));
  const from = books.booksFrom();
  // A gate has nothing to tell of days before its first.
  const first = dayOf(Math.min(books.firstBookMs(Number.MIN_SAFE_INTEGER) ?? nowMs, nowMs)) ?? from;
  return [...days]
    .filter((day) => day >= from && day >= first)
    .toSorted()
    .toReversed();
}

function add(days: Set<string>, day: string | null): void {
  if (day !== null) days.add(day);
}

/** Another one every hour, of those that have rows. */
function rotated(books: Books, nowMs: number): string | null {
  const firstMs = books.firstBookMs(Number.MIN_SAFE_INTEGER);
  const lastMs = books.lastBookMs();
  if (firstMs === null || lastMs === null) return null;
  const [first, last] = [Math.floor(firstMs / DAY_MS), Math.floor(lastMs / DAY_MS)];
  const turn = Math.floor(nowMs / HOUR_MS) % (last - first + 1);
  const fromMs = (first + turn) * DAY_MS;
  return dayOf(books.firstBookMs(fromMs) ?? lastMs);
}

export function pagesOf(days: readonly string[]): readonly BookPage[] {
  return days.flatMap((day) => EQUALITY_SUBJECTS.map((subject) => ({ day, subject })));
}
