import {
  kioskSnapshotSchema,
  type Cash,
  type KioskSnapshot,
  type SignIn,
} from "@parkme/shared/protocol/kiosk";
import { createSseParser } from "./sse.ts";

export type KioskClientOptions = {
  /** The agent's address, `http://host:port`. */
  readonly url: string;
  readonly name: string;
  readonly pin: string;
  /** Ends every call that is under way. */
  readonly ending: AbortSignal;
};

/** An attendant's side of the kiosk's HTTP interface, see `@parkme/shared/protocol/kiosk`. */
export type KioskClient = {
  readonly signedIn: () => boolean;
  /** Rejects when it is refused or nobody answers. */
  readonly signIn: () => Promise<void>;
  /** Follows the live view until it ends or falls silent. Snapshots that are none are passed over. */
  readonly watch: (onSnapshot: (snapshot: KioskSnapshot) => void) => Promise<void>;
  /** Offers cash at a lane; the HTTP status, or null when no answer came. */
  readonly takeCash: (lane: string, cash: Cash) => Promise<number | null>;
};

const REQUEST_TIMEOUT_MS = 5_000;
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
      signal: AbortSignal.any([options.ending, init.signal ?? AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      ...(hasBody ? { body: JSON.stringify(init.body) } : {}),
    });
    if (answer.status === 401) cookie = null;
    return answer;
  }

  return {
    signedIn: () => cookie !== null,
    async signIn() {
      const body: SignIn = { name: options.name, pin: options.pin };
      const answer = await call("/api/session", { body });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`sign-in refused with ${answer.status}`);
      cookie = answer.headers
        .getSetCookie()
        .map((one) => one.split(";", 1)[0])
        .join("; ");
    },
    async watch(onSnapshot) {
      const silence = new AbortController();
      const alarm = setTimeout(() => silence.abort(), LIVE_SILENCE_MS);
      try {
        const answer = await call("/api/live", { signal: silence.signal });
        if (!answer.ok || answer.body === null) return void (await answer.body?.cancel());
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
      }
    },
    async takeCash(lane, cash) {
      try {
        const answer = await call(`/api/lanes/${lane}/cash`, { body: cash });
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
