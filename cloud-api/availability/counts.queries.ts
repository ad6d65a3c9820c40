import { sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import type { Job } from "../platform/job.ts";
import type { SpotCount } from "./rules.ts";

/** Changes counts by deltas. Their rows are locked in one order, so that no two transactions wait for each other. */
export async function changeCounts(tx: Tx, facilityId: string, deltas: readonly SpotCount[]): Promise<void> {
  if (deltas.length === 0) return;
  const delta = sql`json_to_recordset(${JSON.stringify(deltas)}::json) as d(
    "zoneId" uuid, size text, ev boolean, accessible boolean, total integer, occupied integer, blocked integer)`;
  // A row of zeros to begin with: the sums are checked, and a delta alone may be negative.
  await tx.execute(sql`
    insert into spot_counts (facility_id, zone_id, size, ev, accessible, total, occupied, blocked)
    select ${facilityId}::uuid, d."zoneId", d.size, d.ev, d.accessible, 0, 0, 0 from ${delta}
    on conflict do nothing`);
  await tx.execute(sql`
    with held as materialized (
      select c.zone_id, c.size, c.ev, c.accessible, d.total, d.occupied, d.blocked from spot_counts c join ${delta}
        on c.zone_id = d."zoneId" and c.size = d.size and c.ev = d.ev and c.accessible = d.accessible
      where c.facility_id = ${facilityId}::uuid
      order by c.zone_id, c.size, c.ev, c.accessible for update of c
    )
    update spot_counts c
    set total = c.total + h.total, occupied = c.occupied + h.occupied, blocked = c.blocked + h.blocked from held h
    where c.facility_id = ${facilityId}::uuid
      and c.zone_id = h.zone_id and c.size = h.size and c.ev = h.ev and c.accessible = h.accessible`);
}

/** A facility whose counts are not what its spots add up to. */
type Wrong = { facilityId: string; rows: number };

/** Compares the counts of all facilities with their spots, as they are at one moment. @returns those that are wrong. */
export async function findWrongCounts(db: Db): Promise<readonly Wrong[]> {
  const found = await db.execute<Wrong>(sql`
    with real as (${REAL})
    select facility_id as "facilityId", count(*)::integer as rows
    from real full join spot_counts c using (facility_id, zone_id, size, ev, accessible)
    where (coalesce(real.total, 0), coalesce(real.occupied, 0), coalesce(real.blocked, 0))
      is distinct from (coalesce(c.total, 0), coalesce(c.occupied, 0), coalesce(c.blocked, 0))
    group by facility_id order by facility_id`);
  return found.rows;
}

const REAL = sql`
  select facility_id, zone_id, size, ev, accessible, count(*)::integer as total,
    count(*) filter (where status = 'occupied')::integer as occupied,
    count(*) filter (where status = 'blocked')::integer as blocked
  from spots where closed_at is null group by facility_id, zone_id, size, ev, accessible`;

/** Counts a facility's spots anew. Changes of its spots wait meanwhile. */
async function rebuildCounts(db: Db, facilityId: string): Promise<void> {
  await db.transaction(async (tx) => {
    await lockSpots(tx, facilityId);
    await tx.execute(sql`select from spots where facility_id = ${facilityId} order by id for update`);
    await tx.execute(sql`delete from spot_counts where facility_id = ${facilityId}`);
    await tx.execute(sql`
      insert into spot_counts (facility_id, zone_id, size, ev, accessible, total, occupied, blocked)
      select * from (${REAL}) real where facility_id = ${facilityId}`);
  });
}

/** The first half of the advisory locks that changes of a facility's zones and spots take; the other is the facility's. */
const SPOTS_LOCK = 0x53_50_4f_54;

/**
 * Has those who make, change or close zones and spots of a facility do so one after another. What a spot's status becomes
 * needs no more than its row.
 */
export async function lockSpots(tx: Tx, facilityId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${SPOTS_LOCK}, hashtext(${facilityId}))`);
}

/** Holds the counts against the spots, and puts right what is wrong: nothing should ever be. */
export const COUNTS_JOB: Job = {
  name: "places.spot-counts",
  everySeconds: 3_600,
  run: async ({ db, log }) => {
    const wrong = await findWrongCounts(db);
    for (const { facilityId, rows } of wrong) {
      log.error({ facilityId, rows }, "counts of spots were wrong: they are counted anew");
      await rebuildCounts(db, facilityId);
    }
    return wrong.length;
  },
};
