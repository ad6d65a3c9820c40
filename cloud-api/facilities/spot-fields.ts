import { z } from "@hono/zod-openapi";
import { VEHICLE_TYPES } from "../db/bookings-schema.ts";
import { SPOT_SIZES } from "../db/places-schema.ts";
import { spotSize } from "../availability/search.ts";
import { id, instantText, iso, words } from "../platform/fields.ts";
import { vehicleType } from "../vehicles/rules.ts";
import type { SpotRow } from "./spots.queries.ts";

/** A spot as the API's requests and answers have it. */

/** Of one facility. */
export const MAX_SPOTS = 20_000;
/** Of one request. */
export const MAX_NEW_SPOTS = 5_000;

/** What is painted on a spot. */
const spotNumber = words(20);
export const spotStatus = z.enum(["free", "occupied", "blocked"]);

const vehicleTypes = z
  .array(vehicleType)
  .max(VEHICLE_TYPES.length)
  .transform((types) => [...new Set(types)]);

const members = {
  zone_id: id,
  size: spotSize,
  ev: z.boolean(),
  accessible: z.boolean(),
  /** Empty = all. */
  vehicle_types: vehicleTypes,
  reservable: z.boolean(),
} as const;
const usual = {
  zone_id: members.zone_id,
  size: members.size.default("standard"),
  ev: members.ev.default(false),
  accessible: members.accessible.default(false),
  vehicle_types: members.vehicle_types.default([]),
  reservable: members.reservable.default(true),
} as const;

export const newSpotSchema = z.strictObject({
  number: spotNumber,
  ...usual,
  sensor: words(80).nullable().default(null),
});

/** `A001` to `A120`: prefix A, from 1, until 120, 3 digits. */
export const spotRangeSchema = z
  .strictObject({
    prefix: z.string().trim().max(10).default(""),
    from: z.number().int().min(0).max(999_999),
    until: z.number().int().min(0).max(999_999),
    /** Shorter numbers get zeros before them. */
    digits: z.number().int().min(1).max(6).default(1),
    ...usual,
  })
  .refine(({ from, until }) => from <= until, { path: ["until"], message: "must be at least from" })
  .refine(({ from, until }) => until - from < MAX_NEW_SPOTS, {
    path: ["until"],
    message: `must be of ${MAX_NEW_SPOTS} spots at most`,
  });

/** The numbers of a range, in their order. */
export function numbersOf({
  prefix,
  from,
  until,
  digits,
}: Pick<z.output<typeof spotRangeSchema>, "prefix" | "from" | "until" | "digits">): readonly string[] {
  return Array.from(
    { length: until - from + 1 },
    (_, index) => `${prefix}${String(from + index).padStart(digits, "0")}`,
  );
}

export const spotChangeSchema = z
  .strictObject({
    number: spotNumber,
    ...members,
    sensor: words(80).nullable(),
    status: spotStatus,
  })
  .partial();

export const spotSchema = z
  .object({
    id: z.uuid(),
    number: z.string(),
    zone_id: z.uuid(),
    size: z.enum(SPOT_SIZES),
    ev: z.boolean(),
    accessible: z.boolean(),
    vehicle_types: z.array(z.string()),
    reservable: z.boolean(),
    status: spotStatus,
    status_at: instantText,
    /** Who said so: a program, or a person. Null unless whoever asks runs the facility. */
    status_by: z.string().nullable(),
    /** Null unless whoever asks runs the facility. */
    sensor: z.string().nullable(),
  })
  .openapi("Spot");

/** @param own whoever asks runs the facility. */
export function spotAnswer(spot: SpotRow, own: boolean): z.input<typeof spotSchema> {
  return {
    id: spot.id,
    number: spot.number,
    zone_id: spot.zoneId,
    size: spot.size,
    ev: spot.ev,
    accessible: spot.accessible,
    vehicle_types: spot.vehicleTypes,
    reservable: spot.reservable,
    status: spot.status,
    status_at: iso(spot.statusAt),
    status_by: own ? spot.statusBy : null,
    sensor: own ? spot.sensor : null,
  };
}
