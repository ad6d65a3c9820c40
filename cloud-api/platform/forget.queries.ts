import { sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import type { CacheSpace } from "./cache.ts";

/** All API processes hear on it what to forget, when the transaction that changed it is committed. */
export const FORGET_CHANNEL = "parkme_forget";

/** Has every process forget a key once the transaction is committed. */
export async function forgetOnCommit(tx: Db | Tx, space: CacheSpace, key: string): Promise<void> {
  await tx.execute(sql`select pg_notify(${FORGET_CHANNEL}, ${`${space}:${key}`})`);
}
