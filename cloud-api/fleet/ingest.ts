import type { SyncEvent } from "@parkme/shared/protocol/sync";
import type { Db, Tx } from "../db/connection.ts";
import { isDataError, readDatabaseError } from "../db/errors.ts";
import { project } from "./projection.ts";
import {
  applyProjection,
  lockCursor,
  moveCursor,
  storeEvents,
  type Edge,
  type MovementCount,
} from "./queries.ts";
import { admit, behindMsOf, quarantine, readEvent, type AppliedEvent, type ReadEvent } from "./rules.ts";

export type IngestOutcome =
  | { readonly kind: "gap"; readonly expected: number }
  | {
      readonly kind: "applied";
      readonly cursor: number;
      readonly duplicates: number;
      /** New events by what became of them. */
      readonly counts: Readonly<Record<ReadEvent["outcome"], number>>;
      readonly movements: readonly MovementCount[];
    };

/**
 * Applies a batch: the events, what they mean and the edge's cursor in one transaction, under the lock of the edge's
 * row. Sent again, it changes nothing. What PostgreSQL refuses because of the data is put in quarantine; any
 * other failure throws, nothing of the batch is kept, and the edge sends it again.
 */
export async function ingestBatch(
  db: Db,
  edge: Edge,
  events: readonly SyncEvent[],
  now: Date,
): Promise<IngestOutcome> {
  return await db.transaction(async (tx) => {
    const cursor = await lockCursor(tx, edge.id);
    const admission = admit(cursor, events);
    if (admission.kind === "gap") return admission;
    const { fresh, duplicates } = admission;

    const { read, movements } = await applyEvents(tx, edge.facilityId, fresh.map(readEvent));
    if (read.length > 0) await storeEvents(tx, edge.id, read, now);
    const newest = fresh.at(-1);
    const moved = newest?.seq ?? cursor;
    await moveCursor(tx, edge.id, moved, behindMsOf(events, newest, now), now);

    const counts = { applied: 0, unknown: 0, quarantined: 0 };
    for (const { outcome } of read) counts[outcome] += 1;
    return { kind: "applied", cursor: moved, duplicates, counts, movements };
  });
}

type Applied = { readonly read: readonly ReadEvent[]; readonly movements: readonly MovementCount[] };

/** All events at once; when PostgreSQL refuses the lot, one by one, to find the one that it refuses. */
async function applyEvents(tx: Tx, facilityId: string, read: readonly ReadEvent[]): Promise<Applied> {
  const apply = async (events: readonly AppliedEvent[]) =>
    await tx.transaction((savepoint) => applyProjection(savepoint, facilityId, project(events)));

  const understood = read.filter((one) => one.outcome === "applied");
  if (understood.length === 0) return { read, movements: [] };
  try {
    return { read, movements: await apply(understood) };
  } catch (error) {
    if (!isDataError(error)) throw error;
  }

  const results: ReadEvent[] = [];
  const movements: MovementCount[] = [];
  for (const one of read) {
    if (one.outcome !== "applied") {
      results.push(one);
      continue;
    }
    try {
      movements.push(...(await apply([one])));
      results.push(one);
    } catch (error) {
      if (!isDataError(error)) throw error;
      results.push(quarantine(one.event, readDatabaseError(error)?.message ?? error.message));
    }
  }
  return { read: results, movements };
}
