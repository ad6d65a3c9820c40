import type { EventKind, EventPayload } from "@parkme/shared/protocol/sync";
import type { Client, Tx } from "../db/connection.ts";
import { isDataError, readDatabaseError } from "../db/errors.ts";
import type { Told } from "./effect.ts";
import { EFFECTS } from "./effects.ts";
import { compareBooks } from "./equality.ts";
import { project } from "./projection.ts";
import { applyProjection, type Way } from "./projection.queries.ts";
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

export type Applied = { readonly read: readonly ReadEvent[]; readonly movements: readonly MovementCount[] };

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
  if (understood.length === 0) return { read, movements: [] };
  if (way === "fast") return { read, movements: await applyAll(applying, understood, way) };
  const together = await tryAll(applying, understood);
  if (typeof together !== "string") return { read, movements: together };

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
  return { read: results, movements };
}

/** All of it or nothing. @returns what PostgreSQL has against the data, or the movements. */
async function tryAll(
  applying: Applying,
  events: readonly AppliedEvent[],
): Promise<readonly MovementCount[] | string> {
  try {
    return await applying.tx.transaction(
      async (tx) => await applyAll({ ...applying, tx }, events, "careful"),
    );
  } catch (error) {
    if (!isDataError(error)) throw error;
    return readDatabaseError(error)?.message ?? error.message;
  }
}

async function applyAll(
  applying: Applying,
  events: readonly AppliedEvent[],
  way: Way,
): Promise<readonly MovementCount[]> {
  const { tx, client, edge, lanes, now } = applying;
  const movements: MovementCount[] = [];
  for (const run of runsOf(events)) {
    movements.push(...(await applyProjection(client, edge, lanes, project(run), way)));
    await haveEffects(applying, run);
    const last = run.at(-1);
    if (last?.fact.kind === "equality.reported") {
      const owner = { edgeId: edge.id, facilityId: edge.facilityId };
      await compareBooks(tx, owner, last.fact.payload, last.event.seq, now);
    }
  }
  return movements;
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

/** Kind by kind in the order of the table. */
async function haveEffects(applying: Applying, events: readonly AppliedEvent[]): Promise<void> {
  if (!events.some(({ fact }) => Object.hasOwn(EFFECTS, fact.kind))) return;
  const kinds = new Set(events.map(({ fact }) => fact.kind));
  for (const kind of Object.keys(EFFECTS) as EventKind[])
    if (kinds.has(kind)) await haveEffect(kind, applying, events);
}

async function haveEffect<K extends EventKind>(
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
  await EFFECTS[kind]?.(tx, edge, told, now);
}
