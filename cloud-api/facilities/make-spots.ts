import { randomUUID } from "node:crypto";
import type { z } from "@hono/zod-openapi";
import { lockSpots } from "../availability/counts.queries.ts";
import type { Tx } from "../db/connection.ts";
import { refuse } from "../platform/refusal.ts";
import { MAX_SPOTS, type newSpotSchema } from "./spot-fields.ts";
import {
  countSpots,
  findTakenSensor,
  lockNumbers,
  rankOf,
  writeSpots,
  type SpotRow,
  type SpotWrite,
} from "./spots.queries.ts";
import { readZones } from "./zones.queries.ts";

export type WantedSpot = z.output<typeof newSpotSchema>;

export type Made = {
  readonly spots: readonly SpotRow[];
  readonly created: number;
  readonly changed: number;
};

/**
 * Makes spots; a number that was closed is opened again. Of numbers that are there, `create` refuses and `import`
 * changes the spots. All of them or none.
 *
 * @param field the member of the request that a refusal names.
 */
export async function makeSpots(
  tx: Tx,
  facilityId: string,
  wanted: readonly WantedSpot[],
  how: {
    readonly mode: "create" | "import";
    /** Spots that stand there keep their sensors. */
    readonly keepsSensors?: boolean;
    readonly field: string;
    readonly by: string;
    readonly now: Date;
  },
): Promise<Made> {
  const { mode, keepsSensors = false, field, by, now } = how;
  await lockSpots(tx, facilityId);
  await checkZones(tx, facilityId, wanted);
  const known = await lockNumbers(
    tx,
    facilityId,
    wanted.map(({ number }) => number),
  );
  const open = [...known.values()].filter(({ closedAt }) => closedAt === null);
  if (mode === "create" && open.length > 0) {
    const numbers = open.map(({ number }) => number).toSorted();
    refuse(409, "number_taken", `there is a spot ${numbers[0] ?? ""} already`, field, {
      numbers: numbers.slice(0, 20),
    });
  }
  if ((await countSpots(tx, facilityId)) + wanted.length - open.length > MAX_SPOTS)
    refuse(409, "too_many_spots", `a facility has at most ${MAX_SPOTS} spots`, field);
  await checkSensors(tx, facilityId, wanted, { known, field });

  const writes = wanted.map((spot): SpotWrite => {
    const before = known.get(spot.number) ?? null;
    const after = rowOf(facilityId, spot, before, { by, now });
    return { before, after: keepsSensors && before !== null ? { ...after, sensor: before.sensor } : after };
  });
  await writeSpots(tx, facilityId, writes);
  return {
    spots: writes.map(({ after }) => after),
    created: wanted.length - open.length,
    changed: open.length,
  };
}

/** A spot that stands there keeps what it is now; any other begins free. */
function rowOf(
  facilityId: string,
  { number, zone_id: zoneId, vehicle_types: vehicleTypes, size, ...same }: WantedSpot,
  before: SpotRow | null,
  { by, now }: { readonly by: string; readonly now: Date },
): SpotRow {
  const stands = before !== null && before.closedAt === null ? before : null;
  return {
    ...same,
    facilityId,
    id: before?.id ?? randomUUID(),
    number,
    zoneId,
    size,
    sizeRank: rankOf(size),
    vehicleTypes,
    status: stands?.status ?? "free",
    statusAt: stands?.statusAt ?? now,
    statusBy: stands?.statusBy ?? by,
    closedAt: null,
  };
}

async function checkZones(tx: Tx, facilityId: string, wanted: readonly WantedSpot[]): Promise<void> {
  const zones = new Set((await readZones(tx, facilityId)).map(({ id }) => id));
  if (wanted.some((spot) => !zones.has(spot.zone_id)))
    refuse(400, "invalid", "is no zone of this facility", "zone_id");
}

async function checkSensors(
  tx: Tx,
  facilityId: string,
  wanted: readonly WantedSpot[],
  { known, field }: { readonly known: ReadonlyMap<string, SpotRow>; readonly field: string },
): Promise<void> {
  const sensors = wanted.flatMap(({ sensor }) => (sensor === null ? [] : [sensor]));
  const own = [...known.values()].map(({ id }) => id);
  const taken =
    sensors.find((sensor, index) => sensors.indexOf(sensor) !== index) ??
    (await findTakenSensor(tx, facilityId, sensors, own));
  if (taken !== null) refuse(409, "sensor_taken", `the sensor ${taken} is of another spot`, field);
}
