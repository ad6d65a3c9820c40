import { z } from "@hono/zod-openapi";
import { runsFacility } from "../accounts/principal.ts";
import { readFacilities } from "../facilities/facility.queries.ts";
import { asSystem } from "../db/tenancy.ts";
import { actorName, PLATFORM_TENANT } from "../audit/entries.queries.ts";
import type { Tx } from "../db/connection.ts";
import type { Api } from "../platform/api.ts";
import { amountText, decimal, id } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { ownSubscription, platesOf, vehicleIds } from "./calls.ts";
import { askForChange, cancelNow, change, changeCost, dueOf, type GiveBack } from "./lifecycle.ts";
import {
  dropDue,
  findPlan,
  findSubscriptionOf,
  lockSubscription,
  periodsOf,
  type PlanRow,
  type SubscriptionRow,
} from "./subscriptions.queries.ts";
import { subscriptionView, subscriptionViewOf } from "./views.ts";

const params = z.object({ id });
const answer = subscriptionView;

/** What drivers, and those who run the facility, change of subscriptions. */
export function subscriptionChangeCalls(api: Api, { giveBack }: { readonly giveBack: GiveBack }): void {
  members(api);
  changesOfPlan(api, giveBack);
  cancelling(api, giveBack);
}

function members(api: Api): void {
  api.call(
    {
      method: "patch",
      path: "/api/subscriptions/{id}/",
      tag: "subscriptions",
      summary: "Changes the vehicles, and whether it renews",
      access: ["driver"],
      params,
      body: z.strictObject({ vehicle_ids: vehicleIds.optional(), renews: z.boolean().optional() }),
      answer,
    },
    async ({ tx, principal, params: { id: subscriptionId }, body, now, audit }) => {
      const row = await locked(tx, await ownSubscription(tx, principal, subscriptionId));
      checkGoesOn(row);
      const plan = (await findPlan(tx, row.facilityId, row.planId)) ?? notFound("plan");
      const plates =
        body.vehicle_ids === undefined ? row.plates : await platesOf(tx, principal, body.vehicle_ids, plan);
      const renews = body.renews ?? row.renews;
      const after = await asSystem(tx, async () => {
        if (row.status === "active" && !renews) await dropRenewal(tx, row, now);
        return await change(tx, row, { plates, renews }, now);
      });
      await audit({
        action: "subscription.changed",
        subject: `subscription:${subscriptionId}`,
        facilityId: row.facilityId,
        organisationId: await organisationOf(tx, row.facilityId),
        detail: { members: Object.keys(body) },
      });
      return subscriptionViewOf(after, dueOf(await periodsOf(tx, row), now));
    },
  );
}

async function dropRenewal(tx: Tx, row: SubscriptionRow, now: Date): Promise<void> {
  if (dueOf(await periodsOf(tx, row), now)?.kind === "renewal") await dropDue(tx, row);
}

const cost = z.object({
  /** To be paid before it takes the place of the present one. */
  due: amountText,
  /** Given back where what is left is worth more than the new plan. */
  refund: amountText,
  currency: z.string(),
});

