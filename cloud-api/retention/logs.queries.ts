import { sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";

/** What the edges sent, as it came. */

const AT_ONCE = 2_000;
const BATCHES_AT_ONCE = 200;

/** The edges of a facility. While anything of it is held, none: in their logs everything is. */
export async function edgesToForget(db: Db, facilityId: string): Promise<readonly string[]> {
  const { rows } = await db.execute<{ id: string }>(
    sql`select id from edges where facility_id = ${facilityId} and not exists (
      select from legal_holds where facility_id = ${facilityId} and lifted_at is null)`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Empties events that came before a moment and speak of plates. Their numbers, hashes and what became of them stay: with
 * these, lines that come again are known. @returns how many were looked at.
 */
export async function forgetEvents(db: Db, edgeId: string, before: Date): Promise<number> {
  for (let done = 0; ;) {
    const { rows } = await db.execute<{ looked: number }>(sql`
      with old as (
        select seq, received_at, payload::text like '%plate%' as speaks from edge_events
        where edge_id = ${edgeId} and seq > (select forgotten_seq from edges where id = ${edgeId})
        order by seq limit ${AT_ONCE}),
      due as (select * from old where seq < coalesce(
        (select min(seq) from old where received_at >= ${before.toISOString()}::timestamptz), 9223372036854775807)),
      emptied as (update edge_events set payload = '{}' from due
        where edge_events.edge_id = ${edgeId} and edge_events.seq = due.seq and due.speaks),
      noted as (update edges set forgotten_seq = (select max(seq) from due)
        where id = ${edgeId} and exists (select from due))
      select count(*)::int as looked from due`);
    const looked = rows[0]?.looked ?? 0;
    done += looked;
    if (looked < AT_ONCE) return done;
  }
}

/** Deletes batches and forks that came before a moment; the last batch stays. @returns how many. */
export async function forgetBatches(db: Db, edgeId: string, before: Date): Promise<number> {
  const old = sql`received_at < ${before.toISOString()}::timestamptz`;
  const forks = await db.execute(sql`delete from edge_forks where edge_id = ${edgeId} and ${old}`);
  for (let done = forks.rowCount ?? 0; ;) {
    const { rowCount } = await db.execute(sql`
      delete from edge_batches where edge_id = ${edgeId} and ${old}
        and last_seq in (select last_seq from edge_batches where edge_id = ${edgeId} order by last_seq limit ${BATCHES_AT_ONCE})
        and last_seq < (select max(last_seq) from edge_batches where edge_id = ${edgeId})`);
    done += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCHES_AT_ONCE) return done;
  }
}
