import { z } from "@hono/zod-openapi";
import { asSystem } from "../db/tenancy.ts";
import { ownFacility } from "../facilities/own.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { Api } from "../platform/api.ts";
import { id, instant, instantText, iso, isoOrNull, plate, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { findListed, readList, type ListedRow } from "./lists.queries.ts";
import { addListed, removeListed } from "./publishing.ts";

const BASE = "/api/facilities/{facilityId}/lists/{list}/";
const RUN = ["admin", "owner", "staff"] as const;
const MAX_IMPORT = 1_000;

const list = z.enum(["blocked", "watched"]);
const params = z.object({ facilityId: id, list });
const plateParams = z.object({ facilityId: id, list, plate });

const entry = z.strictObject({ plate, reason: words(200), until: instant.optional() });
const view = z
  .object({
    plate: z.string(),
    reason: z.string(),
    /** Null = until somebody takes it off. */
    until: instantText.nullable(),
    by: z.string(),
    at: instantText,
  })
  .openapi("ListedPlate");

function viewOf({ plate: text, reason, until, by, at }: ListedRow): z.input<typeof view> {
  return { plate: text, reason, until: isoOrNull(until), by, at: iso(at) };
}

/**
 * Plates that a facility keeps out (`blocked`), or watches for (`watched`). They go to the gate at once. The audit log says
 * who changed a list and when, not which plate: it is kept for longer than plates are.
 */
export function listCalls(api: Api): void {
  reading(api);
  adding(api);
  removing(api);
}

function reading(api: Api): void {
  api.call(
    {
      method: "get",
      path: BASE,
      tag: "lists",
      summary: "The plates of a list",
      access: RUN,
      keyScope: "enforcement:write",
      params,
      query: z.strictObject(pageQuery),
      answer: pageOf(view),
    },
    async ({ tx, principal, params: { facilityId, list: name }, query }) => {
      await ownFacility(tx, principal, facilityId);
      const [after = null] = readCursor(query.cursor, z.tuple([z.string()])) ?? [];
      const rows = await readList(tx, facilityId, name, { after, limit: query.limit });
      const page = cutPage(rows, query.limit, (row) => [row.plate]);
      return { items: page.rows.map(viewOf), next_cursor: page.next_cursor };
    },
  );
  api.call(
    {
      method: "get",
      path: `${BASE}{plate}/`,
      tag: "lists",
      summary: "A plate of a list",
      access: RUN,
      keyScope: "enforcement:write",
      params: plateParams,
      answer: view,
    },
    async ({ tx, principal, params: { facilityId, list: name, plate: text } }) => {
      await ownFacility(tx, principal, facilityId);
      return viewOf((await findListed(tx, facilityId, name, text)) ?? notFound("entry"));
    },
  );
}

function adding(api: Api): void {
  api.call(
    {
      method: "post",
      path: BASE,
      tag: "lists",
      summary: "Puts a plate on a list; one that is on it gets the new reason and time",
      access: RUN,
      keyScope: "enforcement:write",
      params,
      body: entry,
      status: 201,
      answer: view,
    },
    async ({ tx, principal, params: { facilityId, list: name }, body, now, audit }) => {
      await ownFacility(tx, principal, facilityId);
      const row = rowOf(body, { facilityId, list: name, by: principal.name, at: now });
      await asSystem(tx, async () => await addListed(tx, facilityId, [row], now));
      await audit({
        action: `plate.${name}`,
        subject: `list:${name}`,
        facilityId,
        detail: { until: isoOrNull(row.until) },
      });
      await tellChange(tx, facilityId, "lists", { list: name }, now);
      return viewOf(row);
    },
  );
  api.call(
    {
      method: "post",
      path: `${BASE}import/`,
      tag: "lists",
      summary: `Puts up to ${MAX_IMPORT} plates on a list: all of them, or none`,
      access: RUN,
      keyScope: "enforcement:write",
      params,
      body: z.strictObject({ entries: z.array(entry).min(1).max(MAX_IMPORT) }),
      maxBytes: 512 * 1024,
      answer: z.object({ entries: z.number().int() }),
    },
    async ({ tx, principal, params: { facilityId, list: name }, body, now, audit }) => {
      await ownFacility(tx, principal, facilityId);
      const rows = body.entries.map((one) =>
        rowOf(one, { facilityId, list: name, by: principal.name, at: now }),
      );
      // Of a plate that comes twice, the last one counts.
      const each = [...new Map(rows.map((row) => [row.plate, row])).values()];
      await asSystem(tx, async () => await addListed(tx, facilityId, each, now));
      const subject = `list:${name}`;
      await audit({ action: "plates.imported", subject, facilityId, detail: { entries: each.length } });
      await tellChange(tx, facilityId, "lists", { list: name }, now);
      return { entries: each.length };
    },
  );
}

function removing(api: Api): void {
  api.call(
    {
      method: "delete",
      path: `${BASE}{plate}/`,
      tag: "lists",
      summary: "Takes a plate off a list",
      access: RUN,
      keyScope: "enforcement:write",
      params: plateParams,
    },
    async ({ tx, principal, params: { facilityId, list: name, plate: text }, now, audit }) => {
      await ownFacility(tx, principal, facilityId);
      const gone = await asSystem(
        tx,
        async () => await removeListed(tx, { facilityId, list: name, plate: text }, now),
      );
      if (!gone) notFound("entry");
      await audit({ action: "plate.unlisted", subject: `list:${name}`, facilityId });
      await tellChange(tx, facilityId, "lists", { list: name }, now);
    },
  );
}

type ListedEntry = {
  readonly plate: string;
  readonly reason: string;
  readonly until?: Date | null | undefined;
};

function rowOf(
  { plate: text, reason, until = null }: ListedEntry,
  rest: Pick<ListedRow, "facilityId" | "list" | "by" | "at">,
): ListedRow {
  if (until !== null && until.getTime() <= rest.at.getTime())
    refuse(422, "until_past", "is over already", "until");
  return { ...rest, plate: text, reason, until };
}
