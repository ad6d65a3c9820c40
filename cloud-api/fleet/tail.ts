import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS, type TailHeader } from "@parkme/shared/protocol/log";
import type { Db } from "../db/connection.ts";
import { cutLines, unpack } from "./log-body.ts";
import { createChain } from "./log-line.ts";
import { readArchive, readHead, type ArchivedBatch } from "./tail.queries.ts";

const compress = promisify(gzip);

/**
 * Lines of an edge's log that come after a number, as they came: what `GET /api/edge/log` answers, in gzip. A log that
 * began before its lines were chained has no lines of that time: `first` is then further on than was asked.
 */
export async function readTail(db: Db, edgeId: string, after: number): Promise<Buffer> {
  const head = await readHead(db, edgeId);
  const lines: Buffer[] = [];
  let [first, last, bytes, previousHash] = [0, 0, 0, head.hash];
  for (const batch of await readArchive(db, edgeId, after, MAX_BATCH_BYTES)) {
    if (lines.length > 0 && batch.firstSeq !== last + 1) break;
    const part = linesAfter(batch, after);
    if (lines.length === 0) [first, previousHash] = [part.first, part.previousHash];
    for (const line of part.lines) {
      const isFull = lines.length >= MAX_BATCH_EVENTS || bytes + line.length > MAX_BATCH_BYTES;
      if (isFull && lines.length > 0) break;
      lines.push(line);
      bytes += line.length;
    }
    last = first + lines.length - 1;
    if (last < batch.lastSeq) break;
  }
  const header: TailHeader = { previous_hash: previousHash, first, last, head };
  const text = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...lines.flatMap(ended)]);
  return await compress(text);
}

type Part = {
  /** The number of the first of `lines`. */
  readonly first: number;
  /** The hash of the line before it. */
  readonly previousHash: string;
  readonly lines: readonly Buffer[];
};

/** The lines of a batch that come after a number; there is at least one. */
function linesAfter(batch: ArchivedBatch, after: number): Part {
  const text = unpack(batch.body);
  const bounds = text.ok ? cutLines(text.value) : text;
  if (!text.ok || !bounds.ok)
    throw new Error(`the batch up to line ${batch.lastSeq} cannot be read any more`);
  const chain = createChain(batch.previousHash);
  // Its last line is the last of the batch; lines of before its first were known when it came.
  const all = bounds.value.slice(1).map(({ from, to }) => text.value.subarray(from, to));
  const own = all.slice(all.length - (batch.lastSeq - batch.firstSeq + 1));
  const skipped = Math.max(0, after + 1 - batch.firstSeq);
  let previousHash = batch.previousHash;
  for (const line of own.slice(0, skipped)) previousHash = chain(line);
  return { first: batch.firstSeq + skipped, previousHash, lines: own.slice(skipped) };
}

const LINE_FEED = Buffer.from("\n");

function ended(line: Buffer): Buffer[] {
  return [line, LINE_FEED];
}
