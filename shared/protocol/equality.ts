import { z } from "zod";
import { EQUALITY_SUBJECTS, type DayDigest, type EqualitySubject } from "./link-facts.ts";

/**
 * How edge and cloud prove that their books are the same. For each day (UTC) and each kind of rows the edge counts, sums
 * and digests its own rows, and says so with the fact `equality.reported`: that has its place in the log, so the cloud
 * knows exactly which rows it must have at that very place, and does the same with its own. Where the two differ, the
 * edge says which rows it has (`POST /api/edge/equality`), until the very row that differs is found.
 */

/**
 * What is compared of a row, in the order of its text; the first field is its id, the second its own time, which says
 * what day it is of. A shift is of the day it was closed, a stay of the day it began.
 *
 * Left out, because only one side has it or the two mean different things by it: of a stay, the lane it left by and the
 * rule and tariff of its fee (the movement and the ledger have them), the version of the tariff (the edge has that of
 * the entry, the cloud that of the exit), why it is void (in the log), its zone, quota, credential and neutrality, how
 * full the facility was, and when it was settled (the edge's own); its balance is the sum of the ledger. Of a movement,
 * what it did to the zones (counts have their own check) and the currency of its fee, which is the facility's, as it is
 * of a shift. Of a payment, what was handed over (amount and change) and its key. Of a receipt, its text: the hash
 * stands for it. Of a shift, its note.
 */
export const ROW_FIELDS = {
  stays: [
    "stay_id",
    "entry_at",
    "status",
    "entry_lane",
    "ticket_number",
    "plate",
    "exit_at",
    "fee_minor",
    "review",
    "right_kind",
    "right_id",
    "vehicle_type",
    "ev",
    "accessible",
    "lost_ticket",
  ],
  movements: [
    "movement_id",
    "at",
    "lane",
    "direction",
    "scope",
    "kind",
    "stay_id",
    "plate",
    "review",
    "fee_minor",
  ],
  payments: [
    "payment_id",
    "at",
    "stay_id",
    "lane",
    "method",
    "amount_minor",
    "change_minor",
    "currency",
    "actor",
    "reference",
    "shift_id",
    "receipt_number",
  ],
  ledger: [
    "entry_id",
    "at",
    "stay_id",
    "kind",
    "side",
    "amount_minor",
    "currency",
    "method",
    "payment_id",
    "shift_id",
    "place",
    "actor",
    "reason",
    "debtor",
  ],
  receipts: [
    "number",
    "at",
    "kind",
    "payment_id",
    "stay_id",
    "amount_minor",
    "hash",
    "previous_hash",
    "key_id",
    "signature",
  ],
  shifts: [
    "shift_id",
    "closed_at",
    "attendant",
    "opened_at",
    "float_minor",
    "z_number",
    "expected_minor",
    "counted_minor",
  ],
  validations: ["validation_id", "at", "stay_id", "merchant", "name", "value", "serial", "actor"],
} as const satisfies Readonly<Record<EqualitySubject, readonly string[]>>;

/** Times are Unix milliseconds here, amounts minor units. */
export type BookValue = string | number | boolean | null;
export type BookRow = Readonly<Record<string, BookValue>>;

/** What a subject's money is; null where there is none. */
const AMOUNT_FIELDS: Readonly<Record<EqualitySubject, string | null>> = {
  stays: "fee_minor",
  movements: "fee_minor",
  payments: "amount_minor",
  ledger: "amount_minor",
  receipts: "amount_minor",
  shifts: "counted_minor",
  validations: null,
};

/** A row as it is compared. */
export type BookEntry = { readonly id: string; readonly text: string; readonly amountMinor: number };

type FieldText = (value: BookValue) => BookValue;

type FieldTexts = readonly (readonly [field: string, text: FieldText | null])[];

/** How each field goes into a row's text: times and JSON have one form of their own. */
const FIELD_TEXTS: ReadonlyMap<EqualitySubject, FieldTexts> = new Map(
  EQUALITY_SUBJECTS.map((subject): [EqualitySubject, FieldTexts] => [
    subject,
    ROW_FIELDS[subject].map((field) => [field, textOf(field)]),
  ]),
);

function textOf(field: string): FieldText | null {
  if (field === "at" || field.endsWith("_at")) return timeText;
  return field === "value" ? sortedText : null;
}

/**
 * The one text of a row: a JSON array of its fields, times as RFC 3339 in UTC with milliseconds. What else the row has
 * is left out.
 *
 * @throws {TypeError} where a field is not there at all: somebody forgot to read it.
 */
export function bookEntry(subject: EqualitySubject, row: BookRow): BookEntry {
  const values: BookValue[] = [];
  for (const [field, text] of FIELD_TEXTS.get(subject) ?? []) {
    const value = row[field];
    if (value === undefined) throw new TypeError(`no ${field} in a row of ${subject}`);
    values.push(text === null ? value : text(value));
  }
  const amountField = AMOUNT_FIELDS[subject];
  const amount = amountField === null ? null : row[amountField];
  return {
    id: String(values[0]),
    text: JSON.stringify(values),
    amountMinor: typeof amount === "number" ? amount : 0,
  };
}

/** The longest time that a date can say. */
const LAST_MS = 8_640_000_000_000_000;

/** A damaged row may hold anything: what is no time stays as it is, and differs. */
function timeText(value: BookValue): BookValue {
  return typeof value === "number" && Math.abs(value) <= LAST_MS ? new Date(value).toISOString() : value;
}

