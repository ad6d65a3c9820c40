import type { Clock } from "@parkme/shared/domain/clock";
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS, type SyncEvent } from "@parkme/shared/protocol/sync";
import { reasonOf, type CloudAddress } from "./cloud-request.ts";
import { createNap } from "./nap.ts";
import { postEvents, type Answer } from "./post-events.ts";

/** What the uplink reads and remembers; the store keeps it on the disk. */
export type UplinkLog = {
  readonly uploadCursor: () => number;
  readonly lastLogSeq: () => number;
  readonly setUploadCursor: (seq: number) => void;
  readonly logAfter: (seq: number, limit: number) => readonly SyncEvent[];
};

export type UplinkOptions = CloudAddress & {
  readonly log: UplinkLog;
  readonly clock: Clock;
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly note: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
  };
};

export type UplinkStatus = {
  readonly connected: boolean;
  readonly pending: number;
  readonly lastAckWallMs: number | null;
};
export type Uplink = {
  readonly start: () => void;
  /** Something was written to the log: send it soon. */
  readonly poke: () => void;
  readonly status: () => UplinkStatus;
  readonly stop: () => Promise<void>;
};

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Events of one moment travel together. */
const GATHER_MS = 50;
/** With nothing to send, an empty batch goes out so often: both sides see whether the other is there. */
const HEARTBEAT_MS = 10_000;

/**
 * Sends the log to the cloud, in order, one batch at a time, for as long as it takes. Lanes never wait for it:
 * they write to the log, and this reads it.
 */
export function createUplink(options: UplinkOptions): Uplink {
  const { log, note, clock } = options;
  const stopping = new AbortController();
  let connected = false;
  /** One line per outage: a cloud that is away for weeks must not fill the disk with it. */
  let complained = false;
  let lastAckWallMs: number | null = null;
  let lastAckMs = -Infinity;
  const nap = createNap(stopping.signal);
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      const turn = await takeTurn();
      if (turn === "idle") {
        await nap.untilPoked(HEARTBEAT_MS);
        await nap.sleep(GATHER_MS);
      } else if (turn === "acked") {
        retryMs = FIRST_RETRY_MS;
      } else {
        await nap.sleep(retryMs * (0.5 + options.random()));
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
    }
  }

  async function takeTurn(): Promise<"idle" | "acked" | "retry"> {
    try {
      const batch = takeBatch(log.logAfter(log.uploadCursor(), MAX_BATCH_EVENTS));
      if (batch.length === 0 && clock.monotonicMs() - lastAckMs < HEARTBEAT_MS) return "idle";
      return apply(await postEvents(options, batch, stopping.signal), batch.length);
    } catch (error) {
      // The log could not be read or written: the gate's own trouble, which must not end the uplink.
      return failed({ reason: reasonOf(error) });
    }
  }

  function apply(answer: Answer, sent: number): "acked" | "retry" {
    const cursor = log.uploadCursor();
    switch (answer.kind) {
      case "acked":
        // The cloud may know more than this cursor (a lost answer), never more than was written; and no less than
        // it was just given, or the same batch would be sent for ever without a pause.
        if (answer.cursor < cursor + Math.min(sent, 1) || answer.cursor > log.lastLogSeq()) {
          return failed({ answer, cursor });
        }
        if (answer.cursor > cursor) log.setUploadCursor(answer.cursor);
        lastAckMs = clock.monotonicMs();
        if (!connected) note.info({ cursor: answer.cursor }, "the cloud is connected");
        connected = true;
        complained = false;
        lastAckWallMs = clock.wallMs();
        return "acked";
      case "gap":
        if (answer.expected > cursor) return failed({ answer, cursor });
        note.warn({ expected: answer.expected }, "the cloud asks for earlier events again");
        log.setUploadCursor(answer.expected - 1);
        return "retry";
      case "failed":
        return failed(answer);
      default:
        return answer satisfies never;
    }
  }

  function failed(why: object): "retry" {
    if (!complained && !stopping.signal.aborted)
      note.warn(why, "the cloud cannot be reached; the gate goes on without it");
    complained = true;
    connected = false;
    return "retry";
  }

  return {
    start: () => {
      running = run();
    },
    poke: nap.poke,
    status: () => ({ connected, lastAckWallMs, pending: log.lastLogSeq() - log.uploadCursor() }),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** The longest run of events from the front that one request may carry; a single event always may. */
export function takeBatch(events: readonly SyncEvent[]): readonly SyncEvent[] {
  let bytes = 0;
  for (const [i, event] of events.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(event)) + 1;
    if (bytes > MAX_BATCH_BYTES - 256 && i > 0) return events.slice(0, i);
  }
  return events;
}
