import { z } from "@hono/zod-openapi";
import type { DomainDeps } from "../domain-deps.ts";
import type { Principal } from "../accounts/principal.ts";
import type { FacilityRecord } from "../facilities/facility.queries.ts";
import { isOpenDuring } from "../facilities/opening-hours.ts";
import { openFacility, seesFacility } from "../facilities/own.ts";
import { createFacilityReader } from "../facilities/reader.ts";
import type { Api } from "../platform/api.ts";
import { id, instant, words } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { createAvailabilityReader } from "./reader.ts";
import { availabilitySchema } from "./rules.ts";
import { foundSpotSchema, searchOf, searchSchema, timeOf } from "./search.ts";
import { searchSpots } from "./search.queries.ts";
import { takeReadings } from "./status.queries.ts";

const MAX_READINGS = 1_000;
const MAX_READINGS_BYTES = 256 * 1_024;

const readingSchema = z
  .strictObject({
    sensor: words(80).optional(),
    spot_number: words(20).optional(),
    occupied: z.boolean(),
    at: instant,
  })
  .refine(({ sensor, spot_number: number }) => (sensor === undefined) !== (number === undefined), {
    path: ["sensor"],
    message: "must be there, or spot_number, but not both",
  });

const params = z.object({ facilityId: id });

/** What is free, who looks for a spot, and what sensors see. */
export function availabilityCalls(api: Api, { db, cache }: Pick<DomainDeps, "db" | "cache">): void {
  const facilities = createFacilityReader({ db, cache });
  const availability = createAvailabilityReader({ db, cache });
  occupancyCall(api);

  async function visible(principal: Principal | null, facilityId: string): Promise<FacilityRecord> {
    const facility = await facilities.find(facilityId);
    return facility !== null && seesFacility(principal, facility) ? facility : notFound("facility");
  }

  api.bare(
    {
      method: "get",
      path: "/api/facilities/{facilityId}/availability/",
      tag: "availability",
      summary: "Counts what is free: by zone, size, EV and accessible, and by the gate's own count",
      access: "anyone",
      params,
      answer: availabilitySchema,
    },
    async ({ params: { facilityId }, principal }) => {
      await visible(principal, facilityId);
      return (await availability.find(facilityId)) ?? notFound("facility");
    },
  );

  api.bare(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/search_spots/",
      tag: "availability",
      summary: "Finds spots that a vehicle may stand on, now or for a time to come; tightest first",
      access: "anyone",
      params,
      body: searchSchema,
      answer: z.object({
        items: z.array(foundSpotSchema),
        /** It takes bookings. */
        bookable: z.boolean(),
        /** It is open for all of the time. */
        open: z.boolean(),
      }),
    },
    async ({ params: { facilityId }, principal, body, now }) => {
      const { bookable, openingHours, timeZone } = await visible(principal, facilityId);
      const search = searchOf(body);
      if (search.range !== null && search.range.until <= now)
        refuse(400, "invalid", "must be after now", "until");
      const found = await searchSpots(db, facilityId, search, now);
      const items = found.map(({ zoneId, vehicleTypes, ...spot }) => ({
        ...spot,
        zone_id: zoneId,
        vehicle_types: vehicleTypes,
      }));
      const [fromMs, untilMs] = timeOf(search, now);
      return { items, bookable, open: isOpenDuring(openingHours, { fromMs, untilMs }, timeZone) };
    },
  );
}

function occupancyCall(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/facilities/{facilityId}/occupancy/",
      tag: "availability",
      summary: "Takes what occupancy sensors saw, in batches; the same again changes nothing",
      description:
        "Of each spot the newest reading counts, and only if it is newer than what is known of it.",
      access: ["admin", "owner", "staff"],
      keyScope: "occupancy:write",
      params,
      body: z.strictObject({ readings: z.array(readingSchema).min(1).max(MAX_READINGS) }),
      maxBytes: MAX_READINGS_BYTES,
      answer: z.object({
        changed: z.number().int(),
        ignored: z.array(
          z.object({ index: z.number().int(), why: z.enum(["unknown", "old", "blocked", "future"]) }),
        ),
      }),
    },
    async ({ tx, principal, params: { facilityId }, body: { readings }, forget, now }) => {
      await openFacility(tx, principal, facilityId);
      const { changed, ignored } = await takeReadings(tx, facilityId, readings, now);
      if (changed > 0) await forget("availability", facilityId);
      return { changed, ignored: [...ignored] };
    },
  );
}
