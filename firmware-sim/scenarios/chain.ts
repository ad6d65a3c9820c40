import { createHash } from "node:crypto";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import Database from "better-sqlite3";
import type { SitePlan } from "../site/plan.ts";
import { askCloud } from "./records.ts";

/** The gate's log on both sides: the chain is followed by hand, from the bytes that the cloud keeps. */

export type Entry = {
  readonly seq: number;
  readonly epoch: number;
  readonly eventId: string;
  readonly kind: string;
  /** The chain's, in hex. */
  readonly hash: string;
};

type Batch = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly previousHash: string;
  readonly body: Buffer;
};
type CloudHead = { readonly seq: number; readonly epoch: number; readonly hash: string };

const GENESIS = "0".repeat(64);

/** The log as the gate's own database has it. */
export function edgeLog(dataFolder: string): Entry[] {
  const db = new Database(join(dataFolder, "gate.db"), { readonly: true, fileMustExist: true });
  try {
    return db
      .prepare<[], Entry>("select seq, epoch, event_id as eventId, kind, hash from log order by seq")
      .all();
  } finally {
    db.close();
  }
}

/** The events that the cloud has taken, with what became of each. */
export async function cloudEvents(plan: SitePlan): Promise<(Entry & { readonly outcome: string })[]> {
  return await askCloud(
    plan,
    `select v.seq::float8 as seq, v.epoch::float8 as epoch, v.event_id::text as "eventId", v.kind, v.outcome,
     encode(v.hash, 'hex') as hash from edge_events v join edges e on e.id = v.edge_id
     where e.facility_id = $1 order by v.seq`,
  );
}

/** Where the cloud believes that the log ends. */
export async function cloudHead(plan: SitePlan): Promise<CloudHead | undefined> {
  const [head] = await askCloud<CloudHead>(
    plan,
    `select cursor::float8 as seq, epoch::float8 as epoch, head_hash as hash from edges where facility_id = $1`,
  );
  return head;
}

/**
 * Follows the chain through the batches that the cloud keeps, from the first line to the last: each line must be the
 * next, and each batch must begin where the one before ended.
 *
 * @returns the lines, with the hashes that they must have.
 */
export async function followChain(plan: SitePlan): Promise<Entry[]> {
  const batches = await askCloud<Batch>(
    plan,
    `select b.first_seq::float8 as "firstSeq", b.last_seq::float8 as "lastSeq", b.previous_hash as "previousHash", b.body
     from edge_batches b join edges e on e.id = b.edge_id where e.facility_id = $1 order by b.last_seq`,
  );
  const entries: Entry[] = [];
  let hash = GENESIS;
  for (const batch of batches) {
    const expected = (entries.at(-1)?.seq ?? 0) + 1;
    if (batch.firstSeq !== expected) throw new Error(`a batch begins at ${batch.firstSeq}, not ${expected}`);
    if (batch.previousHash !== hash) throw new Error(`the batch of ${batch.firstSeq} has another before it`);
    for (const { seq, line } of linesOf(batch)) {
      hash = createHash("sha256").update(Buffer.from(hash, "hex")).update(line, "utf8").digest("hex");
      entries.push({ ...entryOf(line, seq), hash });
    }
    if (entries.at(-1)?.seq !== batch.lastSeq) throw new Error(`the batch does not end at ${batch.lastSeq}`);
  }
  return entries;
}

/** Lines of a batch that count: what the cloud had before may stand in front. */
function linesOf({ body, firstSeq, lastSeq }: Batch): { readonly seq: number; readonly line: string }[] {
  const [header = "", ...lines] = gunzipSync(body).toString("utf8").split("\n");
  const { first } = JSON.parse(header) as { readonly first: number };
  return lines
    .slice(0, -1)
    .map((line, index) => ({ seq: first + index, line }))
    .filter(({ seq }) => seq >= firstSeq && seq <= lastSeq);
}

function entryOf(line: string, seq: number): Omit<Entry, "hash"> {
  const [envelope = ""] = line.split("\t", 1);
  const said = JSON.parse(envelope) as {
    readonly seq: number;
    readonly epoch: number;
    readonly event_id: string;
    readonly kind: string;
  };
  if (said.seq !== seq) throw new Error(`line ${seq} says that it is ${said.seq}`);
  return { seq, epoch: said.epoch, eventId: said.event_id, kind: said.kind };
}

export type Incident = { readonly kind: string; readonly detail: string; readonly count: number };

export async function cloudIncidents(plan: SitePlan): Promise<Incident[]> {
  return await askCloud(
    plan,
    "select kind, detail, count from sync_incidents where facility_id = $1 order by at",
  );
}

/** How often the books were found equal, and unequal, up to this place of the log and behind it. */
export type Checked = { readonly subject: string; readonly seq: number; readonly equal: boolean };

/** The last comparison of each day of each kind of rows. */
export async function cloudChecks(plan: SitePlan): Promise<Checked[]> {
  return await askCloud(
    plan,
    "select subject, seq::float8 as seq, equal from equality_checks where facility_id = $1 order by subject",
  );
}

/** Lines that came with a number which another line has. */
export async function cloudForks(plan: SitePlan): Promise<{ readonly seq: number }[]> {
  return await askCloud(
    plan,
    `select f.seq::float8 as seq from edge_forks f join edges e on e.id = f.edge_id where e.facility_id = $1`,
  );
}
