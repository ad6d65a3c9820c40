import { sql, type SQL } from "drizzle-orm";
import type { Db } from "../db/connection.ts";
import { timeOf, type FoundSpot, type SpotSearch } from "./search.ts";

/**
 * Spots of a facility that a vehicle may stand on, tightest first. For a time to come: those that may be booked and are
 * not, whatever stands there now. For now: those that nobody stands on, and nobody has booked.
 */
export async function searchSpots(
  db: Db,
  facilityId: string,
  search: SpotSearch,
  now: Date,
): Promise<readonly FoundSpot[]> {
  const found = await db.execute<FoundSpot>(searchStatement(facilityId, search, now));
  return found.rows;
}

/** For {@link searchSpots}, and for the test that looks at its plan. */
export function searchStatement(
  facilityId: string,
  { sizeRank, vehicleType, ev, accessible, zoneId, range, limit }: SpotSearch,
  now: Date,
): SQL {
  const beginsNow = range === null || range.from <= now;
  const [from, until] = timeOf({ range }, now).map((ms) => new Date(ms).toISOString());
  const terms = [
    sql`s.facility_id = ${facilityId}::uuid and s.size_rank >= ${sizeRank} and s.closed_at is null`,
    sql`s.ev = ${ev} and s.accessible = ${accessible}`,
    beginsNow ? sql`s.status = 'free'` : sql`s.status <> 'blocked'`,
  ];
  if (range !== null) terms.push(sql`s.reservable`);
  if (vehicleType !== null)
    terms.push(sql`(s.vehicle_types = '{}' or ${vehicleType} = any(s.vehicle_types))`);
  // A zone, and those in it: circles were refused, and end by UNION.
  if (zoneId !== null)
    terms.push(sql`s.zone_id in (
      with recursive within(id) as (
        select ${zoneId}::uuid
        union
        select z.id from zones z join within on z.parent_id = within.id where z.facility_id = ${facilityId}::uuid
      ) select id from within)`);
  return sql`
    select s.id, s.number, s.zone_id as "zoneId", s.size, s.ev, s.accessible, s.vehicle_types as "vehicleTypes",
      s.reservable
    from spots s
    where ${sql.join(terms, sql` and `)} and not exists (
      select from bookings b
      where b.facility_id = s.facility_id and b.spot_id = s.id and b.spot_id is not null
        and b.status in ('PENDING', 'CONFIRMED', 'ACTIVE')
        and tstzrange(b.entry_time, b.held_until) && tstzrange(${from}, ${until}))
    order by s.size_rank, s.number limit ${limit}`;
}
