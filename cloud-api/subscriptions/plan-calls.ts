import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { listIdSchema } from "@parkme/shared/protocol/list-entries";
import { readFacilities } from "../facilities/facility.queries.ts";
import { openFacility, ownFacility, seesAll, seesFacility } from "../facilities/own.ts";
import { forgetOnCommit } from "../platform/forget.queries.ts";
import type { Api } from "../platform/api.ts";
import { amount, id, minorOf, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import type { Estimator } from "../pricing/estimate.ts";
import {
  deleteUnusedPlan,
  findPlan,
  insertPlan,
  listPlans,
  retellHolders,
  updatePlan,
  type PlanRow,
} from "./subscriptions.queries.ts";
import { planView, planViewOf } from "./views.ts";

const BASE = "/api/facilities/{facilityId}/plans/";
/** Prices are an owner's business. */
const DECIDE = ["admin", "owner"] as const;
const params = z.object({ facilityId: id });
const planParams = z.object({ facilityId: id, planId: id });

const members = {
  name: words(80),
  kind: z.enum(["pass", "subscription"]),
  price: amount,
  period: z.enum(["day", "week", "month", "year"]),
  periods: z.number().int().min(1).max(366),
  quota_stays: z.number().int().min(1).max(100_000).nullable(),
  spaces: z.number().int().min(1).max(100),
  max_vehicles: z.number().int().min(1).max(20),
  tariff_pass: listIdSchema.nullable(),
  zone: slugSchema.nullable(),
  on_sale: z.boolean(),
};
const newPlan = z.strictObject({
  ...members,
  kind: members.kind.default("subscription"),
  periods: members.periods.default(1),
  quota_stays: members.quota_stays.default(null),
  spaces: members.spaces.default(1),
  max_vehicles: members.max_vehicles.default(1),
  tariff_pass: members.tariff_pass.default(null),
  zone: members.zone.default(null),
  on_sale: members.on_sale.default(true),
});
/** What a term is does not change while somebody holds it: another term is another plan. */
const planChange = z.strictObject({
  name: members.name.optional(),
  price: members.price.optional(),
  quota_stays: members.quota_stays.optional(),
  spaces: members.spaces.optional(),
  max_vehicles: members.max_vehicles.optional(),
  tariff_pass: members.tariff_pass.optional(),
  zone: members.zone.optional(),
  on_sale: members.on_sale.optional(),
});

/** Plans: the passes and subscriptions that a facility sells. */
export function planCalls(api: Api, { estimator }: { readonly estimator: Estimator }): void {
  reading(api);
  making(api, estimator);
  changing(api, estimator);
}

function reading(api: Api): void {
  api.call(
    {
      method: "get",
      path: BASE,
      tag: "subscriptions",
      summary: "The plans of a facility that are on sale; all of them for those who run it",
      access: "anyone",
      params,
      query: z.strictObject(pageQuery),
      answer: pageOf(planView),
    },
    async ({ tx, principal, params: { facilityId }, query }) => {
      const facility = (await readFacilities(tx, [facilityId])).get(facilityId);
      if (facility === undefined || !seesFacility(principal, facility)) return notFound("facility");
      const onSale = !seesAll(principal, facilityId);
      const after = readCursor(query.cursor, z.tuple([z.number(), z.string()]));
      const rows = await listPlans(tx, facilityId, { onSale, after, limit: query.limit });
      const page = cutPage(rows, query.limit, (row) => [row.madeAt.getTime(), row.id]);
      return { items: page.rows.map(planViewOf), next_cursor: page.next_cursor };
    },
  );
  api.call(
    {
      method: "get",
      path: `${BASE}{planId}/`,
      tag: "subscriptions",
      summary: "A plan",
      access: "anyone",
      params: planParams,
      answer: planView,
    },
    async ({ tx, principal, params: { facilityId, planId } }) => {
      const facility = (await readFacilities(tx, [facilityId])).get(facilityId);
      const plan = await findPlan(tx, facilityId, planId);
      if (plan === null || facility === undefined || !seesFacility(principal, facility))
        return notFound("plan");
      return planViewOf(plan);
    },
  );
}

function making(api: Api, estimator: Estimator): void {
  api.call(
    {
      method: "post",
      path: BASE,
      tag: "subscriptions",
      summary: "Makes a plan",
      access: DECIDE,
      params,
      body: newPlan,
      status: 201,
      answer: planView,
      idempotent: true,
    },
    async ({ tx, principal, params: { facilityId }, body, now, audit }) => {
      const { currency } = await openFacility(tx, principal, facilityId);
      await checkPass(estimator, facilityId, body.tariff_pass, now);
      const plan: PlanRow = {
        facilityId,
        id: randomUUID(),
        name: body.name,
        kind: body.kind,
        priceMinor: minorOf(body.price, currency, "price"),
        currency,
        period: body.period,
        periods: body.periods,
        quotaStays: body.quota_stays,
        spaces: body.spaces,
        maxVehicles: body.max_vehicles,
        tariffPass: body.tariff_pass,
        zoneSlug: body.zone,
        onSale: body.on_sale,
        madeAt: now,
      };
      await insertPlan(tx, plan);
      await audit({ action: "plan.made", subject: `plan:${plan.id}`, facilityId });
      return planViewOf(plan);
    },
  );
}

function changing(api: Api, estimator: Estimator): void {
  api.call(
    {
      method: "patch",
      path: `${BASE}{planId}/`,
      tag: "subscriptions",
      summary: "Changes a plan: its price and quota for terms to come, the rest for who holds it too",
      access: DECIDE,
      params: planParams,
      body: planChange,
      answer: planView,
    },
    async ({ tx, principal, params: { facilityId, planId }, body, now, audit }) => {
      await ownFacility(tx, principal, facilityId);
      const plan = (await findPlan(tx, facilityId, planId)) ?? notFound("plan");
      await checkPass(estimator, facilityId, body.tariff_pass ?? null, now);
      const after: PlanRow = {
        ...plan,
        name: body.name ?? plan.name,
        priceMinor: body.price === undefined ? plan.priceMinor : minorOf(body.price, plan.currency, "price"),
        quotaStays: body.quota_stays === undefined ? plan.quotaStays : body.quota_stays,
        spaces: body.spaces ?? plan.spaces,
        maxVehicles: body.max_vehicles ?? plan.maxVehicles,
        tariffPass: body.tariff_pass === undefined ? plan.tariffPass : body.tariff_pass,
        zoneSlug: body.zone === undefined ? plan.zoneSlug : body.zone,
        onSale: body.on_sale ?? plan.onSale,
      };
      await updatePlan(tx, after);
      if (isOtherPermit(plan, after)) {
        for (const userId of await retellHolders(tx, facilityId, planId))
          await forgetOnCommit(tx, "subscriptions", userId);
      }
      await audit({
        action: "plan.changed",
        subject: `plan:${planId}`,
        facilityId,
        detail: { members: Object.keys(body) },
      });
      return planViewOf(after);
    },
  );
  api.call(
    {
      method: "delete",
      path: `${BASE}{planId}/`,
      tag: "subscriptions",
      summary: "Deletes a plan that nobody ever had",
      access: DECIDE,
      params: planParams,
    },
    async ({ tx, principal, params: { facilityId, planId }, audit }) => {
      await ownFacility(tx, principal, facilityId);
      if ((await findPlan(tx, facilityId, planId)) === null) notFound("plan");
      if (!(await deleteUnusedPlan(tx, facilityId, planId)))
        refuse(409, "plan_in_use", "somebody has, or had, it: take it off sale (on_sale: false)");
      await audit({ action: "plan.deleted", subject: `plan:${planId}`, facilityId });
    },
  );
}

function isOtherPermit(before: PlanRow, after: PlanRow): boolean {
  return (
    before.spaces !== after.spaces ||
    before.tariffPass !== after.tariffPass ||
    before.zoneSlug !== after.zoneSlug
  );
}

/** A pass that the tariff does not know would leave the stays of who holds it without a price. */
async function checkPass(
  estimator: Estimator,
  facilityId: string,
  pass: string | null,
  now: Date,
): Promise<void> {
  if (pass === null) return;
  const tariffs = await estimator.fromThenOn(facilityId, now.getTime());
  if (tariffs.length === 0 || tariffs.some(({ passes }) => !Object.hasOwn(passes, pass)))
    refuse(422, "no_such_pass", "a tariff that is, or will be, in force has no such pass", "tariff_pass");
}
