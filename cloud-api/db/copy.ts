import pg from "pg";
import type { Client } from "./connection.ts";

/** Rows for a table by COPY. */
export type Copy = {
  /** `copy TABLE (COLUMNS) from stdin`. A row that is there already is an error, as of any insert. */
  readonly statement: string;
  /** Lines of {@link copyText}s with tabs between them; where the statement says `(format binary)`, BinaryRows. */
  readonly rows: string | Uint8Array;
};

/** A statement without parameters that returns nothing. Numbers and {@link literal}s stand in its text. */
export type Plain = { readonly statement: string; readonly rows: null };

export type Write = Copy | Plain;

/**
 * Writes all in one message: the statements, and behind them what they read. The server takes one after the other. When
 * it refuses one, it passes over what was for those behind. Answers are not waited for between them: each would cost both
 * sides a change of process, which is what a batch of small statements spends most of its time on.
 */
export async function writeAll(client: Client, writes: readonly Write[]): Promise<void> {
  if (writes.length === 0) return;
  const message = messageOf(writes);
  await new Promise<void>((done, fail) => {
    client.query({
      submit: ({ stream }: pg.Connection) => void stream.write(message),
      handleCopyInResponse: () => undefined,
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => done(),
      handleError: fail,
    });
  });
}

/** The messages of PostgreSQL's protocol (version 3): Query, then CopyData and CopyDone for each COPY. */
function messageOf(writes: readonly Write[]): Buffer {
  const query = `${writes.map(({ statement }) => statement).join(";")}\0`;
  const parts: Part[] = [{ type: "Q", data: query }];
  for (const { rows } of writes) if (rows !== null) parts.push({ type: "d", data: rows }, DONE);
  const lengths = parts.map(({ data }) => Buffer.byteLength(data));
  const message = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + HEAD_BYTES + length, 0));
  let at = 0;
  for (const [i, { type, data }] of parts.entries()) {
    const length = lengths[i] ?? 0;
    message.write(type, at, "latin1");
    // The length counts itself, but not the type.
    message.writeUInt32BE(length + HEAD_BYTES - 1, at + 1);
    if (typeof data === "string") message.write(data, at + HEAD_BYTES);
    else message.set(data, at + HEAD_BYTES);
    at += HEAD_BYTES + length;
  }
  return message;
}

type Part = { readonly type: "Q" | "d" | "c"; readonly data: string | Uint8Array };
const HEAD_BYTES = 5;
const DONE: Part = { type: "c", data: "" };

/** Text in a statement of {@link writeAll}; null is PostgreSQL's. */
export function literal(text: string | null): string {
  return text === null ? "null" : pg.escapeLiteral(text);
}

/** A value as COPY reads it: text as it stands, numbers and truth in PostgreSQL's spelling, null. */
export function copyText(value: unknown): string {
  if (value === null || value === undefined) return "\\N";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") throw new TypeError(`a column cannot hold ${typeof value}`);
  return SPECIAL.test(value) ? value.replaceAll(SPECIALS, (character) => ESCAPES[character] ?? "") : value;
}

const SPECIAL = /[\\\n\r\t]/;
const SPECIALS = /[\\\n\r\t]/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
