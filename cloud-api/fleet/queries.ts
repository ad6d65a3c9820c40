import { eq, sql, type SQL } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { edges, facilities } from "../db/schema.ts";
import type { CountChange, Projection } from "./projection.ts";
import { wallTimeOf, type ReadEvent } from "./rules.ts";

/** The edge behind a bearer token, and whose it is. */
export type Edge = {
  readonly id: string;
  readonly facilityId: string;
  readonly facilitySlug: string;
  readonly organisationId: string;
};

export async function findEdge(db: Db, tokenHash: Buffer): Promise<Edge | null> {
  const found = await db
    .select({
      id: edges.id,
      facilityId: facilities.id,
      facilitySlug: facilities.slug,
      organisationId: facilities.organisationId,
    })
    .from(edges)
    .innerJoin(facilities, eq(facilities.id, edges.facilityId))
    .where(eq(edges.tokenHash, tokenHash));
  return found[0] ?? null;
}

/** The edge's cursor; its row stays locked to the end of the transaction, so its batches go one after another. */
export async function lockCursor(tx: Tx, edgeId: string): Promise<number> {
  const rows = await tx
    .select({ cursor: edges.cursor })
    .from(edges)
    .where(eq(edges.id, edgeId))
    .for("update");
  if (rows[0] === undefined) throw new Error("the edge of a valid token is gone");
  return rows[0].cursor;
}

/** @param behindMs how old the edge's newest event was on arrival; undefined when the batch says nothing of it. */
export async function moveCursor(
  tx: Tx,
  edgeId: string,
  cursor: number,
  behindMs: number | undefined,
  now: Date,
): Promise<void> {
  await tx.update(edges).set({ cursor, behindMs, lastSeenAt: now }).where(eq(edges.id, edgeId));
}

/** Keeps the events as they came, with what became of them. */
export async function storeEvents(
  tx: Tx,
  edgeId: string,
  events: readonly ReadEvent[],
  now: Date,
): Promise<void> {
  const rows = events.map((read) => ({
    edge_id: edgeId,
    seq: read.event.seq,
    event_id: read.event.event_id,
    kind: asText(read.event.kind),
    schema_version: read.event.schema_version,
    wall_time: wallTimeOf(read.event),
    received_at: now,
    payload: JSON.stringify(read.event.payload),
    outcome: read.outcome,
    error: read.outcome === "quarantined" ? asText(read.error) : null,
  }));
  await tx.execute(insertRows("edge_events", EDGE_EVENT_COLUMNS, rows));
}

/** Movements by lane and direction. A lane that the facility does not list is `other`, so that the lanes are few. */
export type MovementCount = {
  readonly facility: string;
  readonly lane: string;
  readonly direction: string;
  readonly count: number;
};

function countByLane(movements: SQL, more: SQL = sql``): SQL {
  return sql`
    select facilities.slug as facility, coalesce(lanes.slug, 'other') as lane, m.direction, count(*)::float8 as count
      ${more}
    from ${movements} m
    join facilities on facilities.id = m.facility_id
    left join lanes on lanes.facility_id = m.facility_id and lanes.slug = m.lane
    group by 1, 2, 3`;
}

/**
 * Writes a projection, one statement for each table. Rows that exist already stay as they are; a stay takes what is
 * new, by the rule of `project`.
 */
export async function applyProjection(
  tx: Tx,
  facilityId: string,
  projection: Projection,
): Promise<MovementCount[]> {
  const owned = <Row extends object>(rows: readonly Row[]) =>
    rows.map((row) => ({ facility_id: facilityId, ...row }));
  const { stays, payments, vends, movements, count } = projection;
  if (stays.length > 0) {
    await tx.execute(sql`${insertRows("stays", STAY_COLUMNS, owned(stays))} ${ON_KNOWN_STAY}`);
  }
  if (payments.length > 0) {
    await tx.execute(sql`${insertRows("payments", PAYMENT_COLUMNS, owned(payments))} on conflict do nothing`);
  }
  await applyMoney(tx, facilityId, projection);
  if (vends.length > 0) {
    await tx.execute(sql`${insertRows("vends", VEND_COLUMNS, owned(vends))} on conflict do nothing`);
  }
  await applyAlarms(tx, facilityId, projection);
  const moved = movements.length === 0 ? [] : await insertMovements(tx, owned(movements), count);
  await countInside(tx, facilityId, count.setTo, moved);
  return moved.map(({ counted: _counted, ...row }) => row);
}

