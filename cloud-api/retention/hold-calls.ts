import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { ownFacility } from "../facilities/own.ts";
import { runsFacility } from "../accounts/principal.ts";
import type { Api } from "../platform/api.ts";
import { id, instantText, iso, isoOrNull, plate, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { insertHold, liftHold, listHolds, lockHold, type HoldRow } from "./holds.queries.ts";
import { retentionOf, retentionSchema } from "./rules.ts";
import { readRetention, writeRetention } from "./settings.queries.ts";

const tag = "retention";
const RULERS = ["admin", "owner"] as const;

const holdSchema = z
  .object({
    id,
    facility_id: id,
    /** Both null = everything of the facility. */
    plate: z.string().nullable(),
    stay_id: id.nullable(),
    reason: z.string(),
    by: z.string(),
    at: instantText,
    /** Null = it holds. */
    lifted_at: instantText.nullable(),
  })
  .openapi("LegalHold");

function viewOf(row: HoldRow): z.input<typeof holdSchema> {
  return {
    id: row.id,
    facility_id: row.facilityId,
    plate: row.plate,
    stay_id: row.stayId,
    reason: row.reason,
    by: row.by,
    at: iso(row.at),
    lifted_at: isoOrNull(row.liftedAt),
  };
}

/** `/api/legal-holds/`: what must not be forgotten while somebody has a claim on it. */
export function holdCalls(api: Api): void {
  making(api);
  listing(api);
  lifting(api);
}

function making(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/legal-holds/",
      tag,
      summary: "Keeps a plate's or a stay's data, or all of a facility, from being forgotten",
      access: RULERS,
      body: z.strictObject({
        facility_id: id,
        /** One of the two; without, everything of the facility is held. */
        plate: plate.optional(),
        stay_id: id.optional(),
        reason: words(500),
      }),
      status: 201,
      answer: holdSchema,
    },
    async ({ tx, principal, body, now, audit }) => {
      const { organisationId } = await ownFacility(tx, principal, body.facility_id);
      if (body.plate !== undefined && body.stay_id !== undefined)
        refuse(400, "invalid", "must not be there beside a plate", "stay_id");
      const row: HoldRow = {
        organisationId,
        id: randomUUID(),
        facilityId: body.facility_id,
        plate: body.plate ?? null,
        stayId: body.stay_id ?? null,
        reason: body.reason,
        by: principal.name,
        at: now,
        liftedAt: null,
      };
      await insertHold(tx, row);
      const fact = { subject: `legal-hold:${row.id}`, facilityId: row.facilityId, organisationId };
      await audit({ action: "legal_hold.made", ...fact });
      return viewOf(row);
    },
  );
}

function listing(api: Api): void {
  api.call(
    {
      method: "get",
      path: "/api/legal-holds/",
      tag,
      summary: "Legal holds, the newest first",
      access: RULERS,
      query: z.strictObject({
        ...pageQuery,
        facility_id: id.optional(),
        /** Those that were lifted as well. */
        lifted: z.enum(["true", "false"]).default("false"),
      }),
      answer: pageOf(holdSchema),
    },
    async ({ tx, query }) => {
      const after = readCursor(query.cursor, z.tuple([z.number().int(), z.string().max(40)]));
      const { facility_id: facilityId, limit } = query;
      const rows = await listHolds(tx, { facilityId, lifted: query.lifted === "true", after, limit });
      const page = cutPage(rows, limit, ({ at, id: holdId }) => [at.getTime(), holdId]);
      return { items: page.rows.map(viewOf), next_cursor: page.next_cursor };
    },
  );
}

function lifting(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/legal-holds/{id}/lift/",
      tag,
      summary: "Lifts a hold: what it kept is forgotten within a week, where its time is over",
      access: RULERS,
      params: z.object({ id }),
      answer: holdSchema,
    },
    async ({ tx, principal, params, now, audit }) => {
      const row = await lockHold(tx, params.id);
      if (row === null || !runsFacility(principal, row.facilityId)) return notFound("legal hold");
      if (row.liftedAt !== null) return refuse(409, "hold_lifted", "this hold was lifted already");
      await liftHold(tx, row, now);
      const { facilityId, organisationId } = row;
      await audit({
        action: "legal_hold.lifted",
        subject: `legal-hold:${row.id}`,
        facilityId,
        organisationId,
      });
      return viewOf({ ...row, liftedAt: now });
    },
  );
}

/** `/api/facilities/{facilityId}/retention/`: how long a facility keeps what. */
export function retentionCalls(api: Api): void {
  const path = "/api/facilities/{facilityId}/retention/";
  const params = z.object({ facilityId: id });
  api.call(
    {
      method: "get",
      path,
      tag,
      summary: "How long personal data is kept",
      access: RULERS,
      params,
      answer: retentionSchema,
    },
    async ({ tx, principal, params: { facilityId } }) => {
      await ownFacility(tx, principal, facilityId);
      return retentionOf(await readRetention(tx, facilityId));
    },
  );
  api.call(
    {
      method: "put",
      path,
      tag,
      summary: "Sets how long personal data is kept; what is left out is as everywhere",
      access: RULERS,
      params,
      body: retentionSchema,
      answer: retentionSchema,
    },
    async ({ tx, principal, params: { facilityId }, body, audit }) => {
      const { organisationId } = await ownFacility(tx, principal, facilityId);
      const before = retentionOf(await readRetention(tx, facilityId));
      await writeRetention(tx, facilityId, body);
      const subject = `facility:${facilityId}`;
      const detail = { before, after: body };
      await audit({ action: "retention.changed", subject, facilityId, organisationId, detail });
      return body;
    },
  );
}
