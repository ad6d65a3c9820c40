import { sql, type SQL } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { joinSpans, rowsOf, type FacilitySpans, type JoinSpans, type Placed } from "./spans.queries.ts";

/** What passed and what stayed. */

export type FlowRow = Placed & {
  in: number;
  out: number;
  /** By how much the count was set higher (or lower) by hand. */
  corrected: number;
};

/** What came in and went out, and how the count was set. */
export async function readFlow(tx: Tx, spans: readonly FacilitySpans[]): Promise<readonly FlowRow[]> {
  const { cte, during, place } = joinSpans(spans);
  return await rowsOf<FlowRow>(
    tx,
    sql`${cte}
    select facility_id, place, sum(came)::int as "in", sum(left_again)::int as out, sum(corrected)::int as corrected
    from (
      select s.facility_id, ${place("m.at")} as place, count(*) filter (where m.direction = 'in') as came,
        count(*) filter (where m.direction = 'out') as left_again, 0 as corrected
      from spans s join movements m on ${during("m.at")}
      where m.scope = 'facility'
      group by 1, 2
      union all
      select s.facility_id, ${place("c.at")}, 0, 0, sum(c.after - c.before)
      from spans s join count_corrections c on ${during("c.at")}
      group by 1, 2
    ) changes
    group by 1, 2`,
  );
}

export type StayedRow = Placed & {
  count: number;
  mean_minutes: number;
  median_minutes: number;
  p90_minutes: number;
};

/** How long those stayed that left then. */
export async function readStayed(tx: Tx, spans: readonly FacilitySpans[]): Promise<readonly StayedRow[]> {
  const join = joinSpans(spans);
  return await rowsOf<StayedRow>(
    tx,
    sql`${join.cte}
    select facility_id, place, count(*)::int as count, avg(minutes)::float8 as mean_minutes,
      percentile_cont(0.5) within group (order by minutes) as median_minutes,
      percentile_cont(0.9) within group (order by minutes) as p90_minutes
    from (${stayed(join)}) stayed
    group by 1, 2`,
  );
}

export type LengthRow = {
  facility_id: string;
  /** The place of the first limit that the stay is shorter than; as many as there are limits = none. */
  length: number;
  count: number;
};

/** @param limitMinutes rising. */
export async function readLengths(
  tx: Tx,
  spans: readonly FacilitySpans[],
  limitMinutes: readonly number[],
): Promise<readonly LengthRow[]> {
  const join = joinSpans(spans);
  const limits = sql`${sql.param([...limitMinutes])}::float8[]`;
  return await rowsOf<LengthRow>(
    tx,
    sql`${join.cte}
    select facility_id, width_bucket(minutes, ${limits}) as length, count(*)::int as count
    from (${stayed(join)}) stayed
    group by 1, 2`,
  );
}

/** A clock that was set back makes no stay of less than nothing. */
function stayed({ during, place }: JoinSpans): SQL {
  return sql`
    select s.facility_id, ${place("t.exit_at")} as place,
      greatest(0, extract(epoch from t.exit_at - t.entry_at) / 60)::float8 as minutes
    from spans s join stays t on ${during("t.exit_at")}
    where t.status = 'closed' and t.entry_at is not null`;
}
