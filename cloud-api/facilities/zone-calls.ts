import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { lockSpots } from "../availability/counts.queries.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { Api } from "../platform/api.ts";
import { id, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { openFacility, visibleFacility } from "./own.ts";
import { MAX_ZONES, parentProblem } from "./zone-rules.ts";
import {
  findZone,
  holdsAnything,
  insertZone,
  listZones,
  readZones,
  updateZone,
  type ZoneRow,
} from "./zones.queries.ts";

const tag = "zones";
const params = z.object({ facilityId: id });
const oneParams = z.object({ facilityId: id, zoneId: id });
const level = z.number().int().min(-20).max(200);

const zoneSchema = z
  .object({
    id: z.uuid(),
    /** The zone that it lies in. */
    parent_id: z.uuid().nullable(),
    /** As the gate names it, where the two have the same zone. */
    slug: z.string(),
    name: z.string(),
    /** Storeys above the ground. */
    level: z.number().int(),
  })
  .openapi("Zone");

/** Floors and sections of a facility. */
export function zoneCalls(api: Api): void {
  listCall(api);
  makeCall(api);
  changeCalls(api);
}

function listCall(api: Api): void {
  api.call(
    {
      method: "get",
      path: "/api/facilities/{facilityId}/zones/",
      tag,
      summary: "Lists the zones of a facility, by slug",
      access: "anyone",
      params,
      query: z.strictObject(pageQuery),
      answer: pageOf(zoneSchema),
    },
    async ({ tx, principal, params: { facilityId }, query: { limit, cursor } }) => {
      await visibleFacility(tx, principal, facilityId);
      const after = readCursor(cursor, z.tuple([z.string().max(40)]))?.[0] ?? null;
      const found = await listZones(tx, facilityId, { limit: limit + 1, after });
      const { rows, next_cursor } = cutPage(found, limit, ({ slug }) => [slug]);
      return { items: rows.map(answerOf), next_cursor };
    },
  );
}

function makeCall(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/zones/",
      tag,
      summary: "Makes a zone; one of the same slug that was closed is opened again",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params,
      body: z.strictObject({
        slug: slugSchema,
        name: words(80),
        parent_id: id.nullable().default(null),
        level: level.default(0),
      }),
      status: 201,
      answer: zoneSchema,
      idempotent: true,
    },
    async ({ tx, principal, params: { facilityId }, body, now, audit, forget }) => {
      const { organisationId } = await openFacility(tx, principal, facilityId);
      await lockSpots(tx, facilityId);
      const zones = await readZones(tx, facilityId);
      if (zones.length >= MAX_ZONES)
        refuse(409, "too_many_zones", `a facility has at most ${MAX_ZONES} zones`);
      if (zones.some(({ slug }) => slug === body.slug))
        refuse(409, "slug_taken", "another zone has this slug", "slug");
      const { parent_id: parentId, ...rest } = body;
      const minted = randomUUID();
      const wrong = parentProblem(zones, minted, parentId);
      if (wrong !== null) refuse(400, "invalid", wrong, "parent_id");
      const zone = { ...rest, facilityId, parentId, id: minted };
      const zoneId = await insertZone(tx, zone);
      await audit({ action: "zone.made", subject: `zone:${zoneId}`, organisationId, facilityId });
      await tellChange(tx, facilityId, "availability", { zone_id: zoneId }, now);
      await forget("availability", facilityId);
      return answerOf({ ...zone, id: zoneId });
    },
  );
}

function changeCalls(api: Api): void {
  api.call(
    {
      method: "patch",
      path: "/api/facilities/{facilityId}/zones/{zoneId}/",
      tag,
      summary: "Changes a zone; what is left out stays",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params: oneParams,
      body: z.strictObject({ name: words(80), parent_id: id.nullable(), level }).partial(),
      answer: zoneSchema,
    },
    async ({ tx, principal, params: { facilityId, zoneId }, body, now, audit, forget }) => {
      const { organisationId } = await openFacility(tx, principal, facilityId);
      await lockSpots(tx, facilityId);
      const zones = await readZones(tx, facilityId);
      const zone = zones.find((one) => one.id === zoneId) ?? notFound("zone");
      const { parent_id: parentId = zone.parentId, name = zone.name, level: storey = zone.level } = body;
      const wrong = parentProblem(zones, zoneId, parentId);
      if (wrong !== null) refuse(400, "invalid", wrong, "parent_id");
      const change = { name, parentId, level: storey };
      await updateZone(tx, zone, change);
      await audit({ action: "zone.changed", subject: `zone:${zoneId}`, organisationId, facilityId });
      await tellChange(tx, facilityId, "availability", { zone_id: zoneId }, now);
      await forget("availability", facilityId);
      return answerOf({ ...zone, ...change });
    },
  );

  api.call(
    {
      method: "delete",
      path: "/api/facilities/{facilityId}/zones/{zoneId}/",
      tag,
      summary: "Closes a zone that has neither spots nor zones in it",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params: oneParams,
    },
    async ({ tx, principal, params: { facilityId, zoneId }, now, audit, forget }) => {
      const { organisationId } = await openFacility(tx, principal, facilityId);
      await lockSpots(tx, facilityId);
      const zone = (await findZone(tx, facilityId, zoneId)) ?? notFound("zone");
      if (await holdsAnything(tx, facilityId, zoneId))
        refuse(409, "zone_in_use", "there are spots or zones in it");
      await updateZone(tx, zone, { closedAt: now });
      await audit({ action: "zone.closed", subject: `zone:${zoneId}`, organisationId, facilityId });
      await tellChange(tx, facilityId, "availability", { zone_id: zoneId }, now);
      await forget("availability", facilityId);
    },
  );
}

function answerOf({ id: zoneId, parentId, slug, name, level: storey }: Omit<ZoneRow, "closedAt">) {
  return { id: zoneId, parent_id: parentId, slug, name, level: storey };
}
