import type { Client } from "../db/connection.ts";
import { GENESIS_HASH, type Hello } from "@parkme/shared/protocol/log";
import { literal, type Write } from "../db/copy.ts";
import { BinaryRows } from "../db/copy-binary.ts";
import { asText } from "../db/text.ts";
import type { Line } from "./log-line.ts";
import { wallMsOf, type Head, type ReadEvent } from "./rules.ts";

/**
 * The edges' logs in the database. Statements that every batch needs are prepared, once for each connection: they are
 * planned once.
 */

/** An edge as ingest needs it; its row is locked to the end of the transaction, so its batches go one after another. */
export type LockedEdge = Head & {
  /** The program that speaks for it; null = none has said so yet. */
  readonly bootId: string | null;
  /** The lanes that its facility lists. */
  readonly lanes: readonly string[];
};

const LOCK = {
  name: "log_lock",
  text: `select cursor::float8 as seq, epoch::float8 as epoch, head_hash as hash, boot_id as "bootId",
      array(select slug from lanes where lanes.facility_id = edges.facility_id) as lanes
    from edges where id = $1 for update`,
};

export async function lockEdge(client: Client, edgeId: string): Promise<LockedEdge> {
  const { rows } = await client.query<LockedEdge>({ ...LOCK, values: [edgeId] });
  const [at] = rows;
  if (at === undefined) throw new Error("the edge of a valid token is gone");
  return at.seq === 0 ? { ...at, hash: GENESIS_HASH } : at;
}

/** The hashes of lines that are here already, by their numbers; null = of before lines were chained. */
export async function readHashes(
  client: Client,
  edgeId: string,
  seqs: readonly number[],
): Promise<Map<number, string | null>> {
  const { rows } = await client.query<{ seq: number; hash: string | null }>(
    `select seq::float8 as seq, encode(hash, 'hex') as hash
      from edge_events where edge_id = $1 and seq = any($2::bigint[])`,
    [edgeId, seqs],
  );
  return new Map(rows.map(({ seq, hash }) => [seq, hash]));
}

const EVENTS = `copy edge_events
  (edge_id, seq, event_id, kind, schema_version, wall_time, received_at, payload, outcome, error, epoch, hash)
  from stdin (format binary)`;
/** Of a row, beside its payload: about. */
const EVENT_BYTES = 256;

/** Keeps the events as they came, with what became of them. */
export function eventsWrite(edgeId: string, events: readonly ReadEvent[], now: Date): Write {
  const payloadBytes = events.reduce((sum, { event }) => sum + event.payloadText.length, 0);
  const rows = new BinaryRows(payloadBytes + events.length * EVENT_BYTES);
  for (const read of events) {
    const { event, outcome } = read;
    rows.row(12);
    rows.uuid(edgeId);
    rows.integer(event.seq);
    rows.uuid(event.event_id);
    rows.text(asText(event.kind));
    rows.integer(event.schema_version);
    rows.instant(wallMsOf(event));
    rows.instant(now.getTime());
    rows.text(event.payloadText);
    rows.text(outcome);
    if (read.outcome === "quarantined") rows.text(asText(read.error));
    else rows.null();
    rows.integer(event.epoch);
    rows.hex(event.hash);
  }
  return { statement: EVENTS, rows: rows.end() };
}

/** Where a log ends after a batch, and what the batch said of its edge. */
export type Moved = {
  readonly epoch: number;
  readonly seq: number;
  readonly hash: string | null;
  /** How old its newest event was on arrival; null = the batch says nothing of it. */
  readonly behindMs: number | null;
  readonly clockOffsetMs: number;
  readonly waiting: number;
};

/** The new lines of a batch as they came: those from `firstSeq` to where the log ends now. */
export type Archived = {
  readonly firstSeq: number;
  /** The hash of the line before. */
  readonly previousHash: string;
  readonly body: Uint8Array;
};

/** Moves the end of the log. */
export function moveWrite(edgeId: string, moved: Moved, now: Date): Write {
  const { seq, epoch, hash, behindMs, clockOffsetMs, waiting } = moved;
  return {
    statement: `update edges set cursor = ${seq}, epoch = ${epoch}, head_hash = ${literal(hash)},
      last_seen_at = ${literal(now.toISOString())}, behind_ms = coalesce(${behindMs ?? "null"}, behind_ms),
      clock_offset_ms = ${clockOffsetMs}, waiting = ${waiting} where id = ${literal(edgeId)}`,
    rows: null,
  };
}

