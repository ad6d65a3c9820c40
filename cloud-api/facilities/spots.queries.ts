import { and, asc, eq, gt, inArray, isNull, ne, notInArray, sql } from "drizzle-orm";
import { countDeltas, type SpotStatus } from "../availability/counts.ts";
import { changeCounts, lockSpots } from "../availability/counts.queries.ts";
import type { SpotSize } from "../availability/rules.ts";
import type { Tx } from "../db/connection.ts";
import { SPOT_SIZES, spotCounts, spots } from "../db/places-schema.ts";

export type SpotRow = typeof spots.$inferSelect;

export type SpotFilter = {
  readonly zoneId?: string | undefined;
  readonly size?: SpotSize | undefined;
  readonly status?: SpotStatus | undefined;
  readonly ev?: boolean | undefined;
  readonly accessible?: boolean | undefined;
};

/** Those that are not closed, by number. @param after the number of the last one before. */
export async function listSpots(
  tx: Tx,
  facilityId: string,
  { zoneId, size, status, ev, accessible }: SpotFilter,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<readonly SpotRow[]> {
  return await tx
    .select()
    .from(spots)
    .where(
      and(
        eq(spots.facilityId, facilityId),
        isNull(spots.closedAt),
        zoneId === undefined ? undefined : eq(spots.zoneId, zoneId),
        size === undefined ? undefined : eq(spots.size, size),
        status === undefined ? undefined : eq(spots.status, status),
        ev === undefined ? undefined : eq(spots.ev, ev),
        accessible === undefined ? undefined : eq(spots.accessible, accessible),
        after === null ? undefined : gt(spots.number, after),
      ),
    )
    .orderBy(asc(spots.number))
    .limit(limit);
}

const isSpot = (facilityId: string, spotId: string) =>
  and(eq(spots.facilityId, facilityId), eq(spots.id, spotId), isNull(spots.closedAt));

export async function findSpot(tx: Tx, facilityId: string, spotId: string): Promise<SpotRow | null> {
  const [found] = await tx.select().from(spots).where(isSpot(facilityId, spotId));
  return found ?? null;
}

/** As {@link findSpot}; nobody else changes it until the transaction is over. */
export async function lockSpot(tx: Tx, facilityId: string, spotId: string): Promise<SpotRow | null> {
  const [found] = await tx.select().from(spots).where(isSpot(facilityId, spotId)).for("update");
  return found ?? null;
}

export async function countSpots(tx: Tx, facilityId: string): Promise<number> {
  const isOpen = and(eq(spots.facilityId, facilityId), isNull(spots.closedAt));
  return await tx.$count(spots, isOpen);
}

/** Spots by their numbers, closed ones as well; nobody else changes them until the transaction is over. */
export async function lockNumbers(
  tx: Tx,
  facilityId: string,
  numbers: readonly string[],
): Promise<ReadonlyMap<string, SpotRow>> {
  const found = await tx
    .select()
    .from(spots)
    .where(and(eq(spots.facilityId, facilityId), inArray(spots.number, [...numbers])))
    .orderBy(asc(spots.id))
    .for("update");
  return new Map(found.map((spot) => [spot.number, spot]));
}

/** Of these sensors, one that is another spot's; null = none is. @param own the spots that are to have them. */
export async function findTakenSensor(
  tx: Tx,
  facilityId: string,
  sensors: readonly string[],
  own: readonly string[],
): Promise<string | null> {
  if (sensors.length === 0) return null;
  const [found] = await tx
    .select({ sensor: spots.sensor })
    .from(spots)
    .where(
      and(
        eq(spots.facilityId, facilityId),
        inArray(spots.sensor, [...sensors]),
        own.length === 0 ? undefined : notInArray(spots.id, [...own]),
      ),
    )
    .limit(1);
  return found?.sensor ?? null;
}

export async function isNumberTaken(
  tx: Tx,
  { facilityId, id, number }: Pick<SpotRow, "facilityId" | "id" | "number">,
): Promise<boolean> {
  const its = and(eq(spots.facilityId, facilityId), eq(spots.number, number), ne(spots.id, id));
  return (await tx.select({ id: spots.id }).from(spots).where(its).limit(1)).length > 0;
}

export function rankOf(size: SpotSize): number {
  return SPOT_SIZES.indexOf(size);
}

/** A spot before and after; null before = it is new. */
export type SpotWrite = { readonly before: SpotRow | null; readonly after: SpotRow };

/**
 * Writes spots and their counts, whatever changed. Those that were there are locked by the caller, with the facility's
 * lockSpots.
 */
export async function writeSpots(tx: Tx, facilityId: string, writes: readonly SpotWrite[]): Promise<void> {
  const changed = writes.filter(({ before, after }) => before === null || !isSame(before, after));
  if (changed.length === 0) return;
  // Sensors may change places: none has two on the way.
  const moved = changed.flatMap(({ before, after }) =>
    before !== null && before.sensor !== null && before.sensor !== after.sensor ? [before.id] : [],
  );
  if (moved.length > 0)
    await tx
      .update(spots)
      .set({ sensor: null })
      .where(and(eq(spots.facilityId, facilityId), inArray(spots.id, moved)));
  for (let at = 0; at < changed.length; at += ROWS_AT_ONCE)
    await upsert(
      tx,
      changed.slice(at, at + ROWS_AT_ONCE).map(({ after }) => after),
    );
  await changeCounts(
    tx,
    facilityId,
    countDeltas(changed.map(({ before, after }) => ({ before: counted(before), after: counted(after) }))),
  );
}

/** Closes all spots of a facility, and forgets their counts. */
export async function closeSpots(tx: Tx, facilityId: string, now: Date): Promise<void> {
  await lockSpots(tx, facilityId);
  const open = and(eq(spots.facilityId, facilityId), isNull(spots.closedAt));
  await tx.select({ id: spots.id }).from(spots).where(open).orderBy(asc(spots.id)).for("update");
  await tx.update(spots).set({ closedAt: now, sensor: null, status: "free" }).where(open);
  await tx.delete(spotCounts).where(eq(spotCounts.facilityId, facilityId));
}

/** A statement has 65,535 parameters at most, and a spot has fifteen. */
const ROWS_AT_ONCE = 1_000;

async function upsert(tx: Tx, rows: readonly SpotRow[]): Promise<void> {
  await tx
    .insert(spots)
    .values([...rows])
    .onConflictDoUpdate({
      target: [spots.facilityId, spots.id],
      set: {
        number: sql`excluded.number`,
        zoneId: sql`excluded.zone_id`,
        size: sql`excluded.size`,
        sizeRank: sql`excluded.size_rank`,
        ev: sql`excluded.ev`,
        accessible: sql`excluded.accessible`,
        vehicleTypes: sql`excluded.vehicle_types`,
        reservable: sql`excluded.reservable`,
        status: sql`excluded.status`,
        statusAt: sql`excluded.status_at`,
        statusBy: sql`excluded.status_by`,
        sensor: sql`excluded.sensor`,
        closedAt: sql`excluded.closed_at`,
      },
    });
}

/** Spots that are closed are not counted. */
function counted(spot: SpotRow | null): SpotRow | null {
  return spot === null || spot.closedAt !== null ? null : spot;
}

function isSame(a: SpotRow, b: SpotRow): boolean {
  return JSON.stringify(asList(a)) === JSON.stringify(asList(b));
}

function asList(spot: SpotRow): readonly unknown[] {
  const {
    number,
    zoneId,
    size,
    ev,
    accessible,
    vehicleTypes,
    reservable,
    status,
    statusAt,
    sensor,
    closedAt,
  } = spot;
  return [number, zoneId, size, ev, accessible, vehicleTypes, reservable, status, statusAt, sensor, closedAt];
}
