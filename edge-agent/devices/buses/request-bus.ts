import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Clock } from "@parkme/shared/domain/clock";
import type { DeviceLog } from "../log.ts";
import { createByteLine, type ByteLine } from "./byte-line.ts";
import type { LineAddress } from "./line-address.ts";

/** What the bytes received since the request amount to. */
export type Parsed<T> =
  | { readonly kind: "answer"; readonly value: T }
  /** Not complete yet. */
  | { readonly kind: "more" }
  /**
   * The first `bytes` are not of this answer: an echo, a late answer to an earlier request, noise. With a `reason`
   * they are a fault, which the exchange fails with if no answer follows.
   */
  | { readonly kind: "skip"; readonly bytes: number; readonly reason?: string }
  /** Nonsense where the answer should be. */
  | { readonly kind: "bad"; readonly reason: string };

export type Exchange<T> = {
  readonly bytes: Uint8Array;
  /** Null = nothing is answered: done when the bytes are out. Called with all that came and was not skipped. */
  readonly parse: ((received: Uint8Array) => Parsed<T>) | null;
  /** How long the answer may take, from when the request is out until its last byte is here. */
  readonly timeoutMs: number;
  /** Monotonic: not sent after this. */
  readonly deadlineMs?: number;
  /** Goes before everything that waits and is not urgent: a command before polls. */
  readonly urgent?: boolean;
};

/**
 * `down` = the line is not open; `full` = too much waits already; `late` = its deadline passed before its turn:
 * in these three nothing was sent. `silent` = no answer in time, or the line went down meanwhile; `bad` = an answer
 * that is none.
 */
export type ExchangeFailure = {
  readonly kind: "down" | "full" | "late" | "silent" | "bad";
  readonly reason: string;
};

/** A half-duplex line that several devices share: one request at a time, in one queue. */
export type RequestBus = {
  /** Never rejects, and always resolves: in the order of the queue, each within its own time limit. */
  readonly exchange: <T>(request: Exchange<T>) => Promise<Result<T, ExchangeFailure>>;
  /** Tells whether the line is open, at once if that is known yet, then each change; returns what ends the telling. */
  readonly onLink: (listener: (open: boolean, reason: string) => void) => () => void;
  /** Closes the line and opens it again; whatever waits fails as `down`. */
  readonly reset: (reason: string) => void;
  /** One user less: its exchanges fail as `down`, and the line is closed with the last user. */
  readonly release: () => Promise<void>;
};

/** Opens buses by address: two devices that name the same line share its queue. */
export type RequestBuses = { readonly open: (address: LineAddress) => RequestBus };

/** Of each sort: commands are not refused because polls pile up. */
const MAX_QUEUE = 128;
/** A received run longer than this without an answer in it is noise. */
const MAX_RECEIVED_BYTES = 1_024;
/** Silence that ends a frame: 3.5 characters (Modbus over serial line V1.02, 2.5.1.1), at least 1.75 ms. */
const GAP_CHARACTERS = 3.5;
const MIN_GAP_MS = 1.75;
/** A line that is never quiet is spoken on after this long all the same, or whatever waits would wait for ever. */
const MAX_WAIT_FOR_QUIET_MS = 200;
/** A timer that fires this much too late was held up with everything else: the answer may be here, but unread. */
const STALL_MS = 20;
const STALL_GRACE_MS = 50;
/**
 * An open line on which nothing at all is heard for this long is opened anew: the far end of a TCP connection may
 * have been switched off without a word. Twice as long each time, up to five minutes.
 */
const DEAF_MS = 10_000;
const MAX_DEAF_MS = 300_000;

export function createRequestBuses(options: {
  readonly clock: Clock;
  readonly log: DeviceLog;
}): RequestBuses {
  const open = new Map<string, { readonly bus: Bus; readonly address: LineAddress; users: number }>();
  return {
    open(address) {
      const key = keyOf(address);
      const known = open.get(key) ?? { bus: new Bus(address, options), address, users: 0 };
      open.set(key, known);
      known.users += 1;
      if (settingsOf(known.address) !== settingsOf(address)) {
        options.log.warn({ address, used: known.address }, "devices disagree on the settings of their line");
      }
      let released = false;
      const { bus } = known;
      return {
        exchange: (request) =>
          released
            ? Promise.resolve(err({ kind: "down", reason: "the driver was stopped" }))
            : bus.exchange(request),
        onLink: (listener) => bus.onLink(listener),
        reset: (reason) => bus.reset(reason),
        release: async () => {
          if (released) return;
          released = true;
          known.users -= 1;
          if (known.users > 0) return;
          open.delete(key);
          await bus.stop();
        },
      };
    },
  };
}

