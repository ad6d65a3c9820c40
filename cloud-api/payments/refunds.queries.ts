import { and, asc, eq, lte, sql, type SQL } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { refunds } from "../db/money-schema.ts";

export type RefundRow = typeof refunds.$inferSelect;
export type NewRefund = typeof refunds.$inferInsert;
export type RefundKey = { readonly facilityId: string; readonly refundId: string };

function isKey({ facilityId, refundId }: RefundKey): SQL | undefined {
  return and(eq(refunds.facilityId, facilityId), eq(refunds.id, refundId));
}

export async function addRefund(tx: Tx, row: NewRefund): Promise<RefundRow> {
  const [added] = await tx.insert(refunds).values(row).returning();
  if (added === undefined) throw new Error("no row");
  return added;
}

export async function findRefund(tx: Db | Tx, key: RefundKey): Promise<RefundRow | null> {
  const [row] = await tx.select().from(refunds).where(isKey(key));
  return row ?? null;
}

/** Its row stays locked to the end of the transaction; the payment's is locked before it. */
export async function lockRefund(tx: Tx, key: RefundKey): Promise<RefundRow | null> {
  const [row] = await tx.select().from(refunds).where(isKey(key)).for("no key update");
  return row ?? null;
}

export async function changeRefund(
  tx: Db | Tx,
  key: RefundKey,
  change: Partial<NewRefund>,
): Promise<RefundRow> {
  const [row] = await tx.update(refunds).set(change).where(isKey(key)).returning();
  if (row === undefined) throw new Error("the refund is not there");
  return row;
}

/** Of a payment, oldest first. */
export async function refundsOf(
  tx: Db | Tx,
  facilityId: string,
  paymentId: string,
): Promise<readonly RefundRow[]> {
  return await tx
    .select()
    .from(refunds)
    .where(and(eq(refunds.facilityId, facilityId), eq(refunds.paymentId, paymentId)))
    .orderBy(asc(refunds.madeAt), asc(refunds.id));
}

/** Takes refunds that are due; each is due again in a minute, should this process end before it asks. */
export async function takeDueRefunds(db: Db, now: Date, limit: number): Promise<readonly RefundRow[]> {
  const due = db
    .select({ facilityId: refunds.facilityId, id: refunds.id })
    .from(refunds)
    .where(lte(refunds.pollAt, now))
    .orderBy(asc(refunds.pollAt))
    .limit(limit)
    .for("update", { skipLocked: true });
  const later = new Date(now.getTime() + 60_000);
  return await db
    .update(refunds)
    .set({ pollAt: later, polls: sql`${refunds.polls} + 1` })
    .where(sql`(${refunds.facilityId}, ${refunds.id}) in (${due})`)
    .returning();
}
