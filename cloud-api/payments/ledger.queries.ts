import { and, desc, eq, gte, inArray, lt, or, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { providerLedger, providerPayments, reconciliations } from "../db/money-schema.ts";

export type LedgerRow = typeof providerLedger.$inferSelect;
export type NewLedgerRow = typeof providerLedger.$inferInsert;

/** Books money. Nothing that was booked is changed. @returns false where its reference was booked already. */
export async function book(tx: Tx, row: NewLedgerRow): Promise<boolean> {
  const booked = await tx
    .insert(providerLedger)
    .values(row)
    .onConflictDoNothing()
    .returning({ id: providerLedger.id });
  return booked.length > 0;
}

/** What a provider's list speaks of, and what we have booked from one moment to before another. */
export async function ledgerForList(
  db: Db,
  provider: string,
  { from, until }: { readonly from: Date; readonly until: Date },
  references: readonly string[],
): Promise<readonly LedgerRow[]> {
  const inTime = and(gte(providerLedger.at, from), lt(providerLedger.at, until));
  const rows = await db
    .select()
    .from(providerLedger)
    .where(and(eq(providerLedger.provider, provider), inTime));
  const known = new Set(rows.map(({ reference }) => reference));
  const others = references.filter((reference) => !known.has(reference));
  for (let i = 0; i < others.length; i += CHUNK) {
    const some = others.slice(i, i + CHUNK);
    const more = await db
      .select()
      .from(providerLedger)
      .where(and(eq(providerLedger.provider, provider), inArray(providerLedger.reference, some)));
    rows.push(...more);
  }
  return rows;
}

const CHUNK = 1_000;

/** Which of a provider's references are payments of ours, by the reference or the charge. */
export async function ourReferences(
  db: Db,
  provider: string,
  references: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let i = 0; i < references.length; i += CHUNK) {
    const some = references.slice(i, i + CHUNK);
    const named = or(inArray(providerPayments.reference, some), inArray(providerPayments.charge, some));
    const rows = await db
      .select({
        facilityId: providerPayments.facilityId,
        reference: providerPayments.reference,
        charge: providerPayments.charge,
      })
      .from(providerPayments)
      .where(and(eq(providerPayments.provider, provider), named));
    for (const { facilityId, reference, charge } of rows)
      for (const name of [reference, charge]) if (name !== null) found.set(name, facilityId);
  }
  return found;
}

export type ReconciliationRow = typeof reconciliations.$inferSelect;

/** The latest look at a day is what counts. */
export async function saveReconciliation(
  db: Db,
  row: typeof reconciliations.$inferInsert,
): Promise<ReconciliationRow> {
  const { at, theirCount, theirMinor, ourCount, ourMinor, differences } = row;
  const [saved] = await db
    .insert(reconciliations)
    .values(row)
    .onConflictDoUpdate({
      target: [reconciliations.provider, reconciliations.day, reconciliations.currency],
      set: { at, theirCount, theirMinor, ourCount, ourMinor, differences },
    })
    .returning();
  if (saved === undefined) throw new Error("no row");
  return saved;
}

/** Newest day first. */
export async function listReconciliations(
  db: Db,
  filter: { readonly provider?: string | undefined; readonly differing: boolean },
  after: readonly [string, string, string] | null,
  limit: number,
): Promise<readonly ReconciliationRow[]> {
  const { provider, day, currency } = reconciliations;
  return await db
    .select()
    .from(reconciliations)
    .where(
      and(
        filter.provider === undefined ? undefined : eq(provider, filter.provider),
        filter.differing ? sql`${reconciliations.differences}::text <> '[]'` : undefined,
        after === null
          ? undefined
          : sql`(${day}, ${provider}, ${currency}) < (${after[0]}::date, ${after[1]}, ${after[2]})`,
      ),
    )
    .orderBy(desc(day), desc(provider), desc(currency))
    .limit(limit);
}

/** When each of a provider's days was looked at. */
export async function reconciledDays(
  db: Db,
  provider: string,
  fromDay: string,
): Promise<readonly { readonly day: string; readonly at: Date }[]> {
  return await db
    .select({ day: reconciliations.day, at: reconciliations.at })
    .from(reconciliations)
    .where(and(eq(reconciliations.provider, provider), gte(reconciliations.day, fromDay)));
}
