import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { count, desc, max } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { dayOf, type BookRows } from "@parkme/shared/protocol/equality";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { bookReading } from "./equality-books.ts";
import { linkState, log, manifests, restoreConflicts } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { agentState } from "./schema.ts";

/** How the gate's log and its link with the cloud stand, as the database has it. */
export type SyncFigures = {
  /** The history that the log is in, and its last row. */
  readonly epoch: number;
  readonly head: number;
  readonly head_hash: string | null;
  /** The cloud has committed the log up to here; what is after it waits. */
  readonly committed: number;
  readonly waiting: number;
  /** Rows up to this one are committed, and forgotten here. */
  readonly pruned: number;
  /** The last item of the downlink that was taken. */
  readonly downlink: number;
  /** The manifest in force; 0 = none was ever taken. */
  readonly manifest: number;
  /** Why the cloud takes nothing from this gate any more; null = it does. */
  readonly fenced: string | null;
  /** Rows of before a restore are still to come from the cloud: from where on, and how far they are here. */
  readonly restoring: { readonly from: number; readonly adopted: number | null } | null;
  /** Rows that could not be put back, for a person to look at. */
  readonly restore_conflicts: number;
  /** The cloud's clock minus ours; null = not known. */
  readonly clock_offset_ms: number | null;
  /** Books of before this day are not compared; null = all are. */
  readonly books_from: string | null;
};

/** Looks into the gate's database without touching it: the gate may run meanwhile. */
export function lookAtDatabase<T>(dataFolder: string, look: (db: GateDatabase) => T): Result<T, string> {
  const path = join(dataFolder, "gate.db");
  if (!existsSync(path)) return err(`${path} is not there: the gate has not run yet.`);
  let file: Database.Database | undefined;
  try {
    file = new Database(path, { readonly: true, timeout: 2_000 });
    const db = drizzle(file);
    return ok(look(db));
  } catch (error) {
    return err(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    file?.close();
  }
}

export function syncFigures(db: GateDatabase): SyncFigures {
  const link = db.select().from(linkState).get();
  const agent = db.select().from(agentState).get();
  if (link === undefined || agent === undefined) throw new Error("the gate has not run yet");
  const last = db.select({ seq: log.seq, hash: log.hash }).from(log).orderBy(desc(log.seq)).limit(1).get();
  // While rows are still to be adopted, the log ends where the cloud's does.
  const parent = { seq: link.parentSeq ?? 0, hash: link.parentHash };
  const newest = last ?? { seq: link.anchorSeq, hash: link.anchorHash };
  const head = parent.seq > newest.seq ? parent : newest;
  const conflicts = db.select({ n: count() }).from(restoreConflicts).get();
  const manifest = db
    .select({ version: max(manifests.version) })
    .from(manifests)
    .get();
  const { restoredSeq: from, adoptedSeq: adopted } = link;
  return {
    epoch: link.epoch,
    head: head.seq,
    head_hash: head.hash,
    committed: agent.uploadCursor,
    waiting: Math.max(0, head.seq - agent.uploadCursor),
    pruned: link.anchorSeq,
    downlink: agent.remoteCursor,
    manifest: manifest?.version ?? 0,
    fenced: link.fenced,
    restoring: from === null ? null : { from, adopted },
    restore_conflicts: conflicts?.n ?? 0,
    clock_offset_ms: link.clockOffsetMs,
    books_from: link.booksFrom,
  };
}

/** The books of every day, and the newest day that there are any of. */
export function booksToLookAt(db: GateDatabase): {
  readonly bookRows: BookRows;
  readonly newestDay: string | null;
} {
  const { bookRows, lastBookMs } = bookReading(db);
  const lastMs = lastBookMs();
  return { bookRows, newestDay: lastMs === null ? null : dayOf(lastMs) };
}
