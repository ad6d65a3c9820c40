import { setTimeout as delay } from "node:timers/promises";
import { kioskSnapshotSchema, type KioskSnapshot, type SignIn } from "@parkme/shared/protocol/kiosk";
import { createSseParser } from "./sse.ts";

export type KioskClientOptions = {
  /** The agent's address, `http://host:port`. */
  readonly url: string;
  readonly name: string;
  readonly pin: string;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal;
};

/** An attendant's side of the kiosk's HTTP interface, see `@parkme/shared/protocol/kiosk`. */
export type KioskClient = {
  /**
   * Follows the live view until the signal, signing in as often as it must; `onLost` when the view breaks off.
   * Snapshots that are none are passed over.
   */
  readonly follow: (onSnapshot: (snapshot: KioskSnapshot) => void, onLost?: () => void) => Promise<void>;
  /** Posts a body to a path; the HTTP status, or null when no answer came. */
  readonly post: (path: string, body: object) => Promise<number | null>;
};

const REQUEST_TIMEOUT_MS = 5_000;
const RETRY_MS = 1_000;
/** The live view must say something this often, else the connection is taken for dead. */
const LIVE_SILENCE_MS = 30_000;

export function createKioskClient(options: KioskClientOptions): KioskClient {
  let cookie: string | null = null;

  async function call(path: string, signal: AbortSignal, body?: object): Promise<Response> {
    const answer = await fetch(new URL(path, options.url), {
      method: body === undefined ? "GET" : "POST",
      headers: {
        "x-parkme": "1",
        ...(cookie === null ? {} : { cookie }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status === 401) cookie = null;
    return answer;
  }

  /** Posts and leaves the answer's body unread. */
  async function send(path: string, body: object): Promise<Response> {
    const ending = endWith(options.signal, REQUEST_TIMEOUT_MS);
    try {
      const answer = await call(path, ending.signal, body);
      await answer.body?.cancel();
      return answer;
    } finally {
      ending.settle();
    }
  }

  async function signIn(): Promise<void> {
    const body: SignIn = { name: options.name, pin: options.pin };
    const answer = await send("/api/session", body);
    if (!answer.ok) throw new Error(`sign-in refused with ${answer.status}`);
    const cookies = answer.headers.getSetCookie().map((one) => one.split(";", 1)[0]);
    cookie = cookies.join("; ");
  }

  async function watch(onSnapshot: (snapshot: KioskSnapshot) => void): Promise<void> {
    const ending = endWith(options.signal, LIVE_SILENCE_MS);
    try {
      const answer = await call("/api/live", ending.signal);
      if (!answer.ok || answer.body === null) throw new Error(`no live view: ${answer.status}`);
      const parser = createSseParser(({ event, data }) => {
        const snapshot = event === "snapshot" ? parseSnapshot(data) : undefined;
        if (snapshot !== undefined) onSnapshot(snapshot);
      });
      const text = new TextDecoder();
      const reader = answer.body.getReader();
      // By hand: fetch holds its signal weakly, and may have lost sight of it by the time it aborts.
      ending.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        ending.refresh();
        parser.push(text.decode(next.value, { stream: true }));
      }
    } finally {
      // Also closes a connection whose answer was left unread.
      ending.settle();
    }
  }

  return {
    async follow(onSnapshot, onLost = () => {}) {
      while (!options.signal.aborted) {
        try {
          if (cookie === null) await signIn();
          await watch(onSnapshot);
        } catch {
          // Refused, unreachable or cut off: all the same to an attendant, who tries again.
        }
        onLost();
        await delay(RETRY_MS, undefined, { signal: options.signal }).catch(() => {});
      }
    },
    async post(path, body) {
      try {
        return (await send(path, body)).status;
      } catch {
        return null;
      }
    },
  };
}

/** A signal that aborts with another, or after so long without a refresh; held strongly, unlike `AbortSignal.any`. */
function endWith(other: AbortSignal, silenceMs: number) {
  const own = new AbortController();
  const end = (): void => own.abort();
  const alarm = setTimeout(end, silenceMs);
  other.addEventListener("abort", end, { once: true });
  if (other.aborted) end();
  return {
    signal: own.signal,
    refresh: () => void alarm.refresh(),
    settle: () => {
      clearTimeout(alarm);
      other.removeEventListener("abort", end);
      end();
    },
  };
}

function parseSnapshot(data: string): KioskSnapshot | undefined {
  try {
    return kioskSnapshotSchema.parse(JSON.parse(data));
  } catch {
    return undefined;
  }
}
