import { and, asc, eq, isNull, lte, sql } from "drizzle-orm";
import { passPlans, subscriptionPeriods, subscriptions } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import type { SubscriptionRow } from "./subscriptions.queries.ts";

/** What time brings about: the ids of subscriptions that something is to be done with. As who runs the cloud. */

export type Key = Pick<SubscriptionRow, "facilityId" | "id">;
const KEY = { facilityId: subscriptions.facilityId, id: subscriptions.id };

const hasDue = sql`exists (select from ${subscriptionPeriods} where ${subscriptionPeriods.facilityId} = ${subscriptions.facilityId}
  and ${subscriptionPeriods.subscriptionId} = ${subscriptions.id} and ${subscriptionPeriods.status} = 'due')`;

/** Active ones that are over. */
export async function findOver(db: Db, now: Date, limit: number): Promise<readonly Key[]> {
  return await db
    .select(KEY)
    .from(subscriptions)
    .where(and(eq(subscriptions.status, "active"), lte(subscriptions.validUntil, now)))
    .orderBy(asc(subscriptions.validUntil))
    .limit(limit);
}

/** Those that nobody paid for. */
export async function findLapsed(db: Db, madeBefore: Date, limit: number): Promise<readonly Key[]> {
  return await db
    .select(KEY)
    .from(subscriptions)
    .where(and(eq(subscriptions.status, "pending"), lte(subscriptions.madeAt, madeBefore)))
    .limit(limit);
}

/** Those that renew, are over before `until`, and are not offered the next term yet; on sale still. */
export async function findRenewable(db: Db, until: Date, limit: number): Promise<readonly Key[]> {
  return await db
    .select(KEY)
    .from(subscriptions)
    .innerJoin(
      passPlans,
      and(
        eq(passPlans.facilityId, subscriptions.facilityId),
        eq(passPlans.id, subscriptions.planId),
        eq(passPlans.onSale, true),
      ),
    )
    .where(
      and(
        eq(subscriptions.status, "active"),
        lte(subscriptions.validUntil, until),
        eq(subscriptions.renews, true),
        isNull(subscriptions.cancelledAt),
        sql`not ${hasDue}`,
      ),
    )
    .orderBy(asc(subscriptions.validUntil))
    .limit(limit);
}

/** Those whose stays are used up: their next period may have begun. */
export async function findExhausted(db: Db, now: Date, limit: number): Promise<readonly Key[]> {
  return await db
    .select(KEY)
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.status, "active"),
        sql`${subscriptions.validUntil} > ${now.toISOString()}::timestamptz`,
        sql`${subscriptions.usedStays} >= ${subscriptions.quotaStays}`,
      ),
    )
    .limit(limit);
}

/** What changes of plan cost is reckoned at a time: what is older is not wanted any more. @returns how many. */
export async function dropStaleChanges(db: Db | Tx, madeBefore: Date): Promise<number> {
  const gone = await db
    .update(subscriptionPeriods)
    .set({ status: "dropped" })
    .where(
      and(
        eq(subscriptionPeriods.status, "due"),
        eq(subscriptionPeriods.kind, "change"),
        lte(subscriptionPeriods.madeAt, madeBefore),
      ),
    );
  return gone.rowCount ?? 0;
}
