import { and, count, eq, gte, inArray, sql } from "drizzle-orm";
import { subscriptionStays } from "../db/bookings-schema.ts";
import type { Tx } from "../db/connection.ts";
import type { SubscriptionRow } from "./subscriptions.queries.ts";

/** The stays that used subscriptions up. */

/** How many were begun under it since then. */
export async function countStaysSince(
  tx: Tx,
  { facilityId, id }: Pick<SubscriptionRow, "facilityId" | "id">,
  since: Date,
): Promise<number> {
  const [found] = await tx
    .select({ n: count() })
    .from(subscriptionStays)
    .where(
      and(
        eq(subscriptionStays.facilityId, facilityId),
        eq(subscriptionStays.subscriptionId, id),
        gte(subscriptionStays.at, since),
      ),
    );
  return found?.n ?? 0;
}

/** A stay as its gate told of it. */
export type BegunStay = {
  readonly subscriptionId: string;
  readonly stayId: string;
  /** RFC 3339. */
  readonly at: string;
};

/** Counts stays, each once, under those subscriptions that there are. @returns the ids of these. */
export async function keepStays(
  tx: Tx,
  facilityId: string,
  begun: readonly BegunStay[],
): Promise<readonly string[]> {
  const rows = JSON.stringify(
    begun.map(({ subscriptionId, stayId, at }) => ({ subscription_id: subscriptionId, stay_id: stayId, at })),
  );
  const kept = await tx.execute<{ subscription_id: string }>(sql`
    insert into subscription_stays (facility_id, subscription_id, stay_id, at)
    select ${facilityId}::uuid, s.id, r.stay_id, r.at
    from json_to_recordset(${rows}::json) as r(subscription_id uuid, stay_id uuid, at timestamptz)
    join subscriptions s on s.facility_id = ${facilityId} and s.id = r.subscription_id
    on conflict do nothing
    returning subscription_id`);
  return [...new Set(kept.rows.map((row) => row.subscription_id))];
}

/** Stays that never were do not count. @returns the ids of their subscriptions. */
export async function dropStays(
  tx: Tx,
  facilityId: string,
  stayIds: readonly string[],
): Promise<readonly string[]> {
  const gone = await tx
    .delete(subscriptionStays)
    .where(and(eq(subscriptionStays.facilityId, facilityId), inArray(subscriptionStays.stayId, [...stayIds])))
    .returning({ subscriptionId: subscriptionStays.subscriptionId });
  return [...new Set(gone.map(({ subscriptionId }) => subscriptionId))];
}
