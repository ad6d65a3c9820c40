import { sql } from "drizzle-orm";
import type { LiveState } from "@parkme/shared/protocol/downlink";
import type { Db } from "../db/connection.ts";
import { asText } from "../db/text.ts";
import type { Edge } from "./queries.ts";

/** `stale` = a newer one of the same start is known; `fenced` = another program speaks for this edge. */
export type StateOutcome = "kept" | "stale" | "fenced";

/**
 * Keeps what a gate looks like right now. Within one start of the edge's program a state never takes the place of a
 * newer one; one of another start does, unless that start is known to be a former one.
 */
export async function keepLiveState(db: Db, edge: Edge, state: LiveState, now: Date): Promise<StateOutcome> {
  const { boot_id: bootId, serial } = state;
  const boot = asText(bootId);
  const text = JSON.stringify(state);
  const result = await db.execute<{ claimed: boolean; kept: boolean }>(sql`
    with speaker as (
      select boot_id is null or boot_id = ${boot} or not exists (
        select from edge_boots former where former.edge_id = edges.id and former.boot_id = ${boot} and not former.pending
      ) as claimed
      from edges where id = ${edge.id}
    ), kept as (
      insert into edge_live as l (facility_id, boot_id, serial, state, at)
      select ${edge.facilityId}::uuid, ${boot}, ${serial}, ${text}::json, ${now.toISOString()}::timestamptz
      from speaker where claimed
      on conflict (facility_id) do update
        set boot_id = excluded.boot_id, serial = excluded.serial, state = excluded.state, at = excluded.at
        where l.boot_id <> excluded.boot_id or l.serial < excluded.serial
      returning 1
    )
    select claimed, exists (select from kept) as kept from speaker`);
  const row = result.rows[0];
  if (row === undefined) throw new Error("the edge of a valid token is gone");
  if (!row.claimed) return "fenced";
  return row.kept ? "kept" : "stale";
}
