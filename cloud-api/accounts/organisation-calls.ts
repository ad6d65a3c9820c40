import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { Api } from "../platform/api.ts";
import { id, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { insertOrganisation, listOrganisations, renameOrganisation } from "./organisations.queries.ts";
import { recorded } from "./recorded.ts";
import type { AccountDeps } from "./settings.ts";

const tag = "organisations";
const organisationAnswer = z.object({ id: z.uuid(), slug: z.string(), name: z.string() });
const path = "/api/organisations/";

/** `/api/organisations/`: the tenants. Admins make them; owners and staff see their own. */
export function organisationCalls(api: Api, { db }: AccountDeps): void {
  api.bare(
    {
      method: "get",
      path,
      tag,
      summary: "Lists organisations: admins see all, others their own",
      access: ["admin", "owner", "staff"],
      query: z.strictObject(pageQuery),
      answer: pageOf(organisationAnswer),
    },
    async ({ query: { limit, cursor }, principal }) => {
      const only = principal.role === "admin" ? null : principal.organisationId;
      if (principal.role !== "admin" && only === null) return { items: [], next_cursor: null };
      const [after = null] = readCursor(cursor, z.tuple([z.string().max(60)])) ?? [];
      const page = cutPage(await listOrganisations(db, { only, after, limit }), limit, ({ slug }) => [slug]);
      return { items: [...page.rows], next_cursor: page.next_cursor };
    },
  );
  api.bare(
    {
      method: "post",
      path,
      tag,
      summary: "Makes an organisation",
      access: ["admin"],
      body: z.strictObject({ slug: slugSchema, name: words(80) }),
      status: 201,
      answer: organisationAnswer,
    },
    async ({ c, body, principal, now }) =>
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const made = await insertOrganisation(tx, { id: randomUUID(), ...body });
        if (made === null) return refuse(409, "slug_taken", "another organisation has it", "slug");
        const fact = { action: "organisation.made", subject: `organisation:${made.id}` };
        await audit({ ...fact, organisationId: made.id });
        return made;
      }),
  );
  api.bare(
    {
      method: "patch",
      path: `${path}{id}/`,
      tag,
      summary: "Renames an organisation",
      access: ["admin"],
      params: z.object({ id }),
      body: z.strictObject({ name: words(80) }),
      answer: organisationAnswer,
    },
    async ({ c, params, body, principal, now }) =>
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const changed = await renameOrganisation(tx, params.id, body.name);
        if (changed === null) return notFound("organisation");
        const fact = { action: "organisation.renamed", subject: `organisation:${changed.id}` };
        await audit({ ...fact, organisationId: changed.id });
        return changed;
      }),
  );
}
