import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import type { Api } from "../platform/api.ts";
import { id, instant, iso, plate, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { findLinks } from "./links.ts";
import { enforcedBy } from "./penalty-calls.ts";
import { findEnforced, penaltyFor } from "./penalties.queries.ts";
import { raiseViolation, tellViolation } from "./raising.ts";
import { afterAct, isClosed } from "./rules.ts";
import { showOne, showViolations, violationKind, violationStatus, violationView } from "./views.ts";
import {
  changeViolation,
  findViolation,
  listViolations,
  lockViolation,
  type ViolationRow,
} from "./violations.queries.ts";

const PATH = "/api/violations/";
const TAG = "enforcement";
const MANY_MS = 30 * 86_400_000;
/** Clocks of handhelds go wrong by so much. */
const AHEAD_MS = 5 * 60_000;

const newViolation = z.strictObject({
  /** Minted by a handheld that may be offline: the same again is the same violation. */
  id: id.optional(),
  facility_id: id,
  kind: violationKind,
  plate: plate.optional(),
  stay_id: id.optional(),
  booking_id: id.optional(),
  spot_id: id.optional(),
  spot_number: words(20).optional(),
  /** When it was seen; left out: now. */
  at: instant.optional(),
  /** How long it went on, where the penalty depends on it. */
  minutes: z.number().int().min(0).max(525_600).optional(),
  note: z.string().trim().max(1_000).default(""),
});

const changedViolation = z.strictObject({
  plate: plate.optional(),
  note: z.string().trim().max(1_000).optional(),
});

const listQuery = z.strictObject({
  ...pageQuery,
  facility_id: id.optional(),
  status: violationStatus.optional(),
  kind: violationKind.optional(),
  plate: plate.optional(),
  stay_id: id.optional(),
  booking_id: id.optional(),
  from: instant.optional(),
  until: instant.optional(),
});
const place = z.tuple([z.iso.datetime(), id]);

const PATROL = ["admin", "owner", "staff"] as const;

/** Violations as patrols report them and as their drivers see them: `/api/violations/`. */
export function violationCalls(api: Api): void {
  reporting(api);
  voiding(api);
  reading(api);
  changing(api);
}

function reporting(api: Api): void {
  api.call(
    {
      method: "post",
      path: PATH,
      tag: TAG,
      summary: "Reports a violation; its penalty comes from the facility's rule",
      description:
        "It is linked to the stay and the booking of its plate at that time. 409 no_penalty_rule: the facility does not enforce this kind. 409 within_grace: it did not go on for long enough.",
      access: PATROL,
      keyScope: "enforcement:write",
      body: newViolation,
      status: 201,
      answer: violationView,
      idempotent: true,
    },
    async ({ tx, principal, body, now, audit }) => {
      const { facility_id: facilityId, kind } = body;
      const { organisationId } = await enforcedBy(tx, principal, facilityId);
      const at = body.at ?? now;
      if (at.getTime() > now.getTime() + AHEAD_MS || at.getTime() < now.getTime() - MANY_MS)
        refuse(400, "invalid", "must be a time of the last 30 days", "at");
      const rule = await penaltyFor(tx, facilityId, kind);
      if (rule === null)
        return refuse(409, "no_penalty_rule", `the facility has no penalty for ${kind}`, "kind");
      const links = await findLinks(tx, facilityId, body, at);
      const raised = await raiseViolation(
        tx,
        rule,
        {
          ...links,
          ...(body.id === undefined ? {} : { id: body.id }),
          source: "patrol",
          sourceKey: body.id ?? randomUUID(),
          minutes: body.minutes ?? null,
          note: body.note,
          reportedBy: principal.name,
          at,
        },
        async (fact) => await audit({ ...fact, organisationId }),
        now,
      );
      if (raised.kind === "let_go")
        return refuse(409, "within_grace", "that is still let go by the facility's rule", "minutes");
      const isSame = raised.violation?.kind === kind && raised.violation.plate === links.plate;
      if (raised.violation === null || !isSame)
        return refuse(409, "id_taken", "another violation has this id", "id");
      return await showOne(tx, principal, raised.violation);
    },
  );
}

function voiding(api: Api): void {
  api.call(
    {
      method: "post",
      path: `${PATH}{id}/void/`,
      tag: TAG,
      summary: "Makes a violation void, for a reason",
      access: PATROL,
      params: z.object({ id }),
      body: z.strictObject({ reason: words(500) }),
      answer: violationView,
      idempotent: true,
    },
    async ({ tx, principal, params, body: { reason }, now, audit }) => {
      const { violation, organisationId } = await lockOwn(tx, principal, params.id);
      const status = afterAct(violation.status, "void");
      if (status === null)
        return refuse(409, "wrong_status", `it is ${violation.status}, and cannot be made void`);
      const change = { status, voidReason: reason, closedAt: now, goesOn: false };
      const changed = await changeViolation(tx, violation, change);
      await tellViolation(tx, changed, now);
      const { facilityId } = violation;
      await audit({
        action: "violation.voided",
        subject: `violation:${violation.id}`,
        facilityId,
        organisationId,
        detail: { reason },
      });
      return await showOne(tx, principal, changed);
    },
  );
}

function reading(api: Api): void {
  api.call(
    {
      method: "get",
      path: PATH,
      tag: TAG,
      summary: "Violations, the newest first: a driver's own, or those of the facilities that one runs",
      access: ["admin", "owner", "staff", "driver"],
      keyScope: "enforcement:write",
      query: listQuery,
      answer: pageOf(violationView),
    },
    async ({ tx, principal, query }) => {
      const { facility_id: facilityId, stay_id: stayId, booking_id: bookingId, cursor, limit } = query;
      const before = readCursor(cursor, place);
      const isDriver = principal.role === "driver";
      if (!isDriver && facilityId !== undefined && !runsFacility(principal, facilityId)) notFound("facility");
      const all = isDriver || principal.role === "admin" ? null : principal.facilityIds;
      const { status, kind, plate: ofPlate, from, until } = query;
      const rows = await listViolations(tx, {
        userId: isDriver ? principal.actorId : null,
        facilityIds: facilityId === undefined ? all : [facilityId],
        status,
        kind,
        plate: ofPlate,
        stayId,
        bookingId,
        from,
        until,
        limit,
        after: before === null ? null : { at: new Date(before[0]), id: before[1] },
      });
      const page = cutPage(rows, limit, (row) => [iso(row.at), row.id]);
      return { items: await showViolations(tx, principal, page.rows), next_cursor: page.next_cursor };
    },
  );

  api.call(
    {
      method: "get",
      path: `${PATH}{id}/`,
      tag: TAG,
      summary: "One violation",
      access: ["admin", "owner", "staff", "driver"],
      keyScope: "enforcement:write",
      params: z.object({ id }),
      answer: violationView,
    },
    async ({ tx, principal, params }) => {
      const violation = await findViolation(tx, params.id);
      if (violation === null || !maySee(principal, violation)) return notFound("violation");
      return await showOne(tx, principal, violation);
    },
  );
}

function changing(api: Api): void {
  api.call(
    {
      method: "patch",
      path: `${PATH}{id}/`,
      tag: TAG,
      summary: "Corrects the plate or the note of a violation; another plate is linked anew",
      access: PATROL,
      keyScope: "enforcement:write",
      params: z.object({ id }),
      body: changedViolation,
      answer: violationView,
    },
    async ({ tx, principal, params, body, now, audit }) => {
      const { violation, organisationId } = await lockOwn(tx, principal, params.id);
      if (isClosed(violation.status))
        refuse(409, "wrong_status", `it is ${violation.status}, and changes no more`);
      const { facilityId, at, id: own } = violation;
      const another = body.plate !== undefined && body.plate !== violation.plate;
      // Whoever disputes it does so for the plate that it has.
      if (another && violation.status !== "open")
        refuse(409, "wrong_status", `it is ${violation.status}, and keeps its plate`, "plate");
      const links = another ? await findLinks(tx, facilityId, { plate: body.plate }, at) : {};
      const note = body.note ?? violation.note;
      const { spotId } = violation;
      const changed = await changeViolation(tx, violation, { ...links, spotId, note });
      await tellViolation(tx, changed, now);
      const detail = { plate: another, note: note !== violation.note };
      const subject = `violation:${own}`;
      await audit({ action: "violation.corrected", subject, facilityId, organisationId, detail });
      return await showOne(tx, principal, changed);
    },
  );
}

/** A driver sees what is theirs, everybody else what happened where they work. */
export function maySee(principal: Principal, violation: ViolationRow): boolean {
  return principal.role === "driver"
    ? violation.userId === principal.actorId
    : runsFacility(principal, violation.facilityId);
}

/** A violation of a facility that one runs, locked. @throws 404 for anybody else. */
export async function lockOwn(
  tx: Tx,
  principal: Principal,
  violationId: string,
): Promise<{ readonly violation: ViolationRow; readonly organisationId: string }> {
  const violation = await lockViolation(tx, violationId);
  if (violation === null || !runsFacility(principal, violation.facilityId)) return notFound("violation");
  const facility = await findEnforced(tx, violation.facilityId);
  if (facility === null) return notFound("violation");
  return { violation, organisationId: facility.organisationId };
}
