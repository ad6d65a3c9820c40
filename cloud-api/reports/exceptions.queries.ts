import { sql } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { joinSpans, rowsOf, type FacilitySpans } from "./spans.queries.ts";

/** Something that did not go as it should, or that a person did by hand. */
export type ExceptionRow = {
  facility_id: string;
  at_ms: number;
  kind: string;
  /** The stay, alarm, ... that it is about. */
  subject: string;
  place: string | null;
  actor: string | null;
  detail: string;
  amount_minor: string | null;
  currency: string | null;
};

/** The newest first. Each of its parts reads a range of an index of its table. */
export async function readExceptions(
  tx: Tx,
  spans: readonly FacilitySpans[],
  limit: number,
): Promise<readonly ExceptionRow[]> {
  const { cte, during } = joinSpans(spans);
  return await rowsOf<ExceptionRow>(
    tx,
    sql`${cte}
    select facility_id, (extract(epoch from at) * 1000)::float8 as at_ms, kind, subject::text, place, actor, detail,
      amount_minor::text, currency
    from (
      select s.facility_id, t.entry_at as at, 'stay_' || t.review as kind, t.stay_id as subject, t.entry_lane as place,
        null as actor, '' as detail, null::bigint as amount_minor, null as currency
      from spans s join stays t on ${during("t.entry_at")}
      where t.review is not null
      union all
      select s.facility_id, t.entry_at, 'stay_void', t.stay_id, t.entry_lane, null, coalesce(t.void_reason, ''), null, null
      from spans s join stays t on ${during("t.entry_at")}
      where t.status = 'void'
      union all
      select s.facility_id, t.entry_at, 'ticket_lost', t.stay_id, t.exit_lane, null, t.lost_ticket, t.fee_minor, t.fee_currency
      from spans s join stays t on ${during("t.entry_at")}
      where t.lost_ticket <> 'no'
      union all
      select s.facility_id, m.at, case when m.review is null then 'movement_' || m.kind else m.review end,
        coalesce(m.stay_id, m.movement_id), m.lane, null, m.direction, null, null
      from spans s join movements m on ${during("m.at")}
      where m.kind in ('tailgate', 'manual') or m.review is not null
      union all
      select s.facility_id, v.at, 'vend', v.command_id, v.lane, v.actor, v.reason, null, null
      from spans s join vends v on ${during("v.at")}
      union all
      select s.facility_id, a.at, 'alarm_' || a.kind, a.alarm_id, a.lane, a.acknowledged_by, a.detail, null, null
      from spans s join alarms a on ${during("a.at")}
      union all
      select s.facility_id, l.at, l.kind, l.stay_id, l.place, l.actor, l.reason, l.amount_minor, l.currency
      from spans s join ledger l on ${during("l.at")}
      where l.kind in ('write_off', 'debt', 'refund', 'correction')
      union all
      select s.facility_id, c.at, 'count_corrected', c.id, null, c.actor, c.before || ' to ' || c.after || ': ' || c.reason, null, null
      from spans s join count_corrections c on ${during("c.at")}
      union all
      select s.facility_id, v.at, 'violation_' || v.kind, v.id, null, v.reported_by, v.status, v.penalty_minor, v.currency
      from spans s join violations v on ${during("v.at")}
    ) exceptions
    order by at desc, kind, subject
    limit ${limit}`,
  );
}
