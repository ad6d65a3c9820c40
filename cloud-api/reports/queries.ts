import { sql, type SQL } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";

/** Times are milliseconds since 1970 UTC; sums of money are whole minor units as text, for they may be long. */
export type FacilityRow = {
  id: string;
  slug: string;
  name: string;
  time_zone: string;
  currency: string;
  capacity: number;
  day_starts_ms: number;
  day_ends_ms: number;
  inside: number;
  has_edge: boolean;
  edge_seen_ms: number | null;
  edge_behind_ms: number | null;
  alarms_waiting: number;
};
/** What an edge said last of right now; `state` is a LiveState as it came. */
export type LiveRow = { facility_id: string; at_ms: number; state: unknown };
export type LaneRow = {
  facility_id: string;
  slug: string;
  name: string;
  direction: "entry" | "exit";
  today: number;
  last_ms: number | null;
};
export type PassageRow = { facility_id: string; in: number; out: number };
export type RevenueRow = { facility_id: string; currency: string; amount_minor: string };
/** Stays that began and ended in a quarter of an hour. */
export type StepRow = { facility_id: string; starts_ms: number; in: number; out: number };
export type MovementRow = {
  facility_id: string;
  movement_id: string;
  lane: string;
  direction: "in" | "out";
  kind: string;
  plate: string | null;
  at_ms: number;
  fee_minor: string | null;
  fee_currency: string | null;
  review: string | null;
};
export type AlarmRow = {
  facility_id: string;
  alarm_id: string;
  lane: string;
  kind: string;
  detail: string;
  at_ms: number;
  today: number;
};

/** One calendar day of one facility, to be compared with the edge's own sums. */
export type DayTotals = {
  readonly facility: {
    readonly id: string;
    readonly slug: string;
    readonly time_zone: string;
    readonly currency: string;
  };
  readonly movements: readonly { lane: string; direction: "in" | "out"; count: number }[];
  readonly stays: readonly { status: string; count: number }[];
  readonly fees: readonly { currency: string; amount_minor: string }[];
  readonly payments: readonly { currency: string; amount_minor: string; count: number }[];
};

/** Everything a dashboard shows, from one moment of the database. */
export type OrganisationDay = {
  readonly facilities: readonly FacilityRow[];
  readonly live: readonly LiveRow[];
  readonly lanes: readonly LaneRow[];
  readonly passages: readonly PassageRow[];
  readonly revenue: readonly RevenueRow[];
  readonly steps: readonly StepRow[];
  readonly movements: readonly MovementRow[];
  readonly alarms: readonly AlarmRow[];
};

const MOVEMENTS_SHOWN = 30;
const ALARMS_SHOWN = 20;

/**
 * The day of `now` at every facility of an organisation. A day goes from midnight to midnight in the facility's
 * time zone, 23 to 25 hours.
 *
 * @param organisationId null = of all of them.
 */
