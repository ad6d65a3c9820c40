import { and, asc, eq, inArray, isNull, sql, type SQL } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { facilities } from "../db/schema.ts";

/** What the reports' queries share. */

export type ReportedFacility = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly capacity: number;
  /** Now. */
  readonly inside: number;
};

/** Times of one facility, one after the other without a gap, by names that their lines have. */
export type FacilitySpans = {
  readonly facilityId: string;
  readonly names: readonly string[];
  readonly startsMs: readonly number[];
  /** Where the last of them ends. */
  readonly endMs: number;
};

/** Of which facility a row is, and of which of its spans, counted from 0. */
export type Placed = { facility_id: string; place: number };

/** Everything of a transaction is from one moment of the database, and nothing is written. To be said first. */
export async function fromOneMoment(tx: Tx): Promise<void> {
  await tx.execute(sql`set transaction isolation level repeatable read read only`);
}

/** Those that are asked for, or all of `organisationId` where none are, by name. @param limit of how many. */
export async function readFacilities(
  tx: Tx,
  which: { readonly ids: readonly string[] } | { readonly organisationId: string | null },
  limit: number,
): Promise<ReportedFacility[]> {
  const wanted =
    "ids" in which
      ? inArray(facilities.id, [...which.ids])
      : which.organisationId === null
        ? isNull(facilities.closedAt)
        : eq(facilities.organisationId, which.organisationId);
  return await tx
    .select({
      id: facilities.id,
      slug: facilities.slug,
      name: facilities.name,
      timeZone: facilities.timeZone,
      currency: facilities.currency,
      capacity: facilities.capacity,
      inside: facilities.inside,
    })
    .from(facilities)
    .where(and(wanted))
    .orderBy(asc(facilities.name), facilities.id)
    .limit(limit);
}

/** What the queries of a report join, whatever they read: `spans s` of the CTE, and rows of their times. */
export type JoinSpans = {
  readonly cte: SQL;
  /** The rows of a table that are of these times. @param column a moment, as `p.at`. */
  readonly during: (column: string) => SQL;
  /** Of which span a moment is. */
  readonly place: (column: string) => SQL;
};

/**
 * Each facility is one row, with its spans as a list: a row's place in it is found by halving. The first and the last
 * moment of all stand in the query as well, because only of those PostgreSQL knows how many rows they mean: it would read
 * tables whole otherwise.
 */
export function joinSpans(spans: readonly FacilitySpans[]): JoinSpans {
  const at = (ms: number) => new Date(ms).toISOString();
  const used = spans.filter(({ startsMs }) => startsMs.length > 0);
  const rows = used.map(({ facilityId, startsMs, endMs }) => ({
    facility_id: facilityId,
    starts: startsMs.map(at),
    begins: at(startsMs[0] ?? endMs),
    ends: at(endMs),
  }));
  const ids = sql`${sql.param(used.map(({ facilityId }) => facilityId))}::uuid[]`;
  const first = at(used.reduce((least, { startsMs }) => Math.min(least, startsMs[0] ?? least), MAX_MS));
  const last = at(used.reduce((most, { endMs }) => Math.max(most, endMs), 0));
  return {
    cte: sql`with spans as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::json)
        as s (facility_id uuid, starts timestamptz[], begins timestamptz, ends timestamptz))`,
    during: (column) => {
      const [moment, facility] = [sql.raw(column), sql.raw(`${column.split(".")[0]}.facility_id`)];
      return sql`${facility} = s.facility_id and ${moment} >= s.begins and ${moment} < s.ends
        and ${facility} = any (${ids}) and ${moment} >= ${first}::timestamptz and ${moment} < ${last}::timestamptz`;
    },
    place: (column) => sql`width_bucket(${sql.raw(column)}, s.starts) - 1`,
  };
}

/** 2286. */
const MAX_MS = 9_999_999_999_999;

export async function rowsOf<Row extends Record<string, unknown>>(
  tx: Tx,
  query: SQL,
): Promise<readonly Row[]> {
  const result = await tx.execute(query);
  // The shape is the query's, beside its type.
  return result.rows as Row[];
}
