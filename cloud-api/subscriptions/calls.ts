import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import { asSystem } from "../db/tenancy.ts";
import { readFacilities } from "../facilities/facility.queries.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { Api } from "../platform/api.ts";
import { id, instant, plate } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { findOwnVehicles } from "../vehicles/vehicles.queries.ts";
import { dueOf, pay } from "./lifecycle.ts";
import { addPeriods, isStale, MAX_AHEAD_MS, PAST_MS } from "./rules.ts";
import {
  duePeriods,
  findPlan,
  findSubscription,
  insertSubscription,
  listSubscriptions,
  periodsOf,
  type PeriodRow,
  type PlanRow,
  type SubscriptionRow,
} from "./subscriptions.queries.ts";
import { subscriptionView, subscriptionViewOf } from "./views.ts";

const EVERYBODY = ["admin", "owner", "staff", "driver"] as const;
export const vehicleIds = z
  .array(id)
  .min(1)
  .max(20)
  .refine((ids) => new Set(ids).size === ids.length, "names one twice");

/** Subscriptions and passes of drivers: bought, looked at. What changes them is in change-calls.ts. */
export function subscriptionCalls(api: Api): void {
  reading(api);
  buying(api);
}

function reading(api: Api): void {
  api.call(
    {
      method: "get",
      path: "/api/subscriptions/",
      tag: "subscriptions",
      summary: "The driver's own; for those who run facilities, those that are held there",
      access: EVERYBODY,
      query: z.strictObject({
        ...pageQuery,
        facility_id: id.optional(),
        status: z.enum(["pending", "active", "cancelled", "ended"]).optional(),
        plate: plate.optional(),
      }),
      answer: pageOf(subscriptionView),
    },
    async ({ tx, principal, query, now }) => {
      const after = readCursor(query.cursor, z.tuple([z.number(), z.string()]));
      const filter = { ...whose(principal, query.facility_id), status: query.status, plate: query.plate };
      const rows = await listSubscriptions(tx, filter, { after, limit: query.limit });
      const page = cutPage(rows, query.limit, (row) => [row.madeAt.getTime(), row.id]);
      const due = await duePeriods(tx, page.rows);
      return {
        items: page.rows.map((row) => subscriptionViewOf(row, fresh(due.get(row.id), now))),
        next_cursor: page.next_cursor,
      };
    },
  );
  api.call(
    {
      method: "get",
      path: "/api/subscriptions/{id}/",
      tag: "subscriptions",
      summary: "A subscription",
      access: EVERYBODY,
      params: z.object({ id }),
      answer: subscriptionView,
    },
    async ({ tx, principal, params: { id: subscriptionId }, now }) => {
      const row = await ownSubscription(tx, principal, subscriptionId);
      return subscriptionViewOf(row, dueOf(await periodsOf(tx, row), now));
    },
  );
}

function fresh(due: PeriodRow | undefined, now: Date): PeriodRow | null {
  return due === undefined || isStale(due, now) ? null : due;
}

function whose(principal: Principal, facilityId: string | undefined) {
  const { role, actorId, facilityIds } = principal;
  const named = facilityId === undefined ? null : [facilityId];
  if (role === "driver") return { userId: actorId, facilityIds: named };
  if (named !== null && !runsFacility(principal, named[0] ?? "")) return notFound("facility");
  return { facilityIds: named ?? (role === "admin" ? null : facilityIds) };
}

/** The driver's, or one of a facility that the caller runs. @throws a refusal: to everybody else there is none. */
export async function ownSubscription(
  tx: Tx,
  principal: Principal,
  subscriptionId: string,
): Promise<SubscriptionRow> {
  const row = await findSubscription(tx, subscriptionId);
  if (row === null) return notFound("subscription");
  const isTheirs =
    principal.role === "driver" ? row.userId === principal.actorId : runsFacility(principal, row.facilityId);
  return isTheirs ? row : notFound("subscription");
}

