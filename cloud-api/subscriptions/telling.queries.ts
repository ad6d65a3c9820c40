import { and, eq, inArray } from "drizzle-orm";
import { passPlans, subscriptions } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";

/** What the gate is told of a subscription. */
export type ToTell = {
  readonly id: string;
  readonly status: (typeof subscriptions.$inferSelect)["status"];
  readonly plates: readonly string[];
  readonly validFrom: Date;
  readonly validUntil: Date;
  readonly quotaStays: number | null;
  readonly usedStays: number;
  readonly spaces: number;
  readonly pass: string | null;
  readonly zone: string | null;
};

export async function facilitiesWithUntold(db: Db, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectDistinct({ facilityId: subscriptions.facilityId })
    .from(subscriptions)
    .where(eq(subscriptions.untold, true))
    .limit(limit);
  return rows.map(({ facilityId }) => facilityId);
}

/** Some that the gate is not told of, locked; those that somebody else changes just now come the next time. */
export async function takeUntold(tx: Tx, facilityId: string, limit: number): Promise<readonly ToTell[]> {
  return await tx
    .select({
      id: subscriptions.id,
      status: subscriptions.status,
      plates: subscriptions.plates,
      validFrom: subscriptions.validFrom,
      validUntil: subscriptions.validUntil,
      quotaStays: subscriptions.quotaStays,
      usedStays: subscriptions.usedStays,
      spaces: passPlans.spaces,
      pass: passPlans.tariffPass,
      zone: passPlans.zoneSlug,
    })
    .from(subscriptions)
    .innerJoin(
      passPlans,
      and(eq(passPlans.facilityId, subscriptions.facilityId), eq(passPlans.id, subscriptions.planId)),
    )
    .where(and(eq(subscriptions.facilityId, facilityId), eq(subscriptions.untold, true)))
    .limit(limit)
    .for("update", { of: subscriptions, skipLocked: true });
}

export async function markTold(tx: Tx, facilityId: string, ids: readonly string[]): Promise<void> {
  await tx
    .update(subscriptions)
    .set({ untold: false })
    .where(and(eq(subscriptions.facilityId, facilityId), inArray(subscriptions.id, [...ids])));
}
