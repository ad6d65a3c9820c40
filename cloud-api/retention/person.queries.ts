import { sql, type SQL } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";

/** All that is kept of a person, as it is kept: columns by their names, amounts in minor units beside their currency. */

export type Rows = readonly Readonly<Record<string, unknown>>[];

/** What is theirs, by whose id stands in it. Secrets (passwords, tokens, keys) are not told to anybody. */
function partsOf(userId: string): Readonly<Record<string, SQL>> {
  const mine = sql`user_id = ${userId}`;
  return {
    profile: sql`select id, email, first_name, last_name, name, phone, role, organisation_id, made_at, disabled_at
      from users where id = ${userId}`,
    sign_ins: sql`select id, device, address, at, last_used_at, expires_at, revoked_at, revoked_why
      from sign_ins where ${mine} order by at`,
    second_factors: sql`select made_at, confirmed_at from totp_secrets where ${mine}`,
    vehicles: sql`select id, plate, type, ev, accessible, name, owned_from, owned_until
      from vehicles where ${mine} order by owned_from`,
    vehicle_transfers: sql`select vehicle_id, made_at, expires_at from vehicle_transfers where ${mine}`,
    bookings: sql`select * from bookings where ${mine} order by made_at`,
    stays: sql`select s.* from stays s join bookings b on b.facility_id = s.facility_id and b.stay_id = s.stay_id
      where b.user_id = ${userId} order by s.entry_at`,
    subscriptions: sql`select * from subscriptions where ${mine} order by made_at`,
    subscription_periods: sql`select * from subscription_periods where ${mine} order by made_at`,
    subscription_stays: sql`select u.* from subscription_stays u join subscriptions s
      on s.facility_id = u.facility_id and s.id = u.subscription_id where s.user_id = ${userId} order by u.at`,
    payments: sql`select * from provider_payments where ${mine} order by made_at`,
    refunds: sql`select r.* from refunds r join provider_payments p
      on p.facility_id = r.facility_id and p.id = r.payment_id where p.user_id = ${userId} order by r.made_at`,
    violations: sql`select * from violations where ${mine} order by at`,
    disputes: sql`select * from disputes where ${mine} order by at`,
    staff_facilities: sql`select facility_id, assigned_at from staff_facilities where ${mine}`,
    api_keys: sql`select id, name, prefix, scopes, facility_ids, made_at, expires_at, last_used_at, revoked_at
      from api_keys where made_by = ${userId} order by made_at`,
    audit_entries: sql`select at, actor, role, action, subject, facility_id, detail, request_id from audit_entries
      where actor in (${`driver:${userId}`}, (select email from users where id = ${userId} and role <> 'driver'))
        or subject = ${`user:${userId}`} order by ordinal`,
  };
}

/** The names of the parts of an export. */
export const EXPORT_PARTS = Object.keys(partsOf(""));

/** Each part as a list of rows, all of one moment. Null = there is no such person, or they were erased. */
export async function readPerson(db: Db, userId: string): Promise<Readonly<Record<string, Rows>> | null> {
  return await db.transaction(
    async (tx) => {
      const found = await tx.execute(sql`select from users where id = ${userId} and erased_at is null`);
      if (found.rows.length === 0) return null;
      const parts: Record<string, Rows> = {};
      for (const [name, query] of Object.entries(partsOf(userId))) parts[name] = await asJson(tx, query);
      return parts;
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

/** PostgreSQL's own JSON of rows: times in RFC 3339. */
async function asJson(tx: Tx, query: SQL): Promise<Rows> {
  const { rows } = await tx.execute<{ row: Record<string, unknown> }>(
    sql`select row_to_json(part) as row from (${query}) as part`,
  );
  return rows.map(({ row }) => row);
}