function buying(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/subscriptions/",
      tag: "subscriptions",
      summary: "Takes a plan: it is pending until it is paid, and lapses when it is not paid within a day",
      access: ["driver"],
      body: z.strictObject({
        facility_id: id,
        plan_id: id,
        vehicle_ids: vehicleIds,
        valid_from: instant.optional(),
        renews: z.boolean().optional(),
      }),
      status: 201,
      answer: subscriptionView,
      idempotent: true,
    },
    async ({ tx, principal, body, now, audit }) => {
      const { facility_id: facilityId, plan_id: planId } = body;
      const facility = (await readFacilities(tx, [facilityId])).get(facilityId);
      if (facility === undefined || !facility.listed || facility.closedAt !== null)
        return notFound("facility");
      const plan = await findPlan(tx, facilityId, planId);
      if (plan === null || !plan.onSale) return notFound("plan");
      const plates = await platesOf(tx, principal, body.vehicle_ids, plan);
      const validFrom = beginOf(body.valid_from ?? now, now);
      const renews = body.renews ?? plan.kind === "subscription";
      const made = compose(principal.actorId, plan, { plates, validFrom, renews }, facility.timeZone, now);
      await insertSubscription(tx, made.row, made.period);
      const { id: subscriptionId, currency } = made.row;
      const subject = `subscription:${subscriptionId}`;
      const { organisationId } = facility;
      await audit({ action: "subscription.asked", subject, facilityId, organisationId });
      await tellChange(tx, facilityId, "subscription", { id: subscriptionId, status: "pending" }, now);
      if (plan.priceMinor > 0) return subscriptionViewOf(made.row, made.period);
      const row = await asSystem(tx, async () => {
        await pay(tx, { facilityId, subscriptionId, paymentId: null, amountMinor: 0, currency }, now);
        return await findSubscription(tx, subscriptionId);
      });
      return subscriptionViewOf(row ?? made.row, null);
    },
  );
}

/** Those of the driver's own vehicles. @throws refusals: foreign ones, and more than the plan takes. */
export async function platesOf(
  tx: Tx,
  principal: Principal,
  ids: readonly string[],
  plan: PlanRow,
): Promise<string[]> {
  if (ids.length > plan.maxVehicles)
    refuse(422, "too_many_vehicles", `this plan is for at most ${plan.maxVehicles} vehicles`, "vehicle_ids");
  const vehicles = await findOwnVehicles(tx, principal.actorId, ids);
  if (vehicles.length < ids.length) notFound("vehicle");
  return vehicles.map((vehicle) => vehicle.plate).toSorted();
}

function beginOf(wanted: Date, now: Date): Date {
  const ms = wanted.getTime();
  if (ms < now.getTime() - PAST_MS) refuse(422, "valid_from_past", "is over already", "valid_from");
  if (ms > now.getTime() + MAX_AHEAD_MS)
    refuse(422, "valid_from_far", "is more than 90 days ahead", "valid_from");
  return new Date(Math.max(ms, now.getTime()));
}

function compose(
  userId: string,
  plan: PlanRow,
  asked: { readonly plates: string[]; readonly validFrom: Date; readonly renews: boolean },
  timeZone: string,
  now: Date,
): { readonly row: SubscriptionRow; readonly period: PeriodRow } {
  const { facilityId, id: planId, priceMinor, currency, quotaStays } = plan;
  const subscriptionId = randomUUID();
  const from = asked.validFrom;
  const until = new Date(addPeriods(from.getTime(), plan.period, plan.periods, timeZone));
  return {
    row: {
      facilityId,
      id: subscriptionId,
      planId,
      userId,
      status: "pending",
      plates: asked.plates,
      validFrom: from,
      validUntil: until,
      renews: asked.renews,
      quotaStays,
      usedStays: 0,
      priceMinor,
      currency,
      madeAt: now,
      cancelledAt: null,
      // The gate is told of those that are paid.
      untold: false,
    },
    period: {
      facilityId,
      subscriptionId,
      number: 1,
      userId,
      planId,
      kind: "first",
      status: "due",
      from,
      until,
      valueMinor: priceMinor,
      dueMinor: priceMinor,
      currency,
      paymentId: null,
      paidAt: null,
      refundMinor: 0,
      madeAt: now,
    },
  };
}
