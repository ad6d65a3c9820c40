import { and, desc, eq, gt, inArray, isNull, lte, sql } from "drizzle-orm";
import { signIns, totpSecrets } from "../db/accounts-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { sessions, users } from "../db/schema.ts";
import type { Role } from "./principal.ts";
import { MAX_SESSIONS } from "./rules.ts";

/** What a sign-in needs to know of somebody. */
export type UserWithPassword = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly organisationId: string | null;
  readonly passwordHash: string;
  readonly disabledAt: Date | null;
  /** Whether they have a second factor that counts. */
  readonly secondFactor: boolean;
};

/** @param whom an email in lower case, or an id. */
export async function findUser(
  db: Db | Tx,
  whom: string | { readonly id: string },
): Promise<UserWithPassword | null> {
  const found = await db
    .select({
      id: users.id,
      email: users.email,
      name: users.name,
      role: users.role,
      organisationId: users.organisationId,
      passwordHash: users.passwordHash,
      disabledAt: users.disabledAt,
      secondFactor: sql<boolean>`${totpSecrets.confirmedAt} is not null`,
    })
    .from(users)
    .leftJoin(totpSecrets, eq(totpSecrets.userId, users.id))
    .where(typeof whom === "string" ? eq(users.email, whom) : eq(users.id, whom.id));
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

/** @returns whose it is; null = it is over, or was never ours. */
export async function findSession(db: Db, tokenHash: Buffer, now: Date): Promise<string | null> {
  const found = await db
    .select({ userId: sessions.userId })
    .from(sessions)
    .where(and(eq(sessions.tokenHash, tokenHash), gt(sessions.expiresAt, now)));
  return found[0]?.userId ?? null;
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
  // Whoever registered as a driver with this email before works for the organisation from now on.
  const role = sql`case ${users.role} when 'driver' then 'owner' else ${users.role} end`;
  const [written] = await tx
    .insert(users)
    .values(values)
    .onConflictDoUpdate({ target: users.email, set: { ...values, role } })
    .returning({ id: users.id });
  if (written === undefined) throw new Error("an upsert returned no row");
  await tx.delete(sessions).where(eq(sessions.userId, written.id));
  const live = and(eq(signIns.userId, written.id), isNull(signIns.revokedAt));
  await tx
    .update(signIns)
    .set({ revokedAt: sql`now()`, revokedWhy: "password_changed" })
    .where(live);
}
