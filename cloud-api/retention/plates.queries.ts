import { sql, type SQL } from "drizzle-orm";
import type { Db } from "../db/connection.ts";
import { isHeld } from "./held.queries.ts";
import { ABANDONED_DAYS } from "./rules.ts";

/** Takes plates out of rows, some at a time: nobody waits long for a row. The rows themselves stay, and what they count. */

/** Of a facility: what ended in this time, and is not held. */
export type Span = { readonly facilityId: string; readonly from: Date; readonly before: Date };

const AT_ONCE = 2_000;

/** Runs a statement until it finds no full batch any more. @returns on how many rows. */
async function repeat(db: Db, statement: SQL): Promise<number> {
  for (let done = 0; ;) {
    const { rowCount } = await db.execute(statement);
    done += rowCount ?? 0;
    if ((rowCount ?? 0) < AT_ONCE) return done;
  }
}

/** When a stay ended, as far as that is known. */
const ENDED = sql.raw(`coalesce(s.exit_at, case s.status when 'void' then s.entry_at
  else s.entry_at + interval '${ABANDONED_DAYS} days' end)`);

const at = (moment: Date): SQL => sql`${moment.toISOString()}::timestamptz`;

/**
 * Of stays. The days that they are of are noted in the same statement: an edge has its own rows with their plates, so
 * the books of these days are compared by number and money alone from then on (fleet/equality.ts).
 */
export async function forgetStayPlates(
  db: Db,
  { facilityId, from, before }: Span,
  now: Date,
): Promise<number> {
  return await repeat(
    db,
    sql`with old as (
        select s.facility_id, s.stay_id, s.entry_at from stays s
        where s.facility_id = ${facilityId} and s.plate is not null and ${ENDED} < ${at(before)}
          and (s.exit_at >= ${at(from)} and s.exit_at < ${at(before)}
            or s.exit_at is null and s.entry_at >= ${at(from)} - interval '${sql.raw(String(ABANDONED_DAYS))} days'
              and s.entry_at < ${at(before)})
          and not ${isHeld("s", sql`s.plate`, sql`s.stay_id`)}
        limit ${AT_ONCE} for update skip locked),
      ${daysOf("entry_at", now)}
      update stays set plate = null from old
      where stays.facility_id = old.facility_id and stays.stay_id = old.stay_id`,
  );
}

/** Of movements, but not of stays that have not ended so long ago. */
export async function forgetMovementPlates(
  db: Db,
  { facilityId, from, before }: Span,
  now: Date,
): Promise<number> {
  return await repeat(
    db,
    sql`with old as (
        select m.facility_id, m.movement_id, m.at from movements m
        where m.facility_id = ${facilityId} and m.plate is not null and m.at >= ${at(from)} and m.at < ${at(before)}
          and not exists (select from stays s where s.facility_id = m.facility_id and s.stay_id = m.stay_id
            and ${ENDED} >= ${at(before)})
          and not ${isHeld("m", sql`m.plate`, sql`m.stay_id`)}
        limit ${AT_ONCE}),
      ${daysOf("at", now)}
      update movements set plate = null from old
      where movements.facility_id = old.facility_id and movements.at = old.at
        and movements.movement_id = old.movement_id`,
  );
}

/** A part of a statement that notes the days of the rows of `old`. */
export function daysOf(column: string, now: Date): SQL {
  const time = sql.raw(column);
  return sql`days as (insert into forgotten_days (facility_id, day, at)
    select distinct facility_id, (${time} at time zone 'UTC')::date, ${at(now)} from old where ${time} is not null
    order by 1, 2 on conflict do nothing)`;
}

/** No booking is longer: see bookings/policy.ts. */
const LONGEST = sql.raw("interval '31 days'");

/** Of bookings that are over. What the gate was told of them went when they ended. */
export async function forgetBookingPlates(db: Db, { facilityId, from, before }: Span): Promise<number> {
  return await repeat(
    db,
    sql`update bookings set plate = '' where facility_id = ${facilityId} and id in (
      select b.id from bookings b where b.facility_id = ${facilityId} and b.plate <> ''
        and b.status not in ('PENDING', 'CONFIRMED', 'ACTIVE') and not b.untold
        and b.entry_time >= ${at(from)} - ${LONGEST} and coalesce(b.actual_exit, b.changed_at) < ${at(before)}
        and not ${isHeld("b", sql`b.plate`, sql`b.stay_id`)}
      limit ${AT_ONCE})`,
  );
}

/** Whose bookings were that are over, and the words that somebody wrote to them. */
export async function forgetBookers(db: Db, { facilityId, from, before }: Span): Promise<number> {
  return await repeat(
    db,
    sql`update bookings set user_id = null, vehicle_id = null, cancel_reason = null, plate = ''
      where facility_id = ${facilityId} and id in (
        select b.id from bookings b where b.facility_id = ${facilityId} and b.user_id is not null
          and b.status not in ('PENDING', 'CONFIRMED', 'ACTIVE') and not b.untold
          and b.entry_time >= ${at(from)} - ${LONGEST} and coalesce(b.actual_exit, b.changed_at) < ${at(before)}
          and not ${isHeld("b", sql`b.plate`, sql`b.stay_id`)}
        limit ${AT_ONCE})`,
  );
}

/** The rows that differed from the edge's, as text: they have plates in them. None while anything there is held. */
export async function forgetDifferences(db: Db, { facilityId, before }: Span): Promise<number> {
  const gone = await db.execute(sql`delete from equality_differences where facility_id = ${facilityId}
    and found_at < ${at(before)} and not exists (
      select from legal_holds where facility_id = ${facilityId} and lifted_at is null)`);
  return gone.rowCount ?? 0;
}
