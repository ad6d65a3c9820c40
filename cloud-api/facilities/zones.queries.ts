import { and, asc, eq, gt, isNull } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { spots, zones } from "../db/places-schema.ts";

export type ZoneRow = typeof zones.$inferSelect;

const isOpen = (facilityId: string) => and(eq(zones.facilityId, facilityId), isNull(zones.closedAt));

/** Those that are not closed, by slug. @param after the slug of the last one before. */
export async function listZones(
  tx: Tx,
  facilityId: string,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<readonly ZoneRow[]> {
  const behind = after === null ? undefined : gt(zones.slug, after);
  return await tx
    .select()
    .from(zones)
    .where(and(isOpen(facilityId), behind))
    .orderBy(asc(zones.slug))
    .limit(limit);
}

/** All that are not closed: a facility has a few hundred at most. */
export async function readZones(tx: Tx, facilityId: string): Promise<readonly ZoneRow[]> {
  return await tx.select().from(zones).where(isOpen(facilityId)).orderBy(asc(zones.slug));
}

export async function findZone(tx: Tx, facilityId: string, zoneId: string): Promise<ZoneRow | null> {
  const [found] = await tx
    .select()
    .from(zones)
    .where(and(isOpen(facilityId), eq(zones.id, zoneId)));
  return found ?? null;
}

/** Makes a zone. One of the same slug that was closed is opened again: it keeps its id. @returns its id. */
export async function insertZone(tx: Tx, zone: Omit<ZoneRow, "closedAt">): Promise<string> {
  const { name, parentId, level } = zone;
  const [made] = await tx
    .insert(zones)
    .values(zone)
    .onConflictDoUpdate({
      target: [zones.facilityId, zones.slug],
      set: { name, parentId, level, closedAt: null },
    })
    .returning({ id: zones.id });
  if (made === undefined) throw new Error("an upsert returned no row");
  return made.id;
}

export async function updateZone(
  tx: Tx,
  { facilityId, id }: Pick<ZoneRow, "facilityId" | "id">,
  change: Partial<Pick<ZoneRow, "name" | "parentId" | "level" | "closedAt">>,
): Promise<void> {
  if (Object.keys(change).length === 0) return;
  await tx
    .update(zones)
    .set(change)
    .where(and(eq(zones.facilityId, facilityId), eq(zones.id, id)));
}

/** Whether a zone has spots or zones in it that are not closed. */
export async function holdsAnything(tx: Tx, facilityId: string, zoneId: string): Promise<boolean> {
  const spot = await tx
    .select({ id: spots.id })
    .from(spots)
    .where(and(eq(spots.facilityId, facilityId), eq(spots.zoneId, zoneId), isNull(spots.closedAt)))
    .limit(1);
  const zone = await tx
    .select({ id: zones.id })
    .from(zones)
    .where(and(isOpen(facilityId), eq(zones.parentId, zoneId)))
    .limit(1);
  return spot.length + zone.length > 0;
}