export async function readOrganisationDay(
  db: Db,
  organisationId: string | null,
  now: Date,
): Promise<OrganisationDay> {
  const days = sql`with days as (
    select id as facility_id, currency,
      date_trunc('day', local) at time zone time_zone as starts,
      (date_trunc('day', local) + interval '1 day') at time zone time_zone as ends
    from (select *, ${now.toISOString()}::timestamptz at time zone time_zone as local from facilities) f
    where ${organisationId === null ? sql`true` : sql`organisation_id = ${organisationId}`}
  )`;
  return await db.transaction(
    async (tx) => ({
      facilities: await rowsOf<FacilityRow>(tx, sql`${days} ${FACILITIES}`),
      live: await rowsOf<LiveRow>(tx, sql`${days} ${LIVE}`),
      lanes: await rowsOf<LaneRow>(tx, sql`${days} ${LANES}`),
      passages: await rowsOf<PassageRow>(tx, sql`${days} ${PASSAGES}`),
      revenue: await rowsOf<RevenueRow>(tx, sql`${days} ${REVENUE}`),
      steps: await rowsOf<StepRow>(tx, sql`${days} ${STEPS}`),
      movements: await rowsOf<MovementRow>(tx, sql`${days} ${MOVEMENTS}`),
      alarms: await rowsOf<AlarmRow>(tx, sql`${days} ${ALARMS}`),
    }),
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

async function rowsOf<Row extends Record<string, unknown>>(tx: Tx, query: SQL): Promise<readonly Row[]> {
  const result = await tx.execute(query);
  // The shape is the query's, beside its type.
  return result.rows as Row[];
}

function epochMs(column: string): SQL {
  return sql.raw(`(extract(epoch from ${column}) * 1000)::float8`);
}

const FACILITIES = sql`
  select f.id, slug, name, time_zone, f.currency, capacity,
    ${epochMs("starts")} as day_starts_ms, ${epochMs("ends")} as day_ends_ms,
    greatest(f.inside, 0) as inside,
    edge.facility_id is not null as has_edge,
    ${epochMs("edge.last_seen_at")} as edge_seen_ms, edge.behind_ms::float8 as edge_behind_ms,
    (select count(*)::int from alarms where alarms.facility_id = f.id and acknowledged_at is null) as alarms_waiting
  from days join facilities f on f.id = days.facility_id
  left join edges edge on edge.facility_id = f.id and edge.token_hash is not null
  order by name`;

const LIVE = sql`
  select facility_id, ${epochMs("at")} as at_ms, state from days join edge_live using (facility_id)`;

const LANES = sql`
  select lanes.facility_id, lanes.slug, lanes.name, lanes.direction, count(m.at)::int as today, ${epochMs("max(m.at)")} as last_ms
  from days join lanes using (facility_id)
  left join movements m on m.facility_id = lanes.facility_id and m.lane = lanes.slug and m.at >= starts and m.at < ends
  group by lanes.facility_id, lanes.slug
  order by lanes.position`;

const PASSAGES = sql`
  select facility_id, count(*) filter (where direction = 'in')::int as "in",
    count(*) filter (where direction = 'out')::int as out
  from days join movements using (facility_id)
  where at >= starts and at < ends and scope = 'facility'
  group by facility_id`;

const REVENUE = sql`
  select facility_id, payments.currency, sum(amount_minor)::text as amount_minor
  from days join payments using (facility_id)
  where at >= starts and at < ends
  group by facility_id, payments.currency
  order by payments.currency`;

const STEPS = sql`
  select facility_id, ${epochMs("step")} as starts_ms, sum(began)::int as "in", sum(ended)::int as out
  from (
    select facility_id, date_bin('15 minutes', entry_at, starts) as step, 1 as began, 0 as ended
    from days join stays using (facility_id)
    where entry_at >= starts and entry_at < ends and status in ('open', 'closed')
    union all
    select facility_id, date_bin('15 minutes', exit_at, starts), 0, 1
    from days join stays using (facility_id)
    where exit_at >= starts and exit_at < ends and status = 'closed' and entry_at is not null
  ) changes
  group by facility_id, step
  order by step`;

const MOVEMENTS = sql`
  select days.facility_id, movement_id, coalesce(lanes.name, m.lane) as lane, m.direction, kind, plate,
    ${epochMs("at")} as at_ms, fee_minor, fee_currency, review
  from days cross join lateral (
    select * from movements where movements.facility_id = days.facility_id
    order by at desc, movement_id desc limit ${sql.raw(String(MOVEMENTS_SHOWN))}
  ) m
  left join lanes on lanes.facility_id = days.facility_id and lanes.slug = m.lane
  order by at desc, movement_id desc`;

const ALARMS = sql`
  select days.facility_id, alarm_id, coalesce(lanes.name, a.lane) as lane, kind, detail, ${epochMs("at")} as at_ms, today
  from days cross join lateral (
    select *, count(*) over ()::int as today from alarms
    where alarms.facility_id = days.facility_id and at >= starts and at < ends
    order by at desc, alarm_id desc limit ${sql.raw(String(ALARMS_SHOWN))}
  ) a
  left join lanes on lanes.facility_id = days.facility_id and lanes.slug = a.lane
  order by at desc, alarm_id desc`;

/**
 * @param date `YYYY-MM-DD` in the facility's time zone.
 * @returns null when there is no such facility. Stays belong to the day on which they began.
 */
export async function readDayTotals(db: Db, facilityId: string, date: string): Promise<DayTotals | null> {
  const day = sql`with day as (
    select id as facility_id, slug, time_zone, currency,
      ${date}::date::timestamp at time zone time_zone as starts,
      (${date}::date + 1)::timestamp at time zone time_zone as ends
    from facilities where id = ${facilityId}::uuid
  )`;
  return await db.transaction(
    async (tx) => {
      const facilities = await rowsOf<DayTotals["facility"]>(
        tx,
        sql`${day} select facility_id as id, slug, time_zone, currency from day`,
      );
      if (facilities[0] === undefined) return null;
      return {
        facility: facilities[0],
        movements: await rowsOf<DayTotals["movements"][number]>(
          tx,
          sql`${day} select lane, direction, count(*)::int as count from day join movements using (facility_id)
            where at >= starts and at < ends group by lane, direction order by lane, direction`,
        ),
        stays: await rowsOf<DayTotals["stays"][number]>(
          tx,
          sql`${day} select status::text, count(*)::int as count from day join stays using (facility_id)
            where entry_at >= starts and entry_at < ends group by stays.status order by stays.status`,
        ),
        fees: await rowsOf<DayTotals["fees"][number]>(
          tx,
          sql`${day} select fee_currency as currency, sum(fee_minor)::text as amount_minor
            from day join movements using (facility_id)
            where at >= starts and at < ends and fee_minor is not null group by fee_currency order by fee_currency`,
        ),
        payments: await rowsOf<DayTotals["payments"][number]>(
          tx,
          sql`${day} select p.currency, sum(amount_minor)::text as amount_minor, count(*)::int as count
            from day join payments p using (facility_id)
            where at >= starts and at < ends group by p.currency order by p.currency`,
        ),
      };
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}
