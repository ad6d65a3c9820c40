import { and, eq, gt, isNull } from "drizzle-orm";
import { passwordResets } from "../db/accounts-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { users } from "../db/schema.ts";

/** Keeps the hash of a token that sets a new password; one of before that nobody has used is void. */
export async function writeReset(
  tx: Tx,
  reset: { readonly userId: string; readonly tokenHash: Buffer; readonly expiresAt: Date },
  now: Date,
): Promise<void> {
  const { userId } = reset;
  const unused = and(eq(passwordResets.userId, userId), isNull(passwordResets.usedAt));
  await tx.update(passwordResets).set({ usedAt: now }).where(unused);
  await tx.insert(passwordResets).values({ ...reset, madeAt: now });
}

/** Uses a token up. @returns whose it is; null = it is not good (any more). */
export async function useReset(tx: Tx, tokenHash: Buffer, now: Date): Promise<string | null> {
  const used = await tx
    .update(passwordResets)
    .set({ usedAt: now })
    .where(
      and(
        eq(passwordResets.tokenHash, tokenHash),
        isNull(passwordResets.usedAt),
        gt(passwordResets.expiresAt, now),
      ),
    )
    .returning({ userId: passwordResets.userId });
  return used[0]?.userId ?? null;
}

/** Whose token it is, without using it up; null = it is not good (any more). */
export async function findReset(db: Db, tokenHash: Buffer, now: Date): Promise<string | null> {
  const [found] = await db
    .select({ userId: passwordResets.userId })
    .from(passwordResets)
    .where(
      and(
        eq(passwordResets.tokenHash, tokenHash),
        isNull(passwordResets.usedAt),
        gt(passwordResets.expiresAt, now),
      ),
    );
  return found?.userId ?? null;
}

export async function setPassword(tx: Tx, userId: string, passwordHash: string): Promise<void> {
  await tx.update(users).set({ passwordHash }).where(eq(users.id, userId));
}
