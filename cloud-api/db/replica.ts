import type pg from "pg";
import { openDatabase, type Db } from "./connection.ts";
import type { QueryWatch } from "./watch-queries.ts";

/** While it is away, it is asked again so often; meanwhile nobody waits for it. */
const AWAY_MS = 5_000;

export type ReplicaEvents = {
  /** Its connections fail: the primary answers in its place from now on. Told once, until it is back. */
  readonly away: (error: unknown) => void;
  readonly back: () => void;
};

type Connected = (error: Error | undefined, client: pg.PoolClient | undefined, done: () => void) => void;

/**
 * Opens a copy of the database that is only read. Who asks it while it cannot be connected to is answered by the primary;
 * a connection that breaks while it is used fails that one request.
 *
 * @param url `postgres://...` of a server that replays the primary's log.
 */
export function openReplica(
  url: string,
  primary: Db,
  events: ReplicaEvents,
  { nowMs, watch }: { readonly nowMs: () => number; readonly watch?: QueryWatch },
): { readonly db: Db; readonly close: () => Promise<void> } {
  const { db, close } = openDatabase(url, () => undefined, watch);
  const pool = db.$client;
  const connectOwn = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  let awayUntilMs = 0;
  let away = false;

  async function connect(): Promise<pg.PoolClient> {
    if (nowMs() < awayUntilMs) return await primary.$client.connect();
    try {
      const client = await connectOwn();
      if (away) events.back();
      away = false;
      return client;
    } catch (error) {
      awayUntilMs = nowMs() + AWAY_MS;
      if (!away) events.away(error);
      away = true;
      return await primary.$client.connect();
    }
  }

  // What is borrowed goes back to the pool that it came from. The pool's own `query` borrows by callback.
  const borrow = (callback?: Connected): Promise<pg.PoolClient> | undefined => {
    if (callback === undefined) return connect();
    void lend(connect, callback);
    return undefined;
  };
  Object.defineProperty(pool, "connect", { value: borrow });
  return { db, close };
}

async function lend(connect: () => Promise<pg.PoolClient>, callback: Connected): Promise<void> {
  let client: pg.PoolClient;
  try {
    client = await connect();
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)), undefined, () => undefined);
    return;
  }
  callback(undefined, client, client.release.bind(client));
}
