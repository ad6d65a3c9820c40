import { GENESIS_HASH, type LogPlace, type LogRefusal } from "@parkme/shared/protocol/log";
import { type Client, transact, type Db, type Tx } from "../db/connection.ts";
import { writeAll } from "../db/copy.ts";
import { isDataError } from "../db/errors.ts";
import { applyEvents } from "./apply.ts";
import {
  archiveWrite,
  beginEpoch,
  eventsWrite,
  keepForks,
  lockEdge,
  moveWrite,
  readHashes,
  type LockedEdge,
} from "./edge-log.queries.ts";
import { changeWrite } from "../live/changes.queries.ts";
import { fence } from "./hello.ts";
import { raiseIncident, type IncidentKind } from "./incidents.queries.ts";
import type { Batch } from "./log-body.ts";
import type { Line } from "./log-line.ts";
import type { Way } from "./projection.queries.ts";
import type { Edge, MovementCount } from "./queries.ts";
import { admit, behindMsOf, firstFork, needsCare, readEvent, type ReadEvent } from "./rules.ts";

export type IngestOutcome =
  | { readonly kind: "refused"; readonly refusal: LogRefusal }
  | {
      readonly kind: "applied";
      /** Where the log ends now. */
      readonly head: { readonly epoch: number; readonly seq: number; readonly hash: string };
      readonly duplicates: number;
      /** New events by what became of them. */
      readonly counts: Readonly<Record<ReadEvent["outcome"], number>>;
      readonly movements: readonly MovementCount[];
    };

/**
 * Applies a batch: the events, what they mean, the lines as they came and the end of the edge's log, in one transaction
 * under the lock of the edge's row. Sent again, it changes nothing. What PostgreSQL refuses because of the data is put
 * in quarantine; any other failure throws, nothing of the batch is kept, and the edge sends it again.
 */
export async function ingestBatch(db: Db, edge: Edge, batch: Batch, now: Date): Promise<IngestOutcome> {
  try {
    return await attempt(db, edge, batch, now, "fast");
  } catch (error) {
    if (!isDataError(error)) throw error;
    return await attempt(db, edge, batch, now, "careful");
  }
}

/** What one transaction has in hand. */
type Ingest = {
  readonly tx: Tx;
  readonly client: Client;
  readonly edge: Edge;
  readonly batch: Batch;
  readonly now: Date;
};

async function attempt(db: Db, edge: Edge, batch: Batch, now: Date, way: Way): Promise<IngestOutcome> {
  return await transact(db, async (tx, client) => {
    const ingest = { tx, client, edge, batch, now };
    const at = await lockEdge(client, edge.id);
    const admitted = await admitBatch(ingest, at);
    if (admitted.kind === "refused") return admitted;
    return await take(ingest, at, admitted.known, way);
  });
}

async function admitBatch(
  ingest: Ingest,
  at: LockedEdge,
): Promise<{ kind: "admitted"; known: number } | Extract<IngestOutcome, { kind: "refused" }>> {
  const { client, edge, batch } = ingest;
  const { header, lines } = batch;
  const fenced = await fence(ingest, at, { bootId: header.boot_id, isHello: false });
  if (fenced !== null) return fenced;
  const admission = admit(at, header, lines.length);
  if (admission.kind === "refused") {
    const { refusal } = admission;
    return await refuse(ingest, refusal, incidentOf(refusal, header.epoch));
  }
  const known = lines.slice(0, admission.known);
  if (known.length > 0) {
    const hashes = await readHashes(
      client,
      edge.id,
      known.map(({ seq }) => seq),
    );
    const fork = firstFork(known, hashes);
    if (fork !== null) return await keepFork(ingest, known, fork);
  }
  const late = lines.slice(known.length).find(({ epoch, fault }) => fault === null && epoch < at.epoch);
  if (late !== undefined) {
    const detail = `line ${late.seq} says that it is of epoch ${late.epoch}, which is over`;
    return await refuse(ingest, { code: "broken_chain", seq: late.seq }, { kind: "broken_chain", detail });
  }
  return admission;
}

type Incident = { readonly kind: IncidentKind; readonly detail: string };

/** The transaction ends well: what is told of the refusal is kept. */
async function refuse(
  { tx, edge, now }: Ingest,
  refusal: LogRefusal,
  incident: Incident | null,
): Promise<Extract<IngestOutcome, { kind: "refused" }>> {
  const { facilityId, id: edgeId } = edge;
  if (incident !== null) await raiseIncident(tx, { facilityId, edgeId, ...incident }, now);
  return { kind: "refused", refusal };
}

