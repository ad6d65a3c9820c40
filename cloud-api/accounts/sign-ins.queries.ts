import { and, desc, eq, gt, isNull, ne, notInArray } from "drizzle-orm";
import { refreshTokens, signIns } from "../db/accounts-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { sessions, users } from "../db/schema.ts";
import { judgeRefresh, MAX_SIGN_INS, signInExpiry } from "./rules.ts";

/** A device that somebody signs in on. */
export type NewSignIn = {
  readonly id: string;
  readonly userId: string;
  readonly device: string;
  readonly address: string;
};

/** Opens a sign-in with its first refresh token; the user's surplus ones are over. */
export async function openSignIn(tx: Tx, signIn: NewSignIn, tokenHash: Buffer, now: Date): Promise<void> {
  const expiresAt = signInExpiry(now, now);
  await tx.insert(signIns).values({ ...signIn, at: now, lastUsedAt: now, expiresAt });
  await tx.insert(refreshTokens).values({ tokenHash, signInId: signIn.id, issuedAt: now, expiresAt });
  const kept = tx
    .select({ id: signIns.id })
    .from(signIns)
    .where(and(eq(signIns.userId, signIn.userId), isNull(signIns.revokedAt)))
    .orderBy(desc(signIns.lastUsedAt), desc(signIns.id))
    .limit(MAX_SIGN_INS);
  await tx
    .update(signIns)
    .set({ revokedAt: now, revokedWhy: "too_many" })
    .where(and(eq(signIns.userId, signIn.userId), isNull(signIns.revokedAt), notInArray(signIns.id, kept)));
}

export type Traded =
  | { readonly kind: "good"; readonly userId: string; readonly signInId: string }
  | { readonly kind: "over" }
  /** The sign-in was ended for it. */
  | { readonly kind: "reused"; readonly userId: string };

/**
 * Trades a refresh token in for another. Two that trade the same one at the same moment wait for each other.
 *
 * @param freshHash of the token that takes its place.
 */
export async function tradeRefresh(db: Db, hash: Buffer, freshHash: Buffer, now: Date): Promise<Traded> {
  return await db.transaction(async (tx) => {
    const [token] = await tx
      .select({
        signInId: refreshTokens.signInId,
        expiresAt: refreshTokens.expiresAt,
        spentAt: refreshTokens.spentAt,
        userId: signIns.userId,
        signIn: { at: signIns.at, expiresAt: signIns.expiresAt, revokedAt: signIns.revokedAt },
      })
      .from(refreshTokens)
      .innerJoin(signIns, eq(signIns.id, refreshTokens.signInId))
      .innerJoin(users, and(eq(users.id, signIns.userId), isNull(users.disabledAt)))
      .where(eq(refreshTokens.tokenHash, hash))
      .for("update", { of: [refreshTokens, signIns] });
    if (token === undefined) return { kind: "over" };
    const { signInId, userId } = token;
    const verdict = judgeRefresh(token, now);
    if (verdict === "over") return { kind: "over" };
    if (verdict === "reused") {
      await endSignIns(tx, userId, "reuse", now, { only: signInId });
      return { kind: "reused", userId };
    }
    if (token.spentAt === null)
      await tx.update(refreshTokens).set({ spentAt: now }).where(eq(refreshTokens.tokenHash, hash));
    const expiresAt = signInExpiry(token.signIn.at, now);
    await tx.insert(refreshTokens).values({ tokenHash: freshHash, signInId, issuedAt: now, expiresAt });
    await tx.update(signIns).set({ lastUsedAt: now, expiresAt }).where(eq(signIns.id, signInId));
    return { kind: "good", userId, signInId };
  });
}

export type SignInRow = {
  readonly id: string;
  readonly device: string;
  readonly address: string;
  readonly at: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
};

/** Those that are not over, the one used last first: {@link MAX_SIGN_INS} at most. */
export async function listSignIns(db: Db, userId: string, now: Date): Promise<readonly SignInRow[]> {
  const { id, device, address, at, lastUsedAt, expiresAt } = signIns;
  return await db
    .select({ id, device, address, at, lastUsedAt, expiresAt })
    .from(signIns)
    .where(and(eq(signIns.userId, userId), isNull(signIns.revokedAt), gt(signIns.expiresAt, now)))
    .orderBy(desc(signIns.lastUsedAt), desc(signIns.id))
    .limit(MAX_SIGN_INS);
}

/** Ends sign-ins of a user. @returns how many were not over before. */
export async function endSignIns(
  db: Db | Tx,
  userId: string,
  why: string,
  now: Date,
  which: { readonly only?: string; readonly but?: string | null } = {},
): Promise<number> {
  const ended = await db
    .update(signIns)
    .set({ revokedAt: now, revokedWhy: why })
    .where(
      and(
        eq(signIns.userId, userId),
        isNull(signIns.revokedAt),
        which.only === undefined ? undefined : eq(signIns.id, which.only),
        which.but == null ? undefined : ne(signIns.id, which.but),
      ),
    )
    .returning({ id: signIns.id });
  return ended.length;
}

/** Ends everything that lets a user in: sign-ins and cookies. @param but the sign-in that stays. */
export async function endEverywhere(
  tx: Tx,
  userId: string,
  why: string,
  now: Date,
  but: string | null = null,
): Promise<void> {
  await endSignIns(tx, userId, why, now, { but });
  await tx.delete(sessions).where(eq(sessions.userId, userId));
}
