import { z } from "zod";

/**
 * The edge's log as it travels: every row is one line of text, and the lines are chained by their hashes.
 *
 * A line is a JSON object in the order of {@link LogEvent}, then, where the row says so, a tab and a JSON array
 * of `[table, row]`, the rows of the edge's own database as the same transaction left them; `[table, key, "gone"]` is one
 * that was deleted. JSON holds no bare tab and
 * no bare line feed, so a reader finds both without parsing. The bytes of a line are never written anew: what was
 * hashed at the edge is what the cloud hashes, keeps, and gives back.
 *
 * The hash of a line is SHA-256(hash of the line before, 32 bytes || the line's UTF-8 bytes), in hex. Before the first
 * line comes {@link GENESIS_HASH}.
 */
export const GENESIS_HASH = "0".repeat(64);

/** Of one batch, before it is compressed; a single line may be longer, up to {@link MAX_LINE_BYTES}. */
export const MAX_BATCH_EVENTS = 500;
export const MAX_BATCH_BYTES = 256 * 1024;
/** The longest line: a tariff document with its row. Nothing longer is written by the edge. */
export const MAX_LINE_BYTES = 2 * 1024 * 1024;

/** One event without the rows that go with it. */
export type LogEvent = {
  readonly seq: number;
  /** Counts the histories of this log: one more after every restore. An older one is not taken any more. */
  readonly epoch: number;
  readonly event_id: string;
  readonly kind: string;
  readonly schema_version: number;
  /** What the edge's clock said. Order is by `seq`, never by this. */
  readonly wall_time: string;
  /** Since the edge's program started, which `boot_id` names: durations within one start are right by it. */
  readonly monotonic_ms: number;
  readonly boot_id: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const sequence = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const bootId = z.string().regex(/^[\w.:-]{1,64}$/);

/** The envelope of a line, checked; the payload is checked against its kind when it is applied. */
export const logEventSchema = z.object({
  seq: sequence,
  epoch: sequence,
  event_id: z.uuid(),
  kind: z.string().min(1).max(60),
  schema_version: z.number().int().positive(),
  wall_time: z.iso.datetime({ offset: true }),
  monotonic_ms: count,
  boot_id: bootId,
  payload: z.record(z.string(), z.unknown()),
});

/** The canonical text of an event. `payload` is the JSON text that the row holds. `rows` as well, or null. */
export function lineOf(
  event: Omit<LogEvent, "payload"> & { readonly payload: string },
  rows: string | null,
): string {
  const { seq, epoch, event_id, kind, schema_version, wall_time, monotonic_ms, boot_id, payload } = event;
  const envelope = `{"seq":${seq},"epoch":${epoch},"event_id":"${event_id}","kind":${JSON.stringify(kind)},"schema_version":${schema_version},"wall_time":"${wall_time}","monotonic_ms":${monotonic_ms},"boot_id":${JSON.stringify(boot_id)},"payload":${payload}}`;
  return rows === null ? envelope : `${envelope}\t${rows}`;
}

/**
 * `POST /api/edge/log`, `content-type: application/x-ndjson`, `content-encoding: gzip`: this header as the first line,
 * then the events' lines, each ended by a line feed. Without events it is a heartbeat.
 */
export const batchHeaderSchema = z.object({
  edge_id: z.uuid().toLowerCase(),
  epoch: sequence,
  /** The number of the first line; without lines, of the one that would be the next. */
  first: sequence,
  /** The hash of the line before the first of this batch. */
  previous_hash: sha256Hex,
  /** The hash of the last line of this batch; without lines, `previous_hash`. By it the cloud sees what was changed. */
  hash: sha256Hex,
  /** Names the running program: one that another has taken the place of is told 403. */
  boot_id: bootId,
  /** The edge's clock as it sends, for the estimate of its offset; nothing is ever refused for it. */
  wall_time: z.iso.datetime({ offset: true }),
  /** Lines that wait behind this batch. */
  waiting: count,
});
export type BatchHeader = z.infer<typeof batchHeaderSchema>;

/** What the cloud grants: how many events the next batch may have, and how long to wait before it. */
export const windowSchema = z.object({
  events: z.number().int().min(1).max(MAX_BATCH_EVENTS),
  pause_ms: z.number().int().min(0).max(60_000),
});
export type Window = z.infer<typeof windowSchema>;

/** 200: everything up to and with `seq` is committed in the cloud, and its chain ends in `hash`. */
export const logAckSchema = z.object({
  epoch: sequence,
  seq: count,
  hash: sha256Hex,
  window: windowSchema,
  /** The cloud's clock. */
  now: z.iso.datetime(),
});
export type LogAck = z.infer<typeof logAckSchema>;

/** Why a batch was not taken: the `code` of the problem document, with what the edge needs to go on. */
export const logRefusalSchema = z.discriminatedUnion("code", [
  /** 409: send again from `expected`, which is the cloud's cursor and one. */
  z.object({ code: z.literal("sync_gap"), expected: sequence }),
  /** 409: another line has this number already. Both are kept; the edge was restored and must say hello. */
  z.object({ code: z.literal("sync_fork"), seq: sequence }),
  /** 422: from this line on the chain does not hold: it was changed on its way, or the edge's log is damaged. */
  z.object({ code: z.literal("broken_chain"), seq: sequence }),
  /** 403: a newer history has begun. */
  z.object({ code: z.literal("old_epoch"), epoch: sequence }),
  /** 403: another program has taken the place of this one. */
  z.object({ code: z.literal("fenced") }),
  /** 429: too many at once. Come back after about this time. */
  z.object({ code: z.literal("busy"), retry_after_ms: z.number().int().positive().max(600_000) }),
]);
export type LogRefusal = z.infer<typeof logRefusalSchema>;

/** A place in a log. */
export const logPlaceSchema = z.object({ epoch: sequence, seq: count, hash: sha256Hex });
export type LogPlace = z.infer<typeof logPlaceSchema>;

export const MAX_LOCATOR = 64;

/**
 * `POST /api/edge/hello`: how an agent begins to talk, and how both find out that one of them was restored. The locator
 * names places of the edge's log from its end backwards, close together at first, then ever further apart.
 */
export const helloSchema = z.object({
  edge_id: z.uuid().toLowerCase(),
  boot_id: bootId,
  /** The program has just started: it takes the place of whoever spoke for this edge before. */
  claim: z.boolean(),
  version: z.string().max(40),
  head: logPlaceSchema,
  /** What the cloud has acknowledged, as the edge remembers it. */
  acked: count,
  locator: z.array(logPlaceSchema).max(MAX_LOCATOR),
  /** How far the downlink was taken. */
  downlink: count,
  manifest: count,
  wall_time: z.iso.datetime({ offset: true }),
});
export type Hello = z.infer<typeof helloSchema>;

/**
 * What the edge must do:
 * `go_on`: the cloud's log is a beginning of the edge's; send from `head.seq + 1`. When that is before what was
 * acknowledged, the cloud was restored.
 * `adopt`: the cloud knows lines that the edge does not: fetch what follows `common`, put it into the own state, and
 * begin a new epoch behind the cloud's `head`.
 */
export const helloAnswerSchema = z.object({
  verdict: z.enum(["go_on", "adopt"]),
  /** Where the cloud's log ends. */
  head: logPlaceSchema,
  /** The last place of the locator that both have; genesis is seq 0. */
  common: logPlaceSchema,
  window: windowSchema,
  /** The key that manifests and commands are signed with: Ed25519, SubjectPublicKeyInfo in base64. */
  signing_key: z.string().max(200),
  now: z.iso.datetime(),
});
export type HelloAnswer = z.infer<typeof helloAnswerSchema>;

/** `POST /api/edge/epochs`: a new history begins behind `parent`, which must be where the cloud's log ends. */
export const newEpochSchema = z.object({
  epoch: sequence,
  parent: logPlaceSchema,
  boot_id: bootId,
  reason: z.string().min(1).max(200),
});
export type NewEpoch = z.infer<typeof newEpochSchema>;

/**
 * `GET /api/edge/log?after=SEQ`: lines that the cloud has, as they came, at most about a batch of them. The answer is
 * NDJSON in gzip: this header, then the lines. `last` is 0 when there are none.
 */
export const tailHeaderSchema = z.object({
  /** The hash of the line before the first of these. */
  previous_hash: sha256Hex,
  first: count,
  last: count,
  head: logPlaceSchema,
});
export type TailHeader = z.infer<typeof tailHeaderSchema>;