async function applyMoney(
  tx: Tx,
  facilityId: string,
  { ledger, shifts, receipts }: Projection,
): Promise<void> {
  const owned = <Row extends object>(rows: readonly Row[]) =>
    rows.map((row) => ({ facility_id: facilityId, ...row }));
  if (ledger.length > 0) {
    await tx.execute(sql`${insertRows("ledger", LEDGER_COLUMNS, owned(ledger))} on conflict do nothing`);
  }
  if (shifts.length > 0) {
    await tx.execute(sql`${insertRows("shifts", SHIFT_COLUMNS, owned(shifts))} ${ON_KNOWN_SHIFT}`);
  }
  if (receipts.length > 0) {
    await tx.execute(sql`${insertRows("receipts", RECEIPT_COLUMNS, owned(receipts))} on conflict do nothing`);
  }
}

/** What an alarm became is only kept of one that is known: its beginning comes first, unless it is in quarantine. */
async function applyAlarms(
  tx: Tx,
  facilityId: string,
  { alarms, alarmsEnded, alarmsSeen }: Projection,
): Promise<void> {
  if (alarms.length > 0) {
    const rows = alarms.map((row) => ({ facility_id: facilityId, ...row }));
    await tx.execute(sql`${insertRows("alarms", ALARM_COLUMNS, rows)} on conflict do nothing`);
  }
  const its = sql`alarms.facility_id = ${facilityId} and alarms.alarm_id = r.alarm_id`;
  if (alarmsEnded.length > 0) {
    await tx.execute(sql`update alarms set ended_at = r.ended_at
      from ${recordset(alarmsEnded, "alarm_id uuid, ended_at timestamptz")} where ${its} and alarms.ended_at is null`);
  }
  if (alarmsSeen.length > 0) {
    await tx.execute(sql`update alarms set acknowledged_at = r.acknowledged_at, acknowledged_by = r.acknowledged_by
      from ${recordset(alarmsSeen, "alarm_id uuid, acknowledged_at timestamptz, acknowledged_by text")}
      where ${its} and alarms.acknowledged_at is null`);
  }
}

/** A movement count with how many of them change the number of vehicles inside. */
type InsertedCount = MovementCount & { readonly counted: number };

async function insertMovements(
  tx: Tx,
  rows: Parameters<typeof insertRows<keyof typeof MOVEMENT_COLUMNS>>[2],
  { movementIds }: CountChange,
): Promise<readonly InsertedCount[]> {
  const ids = sql`json_array_elements_text(${JSON.stringify(movementIds)}::json) as ids(id)`;
  const counts = sql`m.movement_id in (select id::uuid from ${ids})`;
  const counted = sql`, count(*) filter (where ${counts})::float8 as counted`;
  const result = await tx.execute<InsertedCount>(sql`
    with inserted as (
      ${insertRows("movements", MOVEMENT_COLUMNS, rows)} on conflict do nothing
      returning facility_id, movement_id, lane, direction
    )
    ${countByLane(sql`inserted`, counted)}`);
  return result.rows;
}

async function countInside(
  tx: Tx,
  facilityId: string,
  setTo: number | null,
  moved: readonly InsertedCount[],
): Promise<void> {
  const change = moved.reduce(
    (sum, { direction, counted }) => sum + (direction === "in" ? counted : -counted),
    0,
  );
  if (change === 0 && setTo === null) return;
  const before = setTo === null ? sql`inside` : sql`${setTo}::integer`;
  await tx.execute(sql`update facilities set inside = ${before} + ${change} where id = ${facilityId}`);
}

/** All movements so far, for counters that go on where they were. */
export async function countMovements(db: Db): Promise<MovementCount[]> {
  return (await db.execute<MovementCount>(countByLane(sql`movements`))).rows;
}

/** The columns that a list of rows fills, with their types: names are the rows' keys. */
type Columns = Readonly<Record<string, "uuid" | "text" | "bigint" | "timestamptz" | "json" | "stay_status">>;

const EDGE_EVENT_COLUMNS = {
  edge_id: "uuid",
  seq: "bigint",
  event_id: "uuid",
  kind: "text",
  schema_version: "bigint",
  wall_time: "timestamptz",
  received_at: "timestamptz",
  payload: "json",
  outcome: "text",
  error: "text",
} as const satisfies Columns;

const STAY_COLUMNS = {
  facility_id: "uuid",
  stay_id: "uuid",
  status: "stay_status",
  ticket_number: "text",
  plate: "text",
  entry_lane: "text",
  entry_at: "timestamptz",
  exit_lane: "text",
  exit_at: "timestamptz",
  fee_minor: "bigint",
  fee_currency: "text",
  applied_rule: "text",
  tariff_version: "bigint",
  void_reason: "text",
  review: "text",
  right_kind: "text",
  right_id: "text",
} as const satisfies Columns;

