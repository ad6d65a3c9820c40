import { z } from "zod";
import { DEFAULT_RIGHTS_POLICY, type RightsPolicy } from "@parkme/shared/domain/capacity-rights-edge";
import type { Facility } from "@parkme/shared/domain/facility";
import { asId, isUuid, type FacilityId } from "@parkme/shared/domain/ids";
import { isTimeZone } from "@parkme/shared/domain/local-day";
import { asCurrency } from "@parkme/shared/domain/money";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";

/** The car park itself: who it is, what fits into it, and how its counts are kept right. */

export const title = z.string().trim().min(1).max(80);
/** Ids are compared as text everywhere, so they have one spelling. */
export const uuid = z.string().toLowerCase().refine(isUuid, "must be a UUID");
const capacity = z.number().int().min(0).max(1_000_000);
/** `HH:MM` in the facility's time zone. */
export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, such as 04:30, in quotes");

const zone = z.strictObject({
  name: slugSchema,
  title,
  capacity,
  /** The zone around this one; none = directly in the facility. */
  parent: slugSchema.optional(),
});

const countReset = z.strictObject({
  /** None = the facility's own count. */
  zone: slugSchema.optional(),
  at: timeOfDay,
  /** `stays` = as many as there are stays inside, or a number. */
  to: z.union([z.literal("stays"), capacity]).default("stays"),
});

const percent = z.number().min(0).max(100);

/** How the spaces are shared with the cloud, which sells reservations. */
const capacityRights = z.strictObject({
  /** Of each place's spaces: kept for drive-ins, whatever the cloud asks for. */
  reserve_percent: percent.default(DEFAULT_RIGHTS_POLICY.reservePercent),
  /** For so many hours whoever is inside is expected to be inside still. */
  inside_hours: z.number().int().min(0).max(168).default(DEFAULT_RIGHTS_POLICY.insideHours),
  /** Of each place's spaces: for nobody but those who stay longer than they said. */
  buffer_percent: percent.default(DEFAULT_RIGHTS_POLICY.bufferPercent),
});

export const facilitySection = z.strictObject({
  id: uuid,
  slug: slugSchema,
  name: title,
  time_zone: z.string().refine(isTimeZone, "must be an IANA time zone, such as Europe/Berlin"),
  currency: z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code, such as EUR"),
  capacity,
  zones: z.array(zone).max(64).default([]),
  count_resets: z.array(countReset).max(64).default([]),
  capacity_rights: capacityRights.prefault({}),
  /** A plate or card that comes in though it is inside: denied, let in and flagged, or let in. */
  anti_passback: z.enum(["hard", "soft", "neutral"]).default("soft"),
});

/** The policy that the store keeps to. */
export function rightsPolicyOf({ capacity_rights: its }: z.infer<typeof facilitySection>): RightsPolicy {
  const { reserve_percent: reservePercent, inside_hours: insideHours, buffer_percent: bufferPercent } = its;
  return { reservePercent, insideHours, bufferPercent };
}

/** The facility as everything else knows it. */
export function facilityOf(section: z.infer<typeof facilitySection>): Facility {
  const { slug, name, capacity, zones, time_zone: timeZone } = section;
  return {
    id: asId<FacilityId>(section.id),
    slug,
    name,
    capacity,
    zones: zones.map(({ parent, ...zone }) => ({ ...zone, parent: parent ?? null })),
    timeZone,
    currency: asCurrency(section.currency),
  };
}
