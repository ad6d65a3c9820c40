import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { Db } from "../../../cloud-api/db/connection.ts";
import type { GateDatabase } from "../../../edge-agent/store/open.ts";
import type { Site } from "../../simulation/cloud/facility-rows.ts";
import { SUBJECTS, type Books, type Row, type Subject } from "./model.ts";

/** What stands on both disks in the end, read by nothing but SQL. */

const EDGE: Readonly<Record<Subject, string>> = {
  stays: "select id, null as minor from stays",
  movements: "select id, null as minor from movements",
  payments: "select id, amount_minor as minor from payments",
  ledger: "select id, amount_minor as minor from ledger",
  receipts: "select cast(number as text) as id, json_extract(text, '$.amountMinor') as minor from receipts",
  shifts: "select id, float_minor as minor from shifts",
};

const CLOUD: Readonly<Record<Subject, string>> = {
  stays: "stay_id as id, null::float8 as minor",
  movements: "movement_id as id, null::float8 as minor",
  payments: "payment_id as id, amount_minor::float8 as minor",
  ledger: "entry_id as id, amount_minor::float8 as minor",
  receipts: "number::text as id, amount_minor::float8 as minor",
  shifts: "shift_id as id, float_minor::float8 as minor",
};

export function readEdge({ $client: file }: GateDatabase): Books {
  const events = file
    .prepare<[], Books["events"][number]>("select event_id as eventId, kind from log order by seq")
    .all();
  const setAside = file
    .prepare<[], string>(
      `select distinct table_name || ' ' || coalesce(json_extract(row, '$.number'), json_extract(row, '$.id'), '')
        from restore_conflicts`,
    )
    .pluck()
    .all();
  return {
    events,
    rows: bySubject((subject) => file.prepare<[], Row>(EDGE[subject]).all()),
    setAside: new Set(setAside),
  };
}

export async function readCloud({ $client: pool }: Db, { facilityId, edgeId }: Site): Promise<Books> {
  const { rows: events } = await pool.query<Books["events"][number]>(
    `select event_id as "eventId", kind from edge_events where edge_id = $1 order by seq`,
    [edgeId],
  );
  const rows = new Map<Subject, readonly Row[]>();
  for (const subject of SUBJECTS) {
    const text = `select ${CLOUD[subject]} from ${subject} where facility_id = $1`;
    rows.set(subject, (await pool.query<Row>(text, [facilityId])).rows);
  }
  return { events, rows: bySubject((subject) => rows.get(subject) ?? []), setAside: new Set() };
}

function bySubject(rowsOf: (subject: Subject) => readonly Row[]): Books["rows"] {
  return Object.fromEntries(SUBJECTS.map((subject) => [subject, rowsOf(subject)])) as Record<
    Subject,
    readonly Row[]
  >;
}

/** Money in apps that comes down to the gate: references, and whether their stay is one of the gate's. */
export async function readRemotePayments(
  { $client: pool }: Db,
  { facilityId }: Site,
): Promise<readonly { readonly reference: string; readonly booked: number; readonly isKnown: boolean }[]> {
  const { rows } = await pool.query<{ reference: string; booked: number; isKnown: boolean }>(
    `select body::json ->> 'reference' as reference,
        (select count(*) from payments p
          where p.facility_id = d.facility_id and p.reference = body::json ->> 'reference')::int as booked,
        exists (select 1 from stays s
          where s.facility_id = d.facility_id and s.stay_id::text = body::json ->> 'stay_id') as "isKnown"
      from downlink d where facility_id = $1 and kind = 'payment'`,
    [facilityId],
  );
  return rows;
}

/** Histories that the log is in, of which the cloud was told nothing. */
export async function untoldEpochs({ $client: pool }: Db, { edgeId }: Site): Promise<readonly string[]> {
  const { rows } = await pool.query<{ epoch: string }>(
    `select distinct epoch from edge_events where edge_id = $1 and epoch > 1
      and not exists (select 1 from edge_epochs b where b.edge_id = $1 and b.epoch = edge_events.epoch)`,
    [edgeId],
  );
  return rows.map(({ epoch }) => `history ${epoch} of the log began without a word`);
}

