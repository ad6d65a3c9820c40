import { sql } from "drizzle-orm";
import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import { bookings } from "../db/bookings-schema.ts";
import { transact, type Tx } from "../db/connection.ts";
import { lockDownlink } from "../fleet/downlink.queries.ts";
import { publish } from "../fleet/manifest.queries.ts";
import type { JobDeps } from "../platform/job.ts";
import type { BookingRow } from "./booking-row.ts";
import { policyOf } from "./policy.ts";
import { entryOf } from "./gate-entry.ts";

/** Of one manifest version. */
const BATCH = 2_000;
/** Of one facility in one run, so that the others have their turn. */
const MOST_BATCHES = 10;

/** Tells gates what became of bookings. @returns of how many. */
export async function tellGates({ db, log }: JobDeps, now: Date): Promise<number> {
  // Where there is no gate, there is nobody to tell; one that comes is told all of it.
  const waiting = await db.execute<{ facility_id: string }>(sql`
    select distinct facility_id from edges e
    where exists (select from bookings b where b.facility_id = e.facility_id and b.untold)`);
  let told = 0;
  for (const { facility_id: facilityId } of waiting.rows) {
    try {
      for (let batch = 0; batch < MOST_BATCHES; batch++) {
        const some = await tellGate({ db, log }, facilityId, now);
        told += some;
        if (some < BATCH) break;
      }
    } catch (error) {
      log.error({ err: error, facilityId }, "a gate could not be told of bookings");
    }
  }
  return told;
}

/** @returns how many bookings it was told of. */
async function tellGate({ db, log }: JobDeps, facilityId: string, now: Date): Promise<number> {
  return await transact(db, async (tx) => {
    // First, as everybody does who needs both: one publisher at a time.
    await lockDownlink(tx, facilityId);
    const rows = await takeUntold(tx, facilityId);
    if (rows.length === 0) return 0;
    const policy = policyOf(await policyStored(tx, facilityId));
    const changes = rows.map((row) => entryOf(row, policy));
    const wrong = await publishAll(tx, facilityId, changes, now);
    for (const { index, message } of wrong)
      log.error({ facilityId, booking: rows[index]?.id, message }, "a booking cannot go into the manifest");
    await markTold(tx, facilityId, rows);
    return rows.length;
  });
}

/** Those that somebody changes just now come next time. */
async function takeUntold(tx: Tx, facilityId: string): Promise<readonly BookingRow[]> {
  return await tx
    .select()
    .from(bookings)
    .where(sql`${bookings.facilityId} = ${facilityId} and ${bookings.untold}`)
    .orderBy(bookings.changedAt)
    .limit(BATCH)
    .for("update", { skipLocked: true });
}

async function policyStored(tx: Tx, facilityId: string): Promise<unknown> {
  const { rows } = await tx.execute<{ policy: unknown }>(
    sql`select booking_policy as policy from facilities where id = ${facilityId}`,
  );
  return rows[0]?.policy ?? null;
}

type Wrong = { readonly index: number; readonly message: string };

/** Leaves out those that are no entries: none of them holds up the others. @throws where the manifest is full. */
async function publishAll(
  tx: Tx,
  facilityId: string,
  changes: readonly ManifestChange[],
  now: Date,
): Promise<readonly Wrong[]> {
  const published = await publish(tx, facilityId, changes, now);
  if (published.ok) return [];
  const wrong = published.error.map(({ path: [index], message }) => ({
    index: typeof index === "number" ? index : -1,
    message,
  }));
  const [whole] = wrong.filter(({ index }) => index < 0);
  if (whole !== undefined) throw new Error(`the manifest is not published: ${whole.message}`);
  const bad = new Set(wrong.map(({ index }) => index));
  const good = changes.filter((_, index) => !bad.has(index));
  const again = await publish(tx, facilityId, good, now);
  if (!again.ok) throw new Error(`the manifest is not published: ${again.error[0]?.message ?? ""}`);
  return wrong;
}

async function markTold(tx: Tx, facilityId: string, rows: readonly BookingRow[]): Promise<void> {
  const ids = JSON.stringify(rows.map(({ id }) => id));
  await tx.execute(sql`
    update bookings set untold = false
    where facility_id = ${facilityId} and id in (select value::uuid from json_array_elements_text(${ids}::json))`);
}
