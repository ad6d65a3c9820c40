import { z } from "@hono/zod-openapi";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import type { Api } from "../platform/api.ts";
import { amount, id, minorOf } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import {
  deletePenalty,
  findEnforced,
  penaltiesOf,
  writePenalty,
  type EnforcedFacility,
} from "./penalties.queries.ts";
import { penaltyView, showPenalty, violationKind } from "./views.ts";

const PATH = "/api/facilities/{facilityId}/penalties/";
const TAG = "enforcement";

const ruleParams = z.object({ facilityId: id, kind: violationKind });
const ruleBody = z.strictObject({
  amount,
  /** For every hour that is begun after the grace. */
  per_hour: amount.default("0"),
  /** Left out or null: it has no end. */
  max: amount.nullish(),
  grace_minutes: z.number().int().min(0).max(10_080).default(0),
  due_days: z.number().int().min(1).max(365).default(14),
});

/** What violations cost at a facility: `/api/facilities/{facilityId}/penalties/`. */
export function penaltyCalls(api: Api): void {
  listing(api);
  setting(api);
  dropping(api);
}

function listing(api: Api): void {
  api.call(
    {
      method: "get",
      path: PATH,
      tag: TAG,
      summary: "What violations cost at a facility; kinds that are not listed are not enforced",
      access: "anyone",
      params: z.object({ facilityId: id }),
      answer: z.object({ items: z.array(penaltyView) }),
    },
    async ({ tx, params: { facilityId } }) => {
      if ((await findEnforced(tx, facilityId)) === null) notFound("facility");
      return { items: (await penaltiesOf(tx, facilityId)).map(showPenalty) };
    },
  );
}

function setting(api: Api): void {
  api.call(
    {
      method: "put",
      path: `${PATH}{kind}/`,
      tag: TAG,
      summary: "Sets what a kind of violation costs; those that are open keep what they cost",
      access: ["admin", "owner"],
      params: ruleParams,
      body: ruleBody,
      answer: penaltyView,
    },
    async ({ tx, principal, params: { facilityId, kind }, body, now, audit }) => {
      const { currency, organisationId } = await enforcedBy(tx, principal, facilityId);
      const amountMinor = minorOf(body.amount, currency, "amount");
      const perHourMinor = minorOf(body.per_hour, currency, "per_hour");
      const maxMinor = body.max == null ? null : minorOf(body.max, currency, "max");
      if (amountMinor + perHourMinor === 0)
        refuse(400, "invalid", "a penalty of nothing is none: delete it instead", "amount");
      if (maxMinor !== null && maxMinor < amountMinor)
        refuse(400, "invalid", "must not be less than the amount", "max");
      const rule = {
        facilityId,
        kind,
        amountMinor,
        perHourMinor,
        maxMinor,
        graceMinutes: body.grace_minutes,
        dueDays: body.due_days,
        currency,
        changedAt: now,
        changedBy: principal.name,
      };
      await writePenalty(tx, rule);
      const detail = { ...showPenalty(rule) };
      await audit({
        action: "penalty.set",
        subject: `penalty:${kind}`,
        facilityId,
        organisationId,
        detail,
      });
      return showPenalty(rule);
    },
  );
}

function dropping(api: Api): void {
  api.call(
    {
      method: "delete",
      path: `${PATH}{kind}/`,
      tag: TAG,
      summary: "Enforces a kind of violation no more; those that are open stay",
      access: ["admin", "owner"],
      params: ruleParams,
    },
    async ({ tx, principal, params: { facilityId, kind }, audit }) => {
      const { organisationId } = await enforcedBy(tx, principal, facilityId);
      if (!(await deletePenalty(tx, facilityId, kind))) notFound("penalty");
      await audit({ action: "penalty.deleted", subject: `penalty:${kind}`, facilityId, organisationId });
    },
  );
}

/** The facility of somebody who runs it. @throws 404 for anybody else. */
export async function enforcedBy(
  tx: Tx,
  principal: Principal,
  facilityId: string,
): Promise<EnforcedFacility> {
  const facility = runsFacility(principal, facilityId) ? await findEnforced(tx, facilityId) : null;
  return facility ?? notFound("facility");
}
