import { z } from "zod";
import type { Report } from "@parkme/shared/config/yaml-config";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { changeOf, facilityChangeSchema, placeProblem } from "../facilities/facility-fields.ts";
import type { FacilityChange } from "../facilities/facility.queries.ts";
import { numbersOf, spotRangeSchema } from "../facilities/spot-fields.ts";

/** What a provisioning file says of a facility beside its gate: where it is, when it is open, its zones and spots. */

const { zone_id: _zoneId, ...rangeShape } = spotRangeSchema.shape;

const { name: _name, time_zone: _timeZone, capacity: _capacity, ...about } = facilityChangeSchema.shape;

/** Members of a facility in the file; all of them may be left out, and then stay as they are. */
export const placesShape = {
  ...about,
  zones: z
    .array(
      z.strictObject({
        slug: slugSchema,
        name: z.string().trim().min(1).max(80),
        parent: slugSchema.optional(),
        level: z.number().int().min(-20).max(200).default(0),
      }),
    )
    .max(256)
    .default([]),
  /** Ranges of spots that are alike. */
  spots: z
    .array(z.strictObject({ zone: slugSchema, ...rangeShape }))
    .max(500)
    .default([]),
} as const;
const placesSchema = z.object(placesShape);

export type ProvisionedPlaces = {
  readonly about: FacilityChange;
  /** What lies in another comes behind it. */
  readonly zones: readonly ProvisionedZone[];
  readonly spots: readonly ProvisionedSpots[];
};
export type ProvisionedZone = {
  readonly slug: string;
  readonly name: string;
  readonly level: number;
  readonly parent: string | null;
};
export type ProvisionedSpots = Omit<z.output<typeof spotRangeSchema>, "zone_id"> & { readonly zone: string };

/** Takes the members of {@link placesShape} out of what the file says of a facility. */
export function placesOf(facility: z.output<typeof placesSchema>): ProvisionedPlaces {
  const { zones, spots, ...rest } = facility;
  const bySlug = new Map(zones.map((zone) => [zone.slug, zone]));
  const depthOf = (slug: string | undefined): number => {
    let depth = 0;
    for (let next = slug; next !== undefined && depth <= zones.length; next = bySlug.get(next)?.parent)
      depth += 1;
    return depth;
  };
  const sorted = zones.toSorted((a, b) => depthOf(a.slug) - depthOf(b.slug));
  return {
    about: changeOf(pick(rest)),
    zones: sorted.map(({ parent = null, ...zone }) => ({ ...zone, parent })),
    spots,
  };
}

function pick(members: object): z.output<typeof facilityChangeSchema> {
  const known = Object.entries(members).filter(([name]) => Object.hasOwn(about, name));
  return Object.fromEntries(known);
}

/** Tells what does not fit together. @param keys the facility's place in the file. */
export function checkPlaces(
  { zones, spots, latitude, longitude }: z.output<typeof placesSchema>,
  keys: readonly PropertyKey[],
  report: Report,
): void {
  const wrong = placeProblem({ latitude, longitude });
  if (wrong !== null) report([...keys, wrong.field], wrong.message);
  const parents = new Map<string, string | undefined>();
  for (const [index, { slug, parent }] of zones.entries()) {
    if (parents.has(slug)) report([...keys, "zones", index, "slug"], "is there twice");
    parents.set(slug, parent);
  }
  for (const [index, { slug, parent }] of zones.entries()) {
    const path = [...keys, "zones", index, "parent"];
    if (parent !== undefined && !parents.has(parent)) report(path, "is no zone of this facility");
    const seen = new Set<string>();
    for (let next = parent; next !== undefined && !seen.has(next); next = parents.get(next)) seen.add(next);
    if (seen.has(slug)) report(path, "lies in this zone itself");
  }
  const numbers = new Set<string>();
  for (const [index, range] of spots.entries()) {
    const path = [...keys, "spots", index];
    if (!parents.has(range.zone)) report([...path, "zone"], "is no zone of this facility");
    // Ranges have checks of their own, which are not in the shape.
    if (range.until < range.from || range.until - range.from >= MAX_RANGE)
      report([...path, "until"], `must be from 0 to ${MAX_RANGE - 1} above from`);
    else if (numbersOf(range).some((number) => numbers.has(number)))
      report(path, "has spots that are in another range as well");
    else for (const number of numbersOf(range)) numbers.add(number);
  }
}

const MAX_RANGE = 5_000;