/** Of what is kept as JSON: the order of its keys says nothing. */
function sortedText(text: BookValue): BookValue {
  const value = typeof text === "string" ? jsonOf(text) : undefined;
  if (typeof value !== "object" || value === null) return text;
  return JSON.stringify(Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

/** A text of a row as its fields by name, for people; null = it is none, whoever sent it. */
export function readBookText(subject: EqualitySubject, text: string): BookRow | null {
  const values = z.array(bookValue).safeParse(jsonOf(text));
  const fields = ROW_FIELDS[subject];
  if (!values.success || values.data.length !== fields.length) return null;
  return Object.fromEntries(fields.map((field, i) => [field, values.data[i] ?? null]));
}

const bookValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Counts, sums and digests the rows of one day: SHA-256 over their texts in the order of their ids (as text), each
 * followed by a line feed. A sum beyond what an integer can hold stays at that: such amounts are nobody's.
 *
 * @param sha256 of UTF-8 text, in hex.
 */
export function digestBook(
  { day, subject }: BookPage,
  entries: readonly BookEntry[],
  sha256: (text: string) => string,
): DayDigest {
  const sorted = inOrder(entries);
  const sum = sorted.reduce((minor, { amountMinor }) => minor + amountMinor, 0);
  return {
    day,
    subject,
    count: sorted.length,
    amount_minor: Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, sum)),
    digest: sha256(sorted.map(({ text }) => `${text}\n`).join("")),
  };
}

/** By their ids as text; ids of different lengths as well. */
export function inOrder(entries: readonly BookEntry[]): readonly BookEntry[] {
  return entries.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** One kind of rows of one day. */
export type BookPage = { readonly day: string; readonly subject: EqualitySubject };

/** A place within the rows of a day, in the order in which a database reads them. */
export type BookPlace = { readonly at: number; readonly key: string | number };
/** At most `limit` rows of a day after a place (null = from the first), and the place after them (null = no more). */
export type BookRows = (
  page: BookPage,
  after: BookPlace | null,
  limit: number,
) => { readonly entries: readonly BookEntry[]; readonly next: BookPlace | null };

const DAY_MS = 86_400_000;
const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");
const END_MS = Date.parse("9999-12-31T00:00:00Z") + DAY_MS;

/** The day of a moment, in UTC; null for one that the cloud's calendar does not have. */
export function dayOf(wallMs: number): string | null {
  if (!(wallMs >= EARLIEST_MS && wallMs < END_MS)) return null;
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** A day in UTC, from its first millisecond to before its last. */
export function spanOf(day: string): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = Date.parse(`${day}T00:00:00Z`);
  return { fromMs, toMs: fromMs + DAY_MS };
}

const day = z.iso.date().refine((text) => text >= "0001");
const subject = z.enum(EQUALITY_SUBJECTS);
/** A UUID, or a receipt's number. */
const rowId = z.string().regex(/^[0-9a-f-]{1,40}$/);

/** Rows that one request tells of; and the differences that are looked into, of one day and subject. */
export const MAX_PAGE_ROWS = 1_000;
export const MAX_DIFFERENCES = 100;
/** Of the hash of a row's text, in hex: enough to see that two are not the same. */
export const ROW_HASH_LENGTH = 32;
/** The longest text of a row: names, reasons and references are bounded. */
const MAX_ROW_TEXT = 8_000;

/** What differs is found in two steps. */
export const equalityPostSchema = z.discriminatedUnion("step", [
  /** The rows of a day, hashed, a page at a time: those after `after` up to `until`, in the order of their ids. */
  z.object({
    step: z.literal("rows"),
    day,
    subject,
    /** Null = from the first. */
    after: rowId.nullable(),
    /** Null = to the last. */
    until: rowId.nullable(),
    rows: z.array(z.tuple([rowId, z.string().regex(/^[0-9a-f]{32}$/)])).max(MAX_PAGE_ROWS),
  }),
  /** The texts of rows that seem to differ, all read at one place of the log; null = there is no such row. */
  z.object({
    step: z.literal("texts"),
    day,
    subject,
    seq: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
    rows: z.array(z.tuple([rowId, z.string().max(MAX_ROW_TEXT).nullable()])).max(MAX_DIFFERENCES),
  }),
]);
export type EqualityPost = z.infer<typeof equalityPostSchema>;
export type EqualityRows = Extract<EqualityPost, { step: "rows" }>;
export type EqualityTexts = Extract<EqualityPost, { step: "texts" }>;

/** To `rows`: which of them seem to differ, or are the cloud's alone. */
export const equalityRowsAnswerSchema = z.object({ differ: z.array(rowId).max(MAX_DIFFERENCES) });
export type EqualityRowsAnswer = z.infer<typeof equalityRowsAnswerSchema>;

/** To `texts`. */
export const equalityTextsAnswerSchema = z.discriminatedUnion("verdict", [
  /** So many of them do differ; they are kept for people to see. */
  z.object({ verdict: z.literal("kept"), differences: z.number().int().nonnegative() }),
  /** The cloud is at another place of the log by now: read them anew. */
  z.object({ verdict: z.literal("moved_on"), seq: z.number().int().nonnegative() }),
]);
export type EqualityTextsAnswer = z.infer<typeof equalityTextsAnswerSchema>;

/** Days and subjects in one answer. */
export const MAX_UNEQUAL = 200;

/** `GET /api/edge/equality`: what did not agree when it was compared last, the newest days first. */
export const unequalPagesSchema = z.object({
  pages: z.array(z.object({ day, subject })).max(MAX_UNEQUAL).readonly(),
  /** How many there are in all. */
  total: z.number().int().nonnegative(),
});
export type UnequalPages = z.infer<typeof unequalPagesSchema>;
