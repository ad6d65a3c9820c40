import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, or, sql } from "drizzle-orm";
import { passPlans, subscriptionPeriods, subscriptions } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { facilities } from "../db/schema.ts";

export type PlanRow = typeof passPlans.$inferSelect;
export type SubscriptionRow = typeof subscriptions.$inferSelect;
export type PeriodRow = typeof subscriptionPeriods.$inferSelect;

export async function findPlan(db: Db | Tx, facilityId: string, planId: string): Promise<PlanRow | null> {
  const [row] = await db
    .select()
    .from(passPlans)
    .where(and(eq(passPlans.facilityId, facilityId), eq(passPlans.id, planId)));
  return row ?? null;
}

/** In the order in which they were made; one more than `limit`. */
export async function listPlans(
  tx: Tx,
  facilityId: string,
  {
    onSale,
    after,
    limit,
  }: {
    readonly onSale: boolean;
    readonly after: readonly [number, string] | null;
    readonly limit: number;
  },
): Promise<readonly PlanRow[]> {
  const [madeMs, id] = after ?? [0, ""];
  const made = new Date(madeMs);
  const behind =
    after === null
      ? undefined
      : or(gt(passPlans.madeAt, made), and(eq(passPlans.madeAt, made), gt(passPlans.id, id)));
  return await tx
    .select()
    .from(passPlans)
    .where(and(eq(passPlans.facilityId, facilityId), onSale ? eq(passPlans.onSale, true) : undefined, behind))
    .orderBy(asc(passPlans.madeAt), asc(passPlans.id))
    .limit(limit + 1);
}

export async function insertPlan(tx: Tx, row: PlanRow): Promise<void> {
  await tx.insert(passPlans).values(row);
}

export async function updatePlan(tx: Tx, row: PlanRow): Promise<void> {
  const { facilityId, id, ...rest } = row;
  await tx
    .update(passPlans)
    .set(rest)
    .where(and(eq(passPlans.facilityId, facilityId), eq(passPlans.id, id)));
}

/** @returns false = somebody has, or had, it. */
export async function deleteUnusedPlan(tx: Tx, facilityId: string, planId: string): Promise<boolean> {
  const gone = await tx
    .delete(passPlans)
    .where(
      and(
        eq(passPlans.facilityId, facilityId),
        eq(passPlans.id, planId),
        sql`not exists (select from ${subscriptions} where ${subscriptions.facilityId} = ${facilityId} and ${subscriptions.planId} = ${planId})`,
        sql`not exists (select from ${subscriptionPeriods} where ${subscriptionPeriods.facilityId} = ${facilityId} and ${subscriptionPeriods.planId} = ${planId})`,
      ),
    )
    .returning({ id: passPlans.id });
  return gone.length > 0;
}

/** What the gate knows of a plan changed: it is told of all who hold it. @returns whose they are. */
export async function retellHolders(tx: Tx, facilityId: string, planId: string): Promise<readonly string[]> {
  const rows = await tx
    .update(subscriptions)
    .set({ untold: true })
    .where(
      and(
        eq(subscriptions.facilityId, facilityId),
        eq(subscriptions.planId, planId),
        eq(subscriptions.status, "active"),
      ),
    )
    .returning({ userId: subscriptions.userId });
  return [...new Set(rows.map(({ userId }) => userId))];
}

export async function insertSubscription(tx: Tx, row: SubscriptionRow, period: PeriodRow): Promise<void> {
  await tx.insert(subscriptions).values(row);
  await tx.insert(subscriptionPeriods).values(period);
}

/** Wherever it is; the walls show callers theirs. */
export async function findSubscription(db: Db | Tx, id: string): Promise<SubscriptionRow | null> {
  const [row] = await db.select().from(subscriptions).where(eq(subscriptions.id, id));
  return row ?? null;
}

/** Until the transaction is over, nobody else changes it. */
export async function lockSubscription(
  tx: Tx,
  facilityId: string,
  id: string,
): Promise<SubscriptionRow | null> {
  const [row] = await tx
    .select()
    .from(subscriptions)
    .where(and(eq(subscriptions.facilityId, facilityId), eq(subscriptions.id, id)))
    .for("update");
  return row ?? null;
}

export type SubscriptionChange = Partial<Omit<SubscriptionRow, "facilityId" | "id" | "userId" | "madeAt">>;

export async function updateSubscription(
  tx: Tx,
  { facilityId, id }: Pick<SubscriptionRow, "facilityId" | "id">,
  change: SubscriptionChange,
): Promise<void> {
  await tx
    .update(subscriptions)
    .set(change)
    .where(and(eq(subscriptions.facilityId, facilityId), eq(subscriptions.id, id)));
}

export type SubscriptionFilter = {
  readonly userId?: string | undefined;
  /** Null = those of all facilities. */
  readonly facilityIds: readonly string[] | null;
  readonly status?: SubscriptionRow["status"] | undefined;
  readonly plate?: string | undefined;
};

