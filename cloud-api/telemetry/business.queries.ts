import { sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";

export type Business = {
  readonly activeBookings: number;
  /** Of the last hour; null = nobody paid. Both ends of a payment count: captured, and failed. */
  readonly paymentSuccess: number | null;
};

/** What the whole platform is doing, whichever process did it. */
export async function readBusiness(db: Db, now: Date): Promise<Business> {
  const since = new Date(now.getTime() - 3_600_000).toISOString();
  const { rows } = await db.execute<{ active: string; captured: string; failed: string }>(sql`
    select (select count(*) from bookings where status = 'ACTIVE') as active,
      count(*) filter (where status = 'captured') as captured, count(*) filter (where status = 'failed') as failed
    from provider_payments where changed_at > ${since}::timestamptz and status in ('captured', 'failed')`);
  const [row] = rows;
  const [captured, failed] = [Number(row?.captured ?? 0), Number(row?.failed ?? 0)];
  const ended = captured + failed;
  return { activeBookings: Number(row?.active ?? 0), paymentSuccess: ended === 0 ? null : captured / ended };
}
