import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { transact } from "../db/connection.ts";
import type { Db, Tx } from "../db/connection.ts";
import { writeAudit } from "../audit/entries.queries.ts";
import type { Api } from "../platform/api.ts";
import { amount, id, minorOf, plate, words } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { findEnforced } from "./penalties.queries.ts";
import { tellViolation } from "./raising.ts";
import { afterAct, dueAfterDispute } from "./rules.ts";
import { disputeView, showDispute, showOne, violationView } from "./views.ts";
import { lockOwn, maySee } from "./violation-calls.ts";
import {
  changeViolation,
  decideDispute,
  findDispute,
  findViolation,
  insertDispute,
  lockUnclaimed,
  lockViolation,
  type ViolationRow,
} from "./violations.queries.ts";

const PATH = "/api/violations/";
const TAG = "enforcement";

const claim = z.strictObject({ id, plate });
const decision = z.discriminatedUnion("decision", [
  z.strictObject({ decision: z.literal("upheld"), answer: words(2_000) }),
  z.strictObject({ decision: z.literal("dismissed"), answer: words(2_000) }),
  z.strictObject({ decision: z.literal("reduced"), reduced_to: amount, answer: words(2_000) }),
]);

/** What drivers say to their violations, and what is answered: `/api/violations/{id}/disputes/`. */
export function disputeCalls(api: Api, { db }: { readonly db: Db }): void {
  claiming(api, db);
  disputing(api);
  deciding(api);
}

function claiming(api: Api, db: Db): void {
  api.bare(
    {
      method: "post",
      path: `${PATH}claim/`,
      tag: TAG,
      summary: "Takes a violation as one's own, by the number on its notice and the plate",
      description:
        "Once it is somebody's, nobody else can claim it. 404: no such violation, or another plate.",
      access: ["driver"],
      body: claim,
      answer: violationView,
    },
    async ({ c, principal, body, now }) =>
      // Until it is theirs, no wall lets them see it.
      await transact(db, async (tx) => {
        const violation = await lockUnclaimed(tx, body.id, body.plate);
        if (violation === null) return notFound("violation");
        if (violation.userId === principal.actorId) return await showOne(tx, principal, violation);
        if (violation.userId !== null) return notFound("violation");
        const changed = await changeViolation(tx, violation, { userId: principal.actorId });
        const facility = await findEnforced(tx, violation.facilityId);
        const fact = {
          action: "violation.claimed",
          subject: `violation:${violation.id}`,
          facilityId: violation.facilityId,
        };
        await writeAudit(
          tx,
          { principal, requestId: c.get("requestId"), now },
          facility === null ? fact : { ...fact, organisationId: facility.organisationId },
        );
        return await showOne(tx, principal, changed);
      }),
  );
}

function disputing(api: Api): void {
  api.call(
    {
      method: "post",
      path: `${PATH}{id}/disputes/`,
      tag: TAG,
      summary: "Disputes a violation of one's own, once, before it is due",
      access: ["driver"],
      params: z.object({ id }),
      body: z.strictObject({ text: words(4_000) }),
      status: 201,
      answer: disputeView,
      idempotent: true,
    },
    async ({ tx, principal, params, body: { text }, now, audit }) => {
      const violation = await lockViolation(tx, params.id);
      if (violation === null || !maySee(principal, violation)) return notFound("violation");
      const { facilityId, id: violationId, currency } = violation;
      const status = afterAct(violation.status, "dispute");
      if (status === null)
        return refuse(409, "wrong_status", `it is ${violation.status}, and cannot be disputed`);
      if ((await findDispute(tx, violation)) !== null)
        return refuse(409, "disputed_before", "it was disputed and decided already");
      if (now.getTime() > violation.dueAt.getTime())
        return refuse(409, "too_late", "it was due, and cannot be disputed any more");
      const userId = principal.actorId;
      const dispute = await insertDispute(tx, {
        facilityId,
        id: randomUUID(),
        violationId,
        userId,
        text,
        at: now,
      });
      await tellViolation(tx, await changeViolation(tx, violation, { status, goesOn: false }), now);
      await audit({
        action: "violation.disputed",
        subject: `violation:${violationId}`,
        facilityId,
        ...(await organisationOf(tx, violation)),
      });
      return showDispute(dispute, currency);
    },
  );

  api.call(
    {
      method: "get",
      path: `${PATH}{id}/disputes/`,
      tag: TAG,
      summary: "What was said to a violation, and answered",
      access: ["admin", "owner", "staff", "driver"],
      params: z.object({ id }),
      answer: z.object({ items: z.array(disputeView) }),
    },
    async ({ tx, principal, params }) => {
      const violation = await findViolation(tx, params.id);
      if (violation === null || !maySee(principal, violation)) return notFound("violation");
      const dispute = await findDispute(tx, violation);
      return { items: dispute === null ? [] : [showDispute(dispute, violation.currency)] };
    },
  );
}

function deciding(api: Api): void {
  api.call(
    {
      method: "post",
      path: `${PATH}{id}/disputes/decide/`,
      tag: TAG,
      summary: "Decides a dispute: the penalty stands, is less, or is dropped",
      access: ["admin", "owner", "staff"],
      params: z.object({ id }),
      body: decision,
      answer: disputeView,
      idempotent: true,
    },
    async ({ tx, principal, params, body, now, audit }) => {
      const { violation, organisationId } = await lockOwn(tx, principal, params.id);
      const { facilityId, currency, id: violationId } = violation;
      const dispute = await findDispute(tx, violation);
      const status = afterAct(violation.status, body.decision === "dismissed" ? "dismiss" : "uphold");
      if (dispute === null || status === null)
        return refuse(409, "wrong_status", `it is ${violation.status}: there is nothing to decide`);
      const reducedToMinor = body.decision === "reduced" ? lessThan(violation, body.reduced_to) : null;
      const decided = await decideDispute(tx, dispute, {
        decision: body.decision,
        reducedToMinor,
        decidedBy: principal.name,
        decidedAt: now,
        answer: body.answer,
      });
      const changed = await changeViolation(tx, violation, {
        status,
        ...(status === "dismissed" ? { closedAt: now } : { dueAt: dueAfterDispute(violation, now) }),
        ...(reducedToMinor === null ? {} : { penaltyMinor: reducedToMinor }),
      });
      await tellViolation(tx, changed, now);
      await audit({
        action: "violation.decided",
        subject: `violation:${violationId}`,
        facilityId,
        organisationId,
        detail: { decision: body.decision, reduced_to_minor: reducedToMinor, currency },
      });
      return showDispute(decided, currency);
    },
  );
}

function lessThan({ penaltyMinor, currency }: ViolationRow, text: string): number {
  const minor = minorOf(text, currency, "reduced_to");
  return minor > 0 && minor < penaltyMinor
    ? minor
    : refuse(400, "invalid", "must be less than the penalty, and more than nothing", "reduced_to");
}

async function organisationOf(
  tx: Tx,
  { facilityId }: ViolationRow,
): Promise<{ readonly organisationId?: string }> {
  const facility = await findEnforced(tx, facilityId);
  return facility === null ? {} : { organisationId: facility.organisationId };
}