/** A gap is nothing out of the ordinary. */
function incidentOf(refusal: LogRefusal, epoch: number): Incident | null {
  if (refusal.code === "old_epoch")
    return { kind: "old_epoch", detail: `it writes epoch ${epoch}; epoch ${refusal.epoch} has begun` };
  if (refusal.code === "sync_fork")
    return { kind: "fork", detail: `its line ${refusal.seq} is another one than ours` };
  return null;
}

/** Lines that are not what is here under their numbers are kept beside. */
async function keepFork(ingest: Ingest, known: readonly Line[], fork: Line) {
  const { client, edge, batch, now } = ingest;
  const parted = known
    .map((line, index) => ({ line, text: batch.text(index) }))
    .filter(({ line }) => line.seq >= fork.seq);
  await keepForks(client, edge.id, parted, now);
  const refusal = { code: "sync_fork", seq: fork.seq } as const;
  return await refuse(ingest, refusal, incidentOf(refusal, batch.header.epoch));
}

/** @param known how many of the lines are here already. */
async function take(ingest: Ingest, at: LockedEdge, known: number, way: Way): Promise<IngestOutcome> {
  const { tx, client, edge, batch, now } = ingest;
  const { header, lines } = batch;
  const fresh = lines.slice(known);
  const events = fresh.map(readEvent);
  const applying = { tx, client, edge, lanes: at.lanes, now };
  const applied = await applyEvents(applying, events, events.some(needsCare) ? "careful" : way);
  const { read, movements } = applied;
  await tellQuarantined(ingest, read);

  const newest = lines.at(-1);
  const isLast = newest !== undefined && newest.seq >= at.seq;
  const previousHash = lines[known - 1]?.hash ?? header.previous_hash;
  const head = {
    epoch: await followEpochs(ingest, { ...at, hash: previousHash }, fresh),
    seq: Math.max(at.seq, newest?.seq ?? 0),
    hash: isLast ? newest.hash : at.hash,
  };
  const moved = {
    ...head,
    behindMs: behindMsOf(lines, fresh.at(-1), now),
    clockOffsetMs: Date.parse(header.wall_time) - now.getTime(),
    waiting: header.waiting,
  };
  const writes = [...applied.writes, moveWrite(edge.id, moved, now)];
  if (fresh[0] !== undefined) {
    const archived = { firstSeq: fresh[0].seq, previousHash, body: batch.body };
    writes.push(eventsWrite(edge.id, read, now), archiveWrite(edge.id, head.seq, archived, now));
    const change = gateChange(read, movements);
    if (change !== null) writes.push(changeWrite(edge.facilityId, "gate", change, now));
  }
  await writeAll(client, writes);

  const counts = { applied: 0, unknown: 0, quarantined: 0 };
  for (const { outcome } of read) counts[outcome] += 1;
  const believed = header.first === at.seq + 1 ? header.previous_hash : GENESIS_HASH;
  return {
    kind: "applied",
    head: { ...head, hash: head.hash ?? believed },
    duplicates: known,
    counts,
    movements,
  };
}

/** What those who watch the facility are told of a batch; null = nothing that they would see. */
function gateChange(
  read: readonly ReadEvent[],
  movements: readonly MovementCount[],
): Readonly<Record<string, number>> | null {
  const passed = (direction: string): number =>
    movements.filter((one) => one.direction === direction).reduce((sum, { count }) => sum + count, 0);
  const alarms = read.filter(({ event }) => event.kind.startsWith("alarm.")).length;
  const change = { in: passed("in"), out: passed("out"), alarms };
  return change.in + change.out + alarms > 0 ? change : null;
}

/**
 * A new history usually begins by its own call; one that we forgot (this database was restored) is told by the log.
 *
 * @returns the history that the log is in then.
 */
async function followEpochs(
  { client, edge, now }: Ingest,
  at: LogPlace,
  fresh: readonly Line[],
): Promise<number> {
  let place = at;
  for (const line of fresh) {
    if (line.epoch > place.epoch) {
      const parent = { parentEpoch: place.epoch, parentSeq: line.seq - 1, parentHash: place.hash };
      await beginEpoch(client, edge.id, { epoch: line.epoch, ...parent, reason: "told by its log" }, now);
    }
    place = { epoch: Math.max(place.epoch, line.epoch), seq: line.seq, hash: line.hash };
  }
  return place.epoch;
}

/** Of one batch; what is wrong with hundreds of events is seldom hundreds of things. */
const MAX_TOLD = 5;

async function tellQuarantined({ tx, edge, now }: Ingest, read: readonly ReadEvent[]): Promise<void> {
  const reasons = new Set<string>();
  for (const one of read) if (one.outcome === "quarantined") reasons.add(`${one.event.kind}: ${one.error}`);
  for (const detail of [...reasons].slice(0, MAX_TOLD)) {
    const { facilityId, id: edgeId } = edge;
    await raiseIncident(tx, { facilityId, edgeId, kind: "quarantined", detail }, now);
  }
}
