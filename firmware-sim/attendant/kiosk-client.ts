import { setTimeout as delay } from "node:timers/promises";
import {
  kioskSnapshotSchema,
  type Cash,
  type KioskSnapshot,
  type Reset,
  type SignIn,
  type Vend,
} from "@parkme/shared/protocol/kiosk";
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
  readonly post: (path: string, body: Cash | Vend | Reset) => Promise<number | null>;
};

const REQUEST_TIMEOUT_MS = 5_000;
const RETRY_MS = 1_000;
/** The live view must say something this often, else the connection is taken for dead. */
const LIVE_SILENCE_MS = 30_000;

export function createKioskClient(options: KioskClientOptions): KioskClient {
  let cookie: string | null = null;

  async function call(path: string, init: { body?: unknown; signal?: AbortSignal } = {}): Promise<Response> {
    const hasBody = init.body !== undefined;
    const answer = await fetch(new URL(path, options.url), {
      method: hasBody ? "POST" : "GET",
      headers: {
        "x-parkme": "1",
        ...(cookie === null ? {} : { cookie }),
        ...(hasBody ? { "content-type": "application/json" } : {}),
      },
      signal: AbortSignal.any([options.signal, init.signal ?? AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      ...(hasBody ? { body: JSON.stringify(init.body) } : {}),
    });
    if (answer.status === 401) cookie = null;
    return answer;
  }

  async function signIn(): Promise<void> {
    const body: SignIn = { name: options.name, pin: options.pin };
    const answer = await call("/api/session", { body });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`sign-in refused with ${answer.status}`);
    const cookies = answer.headers.getSetCookie().map((one) => one.split(";", 1)[0]);
    cookie = cookies.join("; ");
  }

  async function watch(onSnapshot: (snapshot: KioskSnapshot) => void): Promise<void> {
    const silence = new AbortController();
    const alarm = setTimeout(() => silence.abort(), LIVE_SILENCE_MS);
    try {
      const answer = await call("/api/live", { signal: silence.signal });
      if (!answer.ok || answer.body === null) throw new Error(`no live view: ${answer.status}`);
      const parser = createSseParser(({ event, data }) => {
        const snapshot = event === "snapshot" ? parseSnapshot(data) : undefined;
        if (snapshot !== undefined) onSnapshot(snapshot);
      });
      const text = new TextDecoder();
      for await (const chunk of answer.body) {
        alarm.refresh();
        parser.push(text.decode(chunk, { stream: true }));
      }
    } finally {
      clearTimeout(alarm);
      // Also closes a connection whose answer was left unread.
      silence.abort();
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
        const answer = await call(path, { body });
        await answer.body?.cancel();
        return answer.status;
      } catch {
        return null;
      }
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
