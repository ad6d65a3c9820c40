import { z } from "@hono/zod-openapi";
import type { Principal } from "../accounts/principal.ts";
import type { Db } from "../db/connection.ts";
import type { Api } from "../platform/api.ts";
import { id, instant, instantText, iso } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { refuse } from "../platform/refusal.ts";
import { verifyChain } from "./chain.queries.ts";
import { listEntries, PLATFORM_TENANT } from "./entries.queries.ts";

const entrySchema = z
  .object({
    id: z.string(),
    at: instantText,
    actor: z.string(),
    role: z.string(),
    action: z.string(),
    subject: z.string(),
    facility_id: z.string().nullable(),
    detail: z.unknown(),
    request_id: z.string(),
    seq: z
      .number()
      .int()
      .nullable()
      .openapi({ description: "its place in the chain; null for a second or so" }),
    hash: z.string().nullable(),
  })
  .openapi("AuditEntry");

const reportSchema = z
  .object({
    length: z.number().int(),
    head: z.string(),
    intact: z.boolean(),
    fault: z
      .object({ seq: z.number().int(), why: z.enum(["missing", "changed", "does_not_follow"]) })
      .nullable(),
  })
  .openapi("AuditChain");

const tenant = { organisation_id: id.optional() };
const placeSchema = z.tuple([z.number().int()]);

/** `GET /api/audit/` and `/api/audit/verify/`: the log of an organisation, and whether it is as it was written. */
export function auditCalls(api: Api, { db }: { readonly db: Db }): void {
  api.call(
    {
      method: "get",
      path: "/api/audit/",
      tag: "audit",
      summary: "The audit log of an organisation, newest first",
      description: "Owners see their organisation's, admins any: without organisation_id the platform's own.",
      access: ["admin", "owner"],
      query: z.strictObject({
        ...pageQuery,
        ...tenant,
        action: z.string().max(80).optional(),
        actor: z.string().max(254).optional(),
        facility_id: id.optional(),
        from: instant.optional(),
        until: instant.optional(),
      }),
      answer: pageOf(entrySchema),
    },
    async ({ tx, principal, query }) => {
      const { organisation_id: asked, facility_id: facilityId, limit, cursor, ...filter } = query;
      const organisationId = tenantOf(principal, asked);
      const before = readCursor(cursor, placeSchema)?.[0] ?? null;
      const found = await listEntries(tx, {
        ...filter,
        organisationId,
        facilityId,
        before,
        limit: limit + 1,
      });
      const { rows, next_cursor } = cutPage(found, limit, ({ ordinal }) => [ordinal]);
      return {
        items: rows.map((row) => ({
          id: row.id,
          at: iso(row.at),
          actor: row.actor,
          role: row.role,
          action: row.action,
          subject: row.subject,
          facility_id: row.facilityId,
          detail: row.detail,
          request_id: row.requestId,
          seq: row.seq,
          hash: row.hash?.toString("hex") ?? null,
        })),
        next_cursor,
      };
    },
  );

  api.bare(
    {
      method: "get",
      path: "/api/audit/verify/",
      tag: "audit",
      summary: "Checks the chain of an organisation's audit log from its beginning",
      access: ["admin", "owner"],
      query: z.strictObject(tenant),
      answer: reportSchema,
    },
    async ({ principal, query }) => {
      const { length, head, fault } = await verifyChain(db, tenantOf(principal, query.organisation_id));
      return { length, head, intact: fault === null, fault };
    },
  );
}

function tenantOf(principal: Principal, asked: string | undefined): string {
  if (principal.role === "admin") return asked ?? PLATFORM_TENANT;
  const own = principal.organisationId;
  if (own === null || (asked !== undefined && asked !== own))
    return refuse(404, "no_such_organisation", "there is no such organisation", "organisation_id");
  return own;
}