const MOVEMENT_COLUMNS = {
  facility_id: "uuid",
  movement_id: "uuid",
  lane: "text",
  direction: "text",
  scope: "text",
  kind: "text",
  stay_id: "uuid",
  plate: "text",
  at: "timestamptz",
  review: "text",
  fee_minor: "bigint",
  fee_currency: "text",
} as const satisfies Columns;

const PAYMENT_COLUMNS = {
  facility_id: "uuid",
  payment_id: "uuid",
  stay_id: "uuid",
  lane: "text",
  method: "text",
  amount_minor: "bigint",
  currency: "text",
  actor: "text",
  at: "timestamptz",
  change_minor: "bigint",
  reference: "text",
  shift_id: "uuid",
  receipt_number: "bigint",
} as const satisfies Columns;

const LEDGER_COLUMNS = {
  facility_id: "uuid",
  entry_id: "uuid",
  stay_id: "uuid",
  kind: "text",
  side: "text",
  amount_minor: "bigint",
  currency: "text",
  method: "text",
  payment_id: "uuid",
  shift_id: "uuid",
  place: "text",
  actor: "text",
  reason: "text",
  debtor: "text",
  at: "timestamptz",
} as const satisfies Columns;

const SHIFT_COLUMNS = {
  facility_id: "uuid",
  shift_id: "uuid",
  currency: "text",
  attendant: "text",
  opened_at: "timestamptz",
  float_minor: "bigint",
  closed_at: "timestamptz",
  z_number: "bigint",
  expected_minor: "bigint",
  counted_minor: "bigint",
} as const satisfies Columns;

const RECEIPT_COLUMNS = {
  facility_id: "uuid",
  number: "bigint",
  kind: "text",
  payment_id: "uuid",
  stay_id: "uuid",
  amount_minor: "bigint",
  currency: "text",
  hash: "text",
  previous_hash: "text",
  key_id: "bigint",
  signature: "text",
  at: "timestamptz",
} as const satisfies Columns;

const VEND_COLUMNS = {
  facility_id: "uuid",
  command_id: "uuid",
  lane: "text",
  actor: "text",
  reason: "text",
  at: "timestamptz",
} as const satisfies Columns;

const ALARM_COLUMNS = {
  facility_id: "uuid",
  alarm_id: "uuid",
  lane: "text",
  kind: "text",
  detail: "text",
  at: "timestamptz",
  ended_at: "timestamptz",
} as const satisfies Columns;

/**
 * The rule of `mergeStay`: the status goes forward only, in the order of its type; the latest review holds, and of
 * everything else what was known first.
 */
const ON_KNOWN_STAY = sql.raw(`on conflict (facility_id, stay_id) do update set
  status = greatest(stays.status, excluded.status),
  review = coalesce(excluded.review, stays.review),
  ${Object.keys(STAY_COLUMNS)
    .filter((name) => !["facility_id", "stay_id", "status", "review"].includes(name))
    .map((name) => `${name} = coalesce(stays.${name}, excluded.${name})`)
    .join(", ")}`);

/** As of stays: what was known first holds. */
const ON_KNOWN_SHIFT = sql.raw(`on conflict (facility_id, shift_id) do update set
  ${Object.keys(SHIFT_COLUMNS)
    .filter((name) => !["facility_id", "shift_id", "currency"].includes(name))
    .map((name) => `${name} = coalesce(shifts.${name}, excluded.${name})`)
    .join(", ")}`);

/** All rows in one statement with one parameter: its text, and so its plan, does not depend on their number. */
function insertRows<Names extends string>(
  table: string,
  columns: Readonly<Record<Names, Columns[string]>>,
  rows: readonly Readonly<Record<Names, unknown>>[],
): SQL {
  const entries = Object.entries<Columns[string]>(columns);
  const names = entries.map(([name]) => name).join(", ");
  // A json column arrives as text and is converted whole: the reader of the list would refuse escapes that json keeps.
  const types = entries.map(([name, type]) => `${name} ${type === "json" ? "text" : type}`).join(", ");
  const values = entries.map(([name, type]) => (type === "json" ? `${name}::json` : name)).join(", ");
  return sql`insert into ${sql.raw(`${table} (${names}) select ${values} from`)} ${recordset(rows, types)}`;
}

/** Rows as a table `r`, in one parameter. */
function recordset(rows: readonly object[], types: string): SQL {
  return sql`json_to_recordset(${JSON.stringify(rows)}::json) as r(${sql.raw(types)})`;
}

/** PostgreSQL's text holds neither NUL nor half a surrogate pair. */
function asText(text: string): string {
  return text.replaceAll(/\0|\p{Cs}/gu, "\uFFFD");
}
