import {
  eventPayloads,
  SYNC_SCHEMA_VERSION,
  type EventKind,
  type SyncEvent,
  type SyncFact,
} from "@parkme/shared/protocol/sync";

/**
 * What a batch is, measured against the edge's cursor. Nothing of a batch with a gap is taken: the edge sends it
 * again from `expected`.
 */
export type Admission =
  | { readonly kind: "gap"; readonly expected: number }
  | { readonly kind: "admitted"; readonly fresh: readonly SyncEvent[]; readonly duplicates: number };

/** @param cursor the last sequence number that is applied; 0 before the first. */
export function admit(cursor: number, events: readonly SyncEvent[]): Admission {
  let next = cursor + 1;
  const fresh: SyncEvent[] = [];
  for (const event of events) {
    if (event.seq > next) return { kind: "gap", expected: cursor + 1 };
    if (event.seq < next) continue;
    fresh.push(event);
    next += 1;
  }
  return { kind: "admitted", fresh, duplicates: events.length - fresh.length };
}

/** PostgreSQL has no year 0, which the schema allows. */
const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");

/** When the edge wrote the event, by its own clock. */
export function wallTimeOf(event: SyncEvent): Date {
  return new Date(Math.max(EARLIEST_MS, Date.parse(event.wall_time)));
}

/**
 * How far the edge was behind when a batch came: as much as its newest event is old, for what is still on the way is
 * about as old. An empty batch says that nothing waits. One with nothing new says nothing (undefined).
 */
export function behindMsOf(
  batch: readonly SyncEvent[],
  newest: SyncEvent | undefined,
  now: Date,
): number | undefined {
  if (newest !== undefined) return Math.max(0, now.getTime() - wallTimeOf(newest).getTime());
  return batch.length === 0 ? 0 : undefined;
}

/** Deeper ones cannot be stored: neither PostgreSQL nor JSON.stringify goes down without end. */
const MAX_PAYLOAD_DEPTH = 64;

/** An event that was understood. */
export type AppliedEvent = {
  readonly event: SyncEvent;
  readonly outcome: "applied";
  readonly fact: SyncFact;
};

/**
 * An event as it goes into the log. An unknown kind is kept as it came: a later version may know it. One whose
 * payload is not what its kind promises is kept in quarantine, with the reason; it holds nobody up.
 */
export type ReadEvent =
  | AppliedEvent
  | { readonly event: SyncEvent; readonly outcome: "unknown" }
  | { readonly event: SyncEvent; readonly outcome: "quarantined"; readonly error: string };

export function readEvent(event: SyncEvent): ReadEvent {
  if (isDeeperThan(event.payload, MAX_PAYLOAD_DEPTH)) {
    return quarantine(
      { ...event, payload: {} },
      `payload: nested deeper than ${MAX_PAYLOAD_DEPTH}, not kept`,
    );
  }
  if (!isEventKind(event.kind)) return { event, outcome: "unknown" };
  if (event.schema_version > SYNC_SCHEMA_VERSION) {
    return quarantine(event, `schema_version ${event.schema_version} is newer than this program`);
  }
  const payload = eventPayloads[event.kind].safeParse(event.payload);
  if (!payload.success) {
    const issue = payload.error.issues[0];
    return quarantine(event, `${issue?.path.join(".") || "payload"}: ${issue?.message ?? "invalid"}`);
  }
  return { event, outcome: "applied", fact: { kind: event.kind, payload: payload.data } as SyncFact };
}

const MAX_ERROR_LENGTH = 500;

export function quarantine(event: SyncEvent, error: string): ReadEvent {
  return { event, outcome: "quarantined", error: error.slice(0, MAX_ERROR_LENGTH) };
}

function isEventKind(kind: string): kind is EventKind {
  return Object.hasOwn(eventPayloads, kind);
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) return true;
  for (const member of Object.values(value)) if (isDeeperThan(member, depth - 1)) return true;
  return false;
}
