import { z } from "@hono/zod-openapi";
import type { Principal } from "../accounts/principal.ts";
import { lockSpots } from "../availability/counts.queries.ts";
import { spotSize } from "../availability/search.ts";
import { changeSpotStatus } from "../availability/status.queries.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { Api, AskedInScope } from "../platform/api.ts";
import { id } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse, Refusal } from "../platform/refusal.ts";
import { problem } from "@parkme/shared/domain/errors";
import { hasBookings } from "./facility.queries.ts";
import { makeSpots, type Made, type WantedSpot } from "./make-spots.ts";
import { openFacility, seesAll, visibleFacility } from "./own.ts";
import {
  newSpotSchema,
  numbersOf,
  spotAnswer,
  spotChangeSchema,
  spotRangeSchema,
  spotSchema,
  spotStatus,
} from "./spot-fields.ts";
import { readSpots } from "./spot-import.ts";
import {
  findSpot,
  findTakenSensor,
  isNumberTaken,
  listSpots,
  lockSpot,
  rankOf,
  writeSpots,
  type SpotRow,
} from "./spots.queries.ts";
import { readZones } from "./zones.queries.ts";

type Asked = AskedInScope<unknown, unknown, unknown, Principal>;

const tag = "spots";
const params = z.object({ facilityId: id });
const oneParams = z.object({ facilityId: id, spotId: id });
const yesOrNo = z.enum(["true", "false"]).transform((text) => text === "true");
const madeSchema = z.object({ created: z.number().int(), changed: z.number().int() });
const MAX_CSV = 1_000_000;

/** Numbered spots of a facility: one by one, as a range, or from a file. */
export function spotCalls(api: Api): void {
  readCalls(api);
  makeCalls(api);
  importCall(api);
  changeCall(api);
  closeCall(api);
}

function readCalls(api: Api): void {
  api.call(
    {
      method: "get",
      path: "/api/facilities/{facilityId}/spots/",
      tag,
      summary: "Lists the spots of a facility, by number",
      access: "anyone",
      params,
      query: z.strictObject({
        ...pageQuery,
        zone_id: id.optional(),
        size: spotSize.optional(),
        status: spotStatus.optional(),
        ev: yesOrNo.optional(),
        accessible: yesOrNo.optional(),
      }),
      answer: pageOf(spotSchema),
    },
    async ({ tx, principal, params: { facilityId }, query }) => {
      const { limit, cursor, zone_id: zoneId, ...filter } = query;
      await visibleFacility(tx, principal, facilityId);
      const after = readCursor(cursor, z.tuple([z.string().max(40)]))?.[0] ?? null;
      const found = await listSpots(tx, facilityId, { ...filter, zoneId }, { limit: limit + 1, after });
      const { rows, next_cursor } = cutPage(found, limit, ({ number }) => [number]);
      const own = seesAll(principal, facilityId);
      return { items: rows.map((spot) => spotAnswer(spot, own)), next_cursor };
    },
  );

  api.call(
    {
      method: "get",
      path: "/api/facilities/{facilityId}/spots/{spotId}/",
      tag,
      summary: "One spot",
      access: "anyone",
      params: oneParams,
      answer: spotSchema,
    },
    async ({ tx, principal, params: { facilityId, spotId } }) => {
      await visibleFacility(tx, principal, facilityId);
      const spot = (await findSpot(tx, facilityId, spotId)) ?? notFound("spot");
      return spotAnswer(spot, seesAll(principal, facilityId));
    },
  );
}

/** Makes spots, and tells everybody. */
async function make(
  asked: Asked,
  facilityId: string,
  wanted: readonly WantedSpot[],
  how: { readonly mode: "create" | "import"; readonly field: string },
): Promise<Made> {
  const { tx, principal, now, audit } = asked;
  const { organisationId } = await openFacility(tx, principal, facilityId);
  const made = await makeSpots(tx, facilityId, wanted, { ...how, by: nameOf(principal), now });
  const { created, changed } = made;
  await audit({
    action: "spots.made",
    subject: `facility:${facilityId}`,
    organisationId,
    facilityId,
    detail: { created, changed },
  });
  await told(asked, facilityId, { created, changed });
  return made;
}

/** A key's name is chosen by people: it is never taken for one of ours. */
function nameOf({ kind, name }: Principal): string {
  return kind === "key" ? `key ${name}` : name;
}

/** What kinds of spots there are is part of what everybody knows of a facility. */
async function told({ tx, now, forget }: Asked, facilityId: string, body: object): Promise<void> {
  await tellChange(tx, facilityId, "availability", { ...body }, now);
  await forget("availability", facilityId);
  await forget("facilities", facilityId);
  await forget("facilities", "generation");
}

function makeCalls(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/spots/",
      tag,
      summary: "Makes a spot; a number that was closed is opened again",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params,
      body: newSpotSchema,
      status: 201,
      answer: spotSchema,
      idempotent: true,
    },
    async (asked) => {
      const { facilityId } = asked.params;
      const made = await make(asked, facilityId, [asked.body], { mode: "create", field: "number" });
      const [spot] = made.spots;
      if (spot === undefined) throw new Error("one spot was made, and none is there");
      return spotAnswer(spot, true);
    },
  );

  api.call(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/spots/bulk/",
      tag,
      summary: "Makes a range of numbered spots that are all alike; all of them or none",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params,
      body: spotRangeSchema,
      status: 201,
      answer: madeSchema,
      idempotent: true,
    },
    async (asked) => {
      const { prefix, from, until, digits, ...alike } = asked.body;
      const wanted = numbersOf({ prefix, from, until, digits }).map((number) => ({
        ...alike,
        number,
        sensor: null,
      }));
      const { created, changed } = await make(asked, asked.params.facilityId, wanted, {
        mode: "create",
        field: "from",
      });
      return { created, changed };
    },
  );
}

