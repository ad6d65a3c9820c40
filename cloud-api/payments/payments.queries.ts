import { and, asc, desc, eq, inArray, lte, ne, or, sql, type SQL } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { providerPayments } from "../db/money-schema.ts";
import { facilities } from "../db/schema.ts";
import type { Purpose } from "./effects.ts";
import { OPEN_STATUSES, type PaymentStatus } from "./rules.ts";

export type PaymentRow = typeof providerPayments.$inferSelect;
export type NewPayment = typeof providerPayments.$inferInsert;

export type PaymentKey = { readonly facilityId: string; readonly paymentId: string };
export type Subject = {
  readonly facilityId: string;
  readonly purpose: Purpose;
  readonly subjectId: string;
};

function isKey({ facilityId, paymentId }: PaymentKey): SQL | undefined {
  return and(eq(providerPayments.facilityId, facilityId), eq(providerPayments.id, paymentId));
}

function isOf({ facilityId, purpose, subjectId }: Subject): SQL | undefined {
  return and(
    eq(providerPayments.facilityId, facilityId),
    eq(providerPayments.purpose, purpose),
    eq(providerPayments.subjectId, subjectId),
  );
}

/** @returns false where it is there already, or another one of its subject is open. */
export async function addPayment(tx: Tx, row: NewPayment): Promise<boolean> {
  const added = await tx.insert(providerPayments).values(row).onConflictDoNothing().returning({
    id: providerPayments.id,
  });
  return added.length > 0;
}

export async function findPayment(tx: Db | Tx, paymentId: string): Promise<PaymentRow | null> {
  const [row] = await tx.select().from(providerPayments).where(eq(providerPayments.id, paymentId)).limit(1);
  return row ?? null;
}

/** Its row stays locked to the end of the transaction. */
export async function lockPayment(tx: Tx, key: PaymentKey): Promise<PaymentRow | null> {
  const [row] = await tx.select().from(providerPayments).where(isKey(key)).for("no key update");
  return row ?? null;
}

export async function changePayment(
  tx: Db | Tx,
  key: PaymentKey,
  change: Partial<NewPayment>,
): Promise<PaymentRow> {
  const [row] = await tx.update(providerPayments).set(change).where(isKey(key)).returning();
  if (row === undefined) throw new Error("the payment is not there");
  return row;
}

/** The one payment of a subject that is not over yet. */
export async function findOpenPayment(tx: Db | Tx, subject: Subject): Promise<PaymentRow | null> {
  const open = inArray(providerPayments.status, [...OPEN_STATUSES]);
  const [row] = await tx
    .select()
    .from(providerPayments)
    .where(and(isOf(subject), open));
  return row ?? null;
}

/** By the provider's own id of the payment or of its charge. */
export async function findByReference(
  tx: Db | Tx,
  provider: string,
  reference: string,
): Promise<PaymentRow | null> {
  const named = or(eq(providerPayments.reference, reference), eq(providerPayments.charge, reference));
  const [row] = await tx
    .select()
    .from(providerPayments)
    .where(and(eq(providerPayments.provider, provider), named))
    .limit(1);
  return row ?? null;
}

/** What was paid for a subject and was not given back, in minor units. @param except a payment that does not count. */
export async function netPaid(tx: Db | Tx, subject: Subject, except: string | null = null): Promise<number> {
  const others = except === null ? undefined : ne(providerPayments.id, except);
  const net = sql<string>`coalesce(sum(${providerPayments.capturedMinor} - ${providerPayments.refundedMinor}), 0)`;
  const [row] = await tx
    .select({ net })
    .from(providerPayments)
    .where(and(isOf(subject), others));
  return Number(row?.net ?? 0);
}

/** Payments of one subject that are being booked go one after another. */
export async function lockSubject(tx: Tx, { facilityId, purpose, subjectId }: Subject): Promise<void> {
  const name = `payment ${facilityId} ${purpose} ${subjectId}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
}

/** Captured payments of a subject, newest first. */
export async function capturedPayments(tx: Tx, subject: Subject): Promise<readonly PaymentRow[]> {
  return await tx
    .select()
    .from(providerPayments)
    .where(and(isOf(subject), eq(providerPayments.status, "captured")))
    .orderBy(desc(providerPayments.capturedAt), desc(providerPayments.id));
}

export type PaymentFilter = {
  readonly userId?: string | undefined;
  readonly facilityId?: string | undefined;
  readonly purpose?: Purpose | undefined;
  readonly subjectId?: string | undefined;
  readonly status?: PaymentStatus | undefined;
  readonly provider?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
};

/** Newest first, after a place in the list. */
export async function listPayments(
  tx: Db | Tx,
  filter: PaymentFilter,
  after: readonly [string, string] | null,
  limit: number,
): Promise<readonly PaymentRow[]> {
  const { userId, facilityId, purpose, subjectId, status, provider, from, until } = filter;
  const is = <T>(value: T | undefined, condition: (value: T) => SQL | undefined) =>
    value === undefined ? undefined : condition(value);
  return await tx
    .select()
    .from(providerPayments)
    .where(
      and(
        is(userId, (id) => eq(providerPayments.userId, id)),
        is(facilityId, (id) => eq(providerPayments.facilityId, id)),
        is(purpose, (name) => eq(providerPayments.purpose, name)),
        is(subjectId, (id) => eq(providerPayments.subjectId, id)),
        is(status, (name) => eq(providerPayments.status, name)),
        is(provider, (name) => eq(providerPayments.provider, name)),
        is(from, (at) => sql`${providerPayments.madeAt} >= ${at.toISOString()}`),
        is(until, (at) => sql`${providerPayments.madeAt} < ${at.toISOString()}`),
        after === null
          ? undefined
          : sql`(${providerPayments.madeAt}, ${providerPayments.id}) < (${after[0]}::timestamptz, ${after[1]}::uuid)`,
      ),
    )
    .orderBy(desc(providerPayments.madeAt), desc(providerPayments.id))
    .limit(limit);
}

/** Takes payments that are due to be asked for; each is due again in a minute, should this process end before it asks. */
export async function takeDuePayments(db: Db, now: Date, limit: number): Promise<readonly PaymentRow[]> {
  const due = db
    .select({ facilityId: providerPayments.facilityId, id: providerPayments.id })
    .from(providerPayments)
    .where(lte(providerPayments.pollAt, now))
    .orderBy(asc(providerPayments.pollAt))
    .limit(limit)
    .for("update", { skipLocked: true });
  const later = new Date(now.getTime() + 60_000);
  return await db
    .update(providerPayments)
    .set({ pollAt: later, polls: sql`${providerPayments.polls} + 1` })
    .where(sql`(${providerPayments.facilityId}, ${providerPayments.id}) in (${due})`)
    .returning();
}

/** What a payment needs to know of its facility. */
export async function facilityOf(
  tx: Db | Tx,
  facilityId: string,
): Promise<{ readonly organisationId: string; readonly name: string } | null> {
  const [row] = await tx
    .select({ organisationId: facilities.organisationId, name: facilities.name })
    .from(facilities)
    .where(eq(facilities.id, facilityId));
  return row ?? null;
}
