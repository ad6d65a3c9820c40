import { promisify } from "node:util";
import { gzip } from "node:zlib";
import {
  type BatchHeader,
  type LogAck,
  logAckSchema,
  MAX_BATCH_BYTES,
  type LogPlace,
} from "@parkme/shared/protocol/log";
import { type CloudAddress, type CloudAnswer, sendToCloud } from "./cloud-request.ts";
import { type Failure, failureFrom, failureOf, refusalOf } from "./refusals.ts";

/** A line of the log as it travels, with the hash after it. */
export type Line = { readonly seq: number; readonly line: string; readonly hash: string };

/** What goes in one request. */
export type Batch = {
  /** The place before its first line. */
  readonly before: LogPlace;
  readonly lines: readonly Line[];
  readonly bootId: string;
  readonly wallMs: number;
  /** Lines that wait behind it. */
  readonly waiting: number;
};

/** What the cloud said to one batch. */
export type Answer =
  | { readonly kind: "acked"; readonly ack: LogAck }
  /** Its log and ours are not as we thought. */
  | { readonly kind: "unsure"; readonly reason: string }
  /** The chain does not hold from a line on, as it was received. */
  | { readonly kind: "broken"; readonly seq: number }
  | Failure;

/** Compresses without holding the thread. A simulation gives one that does it at once. */
export type Compress = (text: string) => Promise<Uint8Array>;

const gzipped = promisify(gzip);
const compressed: Compress = async (text) => await gzipped(text, { level: 1 });

/** Sends one batch; never throws. */
export async function postBatch(
  address: CloudAddress & { readonly compress?: Compress },
  batch: Batch,
  stopping: AbortSignal,
): Promise<Answer> {
  try {
    const edgeId = address.credential.edgeId();
    if (edgeId === null) return { kind: "failed", reason: "this edge is not enrolled" };
    const bytes = await (address.compress ?? compressed)(textOf(edgeId, batch));
    const post = { path: "/api/edge/log", type: "application/x-ndjson", encoding: "gzip", bytes } as const;
    return readAnswer(await sendToCloud(address, post, stopping));
  } catch (error) {
    return failureFrom(error);
  }
}

function textOf(edgeId: string, { before, lines, bootId, wallMs, waiting }: Batch): string {
  const header: BatchHeader = {
    edge_id: edgeId,
    epoch: before.epoch,
    first: before.seq + 1,
    previous_hash: before.hash,
    hash: lines.at(-1)?.hash ?? before.hash,
    boot_id: bootId,
    wall_time: new Date(wallMs).toISOString(),
    waiting,
  };
  return [JSON.stringify(header), ...lines.map(({ line }) => line), ""].join("\n");
}

function readAnswer(answer: CloudAnswer): Answer {
  const ack = answer.status === 200 ? logAckSchema.safeParse(answer.body) : null;
  if (ack?.success === true) return { kind: "acked", ack: ack.data };
  const refusal = refusalOf(answer);
  switch (refusal?.code) {
    case undefined:
    case "busy":
    case "fenced":
      return failureOf(answer);
    case "sync_gap":
      return { kind: "unsure", reason: `the cloud expects line ${refusal.expected}` };
    case "sync_fork":
      return { kind: "unsure", reason: `the cloud has another line ${refusal.seq}` };
    case "old_epoch":
      return { kind: "unsure", reason: `the cloud is in epoch ${refusal.epoch}` };
    case "broken_chain":
      return { kind: "broken", seq: refusal.seq };
    default:
      return refusal satisfies never;
  }
}

/** Lines that are read in one go: a few milliseconds, and never much memory. */
const PAGE = 100;

/** The longest run of lines after a place that one request may carry; a single one always may. */
export function readBatch(
  logLines: (after: number, limit: number) => readonly Line[],
  after: number,
  most: number,
): readonly Line[] {
  const batch: Line[] = [];
  let bytes = 0;
  let at = after;
  for (;;) {
    const limit = Math.min(PAGE, most - batch.length);
    const page = logLines(at, limit);
    for (const line of page) {
      bytes += Buffer.byteLength(line.line) + 1;
      if (batch.length > 0 && bytes > MAX_BATCH_BYTES) return batch;
      batch.push(line);
      at = line.seq;
    }
    if (page.length < limit || batch.length >= most) return batch;
  }
}
