import { type LogAck, MAX_BATCH_EVENTS, type Window } from "@parkme/shared/protocol/log";
import type { CloudClock } from "./cloud-clock.ts";
import { type Answer, type Line, postBatch, readBatch } from "./post-batch.ts";
import type { Failure } from "./refusals.ts";
import type { UplinkOptions } from "./uplink-parts.ts";

export type Sent =
  | { readonly kind: "acked"; readonly seq: number; readonly window: Window }
  /** There was nothing to send, and the cloud was heard a moment ago. */
  | { readonly kind: "idle" }
  /** The two are not where we thought: hello tells. */
  | { readonly kind: "unsure"; readonly reason: string }
  /** Our own log is not what it was. */
  | { readonly kind: "damaged"; readonly line: number }
  | Failure;

/** With nothing to send, an empty batch goes out so often: both sides see whether the other is there. */
export const HEARTBEAT_MS = 10_000;

/** Sends the batch that is next; the upload cursor is where it begins, and moves when the cloud has it. */
export function createSending(
  options: UplinkOptions,
  cloudClock: CloudClock,
  stopping: AbortSignal,
): (window: Window) => Promise<Sent> {
  const { log, clock } = options;
  let lastAckMs = -Infinity;
  /** Fewer lines a batch while none gets through: a thin line takes long for many. */
  let most = MAX_BATCH_EVENTS;

  function acked({ epoch, seq, hash, now, window }: LogAck, lines: readonly Line[], askedMs: number): Sent {
    const cursor = log.uploadCursor();
    // The cloud may know more than this cursor (a lost answer), never more than was written; no less than it was just
    // given, or the same would be sent for ever; and its chain must end as ours does at that place. A cloud that was
    // restored is in an older epoch until it has got all lines of that.
    const enough = seq >= cursor + Math.min(lines.length, 1);
    if (!enough || epoch > log.logHead().epoch || log.hashAt(seq) !== hash)
      return {
        kind: "unsure",
        reason: `the cloud acknowledges line ${seq} of epoch ${epoch}, which is not ours`,
      };
    if (seq > cursor) log.setUploadCursor(seq);
    cloudClock.heard(now, askedMs);
    most = Math.min(MAX_BATCH_EVENTS, most * 2);
    lastAckMs = clock.monotonicMs();
    return { kind: "acked", seq, window };
  }

  function broken(seq: number, lines: readonly Line[]): Sent {
    const [first, last] = [lines[0]?.seq, lines.at(-1)?.seq];
    const line = first === undefined || last === undefined ? null : log.damagedLine(first, last);
    if (line !== null) return { kind: "damaged", line };
    return { kind: "failed", reason: `line ${seq} did not arrive as it was sent` };
  }

  function read(answer: Answer, lines: readonly Line[], askedMs: number): Sent {
    if (answer.kind === "acked") return acked(answer.ack, lines, askedMs);
    if (answer.kind === "broken") return broken(answer.seq, lines);
    if (answer.kind === "failed") most = Math.max(1, Math.ceil(lines.length / 2));
    return answer;
  }

  return async (window) => {
    const cursor = log.uploadCursor();
    const lines = readBatch(log.logLines, cursor, Math.min(most, window.events));
    const askedMs = clock.monotonicMs();
    if (lines.length === 0 && askedMs - lastAckMs < HEARTBEAT_MS) return { kind: "idle" };
    const hash = log.hashAt(cursor);
    if (hash === null) return { kind: "unsure", reason: `line ${cursor} is not in the log` };
    const { epoch, seq } = log.logHead();
    const batch = {
      before: { epoch, seq: cursor, hash },
      lines,
      bootId: options.bootId,
      wallMs: clock.wallMs(),
      waiting: Math.max(0, seq - (lines.at(-1)?.seq ?? cursor)),
    };
    return read(await postBatch(options, batch, stopping), lines, askedMs);
  };
}
