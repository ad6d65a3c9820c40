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

/** A domain's effects by kind of event; kinds take effect in this order. */
export type EffectMap = { readonly [K in EventKind]?: Effect<K> };

export type DomainEffects = {
  readonly effects: EffectMap;
  /**
   * Of kinds that gates tell all the time, which of them something follows from; left out, all. A batch without any need
   * not wait until its rows are written.
   */
  readonly concerns?: { readonly [K in EventKind]?: (payload: EventPayload<K>) => boolean };
};

/** Whether something follows from a fact. */
export function isConcerned<K extends EventKind>(
  { effects, concerns }: DomainEffects,
  fact: { readonly kind: K; readonly payload: EventPayload<K> },
): boolean {
  return Object.hasOwn(effects, fact.kind) && concerns?.[fact.kind]?.(fact.payload) !== false;
}
