import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import type { Db } from "../../../cloud-api/db/connection.ts";

/** More than the cloud needs at a time for one gate and a few people. */
const CONNECTIONS = 8;

/**
 * Has a pool keep its connections, and wait for one as long as it takes: a simulation's minutes are over in a moment. They are opened now, for how many there
 * are is nothing that a history may depend on.
 *
 * @returns what resolves when nobody has a connection of it, or waits for one, any more.
 */
export async function keepQuiet({ $client: pool }: Db): Promise<() => Promise<void>> {
  pool.options.idleTimeoutMillis = 0;
  pool.options.connectionTimeoutMillis = 0;
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.connect()));
  for (const client of clients) client.release();
  const isQuiet = (): boolean => pool.waitingCount === 0 && pool.idleCount === pool.totalCount;
  return async () => {
    do {
      while (!isQuiet()) await once(pool, "release");
      // Whoever got an answer may ask once more.
      await turn();
    } while (!isQuiet());
  };
}
