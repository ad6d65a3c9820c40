import { sql, type SQL } from "drizzle-orm";

/**
 * What a legal hold keeps, as a condition on rows: `legal_holds` names a plate, a stay, or neither, which is everything of
 * its facility.
 *
 * @param row the name of the table, or what stands for it, whose `facility_id` is asked for.
 * @param plate @param stayId of the row; null = it has none.
 */
export function isHeld(row: string, plate: SQL | null, stayId: SQL | null): SQL {
  const named = [
    ...(plate === null ? [] : [sql`h.plate = ${plate}`]),
    ...(stayId === null ? [] : [sql`h.stay_id = ${stayId}`]),
    // A hold on a plate is one on all of its stays, whatever was read at the exit.
    ...(stayId === null
      ? []
      : [
          sql`exists (select from stays held where held.facility_id = h.facility_id and held.stay_id = ${stayId}
            and held.plate = h.plate)`,
        ]),
  ];
  const facility = sql.raw(`${row}.facility_id`);
  return sql`exists (select from legal_holds h where h.facility_id = ${facility} and h.lifted_at is null
    and (${sql.join([sql`(h.plate is null and h.stay_id is null)`, ...named], sql` or `)}))`;
}
