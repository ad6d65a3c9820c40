import type { Client } from "../db/connection.ts";
import { literal, writeAll, type Write } from "../db/copy.ts";
import type { Projection } from "./projection.ts";
import type { Edge, MovementCount } from "./queries.ts";
import { foldOwnStays, replaceStays } from "./stay.queries.ts";
import { copyOf, TABLES, type Row, type Table } from "./projection-tables.ts";

/**
 * How rows are written that are there already only if something was told twice. `fast`: by COPY, and a row that is there
 * is an error; `careful`: such a row stays as it is.
 */
export type Way = "fast" | "careful";

/** What is left to write of a projection, and the movements in it that were not known. */
export type Projected = { readonly writes: readonly Write[]; readonly movements: readonly MovementCount[] };

/**
 * Writes a projection under the lock of its edge's row, but for what needs no answer: that goes with what else its batch
 * writes.
 *
 * @param lanes those that the facility lists.
 */
export async function applyProjection(
  client: Client,
  { facilityId, facilitySlug }: Edge,
  lanes: readonly string[],
  projection: Projection,
  way: Way,
): Promise<Projected> {
  const stays = await foldOwnStays(client, facilityId, projection.stays);
  const { movements, payments, ledger, receipts, vends, alarms } = projection;
  const tables: readonly (readonly [Table, readonly Row[]])[] = [
    [TABLES.payments, payments],
    [TABLES.ledger, ledger],
    [TABLES.receipts, receipts],
    [TABLES.vends, vends],
    [TABLES.alarms, alarms],
  ];
  const added = tables.filter(([, rows]) => rows.length > 0);
  const moved = way === "fast" ? movements : await insertMovements(client, facilityId, movements);
  if (way === "careful") {
    for (const [table, rows] of added)
      await client.query(`${table.insert} on conflict do nothing`, [facilityId, JSON.stringify(rows)]);
  } else if (movements.length > 0) added.push([TABLES.movements, movements]);
  // Nobody else begins a stay of this facility meanwhile: those that were not found are not there.
  const copied = stays.begun.length > 0 ? [[TABLES.stays, stays.begun] as const] : [];
  const copies = [...copied, ...(way === "fast" ? added : [])].map(([table, rows]) =>
    copyOf(table, facilityId, rows),
  );
  await replaceStays(client, facilityId, stays.changed);
  await applyShifts(client, facilityId, projection);
  const writes: Write[] = [...copies, ...countInside(facilityId, projection, moved)];
  const changesAlarms = projection.alarmsEnded.length + projection.alarmsSeen.length > 0;
  if (changesAlarms) {
    // Their beginnings may be among the rows.
    await writeAll(client, writes.splice(0));
    await changeAlarms(client, facilityId, projection);
  }
  return { writes, movements: countByLane(facilitySlug, lanes, moved) };
}

type Moved = Pick<Projection["movements"][number], "movement_id" | "lane" | "direction">;

/** @returns those that were not there. */
async function insertMovements(
  client: Client,
  facilityId: string,
  rows: Projection["movements"],
): Promise<readonly Moved[]> {
  if (rows.length === 0) return [];
  const inserted = await client.query<Moved>(
    `${TABLES.movements.insert} on conflict do nothing returning movement_id, lane, direction`,
    [facilityId, JSON.stringify(rows)],
  );
  return inserted.rows;
}

/** Changes the number of vehicles inside. */
function countInside(
  facilityId: string,
  { count: { setTo, movementIds } }: Projection,
  moved: readonly Moved[],
): Write[] {
  const counts = new Set(movementIds);
  let change = 0;
  for (const { movement_id, direction } of moved)
    if (counts.has(movement_id.toLowerCase())) change += direction === "in" ? 1 : -1;
  if (change === 0 && setTo === null) return [];
  const statement = `update facilities set inside = ${setTo ?? "inside"} + (${change}) where id = ${literal(facilityId)}`;
  return [{ statement, rows: null }];
}

function countByLane(facility: string, lanes: readonly string[], moved: readonly Moved[]): MovementCount[] {
  const counts = new Map<string, MovementCount>();
  for (const { lane: name, direction } of moved) {
    const lane = lanes.includes(name) ? name : "other";
    const key = `${direction} ${lane}`;
    counts.set(key, { facility, lane, direction, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** What was known first of a shift holds. */
async function applyShifts(client: Client, facilityId: string, { shifts }: Projection): Promise<void> {
  if (shifts.length === 0) return;
  const kept = [
    "attendant",
    "opened_at",
    "float_minor",
    "closed_at",
    "z_number",
    "expected_minor",
    "counted_minor",
  ];
  await client.query(
    `${TABLES.shifts.insert} on conflict (facility_id, shift_id) do update set
      ${kept.map((name) => `${name} = coalesce(shifts.${name}, excluded.${name})`).join(", ")}`,
    [facilityId, JSON.stringify(shifts)],
  );
}

/** What an alarm became is only kept of one that is known: its beginning comes first, unless it is in quarantine. */
async function changeAlarms(
  client: Client,
  facilityId: string,
  { alarmsEnded, alarmsSeen }: Projection,
): Promise<void> {
  const its = "alarms.facility_id = $1 and alarms.alarm_id = r.alarm_id";
  if (alarmsEnded.length > 0) {
    await client.query(
      `update alarms set ended_at = r.ended_at
        from json_to_recordset($2::json) as r(alarm_id uuid, ended_at timestamptz)
        where ${its} and alarms.ended_at is null`,
      [facilityId, JSON.stringify(alarmsEnded)],
    );
  }
  if (alarmsSeen.length > 0) {
    await client.query(
      `update alarms set acknowledged_at = r.acknowledged_at, acknowledged_by = r.acknowledged_by
        from json_to_recordset($2::json) as r(alarm_id uuid, acknowledged_at timestamptz, acknowledged_by text)
        where ${its} and alarms.acknowledged_at is null`,
      [facilityId, JSON.stringify(alarmsSeen)],
    );
  }
}
