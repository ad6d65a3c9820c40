import { desc, gt, lt, sql } from "drizzle-orm";
import type { LogPlace } from "@parkme/shared/protocol/log";
import { log } from "./link-schema.ts";
import { hashAfter, lineOfRow } from "./log-writer.ts";
import type { GateDatabase } from "./open.ts";

const CHUNK = 500;

/**
 * Puts the rows of the log after a place behind another, in their order, as the beginning of a new epoch: with new
 * numbers and new hashes. Within a transaction.
 */
export function moveRows(db: GateDatabase, after: number, behind: LogPlace, epoch: number): void {
  // Out of the way of each other first, so that no number is taken on the way.
  db.update(log)
    .set({ seq: sql`-${log.seq}` })
    .where(gt(log.seq, after))
    .run();
  const next = db.select().from(log).where(lt(log.seq, 0)).orderBy(desc(log.seq)).limit(CHUNK).prepare();
  const move = db
    .update(log)
    .set({
      seq: sql`${sql.placeholder("seq")}`,
      epoch: sql`${sql.placeholder("epoch")}`,
      hash: sql`${sql.placeholder("hash")}`,
    })
    .where(sql`${log.seq} = ${sql.placeholder("from")}`)
    .prepare();
  let { seq, hash } = behind;
  for (let rows = next.all(); rows.length > 0; rows = next.all()) {
    for (const row of rows) {
      seq += 1;
      hash = hashAfter(hash, lineOfRow({ ...row, seq, epoch }));
      move.run({ from: row.seq, seq, epoch, hash });
    }
  }
}
