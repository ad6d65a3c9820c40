import { isUuid } from "@parkme/shared/domain/ids";
import type { Tx } from "../db/connection.ts";
import type { Effect } from "../fleet/effect.ts";
import { anchorOf, change } from "./lifecycle.ts";
import { isExhausted, quotaSince } from "./rules.ts";
import {
  findPlan,
  lockSubscription,
  periodsOf,
  timeZoneOf,
  updateSubscription,
} from "./subscriptions.queries.ts";
import { countStaysSince, dropStays, keepStays } from "./usage.queries.ts";

/** What gates tell of stays under a permit uses up the subscription's quota. Each stay counts once, whatever is told again. */

const stayStarted: Effect<"stay.started"> = async (tx, edge, told, now) => {
  const begun = told.flatMap(({ payload: { stay_id: stayId, entry_at: at, right } }) =>
    right?.kind === "permit" && isUuid(right.id) ? [{ subscriptionId: right.id, stayId, at }] : [],
  );
  if (begun.length === 0) return;
  for (const id of await keepStays(tx, edge.facilityId, begun)) await recount(tx, edge.facilityId, id, now);
};

const stayVoided: Effect<"stay.voided"> = async (tx, edge, told, now) => {
  const ids = told.map(({ payload }) => payload.stay_id);
  for (const id of await dropStays(tx, edge.facilityId, ids)) await recount(tx, edge.facilityId, id, now);
};

export const SUBSCRIPTION_EFFECTS = { "stay.started": stayStarted, "stay.voided": stayVoided } as const;

/** Whether an event is about a permit at all: nothing else has to wait for its rows. */
export function concernsSubscriptions(payload: {
  readonly right: { readonly kind: string } | null;
}): boolean {
  return payload.right?.kind === "permit";
}

/** Counts a quota anew. When it is used up, or is not any more, the gate is told. */
export async function recount(tx: Tx, facilityId: string, id: string, now: Date): Promise<void> {
  const row = await lockSubscription(tx, facilityId, id);
  if (row === null) return;
  const anchor = anchorOf(await periodsOf(tx, row));
  const plan = await findPlan(tx, facilityId, row.planId);
  const timeZone = await timeZoneOf(tx, facilityId);
  if (anchor === null || plan === null || timeZone === null) return;
  const sinceMs = quotaSince(anchor.from.getTime(), plan.period, now.getTime(), timeZone);
  const usedStays = await countStaysSince(tx, row, new Date(sinceMs));
  if (usedStays === row.usedStays) return;
  const turned = isExhausted(row.quotaStays, usedStays) !== isExhausted(row.quotaStays, row.usedStays);
  if (turned) await change(tx, row, { usedStays }, now);
  else await updateSubscription(tx, row, { usedStays });
}
