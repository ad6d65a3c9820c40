import type { Tx } from "../db/connection.ts";
import { tellChange } from "../live/changes.queries.ts";
import { forgetOnCommit } from "../platform/forget.queries.ts";
import {
  addPeriods,
  costOfChange,
  isStale,
  spreadRefund,
  termEnd,
  unusedMinor,
  type ChangeCost,
  type PeriodRefund,
} from "./rules.ts";
import {
  dropDue,
  findPlan,
  insertPeriod,
  lockSubscription,
  periodsOf,
  type PeriodRow,
  type PlanRow,
  type SubscriptionChange,
  type SubscriptionRow,
  timeZoneOf,
  updatePeriod,
  updateSubscription,
} from "./subscriptions.queries.ts";
import { countStaysSince } from "./usage.queries.ts";

/** What becomes of subscriptions: they are paid, renewed, changed, and come to an end. The caller's transaction is the system's. */

/** Money back: of a payment, so much. See payments/give-back.queries.ts. */
export type GiveBack = (
  tx: Tx,
  back: {
    readonly facilityId: string;
    readonly paymentId: string;
    readonly amountMinor: number;
    readonly reason: string;
    readonly actor: string;
  },
  now: Date,
) => Promise<unknown>;

/** Writes a change of a subscription: the gate is told by the publisher, who watches it now. */
export async function change(
  tx: Tx,
  row: SubscriptionRow,
  to: SubscriptionChange,
  now: Date,
): Promise<SubscriptionRow> {
  await updateSubscription(tx, row, { ...to, untold: true });
  const after = { ...row, ...to, untold: true };
  await forgetOnCommit(tx, "subscriptions", row.userId);
  const body = { id: row.id, status: after.status, valid_until: after.validUntil.toISOString() };
  await tellChange(tx, row.facilityId, "subscription", body, now);
  return after;
}

/** Those that are paid and not over: the one in force, and a renewal that was paid ahead. */
function runningOf(periods: readonly PeriodRow[], now: Date): readonly PeriodRow[] {
  return periods.filter(({ status, until }) => status === "paid" && until > now);
}

/** Ends them now; what has not begun is over before it begins. */
async function endRunning(tx: Tx, periods: readonly PeriodRow[], now: Date): Promise<void> {
  for (const period of runningOf(periods, now))
    await updatePeriod(tx, period, { until: now > period.from ? now : period.from });
}

/** What is to be paid now. What a change costs was reckoned at a time, and counts for an hour. */
export function dueOf(periods: readonly PeriodRow[], now: Date): PeriodRow | null {
  const due = periods.find(({ status }) => status === "due");
  return due === undefined || isStale(due, now) ? null : due;
}

/** From where terms are counted: the beginning of the plan that is in force, before its renewals. */
export function anchorOf(periods: readonly PeriodRow[]): PeriodRow | null {
  return periods.findLast(({ status, kind }) => status === "paid" && kind !== "renewal") ?? null;
}

export type Paid = "activated" | "again" | "unwanted";

/** A payment came for what is due; once for each payment. `unwanted` = it is to be given back. */
export async function pay(
  tx: Tx,
  paid: {
    readonly facilityId: string;
    readonly subscriptionId: string;
    /** Null = there was nothing to pay. */
    readonly paymentId: string | null;
    readonly amountMinor: number;
    readonly currency: string;
  },
  now: Date,
): Promise<Paid> {
  const { facilityId, subscriptionId, paymentId } = paid;
  const row = await lockSubscription(tx, facilityId, subscriptionId);
  if (row === null) return "unwanted";
  const periods = await periodsOf(tx, row);
  if (paymentId !== null && periods.some((period) => period.paymentId === paymentId)) return "again";
  const due = dueOf(periods, now);
  const isOver = row.status === "cancelled" || row.status === "ended";
  if (due === null || isOver) return "unwanted";
  if (due.dueMinor !== paid.amountMinor || due.currency !== paid.currency) return "unwanted";
  const plan = await findPlan(tx, facilityId, due.planId);
  const timeZone = await timeZoneOf(tx, facilityId);
  if (plan === null || timeZone === null) return "unwanted";
  const times = timesOfPaid(due, plan, timeZone, now);
  const of = { paymentId, paidAt: now, ...times };
  await updatePeriod(tx, due, { status: "paid", ...of });
  if (due.kind === "change") await endRunning(tx, periods, now);
  const first = due.kind === "first" ? { validFrom: times.from } : {};
  const renewed = due.kind === "renewal" ? {} : { usedStays: 0 };
  await change(
    tx,
    row,
    {
      ...first,
      ...renewed,
      status: "active",
      validUntil: times.until,
      planId: plan.id,
      quotaStays: plan.quotaStays,
      priceMinor: due.valueMinor,
    },
    now,
  );
  return "activated";
}

/** What is paid late begins when it is paid; a renewal goes on where the term before it ends. */
function timesOfPaid(due: PeriodRow, plan: PlanRow, timeZone: string, now: Date) {
  if (due.kind === "renewal" || (due.kind === "first" && due.from >= now))
    return { from: due.from, until: due.until };
  return { from: now, until: new Date(addPeriods(now.getTime(), plan.period, plan.periods, timeZone)) };
}

