import type pg from "pg";
import type { Client } from "./connection.ts";

/** Rows for a table by COPY. */
export type Copy = {
  /** `copy TABLE (COLUMNS) from stdin`. A row that is there already is an error, as of any insert. */
  readonly statement: string;
  /** Lines of {@link copyText}s with tabs between them. */
  readonly text: string;
};

/**
 * Writes rows, table by table, all in one message: the statements, and behind them what they read. The server takes one
 * after the other. When it refuses one, it passes over what was for those behind.
 */
export async function copyRows(client: Client, copies: readonly Copy[]): Promise<void> {
  if (copies.length === 0) return;
  const message = messageOf(copies);
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

/** The messages of PostgreSQL's protocol (version 3): Query, then CopyData and CopyDone for each statement. */
function messageOf(copies: readonly Copy[]): Buffer {
  const query = `${copies.map(({ statement }) => statement).join(";")}\0`;
  const parts = [{ type: "Q", text: query }, ...copies.flatMap(({ text }) => [{ type: "d", text }, DONE])];
  const sized = parts.map((part) => ({ ...part, length: Buffer.byteLength(part.text) }));
  const message = Buffer.allocUnsafe(sized.reduce((sum, { length }) => sum + HEAD_BYTES + length, 0));
  let at = 0;
  for (const { type, text, length } of sized) {
    message.write(type, at, "latin1");
    // The length counts itself, but not the type.
    message.writeUInt32BE(length + HEAD_BYTES - 1, at + 1);
    message.write(text, at + HEAD_BYTES);
    at += HEAD_BYTES + length;
  }
  return message;
}

const HEAD_BYTES = 5;
const DONE = { type: "c", text: "" };

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