function changesOfPlan(api: Api, giveBack: GiveBack): void {
  api.call(
    {
      method: "post",
      path: "/api/subscriptions/{id}/change/",
      tag: "subscriptions",
      summary:
        "Changes to another plan, from now on; what is left of the present one counts against its price",
      description:
        "With `dry_run`, only what it would cost is told. Otherwise what is due is to be paid within an hour: then the new plan is in force, and not before. Where nothing is due it is in force at once.",
      access: ["driver"],
      params,
      body: z.strictObject({ plan_id: id, dry_run: z.boolean().default(false) }),
      answer: z.object({ cost, subscription: answer }),
    },
    async ({ tx, principal, params: { id: subscriptionId }, body, now, audit }) => {
      const row = await locked(tx, await ownSubscription(tx, principal, subscriptionId));
      if (row.status !== "active" || row.validUntil <= now)
        refuse(409, "not_active", "only a subscription that is paid can change to another plan");
      const plan = await planToChangeTo(tx, row, body.plan_id);
      const its = await asSystem(tx, async () => await changeCost(tx, row, plan, now));
      const money = (minor: number) => decimal(minor, row.currency);
      const told = { due: money(its.dueMinor), refund: money(its.backMinor), currency: row.currency };
      if (!body.dry_run) {
        const asked = { plan, cost: its, actor: actorName(principal) };
        await asSystem(tx, async () => await askForChange(tx, row, asked, giveBack, now));
        await audit({
          action: "subscription.plan_changed",
          subject: `subscription:${subscriptionId}`,
          facilityId: row.facilityId,
          organisationId: await organisationOf(tx, row.facilityId),
          detail: { plan_id: plan.id, ...told },
        });
      }
      const after = (await findSubscriptionOf(tx, row.facilityId, row.id)) ?? row;
      const due = dueOf(await periodsOf(tx, row), now);
      return { cost: told, subscription: subscriptionViewOf(after, due) };
    },
  );
}

/** @throws refusals: it is not sold, is the present one, or does not take so many vehicles. */
async function planToChangeTo(tx: Tx, row: SubscriptionRow, planId: string): Promise<PlanRow> {
  const plan = await findPlan(tx, row.facilityId, planId);
  if (plan === null || !plan.onSale) return notFound("plan");
  if (plan.id === row.planId) refuse(409, "same_plan", "it is of this plan already", "plan_id");
  if (plan.currency !== row.currency)
    refuse(409, "other_currency", "this plan is priced in another currency", "plan_id");
  if (row.plates.length > plan.maxVehicles)
    refuse(409, "too_many_vehicles", `this plan is for at most ${plan.maxVehicles} vehicles`, "plan_id");
  return plan;
}

function cancelling(api: Api, giveBack: GiveBack): void {
  api.call(
    {
      method: "post",
      path: "/api/subscriptions/{id}/cancel/",
      tag: "subscriptions",
      summary: "Cancels: at the end of what is paid, or now, when what is left is given back",
      access: ["admin", "owner", "staff", "driver"],
      params,
      body: z.strictObject({ at: z.enum(["period_end", "now"]).default("period_end") }),
      answer: z.object({ refund: amountText, currency: z.string(), subscription: answer }),
    },
    async ({ tx, principal, params: { id: subscriptionId }, body, now, audit }) => {
      const row = await locked(tx, await ownSubscription(tx, principal, subscriptionId));
      checkGoesOn(row);
      const done = await asSystem(tx, async () => {
        if (body.at === "now" || row.status === "pending")
          return await cancelNow(tx, row, actorName(principal), giveBack, now);
        await dropDue(tx, row);
        return {
          row: await change(tx, row, { renews: false, cancelledAt: row.cancelledAt ?? now }, now),
          backMinor: 0,
        };
      });
      const refund = decimal(done.backMinor, row.currency);
      await audit({
        action: "subscription.cancelled",
        subject: `subscription:${subscriptionId}`,
        facilityId: row.facilityId,
        organisationId: await organisationOf(tx, row.facilityId),
        detail: {
          at: body.at,
          refund,
          currency: row.currency,
          by_staff: runsFacility(principal, row.facilityId),
        },
      });
      return { refund, currency: row.currency, subscription: subscriptionViewOf(done.row, null) };
    },
  );
}

async function locked(tx: Tx, { facilityId, id: subscriptionId }: SubscriptionRow): Promise<SubscriptionRow> {
  return (await lockSubscription(tx, facilityId, subscriptionId)) ?? notFound("subscription");
}

function checkGoesOn(row: SubscriptionRow): void {
  if (row.status === "cancelled" || row.status === "ended")
    refuse(409, "subscription_over", `it is ${row.status} already`);
}

async function organisationOf(tx: Tx, facilityId: string): Promise<string> {
  const facility = (await readFacilities(tx, [facilityId])).get(facilityId);
  return facility?.organisationId ?? PLATFORM_TENANT;
}
