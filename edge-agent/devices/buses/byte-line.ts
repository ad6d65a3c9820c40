import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { SerialPort } from "serialport";
import type { Clock } from "@parkme/shared/domain/clock";
import type { DeviceLog } from "../log.ts";
import { createBackoff } from "./backoff.ts";
import type { LineAddress } from "./line-address.ts";
import { watchPort } from "./port-watch.ts";

/** A line that has this much waiting is not being read at the other end: nothing more is added. */
const MAX_UNSENT_BYTES = 4_096;
const CONNECT_TIMEOUT_MS = 3_000;

export type LineEvents = {
  readonly onOpen: () => void;
  readonly onData: (chunk: Uint8Array) => void;
  /** The line is down, and why; also after an attempt to open it that failed. */
  readonly onClose: (reason: string) => void;
};

/**
 * A line of bytes to a device: a serial port (8 data bits, no flow control) or a TCP connection to a serial server. It
 * reopens by itself, at 0.2 s to 5 s, until stopped. What was not sent when the line broke is never sent.
 */
export type ByteLine = {
  readonly start: () => void;
  /** False = not written: the line is down, or more than 4 KiB wait already. */
  readonly write: (bytes: Uint8Array) => boolean;
  /** Closes an open line at once, throws away what has not left yet, and opens it again. */
  readonly reset: (reason: string) => void;
  readonly stop: () => Promise<void>;
};

export type ByteLineOptions = {
  readonly address: LineAddress;
  readonly events: LineEvents;
  readonly clock: Clock;
  readonly log: DeviceLog;
};

export function createByteLine(options: ByteLineOptions): ByteLine {
  return new Line(options);
}

class Line implements ByteLine {
  readonly #options: ByteLineOptions;
  readonly #backoff = createBackoff(Math.random);
  #link: Link | null = null;
  #openedAtMs: number | null = null;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  #complained = false;
  #onceClosed: (() => void) | undefined;

  constructor(options: ByteLineOptions) {
    this.#options = options;
  }

  start(): void {
    const { address, events } = this.#options;
    const linkEvents: LineEvents = {
      onOpen: () => this.#opened(),
      onData: events.onData,
      onClose: (reason) => this.#closed(reason),
    };
    this.#link = address.kind === "tcp" ? openTcp(address, linkEvents) : openSerial(address, linkEvents);
  }

  write(bytes: Uint8Array): boolean {
    const stream = this.#link?.stream;
    if (stream === undefined || this.#openedAtMs === null) return false;
    if (stream.writableLength + bytes.length > MAX_UNSENT_BYTES) return false;
    stream.write(bytes);
    return true;
  }

  reset(reason: string): void {
    if (this.#openedAtMs !== null) this.#link?.discard(reason);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    const link = this.#link;
    if (link === null) return;
    await new Promise<void>((resolve) => {
      this.#onceClosed = resolve;
      link.discard("stopped");
    });
  }

  #opened(): void {
    this.#openedAtMs = this.#options.clock.monotonicMs();
    this.#complained = false;
    this.#options.log.info({ address: this.#options.address }, "line open");
    this.#options.events.onOpen();
  }

  #closed(reason: string): void {
    const { clock, events, log, address } = this.#options;
    const upForMs = this.#openedAtMs === null ? 0 : clock.monotonicMs() - this.#openedAtMs;
    this.#link = null;
    this.#openedAtMs = null;
    if (this.#stopped) {
      this.#onceClosed?.();
      return;
    }
    // Once per outage: a board that is switched off for a week must not fill the disk with this line.
    log[this.#complained ? "debug" : "warn"]({ address, reason }, "line down");
    this.#complained = true;
    this.#retry = setTimeout(() => this.start(), this.#backoff.nextMs(upForMs));
    events.onClose(reason);
  }
}

/** One opening of the line: at most one `onOpen`, exactly one `onClose`, then nothing. */
type Link = {
  readonly stream: Duplex;
  /** Leads to `onClose` with this reason; what is buffered is thrown away. */
  readonly discard: (reason: string) => void;
};

function openTcp(address: { readonly host: string; readonly port: number }, events: LineEvents): Link {
  const socket = connect({ ...address, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
  let reason: string | null = null;
  let open = false;
  socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
    socket.destroy(new Error("no answer to the connection attempt")),
  );
  socket.on("connect", () => {
    open = true;
    socket.setTimeout(0);
    events.onOpen();
  });
  socket.on("data", events.onData);
  socket.on("error", (error) => (reason ??= error.message));
  socket.on("close", () => events.onClose(reason ?? "closed by the peer"));
  return {
    stream: socket,
    discard(why) {
      reason ??= why;
      // A plain close still delivers what the kernel holds: a late command would leave after all.
      if (open) socket.resetAndDestroy();
      else socket.destroy();
    },
  };
}

function openSerial(
  { path, baudRate, parity }: Extract<LineAddress, { kind: "serial" }>,
  events: LineEvents,
): Link {
  const port = new SerialPort({ path, baudRate, parity, autoOpen: false });
  let reason: string | null = null;
  let ended = false;
  let endWatch: () => void = () => undefined;
  // The library says `close` twice when a write fails on a port that is being unplugged.
  const end = (why: string): void => {
    if (ended) return;
    ended = true;
    endWatch();
    events.onClose(why);
  };
  const close = (why: string): void => {
    reason ??= why;
    if (!port.isOpen) return;
    // Flush first: closing alone waits until the driver has sent what it holds.
    port.flush(() => port.close(() => end(why)));
  };
  port.on("data", events.onData);
  port.on("end", () => close("end of data"));
  port.on("error", (error: Error) => close(error.message));
  port.on("close", (error: Error | null) => end(reason ?? `unplugged: ${error?.message ?? "closed"}`));
  port.open((error) => {
    if (error) end(error.message);
    else if (reason === null) {
      endWatch = watchPort(path, () => close("unplugged"));
      events.onOpen();
    } else close(reason);
  });
  return { stream: port, discard: close };
}