/** The newest first; one more than `limit`. */
export async function listSubscriptions(
  tx: Tx,
  { userId, facilityIds, status, plate }: SubscriptionFilter,
  { after, limit }: { readonly after: readonly [number, string] | null; readonly limit: number },
): Promise<readonly SubscriptionRow[]> {
  const [madeMs, id] = after ?? [0, ""];
  const made = new Date(madeMs);
  const behind =
    after === null
      ? undefined
      : or(lt(subscriptions.madeAt, made), and(eq(subscriptions.madeAt, made), lt(subscriptions.id, id)));
  return await tx
    .select()
    .from(subscriptions)
    .where(
      and(
        userId === undefined ? undefined : eq(subscriptions.userId, userId),
        facilityIds === null ? undefined : inArray(subscriptions.facilityId, [...facilityIds]),
        status === undefined ? undefined : eq(subscriptions.status, status),
        plate === undefined ? undefined : sql`${plate} = any(${subscriptions.plates})`,
        behind,
      ),
    )
    .orderBy(desc(subscriptions.madeAt), desc(subscriptions.id))
    .limit(limit + 1);
}

/** Those by which a plate may come in now. */
export async function holdersOfPlate(
  tx: Tx,
  facilityId: string,
  plate: string,
  now: Date,
): Promise<readonly Pick<SubscriptionRow, "id" | "validUntil">[]> {
  return await tx
    .select({ id: subscriptions.id, validUntil: subscriptions.validUntil })
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.facilityId, facilityId),
        eq(subscriptions.status, "active"),
        lte(subscriptions.validFrom, now),
        gt(subscriptions.validUntil, now),
        sql`${plate} = any(${subscriptions.plates})`,
      ),
    )
    .limit(20);
}

/** The periods of a subscription, from the first on. */
export async function periodsOf(
  tx: Db | Tx,
  { facilityId, id }: Pick<SubscriptionRow, "facilityId" | "id">,
): Promise<readonly PeriodRow[]> {
  return await tx
    .select()
    .from(subscriptionPeriods)
    .where(and(eq(subscriptionPeriods.facilityId, facilityId), eq(subscriptionPeriods.subscriptionId, id)))
    .orderBy(asc(subscriptionPeriods.number));
}

/** What is to be paid of several subscriptions, by their ids. */
export async function duePeriods(
  tx: Tx,
  rows: readonly Pick<SubscriptionRow, "facilityId" | "id">[],
): Promise<ReadonlyMap<string, PeriodRow>> {
  if (rows.length === 0) return new Map();
  const due = await tx
    .select()
    .from(subscriptionPeriods)
    .where(
      and(
        inArray(subscriptionPeriods.facilityId, [...new Set(rows.map(({ facilityId }) => facilityId))]),
        inArray(
          subscriptionPeriods.subscriptionId,
          rows.map(({ id }) => id),
        ),
        eq(subscriptionPeriods.status, "due"),
      ),
    );
  return new Map(due.map((row) => [row.subscriptionId, row]));
}

export async function insertPeriod(tx: Tx, row: PeriodRow): Promise<void> {
  await tx.insert(subscriptionPeriods).values(row);
}

export async function updatePeriod(
  tx: Tx,
  { facilityId, subscriptionId, number }: Pick<PeriodRow, "facilityId" | "subscriptionId" | "number">,
  change: Partial<Omit<PeriodRow, "facilityId" | "subscriptionId" | "number">>,
): Promise<void> {
  await tx
    .update(subscriptionPeriods)
    .set(change)
    .where(
      and(
        eq(subscriptionPeriods.facilityId, facilityId),
        eq(subscriptionPeriods.subscriptionId, subscriptionId),
        eq(subscriptionPeriods.number, number),
      ),
    );
}

/** What is due will not be wanted any more. */
export async function dropDue(
  tx: Tx,
  { facilityId, id }: Pick<SubscriptionRow, "facilityId" | "id">,
): Promise<void> {
  await tx
    .update(subscriptionPeriods)
    .set({ status: "dropped" })
    .where(
      and(
        eq(subscriptionPeriods.facilityId, facilityId),
        eq(subscriptionPeriods.subscriptionId, id),
        eq(subscriptionPeriods.status, "due"),
      ),
    );
}

/** Where it is, as its terms are counted. */
export async function timeZoneOf(tx: Tx, facilityId: string): Promise<string | null> {
  const [row] = await tx
    .select({ timeZone: facilities.timeZone })
    .from(facilities)
    .where(and(eq(facilities.id, facilityId), isNull(facilities.closedAt)));
  return row?.timeZone ?? null;
}

export async function findSubscriptionOf(
  db: Db | Tx,
  facilityId: string,
  id: string,
): Promise<SubscriptionRow | null> {
  const [row] = await db
    .select()
    .from(subscriptions)
    .where(and(eq(subscriptions.facilityId, facilityId), eq(subscriptions.id, id)));
  return row ?? null;
}