/** Offers the next term to be paid, at the plan's price of now. @returns null = the plan is not sold any more. */
export async function offerRenewal(tx: Tx, row: SubscriptionRow, now: Date): Promise<PeriodRow | null> {
  const plan = await findPlan(tx, row.facilityId, row.planId);
  const timeZone = await timeZoneOf(tx, row.facilityId);
  const periods = await periodsOf(tx, row);
  const anchor = anchorOf(periods);
  if (plan === null || !plan.onSale || timeZone === null || anchor === null) return null;
  const terms = periods.filter(({ status, number }) => status === "paid" && number >= anchor.number).length;
  const untilMs = termEnd(anchor.from.getTime(), plan, terms + 1, timeZone);
  // A plan whose term was changed since: counted from where it ends now.
  const until =
    untilMs > row.validUntil.getTime()
      ? untilMs
      : addPeriods(row.validUntil.getTime(), plan.period, plan.periods, timeZone);
  const period = nextPeriod(row, periods, plan, {
    kind: "renewal",
    from: row.validUntil,
    until: new Date(until),
    dueMinor: plan.priceMinor,
    madeAt: now,
  });
  await insertPeriod(tx, period);
  return period;
}

/** What a change to another plan costs now: nothing is written. */
export async function changeCost(
  tx: Tx,
  row: SubscriptionRow,
  plan: PlanRow,
  now: Date,
): Promise<ChangeCost> {
  return costOfChange(await unusedOf(tx, row, now), plan.priceMinor);
}

/** What is left of the value of a subscription, over all that is paid of it. */
async function unusedOf(tx: Tx, row: SubscriptionRow, now: Date): Promise<number> {
  let unused = 0;
  for (const period of runningOf(await periodsOf(tx, row), now)) {
    const { facilityId, planId, from, until, valueMinor } = period;
    const plan = await findPlan(tx, facilityId, planId);
    const quota = row.quotaStays === null ? null : row.quotaStays * (plan?.periods ?? 1);
    const stays = quota === null ? null : { used: await countStaysSince(tx, row, from), quota };
    const use = { fromMs: from.getTime(), untilMs: until.getTime(), stays };
    unused += unusedMinor(valueMinor, use, now.getTime());
  }
  return unused;
}

/** Writes down what another plan costs; it takes the place of this one when that is paid, or at once where it is nothing. */
export async function askForChange(
  tx: Tx,
  row: SubscriptionRow,
  { plan, cost, actor }: { readonly plan: PlanRow; readonly cost: ChangeCost; readonly actor: string },
  giveBack: GiveBack,
  now: Date,
): Promise<PeriodRow> {
  await dropDue(tx, row);
  const periods = await periodsOf(tx, row);
  const timeZone = (await timeZoneOf(tx, row.facilityId)) ?? "UTC";
  const until = new Date(addPeriods(now.getTime(), plan.period, plan.periods, timeZone));
  const times = { from: now, until, madeAt: now };
  const period = nextPeriod(row, periods, plan, { kind: "change", ...times, dueMinor: cost.dueMinor });
  await insertPeriod(tx, period);
  if (cost.dueMinor > 0) return period;
  const { facilityId, id: subscriptionId, currency } = row;
  await pay(tx, { facilityId, subscriptionId, paymentId: null, amountMinor: 0, currency }, now);
  await refund(tx, row, { amountMinor: cost.backMinor, actor, reason: "change of plan" }, giveBack, now);
  return period;
}

/** Ends a subscription now, and gives back what is left of it. @returns how much, in minor units. */
export async function cancelNow(
  tx: Tx,
  row: SubscriptionRow,
  actor: string,
  giveBack: GiveBack,
  now: Date,
): Promise<{ readonly row: SubscriptionRow; readonly backMinor: number }> {
  const unused = row.status === "active" ? await unusedOf(tx, row, now) : 0;
  await dropDue(tx, row);
  await endRunning(tx, await periodsOf(tx, row), now);
  const until = now > row.validFrom ? now : row.validFrom;
  const after = await change(
    tx,
    row,
    {
      status: "cancelled",
      cancelledAt: now,
      renews: false,
      ...(row.validUntil > now ? { validUntil: until } : {}),
    },
    now,
  );
  const refunds = await refund(tx, row, { amountMinor: unused, actor, reason: "cancelled" }, giveBack, now);
  return { row: after, backMinor: refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0) };
}

async function refund(
  tx: Tx,
  row: SubscriptionRow,
  why: { readonly amountMinor: number; readonly actor: string; readonly reason: string },
  giveBack: GiveBack,
  now: Date,
): Promise<readonly PeriodRefund[]> {
  const periods = (await periodsOf(tx, row)).filter(({ status }) => status === "paid");
  const paid = periods.map(({ number, paymentId, dueMinor, refundMinor }) => ({
    number,
    paymentId,
    paidMinor: dueMinor,
    refundMinor,
  }));
  const refunds = spreadRefund(paid, why.amountMinor);
  for (const { number, paymentId, amountMinor } of refunds) {
    const period = periods.find((its) => its.number === number);
    if (period === undefined) continue;
    await updatePeriod(tx, period, { refundMinor: period.refundMinor + amountMinor });
    const { facilityId } = row;
    const { actor, reason } = why;
    if (paymentId !== null)
      await giveBack(
        tx,
        { facilityId, paymentId, amountMinor, actor, reason: `subscription: ${reason}` },
        now,
      );
  }
  return refunds;
}

function nextPeriod(
  row: SubscriptionRow,
  periods: readonly PeriodRow[],
  plan: PlanRow,
  rest: Pick<PeriodRow, "kind" | "from" | "until" | "dueMinor" | "madeAt">,
): PeriodRow {
  return {
    facilityId: row.facilityId,
    subscriptionId: row.id,
    number: (periods.at(-1)?.number ?? 0) + 1,
    userId: row.userId,
    planId: plan.id,
    status: "due",
    valueMinor: plan.priceMinor,
    currency: plan.currency,
    paymentId: null,
    paidAt: null,
    refundMinor: 0,
    ...rest,
  };
}
