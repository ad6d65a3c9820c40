import { WebSocket, type RawData } from "ws";
import type { Clock } from "@parkme/shared/domain/clock";
import { LIVE_CLOSED, LIVE_PING_MS, liveHintSchema, type LiveHint } from "@parkme/shared/protocol/downlink";
import { reasonOf } from "./cloud-http.ts";
import type { Credential } from "./credential.ts";
import { createNap } from "./nap.ts";

export type LiveLinkOptions = {
  /** Base address of the cloud API. */
  readonly url: string;
  readonly credential: Pick<Credential, "token" | "accepted" | "refused">;
  /** The cloud has something for us. */
  readonly hint: (hint: LiveHint["hint"]) => void;
  /** It is connected, for the first time or again. */
  readonly opened: () => void;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly note: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
  };
  /** How often the line is tried. */
  readonly pingMs?: number;
  readonly firstRetryMs?: number;
};

export type LiveLink = {
  readonly start: () => void;
  readonly connected: () => boolean;
  /** Since when there is no line, in milliseconds; 0 while there is one. */
  readonly downForMs: () => number;
  /** False when there is no line, or what was said before is still on its way. */
  readonly send: (text: string) => boolean;
  readonly stop: () => Promise<void>;
};

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** A line that held for so long was a good one. */
const GOOD_LINE_MS = 30_000;
const HANDSHAKE_MS = 10_000;
/** Hints are a few dozen bytes. */
const MAX_HINT_BYTES = 4_096;
const MISSED_PINGS = 2;
/** A line on which so much waits is too slow for a state that is over in a second. */
const MAX_WAITING_BYTES = 256 * 1024;

/** Holds a web socket to the cloud, for as long as the program runs. Never throws: without it everything is asked for. */
export function createLiveLink(options: LiveLinkOptions): LiveLink {
  const { random, clock, firstRetryMs = FIRST_RETRY_MS } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal);
  let socket: WebSocket | null = null;
  let downSinceMs = clock.monotonicMs();
  const complaints = createComplaints(options, stopping.signal);
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!stopping.signal.aborted) {
      const heldMs = await hold();
      if (heldMs >= GOOD_LINE_MS) retryMs = firstRetryMs;
      await nap.sleep(retryMs * (0.5 + random()));
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
  }

  /** One line from its beginning to its end. @returns how long it was open, in milliseconds. */
  async function hold(): Promise<number> {
    let openedMs: number | null = null;
    try {
      const token = await options.credential.token(stopping.signal);
      await untilClosed(openSocket(options.url, token), token, options, {
        stopping: stopping.signal,
        complain: complaints.note,
        opened: (line) => {
          socket = line;
          openedMs = clock.monotonicMs();
          complaints.over();
          options.opened();
        },
      });
    } catch (error) {
      complaints.note(reasonOf(error));
    }
    socket = null;
    if (openedMs === null) return 0;
    downSinceMs = clock.monotonicMs();
    return downSinceMs - openedMs;
  }

  const connected = (): boolean => socket?.readyState === WebSocket.OPEN;
  return {
    start: () => {
      running = run();
    },
    connected,
    downForMs: () => (connected() ? 0 : clock.monotonicMs() - downSinceMs),
    send: (text) => {
      if (socket === null || !connected() || socket.bufferedAmount > MAX_WAITING_BYTES) return false;
      socket.send(text);
      return true;
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** One line in the log per outage: a cloud that is away for weeks must not fill the disk with it. */
function createComplaints({ note }: LiveLinkOptions, stopping: AbortSignal) {
  let complained = false;
  return {
    note: (reason: string): void => {
      if (!complained && !stopping.aborted) note.warn({ reason }, "there is no live line to the cloud");
      complained = true;
    },
    over: (): void => {
      complained = false;
      note.info({}, "the live line to the cloud is open");
    },
  };
}

type LineEvents = {
  readonly stopping: AbortSignal;
  readonly opened: (line: WebSocket) => void;
  readonly complain: (reason: string) => void;
};

/** Resolves when the line is closed, by whomever. */
function untilClosed(
  line: WebSocket,
  token: string,
  { credential, hint, pingMs = LIVE_PING_MS }: LiveLinkOptions,
  { stopping, opened, complain }: LineEvents,
): Promise<void> {
  return new Promise((resolve) => {
    let stopPings: (() => void) | null = null;
    const cutOff = (): void => line.terminate();
    line.on("open", () => {
      credential.accepted();
      stopPings = keepAlive(line, pingMs);
      opened(line);
    });
    line.on("message", (data, isBinary) => {
      const heard = isBinary ? null : readHint(data);
      // A newer cloud may say what we do not know.
      if (heard !== null) hint(heard);
    });
    line.on("unexpected-response", (_request, response) => {
      if (response.statusCode === 401) credential.refused(token, null);
      complain(`status ${response.statusCode ?? 0}`);
      response.resume();
      cutOff();
    });
    line.on("error", (error) => complain(reasonOf(error)));
    line.on("close", (code, reason) => {
      stopPings?.();
      stopping.removeEventListener("abort", cutOff);
      if (code === LIVE_CLOSED.unknown_edge) credential.refused(token, null);
      complain(`closed: ${code} ${reason.toString("utf8")}`);
      resolve();
    });
    stopping.addEventListener("abort", cutOff, { once: true });
    if (stopping.aborted) cutOff();
  });
}

function openSocket(url: string, token: string): WebSocket {
  const address = new URL("/api/edge/live", url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address, {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: MAX_HINT_BYTES,
    perMessageDeflate: false,
    followRedirects: false,
  });
}

/** Pings the line, and cuts it when nothing came back: half of it may be gone. @returns what ends that. */
function keepAlive(line: WebSocket, pingMs: number): () => void {
  let missed = 0;
  const alive = (): void => {
    missed = 0;
  };
  for (const sign of ["pong", "ping", "message"] as const) line.on(sign, alive);
  const timer = setInterval(() => {
    if (missed >= MISSED_PINGS) return line.terminate();
    missed += 1;
    line.ping();
  }, pingMs);
  return () => clearInterval(timer);
}

function readHint(data: RawData): LiveHint["hint"] | null {
  if (!(data instanceof Buffer)) return null;
  try {
    return liveHintSchema.safeParse(JSON.parse(data.toString("utf8"))).data?.hint ?? null;
  } catch {
    return null;
  }
}
