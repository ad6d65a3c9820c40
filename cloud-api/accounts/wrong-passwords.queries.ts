import { eq } from "drizzle-orm";
import { failedSignIns } from "../db/accounts-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { oneMoreWrong, secondsLocked, type Wrong } from "./rules.ts";

/** @param key the user's id, or what stands for an email that nobody has. @returns seconds to wait; 0 = none. */
export async function readLock(db: Db, key: string, now: Date): Promise<number> {
  const [row] = await db
    .select({ lockedUntil: failedSignIns.lockedUntil })
    .from(failedSignIns)
    .where(eq(failedSignIns.userId, key));
  return secondsLocked(row ?? null, now);
}

/** Counts a wrong password or code. @returns how they stand now. */
export async function countWrong(db: Db, key: string, now: Date): Promise<Wrong> {
  return await db.transaction(async (tx) => {
    // The row comes first, so that two at a time wait for each other at it.
    const first = { userId: key, count: 0, lastAt: now };
    await tx.insert(failedSignIns).values(first).onConflictDoNothing();
    const its = eq(failedSignIns.userId, key);
    const [before] = await tx.select().from(failedSignIns).where(its).for("update");
    const wrong = oneMoreWrong(before ?? null, now);
    await tx.update(failedSignIns).set(wrong).where(its);
    return wrong;
  });
}

/** A right one: they begin anew. */
export async function forgetWrong(db: Db | Tx, key: string): Promise<void> {
  await db.delete(failedSignIns).where(eq(failedSignIns.userId, key));
}
