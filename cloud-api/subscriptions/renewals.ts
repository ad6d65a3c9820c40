import type { Db, Tx } from "../db/connection.ts";
import type { Job, JobDeps } from "../platform/job.ts";
import {
  findExhausted,
  findLapsed,
  findOver,
  findRenewable,
  dropStaleChanges,
  type Key,
} from "./due.queries.ts";
import { change, offerRenewal, pay } from "./lifecycle.ts";
import { CHANGE_MS, PENDING_MS, RENEWAL_MS } from "./rules.ts";
import { dropDue, lockSubscription, type SubscriptionRow } from "./subscriptions.queries.ts";
import { recount } from "./usage.ts";

/** What time brings about: terms end, the next ones are offered, quotas begin anew. */

const AT_ONCE = 500;

export const RENEWALS_JOB: Job = {
  name: "subscriptions.renewals",
  everySeconds: 30,
  run: async ({ db, log }, now) => {
    const before = (ms: number) => new Date(now.getTime() - ms);
    const renewable = await findRenewable(db, new Date(now.getTime() + RENEWAL_MS), AT_ONCE);
    return (
      (await dropStaleChanges(db, before(CHANGE_MS))) +
      (await each({ db, log }, renewable, async (tx, row) => await renew(tx, row, now))) +
      (await each(
        { db, log },
        await findOver(db, now, AT_ONCE),
        async (tx, row) => await end(tx, row, now),
      )) +
      (await each({ db, log }, await findLapsed(db, before(PENDING_MS), AT_ONCE), async (tx, row) => {
        if (row.status === "pending") await lapse(tx, row, now);
      })) +
      (await each({ db, log }, await findExhausted(db, now, AT_ONCE), async (tx, { facilityId, id }) => {
        await recount(tx, facilityId, id, now);
      }))
    );
  },
};

/** Each in a transaction of its own: one that goes wrong keeps none of the others waiting. */
async function each(
  { db, log }: { readonly db: Db; readonly log: JobDeps["log"] },
  keys: readonly Key[],
  work: (tx: Tx, row: SubscriptionRow) => Promise<void>,
): Promise<number> {
  let done = 0;
  for (const { facilityId, id } of keys) {
    try {
      await db.transaction(async (tx) => {
        const row = await lockSubscription(tx, facilityId, id);
        if (row !== null) await work(tx, row);
      });
      done += 1;
    } catch (error) {
      log.error({ err: error, facilityId, subscriptionId: id }, "a subscription could not be dealt with");
    }
  }
  return done;
}

/** What costs nothing goes on by itself; for the rest, the next term can be paid from now on. */
async function renew(tx: Tx, row: SubscriptionRow, now: Date): Promise<void> {
  if (row.status !== "active" || !row.renews || row.validUntil <= now) return;
  const period = await offerRenewal(tx, row, now);
  if (period === null) return;
  const { facilityId, id: subscriptionId } = row;
  const { currency, dueMinor: amountMinor } = period;
  if (amountMinor === 0)
    await pay(tx, { facilityId, subscriptionId, paymentId: null, amountMinor, currency }, now);
  else await change(tx, row, {}, now);
}

async function end(tx: Tx, row: SubscriptionRow, now: Date): Promise<void> {
  if (row.status !== "active" || row.validUntil > now) return;
  await dropDue(tx, row);
  await change(tx, row, { status: "ended", renews: false }, now);
}

async function lapse(tx: Tx, row: SubscriptionRow, now: Date): Promise<void> {
  await dropDue(tx, row);
  await change(tx, row, { status: "cancelled", cancelledAt: now, renews: false }, now);
}
