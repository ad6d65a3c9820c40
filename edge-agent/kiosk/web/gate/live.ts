import { parseSnapshot, type Snapshot } from "./snapshot.ts";

/** Longer than the page takes to call its data stale: the browser's own reconnection comes first. */
export const SILENCE_MS = 6_000;
/** The pause before a stream that the gate refused is asked for again. */
export const RETRY_MS = 2_000;

export type LiveListener = {
  readonly onSnapshot: (snapshot: Snapshot) => void;
  /** A snapshot that makes no sense to this page, and why. */
  readonly onBadSnapshot: (why: string) => void;
  /** The gate refused the stream; the session may have ended. */
  readonly onRefused: () => void;
};

/** The part of an `EventSource` that is used. */
export type EventStream = {
  readonly readyState: number;
  readonly addEventListener: (type: "snapshot" | "error", listener: (event: Event) => void) => void;
  readonly close: () => void;
};
const CLOSED = 2;

/**
 * Follows the gate's live stream until the returned function is called. Three ways to lose it: the browser
 * reconnects by itself after a broken connection, a refused one is asked for again after {@link RETRY_MS}, and
 * one that stays silent for {@link SILENCE_MS} (a dead router, half-open TCP) is replaced.
 */
export function followLive(open: (url: string) => EventStream, listener: LiveListener): () => void {
  let stream: EventStream | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function reopenIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(start, ms);
  }

  function start(): void {
    stream?.close();
    const current = open("/api/live");
    stream = current;
    reopenIn(SILENCE_MS);
    current.addEventListener("snapshot", (event: Event) => {
      if (stopped || stream !== current) return;
      reopenIn(SILENCE_MS);
      const parsed = parseSnapshot(event instanceof MessageEvent ? String(event.data) : "");
      if (parsed.ok) listener.onSnapshot(parsed.value);
      else listener.onBadSnapshot(parsed.error);
    });
    current.addEventListener("error", () => {
      if (stopped || stream !== current || current.readyState !== CLOSED) return;
      reopenIn(RETRY_MS);
      listener.onRefused();
    });
  }

  start();
  return () => {
    stopped = true;
    clearTimeout(timer);
    stream?.close();
  };
}
