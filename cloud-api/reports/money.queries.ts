import { sql } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { joinSpans, rowsOf, type FacilitySpans, type Placed } from "./spans.queries.ts";

/** What came in and went back. Sums are whole minor units as text, for they may be long. */

export type RevenueRow = Placed & {
  purpose: string;
  method: string;
  currency: string;
  count: number;
  taken_minor: string;
  refunded_minor: string;
};

/**
 * Money by what it was for and how it came. What the gates took is in their payments, and so is what providers captured
 * for stays, which comes back from the gate; of the rest, and of what providers gave back, our own ledger knows.
 */
export async function readRevenue(tx: Tx, spans: readonly FacilitySpans[]): Promise<readonly RevenueRow[]> {
  const { cte, during, place } = joinSpans(spans);
  return await rowsOf<RevenueRow>(
    tx,
    sql`${cte}
    select facility_id, place, purpose, method, currency, sum(n)::int as count,
      sum(taken)::text as taken_minor, sum(refunded)::text as refunded_minor
    from (
      select s.facility_id, ${place("p.at")} as place, 'stay' as purpose, p.method, p.currency,
        count(*) as n, sum(p.amount_minor) as taken, 0::numeric as refunded
      from spans s join payments p on ${during("p.at")}
      group by 1, 2, 4, 5
      union all
      select s.facility_id, ${place("l.at")}, 'stay', coalesce(l.method, 'unknown'), l.currency, 0, 0, sum(l.amount_minor)
      from spans s join ledger l on ${during("l.at")}
      where l.kind = 'refund'
      group by 1, 2, 4, 5
      union all
      select s.facility_id, ${place("l.at")}, p.purpose, p.method, l.currency,
        count(*) filter (where l.kind = 'capture'),
        coalesce(sum(l.amount_minor) filter (where l.kind = 'capture'), 0),
        coalesce(-sum(l.amount_minor) filter (where l.kind = 'refund'), 0)
      from spans s
      join provider_ledger l on ${during("l.at")}
      join provider_payments p on p.facility_id = l.facility_id and p.id = l.payment_id
      where l.kind = 'refund' or p.purpose <> 'stay'
      group by 1, 2, 3, 4, 5
    ) all_money
    group by 1, 2, 3, 4, 5
    order by 2, 1, 3, 4, 5`,
  );
}

export type RuleRow = Placed & {
  rule: string | null;
  tariff_version: number | null;
  currency: string;
  count: number;
  fees_minor: string;
};

/** Fees of stays that ended, by the tariff's rule that they come from. */
export async function readFeesByRule(tx: Tx, spans: readonly FacilitySpans[]): Promise<readonly RuleRow[]> {
  const { cte, during, place } = joinSpans(spans);
  return await rowsOf<RuleRow>(
    tx,
    sql`${cte}
    select s.facility_id, ${place("t.exit_at")} as place, t.applied_rule as rule, t.tariff_version::float8 as tariff_version,
      t.fee_currency as currency, count(*)::int as count, sum(t.fee_minor)::text as fees_minor
    from spans s join stays t on ${during("t.exit_at")}
    where t.status = 'closed' and t.fee_minor is not null
    group by 1, 2, 3, 4, 5
    order by 2, 1, 5, 3, 4`,
  );
}

export type ShiftRow = {
  facility_id: string;
  shift_id: string;
  attendant: string | null;
  currency: string;
  opened_ms: number | null;
  closed_ms: number | null;
  z_number: number | null;
  float_minor: string | null;
  expected_minor: string | null;
  counted_minor: string | null;
};

/** Shifts that were closed then, and those that were opened then and are open still. */
export async function readShifts(
  tx: Tx,
  spans: readonly FacilitySpans[],
  limit: number,
): Promise<readonly ShiftRow[]> {
  const epochMs = (column: string) => sql.raw(`(extract(epoch from f.${column}) * 1000)::float8`);
  const columns = sql`f.facility_id, f.shift_id, f.attendant, f.currency, ${epochMs("opened_at")} as opened_ms,
    ${epochMs("closed_at")} as closed_ms, f.z_number::float8 as z_number, f.float_minor::text, f.expected_minor::text,
    f.counted_minor::text`;
  const { cte, during } = joinSpans(spans);
  return await rowsOf<ShiftRow>(
    tx,
    sql`${cte}
    select ${columns} from spans s
    join shifts f on ${during("f.closed_at")}
    union all
    select ${columns} from spans s
    join shifts f on ${during("f.opened_at")}
    where f.closed_at is null
    order by closed_ms nulls last, opened_ms, shift_id
    limit ${limit}`,
  );
}
