import { and, eq, isNull, lt, sql, type SQL } from "drizzle-orm";
import { totpSecrets } from "../db/accounts-schema.ts";
import type { Db, Tx } from "../db/connection.ts";

export type TotpRow = { readonly sealed: Buffer; readonly confirmedAt: Date | null };

export async function findTotp(db: Db | Tx, userId: string): Promise<TotpRow | null> {
  const [found] = await db
    .select({ sealed: totpSecrets.sealed, confirmedAt: totpSecrets.confirmedAt })
    .from(totpSecrets)
    .where(eq(totpSecrets.userId, userId));
  return found ?? null;
}

/** Keeps a secret that does not count yet, in the place of one that does not either. @returns false where one counts. */
export async function writeTotp(tx: Tx, userId: string, sealed: Buffer, now: Date): Promise<boolean> {
  const values = { sealed, madeAt: now, lastStep: 0, recovery: hashes([]) };
  const written = await tx
    .insert(totpSecrets)
    .values({ userId, ...values })
    .onConflictDoUpdate({
      target: totpSecrets.userId,
      set: values,
      setWhere: isNull(totpSecrets.confirmedAt),
    })
    .returning({ userId: totpSecrets.userId });
  return written.length > 0;
}

/** From now on it counts. @returns false where it did already. */
export async function confirmTotp(
  tx: Tx,
  userId: string,
  row: { readonly lastStep: number; readonly recovery: readonly Buffer[]; readonly now: Date },
): Promise<boolean> {
  const confirmed = await tx
    .update(totpSecrets)
    .set({ confirmedAt: row.now, lastStep: row.lastStep, recovery: hashes(row.recovery) })
    .where(and(eq(totpSecrets.userId, userId), isNull(totpSecrets.confirmedAt)))
    .returning({ userId: totpSecrets.userId });
  return confirmed.length > 0;
}

/** @returns false where the code of this step, or a later one, was taken already. */
export async function takeStep(db: Db | Tx, userId: string, step: number): Promise<boolean> {
  const taken = await db
    .update(totpSecrets)
    .set({ lastStep: step })
    .where(and(eq(totpSecrets.userId, userId), lt(totpSecrets.lastStep, step)))
    .returning({ userId: totpSecrets.userId });
  return taken.length > 0;
}

/** @returns false where there is no such recovery code (any more). */
export async function takeRecovery(db: Db | Tx, userId: string, hash: Buffer): Promise<boolean> {
  const taken = await db
    .update(totpSecrets)
    .set({ recovery: sql`array_remove(${totpSecrets.recovery}, ${hash}::bytea)` })
    .where(and(eq(totpSecrets.userId, userId), sql`${hash}::bytea = any (${totpSecrets.recovery})`))
    .returning({ userId: totpSecrets.userId });
  return taken.length > 0;
}

/** The query builder has no words for a list of bytes. */
function hashes(list: readonly Buffer[]): SQL {
  const values = sql.join(
    list.map((hash) => sql`${hash}::bytea`),
    sql`, `,
  );
  return sql`array[${values}]::bytea[]`;
}

export async function deleteTotp(tx: Tx, userId: string): Promise<void> {
  await tx.delete(totpSecrets).where(eq(totpSecrets.userId, userId));
}
