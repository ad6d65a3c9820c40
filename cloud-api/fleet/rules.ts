import type { BatchHeader, LogRefusal } from "@parkme/shared/protocol/log";
import {
  eventPayloads,
  SYNC_SCHEMA_VERSION,
  type EventKind,
  type SyncFact,
} from "@parkme/shared/protocol/sync";
import type { Line } from "./log-line.ts";

/** Where an edge's log ends in the cloud. */
export type Head = {
  readonly epoch: number;
  /** The last sequence number that is applied; 0 before the first. */
  readonly seq: number;
  /** Of the line at `seq`; null = from before lines were chained: what the edge says of it is believed, once. */
  readonly hash: string | null;
};

/**
 * What a batch is, measured against where the log ends. Nothing of a refused batch is taken. Of an admitted one, the
 * first `known` lines are here already, if their hashes are: see {@link firstFork}.
 */
export type Admission =
  | {
      readonly kind: "refused";
      readonly refusal: Extract<LogRefusal, { code: "sync_gap" | "sync_fork" | "old_epoch" }>;
    }
  | { readonly kind: "admitted"; readonly known: number };

/** @param count how many lines the batch has. */
export function admit(
  head: Head,
  header: Pick<BatchHeader, "epoch" | "first" | "previous_hash">,
  count: number,
): Admission {
  const { epoch, first, previous_hash } = header;
  if (epoch < head.epoch) return { kind: "refused", refusal: { code: "old_epoch", epoch: head.epoch } };
  const next = head.seq + 1;
  if (first > next) {
    // A heartbeat of an edge that is further than we are finds that out by its acknowledgement.
    if (count === 0) return { kind: "admitted", known: 0 };
    return { kind: "refused", refusal: { code: "sync_gap", expected: next } };
  }
  const parted = first === next && head.hash !== null && head.hash !== previous_hash;
  if (parted) return { kind: "refused", refusal: { code: "sync_fork", seq: Math.max(1, head.seq) } };
  return { kind: "admitted", known: Math.min(count, next - first) };
}

/**
 * The first of these lines that is not the one that is here under its number; null = all of them are. One from before
 * lines were chained has no hash: it is believed to be the same.
 */
export function firstFork(lines: readonly Line[], hashes: ReadonlyMap<number, string | null>): Line | null {
  return lines.find(({ seq, hash }) => (hashes.get(seq) ?? hash) !== hash) ?? null;
}

/** There is no year 0, which the schema allows. */
const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");

/** When the edge wrote the event, by its own clock: since 1970, as an instant of the calendar. */
export function wallMsOf({ wall_time }: Pick<Line, "wall_time">): number {
  return Math.max(EARLIEST_MS, Date.parse(wall_time));
}

/**
 * How far the edge was behind when a batch came: as much as its newest event is old, for what is still on the way is
 * about as old. An empty batch says that nothing waits. One with nothing new says nothing (null).
 */
export function behindMsOf(batch: readonly Line[], newest: Line | undefined, now: Date): number | null {
  if (newest !== undefined) return Math.max(0, now.getTime() - wallMsOf(newest));
  return batch.length === 0 ? 0 : null;
}

/** Deeper ones cannot be stored: PostgreSQL does not go down without end. */
const MAX_PAYLOAD_DEPTH = 64;

/** An event that was understood. */
export type AppliedEvent = {
  readonly event: Line;
  readonly outcome: "applied";
  readonly fact: SyncFact;
};

/**
 * An event as it goes into the log. An unknown kind is kept as it came: a later version may know it. One whose
 * payload is not what its kind promises is kept in quarantine, with the reason; it holds nobody up.
 */
export type ReadEvent =
  | AppliedEvent
  | { readonly event: Line; readonly outcome: "unknown" }
  | { readonly event: Line; readonly outcome: "quarantined"; readonly error: string };

export function readEvent(event: Line): ReadEvent {
  if (event.fault !== null) return quarantine(event, event.fault);
  if (isDeeperThan(event.payload, MAX_PAYLOAD_DEPTH)) {
    return quarantine(
      { ...event, payload: {}, payloadText: "{}" },
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

/**
 * It holds characters that are escaped: NUL and half surrogates, which PostgreSQL refuses, are among those. Only with
 * such events in it is a batch worth the slow way from the start.
 */
export function needsCare({ event }: ReadEvent): boolean {
  return event.payloadText.includes("\\u");
}

const MAX_ERROR_LENGTH = 500;

export function quarantine(event: Line, error: string): ReadEvent {
  return { event, outcome: "quarantined", error: error.slice(0, MAX_ERROR_LENGTH) };
}

function isEventKind(kind: string): kind is EventKind {
  return Object.hasOwn(eventPayloads, kind);
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) return true;
  for (const name in value) if (isDeeperThan(value[name as keyof typeof value], depth - 1)) return true;
  return false;
}
