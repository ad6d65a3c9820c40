import type { Clock } from "@parkme/shared/domain/clock";
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_EVENTS,
  syncAckSchema,
  syncGapSchema,
  type SyncEvent,
} from "@parkme/shared/protocol/sync";

/** What the uplink reads and remembers; the store keeps it on the disk. */
export type UplinkLog = {
  readonly uploadCursor: () => number;
  readonly lastLogSeq: () => number;
  readonly setUploadCursor: (seq: number) => void;
  readonly logAfter: (seq: number, limit: number) => readonly SyncEvent[];
};

export type UplinkOptions = {
  /** Base address of the cloud API. */
  readonly url: string;
  readonly edgeId: string;
  readonly token: string;
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

const REQUEST_TIMEOUT_MS = 15_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Events of one moment travel together. */
const GATHER_MS = 50;
/** Without news, ask now and then: the dashboard shows whether this edge is alive. */
const IDLE_MS = 10_000;

type Answer =
  | { readonly kind: "acked"; readonly cursor: number }
  | { readonly kind: "gap"; readonly expected: number }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Sends the log to the cloud, in order, one batch at a time, for as long as it takes. Lanes never wait for it:
 * they write to the log, and this reads it.
 */
export function createUplink(options: UplinkOptions): Uplink {
  const { log, note, clock } = options;
  const stopping = new AbortController();
  let connected = false;
  let lastAckWallMs: number | null = null;
  let wake: (() => void) | null = null;
  let running: Promise<void> = Promise.resolve();

  /** Sleeps, or less when poked or stopped. */
  function rest(ms: number, pokable: boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        wake = null;
        stopping.signal.removeEventListener("abort", done);
        resolve();
      }
      if (pokable) wake = done;
      stopping.signal.addEventListener("abort", done, { once: true });
    });
  }

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      const batch = takeBatch(log.logAfter(log.uploadCursor(), MAX_BATCH_EVENTS));
      if (batch.length === 0) {
        await rest(IDLE_MS, true);
        await rest(GATHER_MS, false);
        continue;
      }
      const answer = await post(batch);
      if (apply(answer)) {
        retryMs = FIRST_RETRY_MS;
        continue;
      }
      if (connected) note.warn({ answer }, "the cloud cannot be reached; the gate goes on without it");
      connected = false;
      await rest(retryMs * (0.5 + options.random()), false);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
  }

  function apply(answer: Answer): boolean {
    switch (answer.kind) {
      case "acked":
        // The cloud may know more than this cursor (a lost answer), never more than was written.
        if (answer.cursor > log.lastLogSeq()) return false;
        if (!connected) note.info({ cursor: answer.cursor }, "the cloud is connected");
        connected = true;
        lastAckWallMs = clock.wallMs();
        log.setUploadCursor(answer.cursor);
        return true;
      case "gap":
        if (answer.expected - 1 >= log.uploadCursor()) return false;
        note.warn({ expected: answer.expected }, "the cloud asks for earlier events again");
        log.setUploadCursor(answer.expected - 1);
        return true;
      case "failed":
        return false;
      default:
        return answer satisfies never;
    }
  }

  async function post(events: readonly SyncEvent[]): Promise<Answer> {
    try {
      const response = await fetch(new URL("/api/edge/events", options.url), {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${options.token}` },
        body: JSON.stringify({ edge_id: options.edgeId, events }),
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      });
      return await readAnswer(response);
    } catch (error) {
      return { kind: "failed", reason: error instanceof Error ? error.message : "unknown" };
    }
  }

  return {
    start: () => {
      running = run();
    },
    poke: () => wake?.(),
    status: () => ({ connected, lastAckWallMs, pending: log.lastLogSeq() - log.uploadCursor() }),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function readAnswer(response: Response): Promise<Answer> {
  const body: unknown = await response.json().catch(() => null);
  if (response.status === 200) {
    const ack = syncAckSchema.safeParse(body);
    return ack.success
      ? { kind: "acked", cursor: ack.data.cursor }
      : { kind: "failed", reason: "not an acknowledgement" };
  }
  const gap = response.status === 409 ? syncGapSchema.safeParse(body) : null;
  if (gap?.success === true) return { kind: "gap", expected: gap.data.expected };
  return { kind: "failed", reason: `status ${response.status}` };
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
