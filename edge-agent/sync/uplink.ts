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
/** Without a poke, the log is looked at so often all the same. */
const IDLE_MS = 10_000;
/** An answer is a few dozen bytes; what is longer comes from something that is not our cloud. */
const MAX_ANSWER_BYTES = 65_536;

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
  /** One line per outage: a cloud that is away for weeks must not fill the disk with it. */
  let complained = false;
  let lastAckWallMs: number | null = null;
  let wake: (() => void) | null = null;
  let running: Promise<void> = Promise.resolve();

  /** Sleeps, or less when poked or stopped. */
  function rest(ms: number, pokable: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (stopping.signal.aborted) return resolve();
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
      const turn = await takeTurn();
      if (turn === "idle") {
        await rest(IDLE_MS, true);
        await rest(GATHER_MS, false);
      } else if (turn === "acked") {
        retryMs = FIRST_RETRY_MS;
      } else {
        await rest(retryMs * (0.5 + options.random()), false);
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
    }
  }

  async function takeTurn(): Promise<"idle" | "acked" | "retry"> {
    try {
      const batch = takeBatch(log.logAfter(log.uploadCursor(), MAX_BATCH_EVENTS));
      if (batch.length === 0) return "idle";
      return apply(await post(batch));
    } catch (error) {
      // The log could not be read or written: the gate's own trouble, which must not end the uplink.
      return failed({ reason: reasonOf(error) });
    }
  }

  function apply(answer: Answer): "acked" | "retry" {
    const cursor = log.uploadCursor();
    switch (answer.kind) {
      case "acked":
        // The cloud may know more than this cursor (a lost answer), never more than was written; and no less than
        // it was just given, or the same batch would be sent for ever without a pause.
        if (answer.cursor <= cursor || answer.cursor > log.lastLogSeq()) return failed({ answer, cursor });
        log.setUploadCursor(answer.cursor);
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

  async function post(events: readonly SyncEvent[]): Promise<Answer> {
    try {
      const response = await fetch(new URL("/api/edge/events", options.url), {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${options.token}` },
        body: JSON.stringify({ edge_id: options.edgeId, events }),
        redirect: "error",
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      });
      return await readAnswer(response);
    } catch (error) {
      return { kind: "failed", reason: reasonOf(error) };
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

/** What `fetch` throws says little; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function readAnswer(response: Response): Promise<Answer> {
  const body = await readJson(response);
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

async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) return null;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    return null;
  }
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
