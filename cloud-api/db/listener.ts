import pg from "pg";
import { clientConfig, type DatabaseAddress } from "./connection.ts";

/** Hears what is told on one channel of the database. */
export type Listener = {
  /** Resolves when its first connection listens. */
  readonly ready: Promise<void>;
  readonly close: () => void;
};

export type ListenerEvents = {
  readonly heard: (payload: string) => void;
  /** It listens, for the first time or again: what was told before may be lost. */
  readonly connected: () => void;
  readonly lost: (error: Error) => void;
};

/** Opens a listener on a channel of a database that is known: see {@link openListener}. */
export type Listen = (channel: string, events: ListenerEvents) => Listener;

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** A connection that is asked nothing would not notice that the server is gone. */
const PROBE_MS = 30_000;

/**
 * Listens to a channel with a connection of its own, which is replaced when it breaks.
 *
 * @param channel a plain name: letters and underscores.
 */
export function openListener(address: DatabaseAddress, channel: string, events: ListenerEvents): Listener {
  let client: pg.Client | null = null;
  let closed = false;
  let retryMs = FIRST_RETRY_MS;
  let timer: NodeJS.Timeout | undefined;
  let opened: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    opened = resolve;
  });

  async function connect(): Promise<void> {
    const mine = new pg.Client({
      ...clientConfig(address),
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
    });
    client = mine;
    mine.on("error", (error) => lose(mine, error));
    mine.on("end", () => lose(mine, new Error("the connection ended")));
    mine.on("notification", ({ payload = "" }) => events.heard(payload));
    try {
      await mine.connect();
      await mine.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      return lose(mine, error instanceof Error ? error : new Error(String(error)));
    }
    if (client !== mine) return;
    retryMs = FIRST_RETRY_MS;
    events.connected();
    opened();
    timer = setInterval(
      () => void mine.query("select 1").catch((error: Error) => lose(mine, error)),
      PROBE_MS,
    );
  }

  function lose(mine: pg.Client, error: Error): void {
    if (client !== mine) return;
    client = null;
    clearInterval(timer);
    void mine.end().catch(() => undefined);
    if (closed) return;
    events.lost(error);
    timer = setTimeout(() => void connect(), retryMs);
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  }

  void connect();
  return {
    ready,
    close: () => {
      closed = true;
      clearTimeout(timer);
      if (client !== null) lose(client, new Error("closed"));
    },
  };
}
