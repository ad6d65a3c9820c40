import type { EventKind, EventPayload } from "@parkme/shared/protocol/sync";
import type { Client, Tx } from "../db/connection.ts";
import { writeAll, type Write } from "../db/copy.ts";
import { isDataError, readDatabaseError } from "../db/errors.ts";
import { isConcerned, type DomainEffects, type Told } from "./effect.ts";
import { EFFECTS } from "./effects.ts";
import { compareBooks } from "./equality.ts";
import { project } from "./projection.ts";
import { applyProjection, type Projected, type Way } from "./projection.queries.ts";
import type { Edge, MovementCount } from "./queries.ts";
import { quarantine, type AppliedEvent, type ReadEvent } from "./rules.ts";

/** The transaction that a batch is applied in; its edge's row is locked. */
export type Applying = {
  readonly tx: Tx;
  /** The connection of `tx`. */
  readonly client: Client;
  readonly edge: Edge;
  /** Those that its facility lists. */
  readonly lanes: readonly string[];
  readonly now: Date;
};

export type Applied = {
  readonly read: readonly ReadEvent[];
  readonly movements: readonly MovementCount[];
  /** To be written with the rest of the batch. */
  readonly writes: readonly Write[];
};

/**
 * Writes what events lead to. `fast` is for events that PostgreSQL has nothing against, told for the first time: anything
 * else is an error of its data (see isDataError), and the transaction is over. `careful` finds the events that it
 * refuses: they are put in quarantine, the others are applied.
 */
export async function applyEvents(
  applying: Applying,
  read: readonly ReadEvent[],
  way: Way,
): Promise<Applied> {
  const understood = read.filter((one) => one.outcome === "applied");
  if (understood.length === 0) return { read, movements: [], writes: [] };
  if (way === "fast") return { read, ...(await applyAll(applying, understood, way)) };
  const together = await tryAll(applying, understood);
  if (typeof together !== "string") return { read, movements: together, writes: [] };

  const results: ReadEvent[] = [];
  const movements: MovementCount[] = [];
  for (const one of read) {
    const moved = one.outcome === "applied" ? await tryAll(applying, [one]) : [];
    if (typeof moved === "string") results.push(quarantine(one.event, moved));
    else {
      results.push(one);
      movements.push(...moved);
    }
  }
  return { read: results, movements, writes: [] };
}

/** All of it or nothing. @returns what PostgreSQL has against the data, or the movements. */
async function tryAll(
  applying: Applying,
  events: readonly AppliedEvent[],
): Promise<readonly MovementCount[] | string> {
  try {
    return await applying.tx.transaction(async (tx) => {
      const { movements, writes } = await applyAll({ ...applying, tx }, events, "careful");
      await writeAll(applying.client, writes);
      return movements;
    });
  } catch (error) {
    if (!isDataError(error)) throw error;
    return readDatabaseError(error)?.message ?? error.message;
  }
}

async function applyAll(applying: Applying, events: readonly AppliedEvent[], way: Way): Promise<Projected> {
  const { tx, client, edge, lanes, now } = applying;
  const movements: MovementCount[] = [];
  const writes: Write[] = [];
  for (const run of runsOf(events)) {
    // What follows a run reads what was written of it; what follows the last one is only the rest of the batch.
    await writeAll(client, writes.splice(0));
    const projected = await applyProjection(client, edge, lanes, project(run), way);
    movements.push(...projected.movements);
    writes.push(...projected.writes);
    if (hasEffects(run)) {
      await writeAll(client, writes.splice(0));
      await haveEffects(applying, run);
    }
    const last = run.at(-1);
    if (last?.fact.kind === "equality.reported") {
      await writeAll(client, writes.splice(0));
      const owner = { edgeId: edge.id, facilityId: edge.facilityId };
      await compareBooks(tx, owner, last.fact.payload, last.event.seq, now);
    }
  }
  return { movements, writes };
}

/** Books are compared as they are at the report's place in the log: a run of events ends with it. */
function runsOf(events: readonly AppliedEvent[]): readonly (readonly AppliedEvent[])[] {
  const runs: AppliedEvent[][] = [];
  let run: AppliedEvent[] = [];
  for (const event of events) {
    run.push(event);
    if (event.fact.kind !== "equality.reported") continue;
    runs.push(run);
    run = [];
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

function hasEffects(events: readonly AppliedEvent[]): boolean {
  return events.some(({ fact }) => EFFECTS.some((domain) => isConcerned(domain, fact)));
}

/** Domain by domain, kind by kind in the order of its table. */
async function haveEffects(applying: Applying, events: readonly AppliedEvent[]): Promise<void> {
  for (const domain of EFFECTS) {
    const concerned = events.filter(({ fact }) => isConcerned(domain, fact));
    const kinds = new Set(concerned.map(({ fact }) => fact.kind));
    for (const kind of Object.keys(domain.effects) as EventKind[])
      if (kinds.has(kind)) await haveEffect(domain, kind, applying, concerned);
  }
}

async function haveEffect<K extends EventKind>(
  { effects }: DomainEffects,
  kind: K,
  { tx, edge, now }: Applying,
  events: readonly AppliedEvent[],
): Promise<void> {
  const told: Told<K>[] = events
    .filter(({ fact }) => fact.kind === kind)
    .map(({ event, fact }) => ({
      seq: event.seq,
      eventId: event.event_id,
      payload: fact.payload as EventPayload<K>,
    }));
  await effects[kind]?.(tx, edge, told, now);
}
