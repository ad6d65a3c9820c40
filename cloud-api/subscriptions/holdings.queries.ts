import { and, eq, gt } from "drizzle-orm";
import { passPlans, subscriptions } from "../db/bookings-schema.ts";
import type { Db } from "../db/connection.ts";
import { isExhausted } from "./rules.ts";

/** What a driver holds, as it is cached: JSON. Times are Unix milliseconds. */
export type Holding = {
  readonly id: string;
  readonly facilityId: string;
  readonly plates: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  /** The tariff's pass that says what it pays for; null = all of the time. */
  readonly pass: string | null;
  /** Its stays are used up. */
  readonly exhausted: boolean;
};

/** Those of a driver that are not over. */
export async function readHoldings(db: Db, userId: string, now: Date): Promise<readonly Holding[]> {
  const rows = await db
    .select({
      id: subscriptions.id,
      facilityId: subscriptions.facilityId,
      plates: subscriptions.plates,
      validFrom: subscriptions.validFrom,
      validUntil: subscriptions.validUntil,
      quotaStays: subscriptions.quotaStays,
      usedStays: subscriptions.usedStays,
      pass: passPlans.tariffPass,
    })
    .from(subscriptions)
    .innerJoin(
      passPlans,
      and(eq(passPlans.facilityId, subscriptions.facilityId), eq(passPlans.id, subscriptions.planId)),
    )
    .where(
      and(
        eq(subscriptions.userId, userId),
        eq(subscriptions.status, "active"),
        gt(subscriptions.validUntil, now),
      ),
    );
  return rows.map(({ validFrom, validUntil, quotaStays, usedStays, ...rest }) => ({
    ...rest,
    fromMs: validFrom.getTime(),
    untilMs: validUntil.getTime(),
    exhausted: isExhausted(quotaStays, usedStays),
  }));
}
