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
  /** The first `bytes` are not of this answer: an echo, a late answer to an earlier request, noise. */
  | { readonly kind: "skip"; readonly bytes: number }
  /** Nonsense where the answer should be. */
  | { readonly kind: "bad"; readonly reason: string };

export type Exchange<T> = {
  readonly bytes: Uint8Array;
  /** Null = nothing is answered: done when the bytes are out. */
  readonly parse: ((received: Uint8Array) => Parsed<T>) | null;
  /** How long the answer may take, from when the request is out. */
  readonly timeoutMs: number;
  /** Monotonic: not sent after this. */
  readonly deadlineMs?: number;
  /** Goes before everything that waits and is not urgent: a command before polls. */
  readonly urgent?: boolean;
};

/**
 * `down` = the line is not open; `full` = too much waits already; `late` = its deadline passed before its turn:
 * in these three nothing was sent. `silent` = no answer in time; `bad` = an answer that is none.
 */
export type ExchangeFailure = {
  readonly kind: "down" | "full" | "late" | "silent" | "bad";
  readonly reason: string;
};

/** A half-duplex line that several devices share: one request at a time, in one queue. */
export type RequestBus = {
  readonly exchange: <T>(request: Exchange<T>) => Promise<Result<T, ExchangeFailure>>;
  /** Tells at once whether the line is open, then each change; returns what ends the telling. */
  readonly onLink: (listener: (open: boolean, reason: string) => void) => () => void;
  /** Closes the line and opens it again; whatever waits fails as `down`. */
  readonly reset: (reason: string) => void;
  /** One user less; the line is closed with the last. */
  readonly release: () => Promise<void>;
};

/** Opens buses by address: two devices that name the same line share its queue. */
export type RequestBuses = { readonly open: (address: LineAddress) => RequestBus };

const MAX_QUEUE = 128;
/** A received run longer than this without an answer in it is noise. */
const MAX_RECEIVED_BYTES = 1_024;
/** Silence that ends a frame: 3.5 characters (Modbus over serial line V1.02, 2.5.1.1), at least 1.75 ms. */
const GAP_CHARACTERS = 3.5;
const MIN_GAP_MS = 1.75;

export function createRequestBuses(options: {
  readonly clock: Clock;
  readonly log: DeviceLog;
}): RequestBuses {
  const open = new Map<string, { readonly bus: Bus; users: number }>();
  return {
    open(address) {
      const key = keyOf(address);
      const known = open.get(key) ?? { bus: new Bus(address, options), users: 0 };
      open.set(key, known);
      known.users += 1;
      let released = false;
      const { bus } = known;
      return {
        exchange: (request) => bus.exchange(request),
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

type Job = {
  readonly request: Exchange<unknown>;
  readonly settle: (result: Result<unknown, ExchangeFailure>) => void;
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
  #why = "not open yet";
  #timer: NodeJS.Timeout | undefined;
  /** Not before this (monotonic) may the next request leave. */
  #quietUntilMs = 0;

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
    if (!this.#open) return Promise.resolve(err({ kind: "down", reason: this.#why }));
    if (this.#urgent.length + this.#waiting.length >= MAX_QUEUE) {
      return Promise.resolve(err({ kind: "full", reason: "too much waits for the line" }));
    }
    return new Promise((resolve) => {
      const settle = resolve as Job["settle"];
      (request.urgent === true ? this.#urgent : this.#waiting).push({ request, settle });
      this.#next();
    });
  }

  onLink(listener: (open: boolean, reason: string) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#open, this.#why);
    return () => void this.#listeners.delete(listener);
  }

  reset(reason: string): void {
    this.#line.reset(reason);
  }

  async stop(): Promise<void> {
    this.#fail("the driver was stopped");
    await this.#line.stop();
  }

  #opened(): void {
    this.#open = true;
    this.#received = new Uint8Array();
    this.#quietUntilMs = this.#clock.monotonicMs() + this.#gapMs;
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
    const failed = [this.#current, ...this.#urgent, ...this.#waiting];
    this.#current = null;
    this.#urgent = [];
    this.#waiting = [];
    // What was on the line may have arrived: its sender must not take this for a refusal.
    for (const [i, job] of failed.entries()) {
      job?.settle(err(i === 0 ? { kind: "silent", reason } : { kind: "down", reason }));
    }
  }

  #next(): void {
    if (this.#current !== null || !this.#open) return;
    const waitMs = this.#quietUntilMs - this.#clock.monotonicMs();
    if (waitMs > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#next(), Math.ceil(waitMs));
      return;
    }
    const job = this.#urgent.shift() ?? this.#waiting.shift();
    if (job === undefined) return;
    const { request } = job;
    if (request.deadlineMs !== undefined && this.#clock.monotonicMs() >= request.deadlineMs) {
      job.settle(err({ kind: "late", reason: "its time was over before the line was free" }));
      return this.#next();
    }
    this.#received = new Uint8Array();
    if (!this.#line.write(request.bytes)) {
      job.settle(err({ kind: "down", reason: "the line is stuck" }));
      return this.#next();
    }
    this.#current = job;
    const outMs = request.bytes.length * this.#byteMs;
    const waitForMs = outMs + (request.parse === null ? 0 : request.timeoutMs);
    this.#timer = setTimeout(() => this.#timedOut(job), Math.ceil(waitForMs));
  }

  #timedOut(job: Job): void {
    const unanswered = job.request.parse === null;
    this.#settle(job, unanswered ? ok(null) : err({ kind: "silent", reason: "no answer in time" }));
  }

  #heard(chunk: Uint8Array): void {
    this.#quietUntilMs = this.#clock.monotonicMs() + this.#gapMs;
    const job = this.#current;
    // Nobody asked: an answer that comes too late, or noise.
    if (job === null || job.request.parse === null) return;
    this.#received = joined(this.#received, chunk);
    for (;;) {
      const parsed = job.request.parse(this.#received);
      if (parsed.kind === "answer") return this.#settle(job, ok(parsed.value));
      if (parsed.kind === "bad") return this.#settle(job, err({ kind: "bad", reason: parsed.reason }));
      if (parsed.kind === "more") break;
      this.#received = this.#received.subarray(Math.max(1, parsed.bytes));
      if (this.#received.length === 0) break;
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
    this.#next();
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
