import { sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";
import { FORGET_CHANNEL } from "../platform/forget.queries.ts";
import { CHANGES_CHANNEL } from "./changes.queries.ts";

/**
 * Tells those who watch facilities that something changed there, a moment later and many at once. A transaction that
 * says so by itself (`tellChange`) has every other one that does wait for its commit: PostgreSQL puts notifications into
 * one queue, in the order of commits. What is lost with this process is found by the next look of those who watch.
 */
export function createChangeHints(
  db: Db,
  {
    delayMs = 100,
    counts = false,
    lost,
  }: {
    readonly delayMs?: number;
    /** What changed is how full the facilities are: what is cached of that is forgotten everywhere. */
    readonly counts?: boolean;
    readonly lost: (error: unknown) => void;
  },
): (facilityId: string) => void {
  const waiting = new Set<string>();

  async function tell(): Promise<void> {
    const facilities = [...waiting];
    waiting.clear();
    const forget = sql`pg_notify(${FORGET_CHANNEL}, 'availability:' || id)`;
    await db.execute(sql`
      select pg_notify(${CHANGES_CHANNEL}, id), ${counts ? forget : sql`null`}
      from json_array_elements_text(${JSON.stringify(facilities)}::json) as f(id)`);
  }

  return (facilityId) => {
    if (waiting.size === 0) setTimeout(() => void tell().catch(lost), delayMs).unref();
    waiting.add(facilityId);
  };
}
