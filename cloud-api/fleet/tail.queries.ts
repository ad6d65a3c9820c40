import { sql } from "drizzle-orm";
import type { LogPlace } from "@parkme/shared/protocol/log";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import type { Db } from "../db/connection.ts";

/** A batch as it came: its lines from `firstSeq` to `lastSeq` count. */
export type ArchivedBatch = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The hash of the line before `firstSeq`. */
  readonly previousHash: string;
  readonly body: Buffer;
};

/** Batches are as small as one line when little happens. */
const MAX_BATCHES = 500;

/**
 * The batches that hold lines after a number, in their order: at least one where there is one, and more until they are
 * about so many bytes.
 */
export async function readArchive(
  db: Db,
  edgeId: string,
  after: number,
  bytes: number,
): Promise<ArchivedBatch[]> {
  // Only the lengths of the bodies are looked at before it is clear which are wanted.
  const { rows } = await db.execute<ArchivedBatch>(sql`
    select first_seq::float8 as "firstSeq", last_seq::float8 as "lastSeq", previous_hash as "previousHash", body
    from (
      select *, sum(octet_length(body)) over (order by last_seq) - octet_length(body) as before
      from (
        select * from edge_batches where edge_id = ${edgeId} and last_seq > ${after}
        order by last_seq limit ${MAX_BATCHES}
      ) as found
    ) as counted
    where before < ${bytes}
    order by last_seq`);
  return rows;
}

/** Where an edge's log ends in the cloud. */
export async function readHead(db: Db, edgeId: string): Promise<LogPlace> {
  const { rows } = await db.execute<LogPlace>(sql`
    select epoch::float8 as epoch, cursor::float8 as seq, coalesce(head_hash, ${GENESIS_HASH}) as hash
    from edges where id = ${edgeId}`);
  if (rows[0] === undefined) throw new Error("the edge of a valid token is gone");
  return rows[0];
}
