import { z } from "@hono/zod-openapi";
import { isTimeZone } from "@parkme/shared/domain/local-day";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { summarySchema, summaryOf, type Availability } from "../availability/rules.ts";
import { bookingPolicySchema } from "../bookings/policy.ts";
import { FACILITY_KINDS } from "../db/schema.ts";
import { currency, id, instantText, words } from "../platform/fields.ts";
import type { FacilityChange, FacilityRecord } from "./facility.queries.ts";
import { isOpenAt, nextChangeMs, openingHoursSchema } from "./opening-hours.ts";

/** A facility as the API's requests and answers have it. */

/** Words that may be none. */
const text = (max: number) => z.string().trim().max(max);

const members = {
  name: words(80),
  kind: z.enum(FACILITY_KINDS),
  address: text(200),
  city: text(80),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "must be an ISO 3166-1 code, such as DE")
    .nullable(),
  latitude: z.number().min(-90).max(90).nullable(),
  longitude: z.number().min(-180).max(180).nullable(),
  time_zone: z.string().max(60).refine(isTimeZone, "must be an IANA time zone, such as Europe/Berlin"),
  capacity: z.number().int().min(1).max(100_000),
  opening_hours: openingHoursSchema.nullable(),
  listed: z.boolean(),
  bookable: z.boolean(),
  gate_rights: z.boolean(),
  /** Null = as everywhere. */
  booking_policy: bookingPolicySchema.nullable(),
} as const;

export const newFacilitySchema = z.strictObject({
  /** Admins name one; owners' is their own. */
  organisation_id: id.optional(),
  slug: slugSchema,
  ...members,
  kind: members.kind.default("other"),
  address: members.address.default(""),
  city: members.city.default(""),
  country: members.country.default(null),
  latitude: members.latitude.default(null),
  longitude: members.longitude.default(null),
  currency,
  opening_hours: members.opening_hours.default(null),
  listed: members.listed.default(true),
  bookable: members.bookable.default(false),
  gate_rights: members.gate_rights.default(false),
  booking_policy: members.booking_policy.default(null),
});

/** Its slug and currency stay: gates, tickets and money refer to them. */
export const facilityChangeSchema = z.strictObject(members).partial();

/** What a request makes. */
export function newFacility(
  body: z.output<typeof newFacilitySchema>,
  ids: { readonly id: string; readonly organisationId: string },
): FacilityRecord {
  const {
    organisation_id: _named,
    time_zone: timeZone,
    opening_hours: openingHours,
    gate_rights: gateRights,
    booking_policy: bookingPolicy,
    ...same
  } = body;
  const renamed = { timeZone, openingHours, gateRights, bookingPolicy };
  return { ...same, ...renamed, ...ids, closedAt: null, hasEv: false, hasAccessible: false };
}

/** The columns of what a request says; what it leaves out stays as it is. */
export function changeOf(body: z.output<typeof facilityChangeSchema>): FacilityChange {
  const {
    time_zone: timeZone,
    opening_hours: openingHours,
    gate_rights: gateRights,
    booking_policy: bookingPolicy,
    ...same
  } = body;
  const change = { ...same, timeZone, openingHours, gateRights, bookingPolicy };
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** What is wrong with a place on earth: half of one is none. */
export function placeProblem(place: {
  readonly latitude?: number | null | undefined;
  readonly longitude?: number | null | undefined;
}): { readonly field: string; readonly message: string } | null {
  const [latitude, longitude] = [place.latitude ?? null, place.longitude ?? null];
  if ((latitude === null) === (longitude === null)) return null;
  const field = latitude === null ? "latitude" : "longitude";
  return { field, message: "must be there, as the other one is" };
}

export const facilitySchema = z
  .object({
    id: z.uuid(),
    /** Null unless whoever asks runs it. */
    organisation_id: z.uuid().nullable(),
    slug: z.string(),
    name: z.string(),
    kind: z.enum(FACILITY_KINDS),
    address: z.string(),
    city: z.string(),
    country: z.string().nullable(),
    latitude: z.number().nullable(),
    longitude: z.number().nullable(),
    time_zone: z.string(),
    currency: z.string(),
    capacity: z.number().int(),
    /** Null = always open. */
    opening_hours: openingHoursSchema.nullable(),
    open_now: z.boolean(),
    /** When it closes or opens next; null = not within eight days. */
    next_change_at: instantText.nullable(),
    listed: z.boolean(),
    bookable: z.boolean(),
    gate_rights: z.boolean(),
    booking_policy: z.unknown(),
    has_ev_charging: z.boolean(),
    has_accessible: z.boolean(),
    closed_at: instantText.nullable(),
    /** From where was asked; null = no place was named. */
    distance_km: z.number().nullable(),
    availability: summarySchema,
  })
  .openapi("Facility");

/** @param own whoever asks runs it. */
export function facilityAnswer(
  facility: FacilityRecord,
  availability: Availability,
  {
    now,
    own,
    distanceM = null,
  }: { readonly now: Date; readonly own: boolean; readonly distanceM?: number | null },
): z.input<typeof facilitySchema> {
  const { openingHours, timeZone, closedAt } = facility;
  const nowMs = now.getTime();
  const changeMs = closedAt === null ? nextChangeMs(openingHours, nowMs, timeZone) : null;
  return {
    id: facility.id,
    organisation_id: own ? facility.organisationId : null,
    slug: facility.slug,
    name: facility.name,
    kind: facility.kind,
    address: facility.address,
    city: facility.city,
    country: facility.country,
    latitude: facility.latitude,
    longitude: facility.longitude,
    time_zone: timeZone,
    currency: facility.currency,
    capacity: facility.capacity,
    opening_hours: openingHours,
    open_now: closedAt === null && isOpenAt(openingHours, nowMs, timeZone),
    next_change_at: changeMs === null ? null : new Date(changeMs).toISOString(),
    listed: facility.listed,
    bookable: facility.bookable,
    gate_rights: facility.gateRights,
    booking_policy: facility.bookingPolicy,
    has_ev_charging: facility.hasEv,
    has_accessible: facility.hasAccessible,
    closed_at: closedAt,
    distance_km: distanceM === null ? null : Math.round(distanceM) / 1_000,
    availability: summaryOf(availability),
  };
}
