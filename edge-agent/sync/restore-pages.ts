import { gunzipSync } from "node:zlib";
import {
  MAX_BATCH_BYTES,
  MAX_LINE_BYTES,
  tailHeaderSchema,
  type LogPlace,
  type TailHeader,
} from "@parkme/shared/protocol/log";
import { chainOf, type ChainedLine, RestoreRefused } from "../store/restore-lines.ts";
import { type CloudAddress, fetchBytes } from "./cloud-request.ts";

/** A place of a log without its epoch. */
export type LineEnd = Pick<LogPlace, "seq" | "hash">;

/** Lines of the cloud's log as they follow each other. */
export type Page = {
  /** The hash of the line before them, as the cloud has it. */
  readonly previousHash: string;
  readonly lines: readonly ChainedLine[];
};

/** The longest page: a batch that ends in the longest line, and the header. */
const MAX_PAGE_BYTES = MAX_BATCH_BYTES + 2 * MAX_LINE_BYTES;

/**
 * Asks the cloud for the lines behind a place.
 *
 * @throws RestoreRefused when what comes are not the lines behind it, and when there are none; any other error when the
 * cloud could not be asked.
 */
export async function fetchPage(address: CloudAddress, after: LineEnd, stopping: AbortSignal): Promise<Page> {
  const path = `/api/edge/log?after=${after.seq}`;
  const { status, bytes } = await fetchBytes(address, path, stopping, MAX_PAGE_BYTES);
  if (status !== 200) throw new Error(`the cloud's log cannot be had: status ${status}`);
  return pageOf(textOf(bytes), after);
}

function textOf(bytes: Buffer | null): string {
  if (bytes === null) throw new RestoreRefused("a page of the cloud's log is too long");
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return (zipped ? gunzipSync(bytes, { maxOutputLength: MAX_PAGE_BYTES }) : bytes).toString("utf8");
  } catch {
    throw new RestoreRefused("a page of the cloud's log cannot be unpacked");
  }
}

function pageOf(text: string, after: LineEnd): Page {
  const [first = "", ...rest] = text.split("\n");
  if (rest.at(-1) === "") rest.pop();
  const header = headerOf(first);
  const lines = chainOf(rest, { seq: after.seq, hash: header.previous_hash });
  const last = lines.at(-1)?.seq;
  if (last === undefined) throw new RestoreRefused(`the cloud has no lines behind ${after.seq}`);
  if (header.first !== after.seq + 1 || header.last !== last)
    throw new RestoreRefused(`of lines ${header.first} to ${header.last} came ${after.seq + 1} to ${last}`);
  return { previousHash: header.previous_hash, lines };
}

function headerOf(line: string): TailHeader {
  try {
    return tailHeaderSchema.parse(JSON.parse(line));
  } catch {
    throw new RestoreRefused("a page of the cloud's log does not begin as one");
  }
}

/** Where a page ends. */
export function endOf({ lines }: Page): LineEnd {
  const last = lines.at(-1);
  if (last === undefined) throw new RangeError("a page without lines");
  return { seq: last.seq, hash: last.hash };
}
