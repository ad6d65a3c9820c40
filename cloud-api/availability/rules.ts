import { z } from "@hono/zod-openapi";
import { SPOT_SIZES } from "../db/places-schema.ts";

/** What is free at a facility, made from the counts of its spots and from what its gate counts. */

export type SpotSize = (typeof SPOT_SIZES)[number];

/** Spots of one kind in one zone. */
export type SpotCount = {
  readonly zoneId: string;
  readonly size: SpotSize;
  readonly ev: boolean;
  readonly accessible: boolean;
  readonly total: number;
  readonly occupied: number;
  readonly blocked: number;
};

/** What the database knows of a facility at one moment. */
export type Counted = {
  readonly facilityId: string;
  readonly capacity: number;
  /** By the movements at its gate. */
  readonly inside: number;
  readonly zones: readonly {
    readonly id: string;
    readonly parentId: string | null;
    readonly slug: string;
    readonly name: string;
    readonly level: number;
  }[];
  readonly counts: readonly SpotCount[];
  readonly gateZones: readonly {
    readonly zone: string;
    readonly inside: number;
    readonly capacity: number | null;
  }[];
};

const count = z.number().int();
const sumSchema = z
  .object({ total: count, free: count, occupied: count, blocked: count })
  .openapi("SpotCounts");
export type SpotSum = z.output<typeof sumSchema>;

const summary = {
  /** Places for vehicles by the facility's own number, and vehicles inside by its gate's count. */
  capacity: count,
  inside: count,
  /** Room for so many more: by the gate and by the spots, whichever is less. */
  free: count,
  spots: sumSchema,
  ev: sumSchema,
  accessible: sumSchema,
} as const;
export const summarySchema = z.object(summary).openapi("AvailabilitySummary");

export const availabilitySchema = z
  .object({
    facility_id: z.uuid(),
    ...summary,
    /** Counts of a zone hold those of the zones in it. */
    zones: z.array(
      z.object({
        id: z.uuid(),
        parent_id: z.uuid().nullable(),
        slug: z.string(),
        name: z.string(),
        level: z.number().int(),
        spots: sumSchema,
        ev: sumSchema,
        accessible: sumSchema,
      }),
    ),
    sizes: z.array(z.object({ size: z.enum(SPOT_SIZES), spots: sumSchema })),
    /** What the gate itself says of its zones. */
    gate: z.object({
      inside: count,
      capacity: count,
      zones: z.array(z.object({ zone: z.string(), inside: count, capacity: count.nullable() })),
    }),
  })
  .openapi("Availability");
export type Availability = z.output<typeof availabilitySchema>;

export function composeAvailability(counted: Counted): Availability {
  const { facilityId, capacity, inside, zones, counts, gateZones } = counted;
  const spots = sum(counts);
  const within = zonesWithin(zones);
  return {
    facility_id: facilityId,
    capacity,
    inside,
    free: freeOf(capacity, inside, spots),
    ...kinds(counts),
    zones: zones.map(({ id, parentId, slug, name, level }) => {
      const its = within.get(id) ?? new Set([id]);
      return {
        id,
        parent_id: parentId,
        slug,
        name,
        level,
        ...kinds(counts.filter((c) => its.has(c.zoneId))),
      };
    }),
    sizes: SPOT_SIZES.map((size) => ({ size, spots: sum(counts.filter((c) => c.size === size)) })).filter(
      (one) => one.spots.total > 0,
    ),
    gate: { inside, capacity, zones: gateZones.map(({ zone, ...rest }) => ({ zone, ...rest })) },
  };
}

export function summaryOf({
  capacity,
  inside,
  free,
  spots,
  ev,
  accessible,
}: Availability): z.output<typeof summarySchema> {
  return { capacity, inside, free, spots, ev, accessible };
}

/**
 * How many more vehicles find room. Not all of a facility's places need be numbered spots: those that are not are as
 * free as the gate's count says.
 */
export function freeOf(capacity: number, inside: number, spots: Pick<SpotSum, "total" | "free">): number {
  const unnumbered = Math.max(0, capacity - spots.total);
  return Math.max(0, Math.min(capacity - inside, spots.free + unnumbered));
}

function kinds(counts: readonly SpotCount[]): Record<"spots" | "ev" | "accessible", SpotSum> {
  return {
    spots: sum(counts),
    ev: sum(counts.filter((c) => c.ev)),
    accessible: sum(counts.filter((c) => c.accessible)),
  };
}

function sum(counts: readonly SpotCount[]): SpotSum {
  const all = { total: 0, free: 0, occupied: 0, blocked: 0 };
  for (const { total, occupied, blocked } of counts) {
    all.total += total;
    all.occupied += occupied;
    all.blocked += blocked;
    all.free += total - occupied - blocked;
  }
  return all;
}

/** Each zone with all that lie in it, itself included. */
function zonesWithin(zones: Counted["zones"]): ReadonlyMap<string, ReadonlySet<string>> {
  const parents = new Map(zones.map(({ id, parentId }) => [id, parentId]));
  const within = new Map(zones.map(({ id }) => [id, new Set([id])]));
  for (const { id } of zones) {
    const seen = new Set<string>();
    for (
      let next = parents.get(id) ?? null;
      next !== null && !seen.has(next);
      next = parents.get(next) ?? null
    ) {
      seen.add(next);
      within.get(next)?.add(id);
    }
  }
  return within;
}
