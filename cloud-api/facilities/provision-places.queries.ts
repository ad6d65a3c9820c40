import { randomUUID } from "node:crypto";
import type { ProvisionedPlaces, ProvisionedZone } from "../config/provision-places.ts";
import type { Tx } from "../db/connection.ts";
import { makeSpots } from "./make-spots.ts";
import { numbersOf } from "./spot-fields.ts";
import { insertZone, readZones, updateZone } from "./zones.queries.ts";

/**
 * Writes the zones and spots of a facility as the provisioning file has them, by their slugs and numbers. What the file
 * does not name stays; the file twice changes nothing.
 */
export async function writePlaces(
  tx: Tx,
  facilityId: string,
  { zones, spots }: ProvisionedPlaces,
  now: Date,
): Promise<void> {
  const ids = await writeZones(tx, facilityId, zones);
  const wanted = spots.flatMap(({ zone, prefix, from, until, digits, ...alike }) => {
    const zoneId = ids.get(zone);
    if (zoneId === undefined) throw new Error(`no zone ${zone} for its spots`);
    return numbersOf({ prefix, from, until, digits }).map((number) => ({
      ...alike,
      number,
      zone_id: zoneId,
      sensor: null,
    }));
  });
  if (wanted.length === 0) return;
  await makeSpots(tx, facilityId, wanted, {
    mode: "import",
    keepsSensors: true,
    field: "spots",
    by: "provisioning",
    now,
  });
}

/** @returns the ids of all its zones, by slug. */
async function writeZones(
  tx: Tx,
  facilityId: string,
  zones: readonly ProvisionedZone[],
): Promise<ReadonlyMap<string, string>> {
  const known = new Map((await readZones(tx, facilityId)).map((zone) => [zone.slug, zone]));
  const ids = new Map([...known].map(([slug, { id }]) => [slug, id]));
  for (const { slug, name, level, parent } of zones) {
    const parentId = parent === null ? null : (ids.get(parent) ?? null);
    const before = known.get(slug);
    if (before === undefined) {
      const zone = { facilityId, id: randomUUID(), slug, name, level, parentId };
      ids.set(slug, await insertZone(tx, zone));
    } else if (before.name !== name || before.level !== level || before.parentId !== parentId) {
      await updateZone(tx, before, { name, level, parentId });
    }
  }
  return ids;
}
