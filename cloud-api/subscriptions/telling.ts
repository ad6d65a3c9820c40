import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import type { Tx } from "../db/connection.ts";
import { lockFacility } from "../facilities/lock.queries.ts";
import { publish } from "../fleet/manifest.queries.ts";
import type { Job, JobDeps } from "../platform/job.ts";
import { isExhausted } from "./rules.ts";
import { facilitiesWithUntold, markTold, takeUntold, type ToTell } from "./telling.queries.ts";

/** Tells gates who may come in by a subscription: the section `permits` of their manifests. */

const FACILITIES_AT_ONCE = 200;
const AT_ONCE = 500;

/** What was paid, changed or cancelled reaches the manifest within some seconds; the money does not wait for it. */
export const TELLING_JOB: Job = {
  name: "subscriptions.telling",
  everySeconds: 2,
  run: async (deps, now) => {
    let done = 0;
    for (const facilityId of await facilitiesWithUntold(deps.db, FACILITIES_AT_ONCE))
      done += await tellGate(deps, facilityId, now);
    return done;
  },
};

async function tellGate({ db, log }: JobDeps, facilityId: string, now: Date): Promise<number> {
  return await db.transaction(async (tx) => {
    await lockFacility(tx, facilityId);
    const untold = await takeUntold(tx, facilityId, AT_ONCE);
    if (untold.length === 0) return 0;
    const told = await publish(
      tx,
      facilityId,
      untold.map((row) => permitOf(row, now)),
      now,
    );
    if (!told.ok) await tellEach(tx, { facilityId, untold, log }, now);
    await markTold(
      tx,
      facilityId,
      untold.map(({ id }) => id),
    );
    return untold.length;
  });
}

/** One that the gate cannot be told of keeps none of the others waiting. */
async function tellEach(
  tx: Tx,
  {
    facilityId,
    untold,
    log,
  }: { readonly facilityId: string; readonly untold: readonly ToTell[]; readonly log: JobDeps["log"] },
  now: Date,
): Promise<void> {
  for (const row of untold) {
    const told = await publish(tx, facilityId, [permitOf(row, now)], now);
    if (told.ok) continue;
    const problem = told.error[0]?.message ?? "it is refused";
    log.error({ facilityId, subscriptionId: row.id, problem }, "a gate cannot be told of a subscription");
  }
}

/** One that lets nobody in, now or later, is no permit. */
function permitOf(row: ToTell, now: Date): ManifestChange {
  const { id, plates, validFrom, validUntil, spaces, zone, pass } = row;
  const isGood = row.status === "active" && validUntil > now && !isExhausted(row.quotaStays, row.usedStays);
  if (!isGood || validFrom >= validUntil || plates.length === 0)
    return { section: "permits", key: id, body: null };
  const body = {
    id,
    plates,
    account: id,
    valid_from: validFrom.toISOString(),
    valid_until: validUntil.toISOString(),
    spaces,
    ...(zone === null ? {} : { zone }),
    ...(pass === null ? {} : { pass }),
  };
  return { section: "permits", key: id, body: JSON.stringify(body) };
}
