import { isUtf8 } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import {
  batchHeaderSchema,
  MAX_BATCH_BYTES,
  MAX_BATCH_EVENTS,
  MAX_LINE_BYTES,
  type BatchHeader,
} from "@parkme/shared/protocol/log";
import { createChain, readLine, unreadableLine, type Line } from "./log-line.ts";

const MAX_HEADER_BYTES = 4_096;
/** Of a body once it is out of its compression: a batch that ends with the longest line. */
export const MAX_TEXT_BYTES = MAX_HEADER_BYTES + MAX_BATCH_BYTES + MAX_LINE_BYTES;
/** Of a body as it comes: what gzip cannot make smaller, it makes a little longer. */
export const MAX_BODY_BYTES = MAX_TEXT_BYTES + 4_096;

/** A batch whose bytes are right: its lines follow one another, and end in the hash that its header says. */
export type Batch = {
  readonly header: BatchHeader;
  readonly lines: readonly Line[];
  /** A line as it came, with its rows. */
  readonly text: (index: number) => string;
  /** As it came, in its compression. */
  readonly body: Uint8Array;
};

/** What a body is instead of a batch. */
export type NoBatch =
  | { readonly kind: "invalid"; readonly detail: string; readonly field?: string }
  | { readonly kind: "too_large"; readonly detail: string }
  /** The lines are not those that the edge hashed, or do not follow one another from this one on. */
  | { readonly kind: "broken_chain"; readonly seq: number };

/** Reads the body of `POST /api/edge/log`. */
export function readBatch(body: Uint8Array): Result<Batch, NoBatch> {
  const text = unpack(body);
  if (!text.ok) return text;
  const cut = cutLines(text.value);
  if (!cut.ok) return cut;
  const [first, ...bounds] = cut.value;
  const header = batchHeaderSchema.safeParse(jsonOf(first === undefined ? "" : slice(text.value, first)));
  if (!header.success) {
    const issue = header.error.issues[0];
    const field = issue?.path.join(".") ?? "";
    return err({
      kind: "invalid",
      detail: issue?.message ?? "no header",
      ...(field === "" ? {} : { field }),
    });
  }
  const lines = readLines(text.value, bounds, header.data);
  if (!lines.ok) return lines;
  const lineText = (index: number): string => {
    const bound = bounds[index];
    return bound === undefined ? "" : slice(text.value, bound);
  };
  return ok({ header: header.data, lines: lines.value, text: lineText, body });
}

/** A usual batch comes out in one piece. */
const CHUNK_BYTES = MAX_BATCH_BYTES + 2 * MAX_HEADER_BYTES;

/** Out of gzip, at most {@link MAX_TEXT_BYTES}; all of the body is it, and what comes out is UTF-8. */
export function unpack(body: Uint8Array): Result<Buffer, NoBatch> {
  let text: Buffer;
  try {
    text = gunzipSync(body, { maxOutputLength: MAX_TEXT_BYTES, chunkSize: CHUNK_BYTES });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ERR_BUFFER_TOO_LARGE")
      return err({ kind: "too_large", detail: `the batch is longer than ${MAX_TEXT_BYTES} bytes` });
    if (code.startsWith("Z_")) return err({ kind: "invalid", detail: "the body is not gzip, or cut short" });
    throw error;
  }
  // gzip ends with the length of what is in it. Zeros behind that would pass unseen otherwise.
  const end = body.subarray(-4);
  if (new DataView(end.buffer, end.byteOffset, end.length).getUint32(0, true) !== text.length)
    return err({ kind: "invalid", detail: "the body is more than one gzip" });
  if (!isUtf8(text)) return err({ kind: "invalid", detail: "the batch is not UTF-8" });
  return ok(text);
}

/** A line in a text: from its first byte to behind its last. */
export type Bound = { readonly from: number; readonly to: number };

const LINE_FEED = 0x0a;
const TAB = 0x09;

/** Where the lines are, without their line feeds; the first is the header. */
export function cutLines(text: Buffer): Result<readonly Bound[], NoBatch> {
  const bounds: Bound[] = [];
  for (let from = 0; from < text.length;) {
    const to = text.indexOf(LINE_FEED, from);
    if (to === -1) return err({ kind: "invalid", detail: "the last line does not end" });
    if (to - from > MAX_LINE_BYTES)
      return err({ kind: "too_large", detail: `a line is longer than ${MAX_LINE_BYTES} bytes` });
    if (bounds.length > MAX_BATCH_EVENTS)
      return err({ kind: "invalid", detail: `more than ${MAX_BATCH_EVENTS} events` });
    bounds.push({ from, to });
    from = to + 1;
  }
  return ok(bounds);
}

function readLines(
  text: Buffer,
  bounds: readonly Bound[],
  header: BatchHeader,
): Result<readonly Line[], NoBatch> {
  const chain = createChain(header.previous_hash);
  const lines: Line[] = [];
  let [seq, epoch, hash] = [header.first, 1, header.previous_hash];
  for (const bound of bounds) {
    hash = chain(text.subarray(bound.from, bound.to));
    const envelope = slice(text, withoutRows(text, bound));
    const line = readLine(envelope, hash);
    if (typeof line === "string") {
      lines.push(unreadableLine(envelope, line, { seq, epoch, hash, wall_time: header.wall_time }));
    } else {
      if (line.seq !== seq || line.epoch < epoch || line.epoch > header.epoch)
        return err({ kind: "broken_chain", seq });
      epoch = line.epoch;
      lines.push(line);
    }
    seq += 1;
  }
  return hash === header.hash ? ok(lines) : err({ kind: "broken_chain", seq: header.first });
}

/** What stands before the tab. */
function withoutRows(text: Buffer, { from, to }: Bound): Bound {
  const tab = text.subarray(from, to).indexOf(TAB);
  return tab === -1 ? { from, to } : { from, to: from + tab };
}

function slice(text: Buffer, { from, to }: Bound): string {
  return text.toString("utf8", from, to);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