/** A fork that was refused is kept, and told of. */
export async function isForkTold({ $client: pool }: Db, { edgeId }: Site): Promise<boolean> {
  const { rowCount } = await pool.query(
    "select 1 from sync_incidents where edge_id = $1 and kind = 'fork' limit 1",
    [edgeId],
  );
  return rowCount !== 0;
}

/** What the two have compared, and found to be unequal. */
export async function readComparison({ $client: pool }: Db, { facilityId }: Site) {
  const { rows } = await pool.query<{ subject: string; compared: number; unequal: number }>(
    `select subject, count(*)::int as compared, (count(*) filter (where not equal))::int as unequal
      from equality_checks where facility_id = $1 group by subject`,
    [facilityId],
  );
  return rows;
}

/** The rows that differ, as both sides have them. */
export async function readDifferences({ $client: pool }: Db, { facilityId }: Site): Promise<string[]> {
  const { rows } = await pool.query<{ edge: string | null; cloud: string | null }>(
    "select edge_row as edge, cloud_row as cloud from equality_differences where facility_id = $1 limit 3",
    [facilityId],
  );
  return rows.map(({ edge, cloud }) => `at the edge ${edge}, in the cloud ${cloud}`);
}

type Batch = {
  readonly first: string;
  readonly last: string;
  readonly previous: string;
  readonly body: Buffer;
};

/**
 * Reads the cloud's archive as an auditor would: every line once, each chained to the one before, the same that are in
 * `edge_events`, and their end the end that the cloud knows.
 *
 * @returns what is wrong.
 */
export async function auditArchive({ $client: pool }: Db, { edgeId }: Site): Promise<string[]> {
  const batches = await pool.query<Batch>(
    `select first_seq as first, last_seq as last, previous_hash as previous, body
      from edge_batches where edge_id = $1 order by last_seq`,
    [edgeId],
  );
  const events = await pool.query<{ seq: string; id: string; hash: string; outcome: string }>(
    `select seq, event_id as id, encode(hash, 'hex') as hash, outcome
      from edge_events where edge_id = $1 order by seq`,
    [edgeId],
  );
  const known = new Map(events.rows.map((row) => [Number(row.seq), row]));
  let at = { seq: 0, hash: "0".repeat(64) };
  for (const { first, last, previous, body } of batches.rows) {
    if (Number(first) !== at.seq + 1) return [`the archive goes on with line ${first} after ${at.seq}`];
    if (previous !== at.hash) return [`the archive's chain is broken before line ${first}`];
    const lines = gunzipSync(body).toString("utf8").trimEnd().split("\n").slice(1);
    for (const line of lines.slice(lines.length - (Number(last) - Number(first) + 1))) {
      at = { seq: at.seq + 1, hash: createHash("sha256").update(at.hash, "hex").update(line).digest("hex") };
      const row = known.get(at.seq);
      const { event_id } = JSON.parse(line.split("\t")[0] ?? "") as { event_id: string };
      if (row?.hash !== at.hash || row.id !== event_id)
        return [`line ${at.seq} of the archive is not the event that is kept`];
    }
  }
  const edges = await pool.query<{ cursor: string; hash: string | null }>(
    "select cursor, head_hash as hash from edges where id = $1",
    [edgeId],
  );
  const head = edges.rows[0];
  const quarantined = events.rows.filter(({ outcome }) => outcome !== "applied");
  return [
    ...(events.rows.length === at.seq ? [] : [`${events.rows.length} events of ${at.seq} lines`]),
    ...(Number(head?.cursor) === at.seq && (at.seq === 0 || head?.hash === at.hash)
      ? []
      : [`the cloud's log ends at ${head?.cursor}, its archive at ${at.seq}`]),
    ...quarantined.map(({ seq, outcome }) => `line ${seq} is ${outcome}`),
  ];
}
