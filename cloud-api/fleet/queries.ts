import { sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";

/** The edge behind a bearer token, and whose it is. */
export type Edge = {
  readonly id: string;
  readonly facilityId: string;
  readonly facilitySlug: string;
  readonly organisationId: string;
};

/** Movements by lane and direction. A lane that the facility does not list is `other`, so that the lanes are few. */
export type MovementCount = {
  readonly facility: string;
  readonly lane: string;
  readonly direction: string;
  readonly count: number;
};

/** All movements so far, for counters that go on where they were. */
export async function countMovements(db: Db): Promise<MovementCount[]> {
  const counted = await db.execute<MovementCount>(sql`
    select facilities.slug as facility, coalesce(lanes.slug, 'other') as lane, m.direction, count(*)::float8 as count
    from movements m
    join facilities on facilities.id = m.facility_id
    left join lanes on lanes.facility_id = m.facility_id and lanes.slug = m.lane
    group by 1, 2, 3`);
  return counted.rows;
}
