import {
  equalityRowsAnswerSchema,
  equalityTextsAnswerSchema,
  inOrder,
  MAX_DIFFERENCES,
  MAX_PAGE_ROWS,
  ROW_HASH_LENGTH,
  unequalPagesSchema,
  type BookPage,
  type EqualityRows,
  type EqualityTexts,
  type UnequalPages,
} from "@parkme/shared/protocol/equality";
import type { CloudAnswer } from "./cloud-request.ts";
import { readPage, sha256, type Books } from "./equality-report.ts";

/** Where the cloud says what does not agree, and where it is told which rows we have. */
const PATH = "/api/edge/equality";

export type Drilling = {
  readonly books: Books;
  /** Asks the cloud, with a POST where there is a body; throws when there is no answer. */
  readonly ask: (path: string, stopping: AbortSignal, post?: object) => Promise<CloudAnswer>;
  /** The number of the last row of the log. */
  readonly headSeq: () => number;
  /** The cloud has committed the log up to here. */
  readonly acked: () => number;
  readonly pause: () => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly stopping: AbortSignal;
};

/**
 * What did not agree when the cloud compared it last.
 *
 * @throws when the cloud does not answer properly; so do the others here.
 */
export async function askUnequal({ ask, stopping }: Drilling): Promise<UnequalPages> {
  return answerOf(unequalPagesSchema, await ask(PATH, stopping));
}

/**
 * Finds the rows of a day that differ: by their hashes first, then by their texts, read at a place of the log where the
 * cloud is as well. The cloud keeps them for people to see.
 *
 * @returns how many differ; null = the gate was too busy to look at them in peace.
 */
export async function drill(about: Drilling, page: BookPage): Promise<number | null> {
  const candidates = await candidatesOf(about, page);
  for (let attempt = 0; attempt < TRIES && !about.stopping.aborted; attempt += 1) {
    if (attempt > 0) await about.sleep(AGAIN_MS);
    const seq = about.headSeq();
    if (about.acked() !== seq) continue;
    const rows = candidates.map((id): [string, string | null] => [
      id,
      about.books.bookRow(page, id)?.text ?? null,
    ]);
    const post: EqualityTexts = { step: "texts", ...page, seq, rows };
    const answer = answerOf(equalityTextsAnswerSchema, await about.ask(PATH, about.stopping, post));
    if (answer.verdict === "kept") return answer.differences;
  }
  return null;
}

/** In all, a minute: what is on its way arrives meanwhile. */
const TRIES = 60;
const AGAIN_MS = 1_000;

/** Rows that seem to differ: of some, only because they changed while we were asking. */
async function candidatesOf(about: Drilling, page: BookPage): Promise<readonly string[]> {
  const entries = inOrder(await readPage(about.books, page, about.pause));
  const found = new Set<string>();
  let after: string | null = null;
  for (let at = 0; at === 0 || at < entries.length; at += MAX_PAGE_ROWS) {
    const some = entries.slice(at, at + MAX_PAGE_ROWS);
    const until: string | null = at + MAX_PAGE_ROWS >= entries.length ? null : (some.at(-1)?.id ?? null);
    const rows = some.map(({ id, text }): [string, string] => [id, sha256(text).slice(0, ROW_HASH_LENGTH)]);
    const post: EqualityRows = { step: "rows", ...page, after, until, rows };
    const { differ } = answerOf(equalityRowsAnswerSchema, await about.ask(PATH, about.stopping, post));
    for (const id of differ) found.add(id);
    if (found.size >= MAX_DIFFERENCES || about.stopping.aborted) break;
    after = until;
  }
  return [...found].slice(0, MAX_DIFFERENCES);
}

type Parser<T> = {
  readonly safeParse: (
    value: unknown,
  ) => { readonly success: true; readonly data: T } | { readonly success: false };
};

function answerOf<T>(schema: Parser<T>, { status, body }: CloudAnswer): T {
  const read = status === 200 ? schema.safeParse(body) : null;
  if (read?.success === true) return read.data;
  throw new Error(status === 200 ? "not an answer about the books" : `status ${status}`);
}