function keyOf(address: LineAddress): string {
  return address.kind === "tcp" ? `tcp ${address.host}:${address.port}` : `serial ${address.path}`;
}

function settingsOf(address: LineAddress): string {
  return address.kind === "tcp" ? "" : `${address.baudRate} ${address.parity}`;
}

type Job = {
  readonly request: Exchange<unknown>;
  readonly settle: (result: Result<unknown, ExchangeFailure>) => void;
  /** The first thing that was wrong with what came instead of an answer. */
  fault: string | null;
};

class Bus {
  readonly #clock: Clock;
  readonly #line: ByteLine;
  readonly #byteMs: number;
  readonly #gapMs: number;
  readonly #listeners = new Set<(open: boolean, reason: string) => void>();
  #urgent: Job[] = [];
  #waiting: Job[] = [];
  #current: Job | null = null;
  #received: Uint8Array = new Uint8Array();
  #open = false;
  /** Why the line is not open; null until the first attempt has failed. */
  #why: string | null = null;
  /** Of the wait for quiet, or for the answer: there is never both. */
  #timer: NodeJS.Timeout | undefined;
  /** Not before this (monotonic) may the next request leave. */
  #quietUntilMs = 0;
  /** Since when (monotonic) a request could leave if the line were quiet. */
  #readySinceMs: number | null = null;
  #heardMs = 0;
  #deafMs = DEAF_MS;