const ARCHIVE = `copy edge_batches (edge_id, last_seq, received_at, first_seq, previous_hash, body)
  from stdin (format binary)`;

/** Keeps what came, in the compression it came in. @param lastSeq where the log ends now. */
export function archiveWrite(edgeId: string, lastSeq: number, archived: Archived, now: Date): Write {
  const { firstSeq, previousHash, body } = archived;
  const rows = new BinaryRows(body.length + EVENT_BYTES);
  rows.row(6);
  rows.uuid(edgeId);
  rows.integer(lastSeq);
  rows.instant(now.getTime());
  rows.integer(firstSeq);
  rows.text(previousHash);
  rows.blob(body);
  return { statement: ARCHIVE, rows: rows.end() };
}

/** Keeps lines whose numbers other lines have. @param text of a line, as it came. */
export async function keepForks(
  client: Client,
  edgeId: string,
  forks: readonly { readonly line: Line; readonly text: string }[],
  now: Date,
): Promise<void> {
  await client.query(
    `insert into edge_forks (edge_id, seq, hash, line, received_at)
      select $1, seq, hash, line, $2 from unnest($3::bigint[], $4::text[], $5::text[]) as f(seq, hash, line)
      on conflict do nothing`,
    [
      edgeId,
      now,
      forks.map(({ line }) => line.seq),
      forks.map(({ line }) => line.hash),
      forks.map(({ text }) => asText(text)),
    ],
  );
}

/** A history of an edge's log that begins behind a place. */
export type EpochBegun = {
  readonly epoch: number;
  readonly parentEpoch: number;
  readonly parentSeq: number;
  readonly parentHash: string;
  readonly reason: string;
};

/** The log is in a new history from here on. */
export async function beginEpoch(
  client: Client,
  edgeId: string,
  { epoch, parentEpoch, parentSeq, parentHash, reason }: EpochBegun,
  now: Date,
): Promise<void> {
  await client.query(
    `with begun as (
      insert into edge_epochs (edge_id, epoch, parent_epoch, parent_seq, parent_hash, reason, begun_at)
      values ($1, $2, $3, $4, $5, $6, $7)
    ) update edges set epoch = $2 where id = $1`,
    [edgeId, epoch, parentEpoch, parentSeq, parentHash, asText(reason), now],
  );
}

/** The place that a history of a log begins behind; null = there is no such history. */
export async function parentOf(
  client: Client,
  edgeId: string,
  epoch: number,
): Promise<{ readonly seq: number; readonly hash: string } | null> {
  const { rows } = await client.query<{ seq: number; hash: string }>(
    "select parent_seq::float8 as seq, parent_hash as hash from edge_epochs where edge_id = $1 and epoch = $2",
    [edgeId, epoch],
  );
  return rows[0] ?? null;
}

/** Keeps what an edge says of itself when it begins to talk. */
export async function noteHello(
  client: Client,
  edgeId: string,
  { version, manifest, wall_time }: Hello,
  now: Date,
): Promise<void> {
  await client.query(
    `update edges set version = $2, manifest_version = $3, clock_offset_ms = $4, last_seen_at = $5 where id = $1`,
    [edgeId, asText(version), manifest, Date.parse(wall_time) - now.getTime(), now],
  );
}

/** Another program has taken this one's place. To be asked of one that does not speak for the edge. */
export async function isFormerBoot(client: Client, edgeId: string, bootId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    "select 1 from edge_boots where edge_id = $1 and boot_id = $2 and not pending",
    [edgeId, bootId],
  );
  return rowCount !== 0;
}

/** This program may take the place of the one that speaks for the edge, as soon as it says more than hello. */
export async function noteNewBoot(client: Client, edgeId: string, bootId: string, now: Date): Promise<void> {
  await client.query(
    `insert into edge_boots (edge_id, boot_id, claimed_at, pending) values ($1, $2, $3, true)
      on conflict do nothing`,
    [edgeId, bootId, now],
  );
}

/** From now on this program speaks for the edge, and no other one that we have heard of. */
export async function claimEdge(client: Client, edgeId: string, bootId: string, now: Date): Promise<void> {
  await client.query(
    `with boot as (
      insert into edge_boots (edge_id, boot_id, claimed_at) values ($1, $2, $3)
      on conflict (edge_id, boot_id) do update set pending = false, claimed_at = excluded.claimed_at
    ), others as (
      update edge_boots set pending = false where edge_id = $1 and boot_id <> $2 and pending
    ) update edges set boot_id = $2, claimed_at = $3 where id = $1`,
    [edgeId, bootId, now],
  );
}
