import { logEventSchema } from "@parkme/shared/protocol/log";
import type { log } from "./link-schema.ts";
import { hashAfter, lineOfRow } from "./log-writer.ts";

/** What a table of the record holds in a column. */
export type Scalar = string | number | null;
export type ImageRow = Readonly<Record<string, Scalar>>;

/** A row of the record as a line of the log tells it; `row` is only its key when it is gone. */
export type Image = { readonly table: string; readonly row: ImageRow; readonly gone: boolean };

/** What a line of the cloud's log is, here. */
export type ReadLine = {
  readonly row: Omit<typeof log.$inferSelect, "hash">;
  /** Null = the part behind the tab is not what an edge writes. */
  readonly images: readonly Image[] | null;
};

/** A line with its place in the chain, not read yet. */
export type ChainedLine = {
  readonly seq: number;
  readonly line: string;
  readonly previous: string;
  readonly hash: string;
};

/** Why lines of the cloud were not taken. Nothing of them was. */
export class RestoreRefused extends Error {
  override readonly name = "RestoreRefused";
}

const SHOWN = 80;

/**
 * Reads a line, and makes sure that it can be written again from what is kept of it, byte for byte.
 *
 * @throws RestoreRefused when it is no line of a log.
 */
export function readLine(line: string): ReadLine {
  const tab = line.indexOf("\t");
  const envelope = tab === -1 ? line : line.slice(0, tab);
  const rows = tab === -1 ? null : line.slice(tab + 1);
  const event = logEventSchema.safeParse(jsonOf(envelope));
  if (!event.success) throw new RestoreRefused(`not a line of a log: ${line.slice(0, SHOWN)}`);
  const head = {
    seq: event.data.seq,
    epoch: event.data.epoch,
    eventId: event.data.event_id,
    kind: event.data.kind,
    schemaVersion: event.data.schema_version,
    wallAt: Date.parse(event.data.wall_time),
    monotonicMs: event.data.monotonic_ms,
    bootId: event.data.boot_id,
  };
  // The payload's own text: JSON may write it in another way.
  const before = lineOfRow({ ...head, payload: "", rows: null }).length - 1;
  const row = { ...head, payload: envelope.slice(before, -1), rows };
  if (lineOfRow(row) !== line) throw new RestoreRefused(`line ${head.seq} is not as an edge writes it`);
  return { row, images: rows === null ? [] : imagesOf(rows) };
}

/** A row from its JSON; null = it is none. */
export function imageRow(json: string): ImageRow | null {
  const row = jsonOf(json);
  return isRow(row) ? row : null;
}

/** The rows that go with a line, in the order in which they were written; null = not what an edge writes. */
export function imagesOf(rows: string): readonly Image[] | null {
  const read = jsonOf(rows);
  if (!Array.isArray(read)) return null;
  const images: Image[] = [];
  for (const one of read as readonly unknown[]) {
    if (!Array.isArray(one)) return null;
    const [table, row, gone, ...more] = one as readonly unknown[];
    if (typeof table !== "string" || !isRow(row) || more.length > 0) return null;
    if (gone !== undefined && gone !== "gone") return null;
    images.push({ table, row, gone: gone === "gone" });
  }
  return images;
}

/** By hand: a history is millions of rows, and each is checked. */
function isRow(value: unknown): value is ImageRow {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (column) => column === null || typeof column === "string" || typeof column === "number",
  );
}

/** Lines that follow each other, as they say: whether that is true shows where they are read, and where they end. */
export function chainOf(
  lines: readonly string[],
  after: { readonly seq: number; readonly hash: string },
): readonly ChainedLine[] {
  let { seq, hash } = after;
  return lines.map((line) => {
    const previous = hash;
    seq += 1;
    hash = hashAfter(previous, line);
    return { seq, line, previous, hash };
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
