import { and, asc, eq, inArray, isNull, or, sql } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { spots } from "../db/places-schema.ts";
import { CHANGES_CHANNEL } from "../live/changes.queries.ts";
import { FORGET_CHANNEL } from "../platform/forget.queries.ts";
import {
  countDeltas,
  judgeReadings,
  judgeStatus,
  type IgnoredReading,
  type Reading,
  type SensedSpot,
  type SpotOutcome,
  type SpotStatus,
} from "./counts.ts";

export type SpotChange = {
  readonly outcome: SpotOutcome;
  /** What it was; null = there is no such spot. */
  readonly before: SpotStatus | null;
};

/**
 * Writes what a spot is from now on, its count, and that it changed, in the caller's transaction. Who may say so is the
 * caller's to ask. For several spots see {@link changeSpotStatuses}.
 *
 * @param by a program's name (see SPOT_PROGRAMS) or a person's: only persons free what a person has blocked.
 */
export async function changeSpotStatus(
  tx: Tx,
  facilityId: string,
  spotId: string,
  status: SpotStatus,
  by: string,
  now: Date,
): Promise<SpotChange> {
  const changes = await changeSpotStatuses(tx, facilityId, [{ spotId, status }], by, now);
  return changes.get(spotId) ?? { outcome: "no_such_spot", before: null };
}

/** As {@link changeSpotStatus}, of several spots: their rows are locked in one order, whoever else changes them. */
export async function changeSpotStatuses(
  tx: Tx,
  facilityId: string,
  changes: readonly { readonly spotId: string; readonly status: SpotStatus }[],
  by: string,
  now: Date,
): Promise<ReadonlyMap<string, SpotChange>> {
  const wanted = new Map(changes.map(({ spotId, status }) => [spotId, status]));
  const found = await lock(tx, facilityId, inArray(spots.id, [...wanted.keys()]));
  const known = new Map(found.map((spot) => [spot.id, spot]));
  const outcomes = new Map<string, SpotChange>();
  const told: Told[] = [];
  for (const [spotId, status] of wanted) {
    const spot = known.get(spotId);
    const before = spot?.status ?? null;
    const { outcome } = judgeStatus(before, status, by);
    outcomes.set(spotId, { outcome, before });
    if (spot !== undefined && outcome === "changed") told.push({ spot, status, at: now });
  }
  await write(tx, facilityId, told, by, now);
  return outcomes;
}

/** Takes what sensors saw. @returns how many spots changed, and which readings counted for nothing. */
export async function takeReadings(
  tx: Tx,
  facilityId: string,
  readings: readonly Reading[],
  now: Date,
): Promise<{ readonly changed: number; readonly ignored: readonly IgnoredReading[] }> {
  const sensors = readings.flatMap(({ sensor }) => (sensor === undefined ? [] : [sensor]));
  const numbers = readings.flatMap(({ sensor, spot_number: number }) =>
    sensor === undefined && number !== undefined ? [number] : [],
  );
  const found = await lock(
    tx,
    facilityId,
    or(inArray(spots.sensor, [...new Set(sensors)]), inArray(spots.number, [...new Set(numbers)])),
  );
  const { changes, ignored } = judgeReadings(readings, found, now);
  await write(tx, facilityId, changes, "sensor", now);
  return { changed: changes.filter(({ spot, status }) => spot.status !== status).length, ignored };
}

const SENSED = {
  id: spots.id,
  zoneId: spots.zoneId,
  number: spots.number,
  size: spots.size,
  ev: spots.ev,
  accessible: spots.accessible,
  status: spots.status,
  statusAt: spots.statusAt,
  sensor: spots.sensor,
};

async function lock(
  tx: Tx,
  facilityId: string,
  which: ReturnType<typeof or>,
): Promise<readonly SensedSpot[]> {
  return await tx
    .select(SENSED)
    .from(spots)
    .where(and(eq(spots.facilityId, facilityId), which, isNull(spots.closedAt)))
    .orderBy(asc(spots.id))
    .for("update");
}

type Told = { readonly spot: SensedSpot; readonly status: SpotStatus; readonly at: Date };

/** Of more spots, those who watch are told no more than that they changed. */
const MAX_TOLD = 50;

/** One statement for the spots, their counts, and those who watch. */
async function write(
  tx: Tx,
  facilityId: string,
  told: readonly Told[],
  by: string,
  now: Date,
): Promise<void> {
  if (told.length === 0) return;
  const rows = told.map(({ spot, status, at }) => ({ id: spot.id, status, at: at.toISOString() }));
  const spotRows = sql`spot as (
    update spots s set status = w.status, status_at = w.at, status_by = ${by}
    from json_to_recordset(${JSON.stringify(rows)}::json) as w(id uuid, status text, at timestamptz)
    where s.facility_id = ${facilityId}::uuid and s.id = w.id)`;
  const changed = told.filter(({ spot, status }) => spot.status !== status);
  if (changed.length === 0) {
    await tx.execute(sql`with ${spotRows} select`);
    return;
  }
  const deltas = countDeltas(
    changed.map(({ spot, status }) => ({ before: spot, after: { ...spot, status } })),
  );
  const body = {
    changed: changed.length,
    spots: changed
      .slice(0, MAX_TOLD)
      .map(({ spot: { id, number, zoneId }, status }) => ({ id, number, zone_id: zoneId, status })),
  };
  await tx.execute(sql`
    with ${spotRows}, delta as (
      select * from json_to_recordset(${JSON.stringify(deltas)}::json) as d(
        "zoneId" uuid, size text, ev boolean, accessible boolean, occupied integer, blocked integer)
    ), held as materialized (
      select c.zone_id, c.size, c.ev, c.accessible, d.occupied, d.blocked from spot_counts c join delta d
        on c.zone_id = d."zoneId" and c.size = d.size and c.ev = d.ev and c.accessible = d.accessible
      where c.facility_id = ${facilityId}::uuid
      order by c.zone_id, c.size, c.ev, c.accessible for update of c
    ), counted as (
      update spot_counts c set occupied = c.occupied + h.occupied, blocked = c.blocked + h.blocked from held h
      where c.facility_id = ${facilityId}::uuid
        and c.zone_id = h.zone_id and c.size = h.size and c.ev = h.ev and c.accessible = h.accessible
    ), told as (
      insert into facility_changes (facility_id, kind, body, at)
      values (${facilityId}::uuid, 'availability', ${JSON.stringify(body)}::json, ${now.toISOString()}::timestamptz)
    )
    select pg_notify(${CHANGES_CHANNEL}, ${facilityId}), pg_notify(${FORGET_CHANNEL}, ${`availability:${facilityId}`})`);
}
