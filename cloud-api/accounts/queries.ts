import { and, desc, eq, gt, inArray, lte } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { organisations, sessions, users } from "../db/schema.ts";
import { MAX_SESSIONS, type Session } from "./rules.ts";

export type UserWithPassword = { readonly id: string; readonly passwordHash: string };

/** @param email in lower case. */
export async function findUser(db: Db | Tx, email: string): Promise<UserWithPassword | null> {
  const found = await db
    .select({ id: users.id, passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.email, email));
  return found[0] ?? null;
}

/** Opens a session, and forgets this user's expired and surplus ones. */
export async function openSession(
  db: Db,
  userId: string,
  tokenHash: Buffer,
  expiresAt: Date,
  now: Date,
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.insert(sessions).values({ tokenHash, userId, expiresAt });
    const surplus = tx
      .select({ tokenHash: sessions.tokenHash })
      .from(sessions)
      .where(eq(sessions.userId, userId))
      .orderBy(desc(sessions.expiresAt))
      .offset(MAX_SESSIONS);
    await tx.delete(sessions).where(inArray(sessions.tokenHash, surplus));
    await tx.delete(sessions).where(lte(sessions.expiresAt, now));
  });
}

export async function findSession(db: Db, tokenHash: Buffer, now: Date): Promise<Session | null> {
  const found = await db
    .select({
      userId: users.id,
      email: users.email,
      name: users.name,
      organisation: { id: organisations.id, name: organisations.name },
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .innerJoin(organisations, eq(organisations.id, users.organisationId))
    .where(and(eq(sessions.tokenHash, tokenHash), gt(sessions.expiresAt, now)));
  return found[0] ?? null;
}

export async function closeSession(db: Db, tokenHash: Buffer): Promise<void> {
  await db.delete(sessions).where(eq(sessions.tokenHash, tokenHash));
}

/** Writes a user by email. With a new password hash the user's sessions end; with null the password stays. */
export async function writeUser(
  tx: Tx,
  user: { readonly organisationId: string; readonly email: string; readonly name: string },
  passwordHash: string | null,
): Promise<void> {
  if (passwordHash === null) {
    await tx.update(users).set(user).where(eq(users.email, user.email));
    return;
  }
  const values = { ...user, passwordHash };
  const [written] = await tx
    .insert(users)
    .values(values)
    .onConflictDoUpdate({ target: users.email, set: values })
    .returning({ id: users.id });
  if (written !== undefined) await tx.delete(sessions).where(eq(sessions.userId, written.id));
}
