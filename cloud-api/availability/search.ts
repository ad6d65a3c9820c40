import { z } from "@hono/zod-openapi";
import { sizeRankOf } from "../bookings/suiting.ts";
import { SPOT_SIZES, type spots } from "../db/places-schema.ts";
import type { VEHICLE_TYPES } from "../db/bookings-schema.ts";
import { instant } from "../platform/fields.ts";
import { vehicleType } from "../vehicles/rules.ts";

type VehicleType = (typeof VEHICLE_TYPES)[number];

/** Nobody books for longer. */
const MAX_RANGE_MS = 366 * 86_400_000;

/** A size as requests have it, in any case: `COMPACT`. */
export const spotSize = z.string().max(20).toLowerCase().pipe(z.enum(SPOT_SIZES));

export const searchSchema = z
  .strictObject({
    vehicle_size: spotSize.optional(),
    vehicle_type: vehicleType.optional(),
    needs_ev: z.boolean().default(false),
    needs_accessible: z.boolean().default(false),
    zone_id: z.uuid().toLowerCase().optional(),
    /** The time that it is for; left out: now. */
    from: instant.optional(),
    until: instant.optional(),
    limit: z.number().int().min(1).max(200).default(50),
  })
  .refine(({ from, until }) => (from === undefined) === (until === undefined), {
    path: ["until"],
    message: "must be there if from is, and the other way round",
  })
  .refine(({ from, until }) => from === undefined || until === undefined || from < until, {
    path: ["until"],
    message: "must be after from",
  })
  .refine(
    ({ from, until }) =>
      from === undefined || until === undefined || until.getTime() - from.getTime() <= MAX_RANGE_MS,
    { path: ["until"], message: "must be at most 366 days after from" },
  );

/** What is looked for, checked. */
export type SpotSearch = {
  /** The first of SPOT_SIZES that the vehicle fits. */
  readonly sizeRank: number;
  readonly vehicleType: VehicleType | null;
  /** Spots with chargers, and those of disabled people, are for those who need them. */
  readonly ev: boolean;
  readonly accessible: boolean;
  readonly zoneId: string | null;
  /** Null = now, by whoever comes. */
  readonly range: { readonly from: Date; readonly until: Date } | null;
  readonly limit: number;
};

export function searchOf(body: z.output<typeof searchSchema>): SpotSearch {
  const { from, until, vehicle_size: size, vehicle_type: type } = body;
  const byType = type === undefined && size !== undefined ? 0 : sizeRankOf(type ?? "car");
  return {
    // What bookings would refuse is not offered.
    sizeRank: Math.max(byType, size === undefined ? 0 : SPOT_SIZES.indexOf(size)),
    vehicleType: type ?? null,
    ev: body.needs_ev,
    accessible: body.needs_accessible,
    zoneId: body.zone_id ?? null,
    range: from === undefined || until === undefined ? null : { from, until },
    limit: body.limit,
  };
}

/** The time that is searched for, in Unix milliseconds; a moment, where it is now. */
export function timeOf({ range }: Pick<SpotSearch, "range">, now: Date): readonly [number, number] {
  return range === null ? [now.getTime(), now.getTime() + 1] : [range.from.getTime(), range.until.getTime()];
}

export const foundSpotSchema = z
  .object({
    id: z.uuid(),
    number: z.string(),
    zone_id: z.uuid(),
    size: z.enum(SPOT_SIZES),
    ev: z.boolean(),
    accessible: z.boolean(),
    vehicle_types: z.array(z.string()),
    /** It may be booked by its number. */
    reservable: z.boolean(),
  })
  .openapi("FoundSpot");

type Spot = typeof spots.$inferSelect;
export type FoundSpot = Pick<
  Spot,
  "id" | "number" | "zoneId" | "size" | "ev" | "accessible" | "vehicleTypes" | "reservable"
>;