  constructor(address: LineAddress, { clock, log }: { readonly clock: Clock; readonly log: DeviceLog }) {
    this.#clock = clock;
    // A start bit, eight data bits, perhaps a parity bit, a stop bit.
    const bits = address.kind === "serial" && address.parity !== "none" ? 11 : 10;
    this.#byteMs = address.kind === "serial" ? (bits * 1_000) / address.baudRate : 0;
    this.#gapMs = address.kind === "serial" ? Math.max(MIN_GAP_MS, GAP_CHARACTERS * this.#byteMs) : 0;
    this.#line = createByteLine({
      address,
      clock,
      log,
      events: {
        onOpen: () => this.#opened(),
        onData: (chunk) => this.#heard(chunk),
        onClose: (reason) => this.#closed(reason),
      },
    });
    this.#line.start();
  }

  exchange<T>(request: Exchange<T>): Promise<Result<T, ExchangeFailure>> {
    if (!this.#open) return Promise.resolve(err({ kind: "down", reason: this.#why ?? "not open yet" }));
    const queue = request.urgent === true ? this.#urgent : this.#waiting;
    if (queue.length >= MAX_QUEUE) {
      return Promise.resolve(err({ kind: "full", reason: "too much waits for the line" }));
    }
    return new Promise((resolve) => {
      queue.push({ request, settle: resolve as Job["settle"], fault: null });
      this.#next();
    });
  }

  onLink(listener: (open: boolean, reason: string) => void): () => void {
    this.#listeners.add(listener);
    if (this.#open || this.#why !== null) listener(this.#open, this.#why ?? "");
    return () => void this.#listeners.delete(listener);
  }

  reset(reason: string): void {
    if (!this.#open) return;
    this.#fail(reason);
    this.#line.reset(reason);
  }

  async stop(): Promise<void> {
    this.#fail("the driver was stopped");
    this.#listeners.clear();
    await this.#line.stop();
  }

  #opened(): void {
    this.#open = true;
    this.#why = null;
    this.#heardMs = this.#clock.monotonicMs();
    this.#quietUntilMs = this.#heardMs + this.#gapMs;
    for (const listener of this.#listeners) listener(true, "");
  }

  #closed(reason: string): void {
    this.#fail(reason);
    for (const listener of this.#listeners) listener(false, reason);
  }

  #fail(reason: string): void {
    this.#open = false;
    this.#why = reason;
    clearTimeout(this.#timer);
    const [current, ...waiting] = [this.#current, ...this.#urgent, ...this.#waiting];
    this.#current = null;
    this.#urgent = [];
    this.#waiting = [];
    this.#readySinceMs = null;
    // What was on the line may have arrived: its sender must not take this for a refusal.
    current?.settle(err({ kind: "silent", reason }));
    for (const job of waiting) job?.settle(err({ kind: "down", reason }));
  }

  #next(): void {
    if (this.#current !== null || !this.#open) return;
    if (this.#urgent.length + this.#waiting.length === 0) return;
    const nowMs = this.#clock.monotonicMs();
    this.#readySinceMs ??= nowMs;
    const waitMs = Math.min(this.#quietUntilMs, this.#readySinceMs + MAX_WAIT_FOR_QUIET_MS) - nowMs;
    if (waitMs > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#next(), Math.ceil(waitMs));
      return;
    }
    const job = this.#urgent.shift() ?? this.#waiting.shift();
    if (job === undefined) return;
    if (job.request.deadlineMs !== undefined && nowMs >= job.request.deadlineMs) {
      job.settle(err({ kind: "late", reason: "its time was over before the line was free" }));
      return this.#next();
    }
    this.#readySinceMs = null;
    this.#send(job);
  }

  #send(job: Job): void {
    const { bytes, parse, timeoutMs } = job.request;
    // Whatever came before is no answer to this.
    this.#received = new Uint8Array();
    if (!this.#line.write(bytes)) {
      job.settle(err({ kind: "down", reason: "the line is stuck" }));
      return this.#nextSoon();
    }
    this.#current = job;
    this.#await(job, bytes.length * this.#byteMs + (parse === null ? 0 : timeoutMs), true);
  }

  #await(job: Job, ms: number, graceful: boolean): void {
    const dueMs = this.#clock.monotonicMs() + ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const heldUp = this.#clock.monotonicMs() - dueMs > STALL_MS;
      if (graceful && heldUp) this.#await(job, STALL_GRACE_MS, false);
      else this.#timedOut(job);
    }, Math.ceil(ms));
  }

  #timedOut(job: Job): void {
    if (job.request.parse === null) return this.#settle(job, ok(null));
    const fault = job.fault ?? (this.#received.length > 0 ? "an answer that breaks off" : null);
    if (fault !== null) return this.#settle(job, err({ kind: "bad", reason: fault }));
    this.#settle(job, err({ kind: "silent", reason: "no answer in time" }));
    if (this.#clock.monotonicMs() - this.#heardMs < this.#deafMs) return;
    const reason = `nothing was heard on the line for ${this.#deafMs / 1_000} s`;
    this.#deafMs = Math.min(MAX_DEAF_MS, 2 * this.#deafMs);
    this.reset(reason);
  }

  #heard(chunk: Uint8Array): void {
    this.#heardMs = this.#clock.monotonicMs();
    this.#quietUntilMs = this.#heardMs + this.#gapMs;
    this.#deafMs = DEAF_MS;
    const job = this.#current;
    // Nobody asked: an answer that comes too late, or noise.
    if (job === null || job.request.parse === null) return;
    this.#received = joined(this.#received, chunk);
    while (this.#received.length > 0) {
      const parsed = job.request.parse(this.#received);
      if (parsed.kind === "answer") return this.#settle(job, ok(parsed.value));
      if (parsed.kind === "bad") return this.#settle(job, err({ kind: "bad", reason: parsed.reason }));
      if (parsed.kind === "more") break;
      job.fault ??= parsed.reason ?? null;
      this.#received = this.#received.subarray(Math.max(1, parsed.bytes));
    }
    if (this.#received.length > MAX_RECEIVED_BYTES) {
      this.#settle(job, err({ kind: "bad", reason: "more bytes than any answer has" }));
    }
  }

  #settle(job: Job, result: Result<unknown, ExchangeFailure>): void {
    clearTimeout(this.#timer);
    this.#current = null;
    this.#quietUntilMs = Math.max(this.#quietUntilMs, this.#clock.monotonicMs() + this.#gapMs);
    job.settle(result);
    this.#nextSoon();
  }

  /** Not before whoever was just answered has had its say: what follows from it may be urgent. */
  #nextSoon(): void {
    setImmediate(() => this.#next());
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
