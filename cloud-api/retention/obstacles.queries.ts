import { sql } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";

/** Why somebody cannot be forgotten yet. */
export type Obstacle = {
  readonly kind: "booking" | "subscription" | "debt" | "violation" | "payment" | "refund" | "legal_hold";
  /** Of the booking, subscription, violation, payment or refund; of what is held, the booking. */
  readonly id: string;
  readonly facility_id: string;
};

/** What is still in use, or owed: by them, or to them. At most a hundred. */
export async function findObstacles(tx: Tx, userId: string): Promise<readonly Obstacle[]> {
  const { rows } = await tx.execute<Obstacle>(sql`
    select 'booking' as kind, id, facility_id from bookings
      where user_id = ${userId} and status in ('PENDING', 'CONFIRMED', 'ACTIVE')
    union all select 'debt', id, facility_id from bookings
      where user_id = ${userId} and status not in ('PENDING', 'CONFIRMED', 'ACTIVE')
        and final_minor - gate_minor > paid_minor
    union all select 'subscription', id, facility_id from subscriptions
      where user_id = ${userId} and status in ('pending', 'active')
    union all select 'violation', id, facility_id from violations
      where user_id = ${userId} and status in ('open', 'disputed', 'upheld')
    union all select 'payment', id, facility_id from provider_payments
      where user_id = ${userId} and status in ('created', 'pending', 'authorized')
    union all select 'refund', r.id, r.facility_id from refunds r
      join provider_payments p on p.facility_id = r.facility_id and p.id = r.payment_id
      where p.user_id = ${userId} and r.status in ('asked', 'pending')
    union all select 'legal_hold', b.id, b.facility_id from bookings b
      where b.user_id = ${userId} and exists (select from legal_holds h where h.facility_id = b.facility_id
        and h.lifted_at is null
        and (h.plate is null and h.stay_id is null or h.plate = b.plate or h.stay_id = b.stay_id))
    limit 100`);
  return rows;
}
