import type { EventKind, EventPayload } from "@parkme/shared/protocol/sync";
import type { Tx } from "../db/connection.ts";
import type { Edge } from "./queries.ts";

/** An event of a kind, as it was told. */
export type Told<K extends EventKind> = {
  readonly seq: number;
  readonly eventId: string;
  readonly payload: EventPayload<K>;
};

/**
 * What events of one kind lead to beside the rows of projection.ts: in the transaction of their batch, once for each of
 * them, in the log's order. What PostgreSQL refuses because of the data quarantines the event; anything else that is
 * thrown refuses the batch, and it comes again.
 */
export type Effect<K extends EventKind> = (
  tx: Tx,
  edge: Edge,
  told: readonly Told<K>[],
  now: Date,
) => Promise<void>;
