import { createClient } from "redis";

/** Redis as our API processes share it. It may go away at any time: whoever asks it goes on without. */
export type Redis = {
  readonly client: ReturnType<typeof createClient>;
  /** Asks it something; null when it is away, or takes too long. */
  readonly ask: <T>(command: () => Promise<T>) => Promise<T | null>;
  readonly close: () => Promise<void>;
};

export type RedisOptions = {
  readonly url: string;
  readonly password: string | null;
  readonly monotonicMs: () => number;
  /** Is told when it is there (null), and when it is away (why). */
  readonly onState: (lost: Error | null) => void;
};

/** Slower than this, the database is faster. */
const ANSWER_MS = 250;
/** After a failure it is left alone for a while, so that not every request waits for it. */
const REST_MS = 1_000;
const LONGEST_RETRY_MS = 2_000;
/** More waiting than this, and it does not keep up. */
const MAX_WAITING = 10_000;

/** Connects in the background, again and again. */
export function openRedis({ url, password, monotonicMs, onState }: RedisOptions): Redis {
  const client = createClient({
    url,
    ...(password === null ? {} : { password }),
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_WAITING,
    pingInterval: 1_000,
    socket: {
      connectTimeout: 2_000,
      socketTimeout: 5_000,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), LONGEST_RETRY_MS),
    },
  });
  let isThere = false;
  let restUntilMs = 0;
  client.on("error", (error: unknown) => {
    if (isThere) onState(error instanceof Error ? error : new Error(String(error)));
    isThere = false;
  });
  client.on("ready", () => {
    isThere = true;
    restUntilMs = 0;
    onState(null);
  });
  client.connect().catch((error: unknown) => {
    onState(error instanceof Error ? error : new Error(String(error)));
  });

  return {
    client,
    async ask(command) {
      if (!client.isReady || monotonicMs() < restUntilMs) return null;
      try {
        return await inTime(command());
      } catch {
        restUntilMs = monotonicMs() + REST_MS;
        return null;
      }
    },
    async close() {
      client.destroy();
    },
  };
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error("no answer in time")), ANSWER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
