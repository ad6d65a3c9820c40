import { sql } from "drizzle-orm";
import type { Job } from "../platform/job.ts";
import type { Db } from "./connection.ts";

/** Months that have their partitions before they begin. */
const MONTHS_AHEAD = 3;
/** A gate that was cut off for months, or that begins with a cloud that is new, tells of these. */
const MONTHS_BACK = 2;

const ONE_DAY_S = 86_400;
const LOCK_TIMEOUT_MS = 5_000;

/**
 * Makes the partitions of the months around now; what came for one of them before it was there moves into it. None is
 * ever dropped: see retention/ for what is deleted.
 *
 * @returns how many were made.
 */
export async function makePartitions(db: Db, now: Date): Promise<number> {
  let made = 0;
  for (let months = -MONTHS_BACK; months <= MONTHS_AHEAD; months += 1) {
    const moment = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
    made += await db.transaction(async (tx) => {
      // Whoever reads and writes movements just now comes first: it is tried again tomorrow.
      await tx.execute(sql.raw(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`));
      const { rows } = await tx.execute<{ made: boolean }>(
        sql`select parkme_make_movements_partition(${moment.toISOString()}::timestamptz) as made`,
      );
      return rows[0]?.made === true ? 1 : 0;
    });
  }
  return made;
}

export const PARTITIONS_JOB: Job = {
  name: "db.partitions",
  everySeconds: ONE_DAY_S,
  run: async ({ db }, now) => await makePartitions(db, now),
};
