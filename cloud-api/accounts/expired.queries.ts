import { lt, lte, sql } from "drizzle-orm";
import { failedSignIns, passwordResets, refreshTokens, signIns } from "../db/accounts-schema.ts";
import type { Db } from "../db/connection.ts";
import { sessions } from "../db/schema.ts";

const DAY_MS = 24 * 60 * 60_000;
/** People may look back at where they were signed in. */
const KEPT_SIGN_IN_DAYS = 90;

/** Deletes tokens and counts whose time is over. @returns how many. */
export async function deleteExpired(db: Db, now: Date): Promise<number> {
  const daysAgo = (days: number) => new Date(now.getTime() - days * DAY_MS);
  const old = daysAgo(KEPT_SIGN_IN_DAYS);
  const done = [
    await db.delete(refreshTokens).where(lte(refreshTokens.expiresAt, now)),
    await db.delete(passwordResets).where(lte(passwordResets.expiresAt, daysAgo(1))),
    await db.delete(failedSignIns).where(lt(failedSignIns.lastAt, daysAgo(1))),
    await db.delete(sessions).where(lte(sessions.expiresAt, now)),
    await db
      .delete(signIns)
      .where(sql`least(${signIns.expiresAt}, ${signIns.revokedAt}) < ${old.toISOString()}`),
  ];
  return done.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
}
