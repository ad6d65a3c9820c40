import { sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import type { Counted } from "./rules.ts";

/** What is counted at facilities now, in one statement for all of them. */
export async function readCounts(
  db: Db | Tx,
  facilityIds: readonly string[],
): Promise<ReadonlyMap<string, Counted>> {
  const rows = await db.execute<Counted>(sql`
    select f.id as "facilityId", f.capacity, f.inside,
      coalesce((
        select json_agg(json_build_object(
          'id', z.id, 'parentId', z.parent_id, 'slug', z.slug, 'name', z.name, 'level', z.level
        ) order by z.level, z.slug)
        from zones z where z.facility_id = f.id and z.closed_at is null
      ), '[]') as zones,
      coalesce((
        select json_agg(json_build_object(
          'zoneId', c.zone_id, 'size', c.size, 'ev', c.ev, 'accessible', c.accessible,
          'total', c.total, 'occupied', c.occupied, 'blocked', c.blocked
        )) from spot_counts c where c.facility_id = f.id and c.total > 0
      ), '[]') as counts,
      coalesce(l.state -> 'zones', '[]') as "gateZones"
    from facilities f left join edge_live l on l.facility_id = f.id
    where f.id = any(${sql.param([...facilityIds])}::uuid[])`);
  return new Map(rows.rows.map((row) => [row.facilityId, row]));
}