function importCall(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/spots/import/",
      tag,
      summary: "Makes and changes spots as a CSV file says, by their numbers; all of them or none",
      description:
        "Columns: number, zone (its slug), size, ev, accessible, reservable, vehicle_types, sensor. Spots that are not in the file stay as they are.",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params,
      body: z.strictObject({ csv: z.string().min(1).max(MAX_CSV) }),
      // Any character may be escaped.
      maxBytes: 6 * MAX_CSV,
      answer: madeSchema,
    },
    async (asked) => {
      const { tx, principal, body, params: its } = asked;
      await openFacility(tx, principal, its.facilityId);
      const zones = await readZones(tx, its.facilityId);
      const read = readSpots(body.csv, new Map(zones.map(({ slug, id: zoneId }) => [slug, zoneId])));
      if (!read.ok) {
        const [first] = read.error;
        const words = `line ${first?.line ?? 1}${first?.field ? `, ${first.field}` : ""}: ${first?.message ?? ""}`;
        throw new Refusal(problem(400, "invalid", words, "csv"), { errors: read.error });
      }
      const { created, changed } = await make(asked, its.facilityId, read.value, {
        mode: "import",
        field: "csv",
      });
      return { created, changed };
    },
  );
}

function changeCall(api: Api): void {
  api.call(
    {
      method: "patch",
      path: "/api/facilities/{facilityId}/spots/{spotId}/",
      tag,
      summary: "Changes a spot; staff say what it is now, and nothing else",
      description:
        "A spot that is blocked here stays so, whatever sensors and bookings say, until it is freed here.",
      access: ["admin", "owner", "staff"],
      keyScope: "facilities:write",
      params: oneParams,
      body: spotChangeSchema,
      answer: spotSchema,
    },
    async (asked) => {
      const { tx, principal, body, now, audit, forget } = asked;
      const { facilityId, spotId } = asked.params;
      const { organisationId } = await openFacility(tx, principal, facilityId);
      const { status, ...shape } = body;
      const [first] = Object.keys(shape);
      if (first !== undefined) await reshape(asked, facilityId, spotId, shape);
      if (status !== undefined) {
        const { outcome } = await changeSpotStatus(tx, facilityId, spotId, status, nameOf(principal), now);
        if (outcome === "no_such_spot") notFound("spot");
        await forget("availability", facilityId);
      }
      const spot = (await findSpot(tx, facilityId, spotId)) ?? notFound("spot");
      const detail = { number: spot.number, ...body };
      await audit({ action: "spot.changed", subject: `spot:${spotId}`, organisationId, facilityId, detail });
      return spotAnswer(spot, true);
    },
  );
}

/** Changes what a spot is, not whether something stands on it. */
async function reshape(
  asked: Asked,
  facilityId: string,
  spotId: string,
  shape: Omit<z.output<typeof spotChangeSchema>, "status">,
): Promise<void> {
  const { tx, principal } = asked;
  if (principal.role === "staff" && principal.kind === "user")
    refuse(403, "not_allowed", "staff may only say what a spot is now", Object.keys(shape)[0]);
  await lockSpots(tx, facilityId);
  const before = (await lockSpot(tx, facilityId, spotId)) ?? notFound("spot");
  const {
    zone_id: zoneId = before.zoneId,
    vehicle_types: vehicleTypes = before.vehicleTypes,
    ...same
  } = shape;
  const size = shape.size ?? before.size;
  const kept = Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined));
  const after: SpotRow = { ...before, ...kept, size, sizeRank: rankOf(size), zoneId, vehicleTypes };
  if (after.zoneId !== before.zoneId && !(await readZones(tx, facilityId)).some((zone) => zone.id === zoneId))
    refuse(400, "invalid", "is no zone of this facility", "zone_id");
  if (after.number !== before.number && (await isNumberTaken(tx, after)))
    refuse(409, "number_taken", `there is, or was, a spot ${after.number} already`, "number");
  const sensors = after.sensor === null ? [] : [after.sensor];
  if ((await findTakenSensor(tx, facilityId, sensors, [spotId])) !== null)
    refuse(409, "sensor_taken", "this sensor is of another spot", "sensor");
  await writeSpots(tx, facilityId, [{ before, after }]);
  await told(asked, facilityId, { spot_id: spotId });
}

function closeCall(api: Api): void {
  api.call(
    {
      method: "delete",
      path: "/api/facilities/{facilityId}/spots/{spotId}/",
      tag,
      summary: "Closes a spot that nobody has booked; what happened there stays",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params: oneParams,
    },
    async (asked) => {
      const { tx, principal, now, audit } = asked;
      const { facilityId, spotId } = asked.params;
      const { organisationId } = await openFacility(tx, principal, facilityId);
      await lockSpots(tx, facilityId);
      const before = (await lockSpot(tx, facilityId, spotId)) ?? notFound("spot");
      if (await hasBookings(tx, facilityId, spotId))
        refuse(409, "has_bookings", "there are bookings of it that are to come or under way");
      const after = { ...before, status: "free", sensor: null, closedAt: now } as const;
      await writeSpots(tx, facilityId, [{ before, after }]);
      const detail = { number: before.number };
      await audit({ action: "spot.closed", subject: `spot:${spotId}`, organisationId, facilityId, detail });
      await told(asked, facilityId, { spot_id: spotId });
    },
  );
}
