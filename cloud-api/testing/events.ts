import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { isLasting, type AlarmKind } from "@parkme/shared/domain/alarm";
import {
  GENESIS_HASH,
  lineOf,
  logAckSchema,
  type BatchHeader,
  type LogEvent,
} from "@parkme/shared/protocol/log";
import { SYNC_SCHEMA_VERSION, type EventPayload, type SyncFact } from "@parkme/shared/protocol/sync";
import { EDGE_ID, EDGE_TOKEN } from "./cloud.ts";

/** An id that looks like the edge's and is the same in every run. */
export function testId(kind: number, number: number): string {
  return `0192b000-${kind.toString(16).padStart(4, "0")}-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** The program that the test's edge is. */
export const BOOT = "boot-of-the-test";

/** Numbers facts from `firstSeq`, as an edge's log does. */
export function asEvents(facts: readonly SyncFact[], firstSeq = 1): LogEvent[] {
  return facts.map((fact, index) => ({
    seq: firstSeq + index,
    epoch: 1,
    event_id: testId(0xe, firstSeq + index),
    kind: fact.kind,
    schema_version: SYNC_SCHEMA_VERSION,
    wall_time: timeOf(fact),
    monotonic_ms: 1_000 * (firstSeq + index),
    boot_id: BOOT,
    payload: fact.payload,
  }));
}

function timeOf({ payload }: SyncFact): string {
  if ("at" in payload) return payload.at;
  return "entry_at" in payload ? payload.entry_at : "2026-07-15T08:00:00Z";
}

export function started(stay: number, at: string, plate: string | null = `B AB ${stay}`): SyncFact {
  const ticket_number = `PKM-${stay.toString().padStart(8, "0")}`;
  return {
    kind: "stay.started",
    payload: {
      stay_id: testId(1, stay),
      lane: "entry",
      ticket_number,
      plate,
      entry_at: at,
      right: null,
      zone: null,
      inside: false,
    },
  };
}

export function voided(stay: number, at: string): SyncFact {
  return {
    kind: "stay.voided",
    payload: { stay_id: testId(1, stay), lane: "entry", at, reason: "backed out" },
  };
}

export function moved(
  direction: "in" | "out",
  stay: number | null,
  at: string,
  change: Partial<EventPayload<"movement.recorded">> = {},
): SyncFact {
  return {
    kind: "movement.recorded",
    payload: {
      movement_id: testId(direction === "in" ? 2 : 3, stay ?? Date.parse(at) % 1_000_000),
      lane: direction === "in" ? "entry" : "exit",
      direction,
      kind: "normal",
      scope: "facility",
      zones: [],
      stay_id: stay === null ? null : testId(1, stay),
      plate: null,
      at,
      review: null,
      fee: null,
      ...change,
    },
  };
}

/** An alarm at the exit; of a lasting kind, it lasts. */
export function raised(alarm: number, kind: AlarmKind, at: string, detail = ""): SyncFact {
  const alarm_id = testId(6, alarm);
  return {
    kind: "alarm.raised",
    payload: { alarm_id, lane: "exit", kind, detail, lasting: isLasting(kind), at },
  };
}

export function ended(alarm: number, kind: AlarmKind, at: string): SyncFact {
  return { kind: "alarm.ended", payload: { alarm_id: testId(6, alarm), lane: "exit", kind, at } };
}

export function acknowledged(alarm: number, at: string, actor = "alex"): SyncFact {
  return { kind: "alarm.acknowledged", payload: { alarm_id: testId(6, alarm), lane: "exit", actor, at } };
}

export function corrected(zone: string | null, before: number, after: number, at: string): SyncFact {
  const by = { cause: "attendant", actor: "alex", reason: "counted by hand" } as const;
  return { kind: "count.corrected", payload: { zone, before, after, ...by, at } };
}

export function paid(stay: number, amountMinor: number, at: string, currency = "EUR"): SyncFact {
  return {
    kind: "payment.taken",
    payload: {
      payment_id: testId(4, stay),
      stay_id: testId(1, stay),
      lane: "exit",
      method: "cash",
      amount_minor: amountMinor,
      currency,
      actor: "alex",
      at,
      change_minor: 0,
      reference: null,
      shift_id: null,
      receipt_number: null,
    },
  };
}

export function fee(amountMinor: number, currency = "EUR"): EventPayload<"movement.recorded">["fee"] {
  return { amount_minor: amountMinor, currency, applied_rule: "Up to 3 h", tariff_version: 1 };
}

/** A line with its hash. */
export type TestLine = {
  readonly seq: number;
  readonly text: string;
  readonly previous: string;
  readonly hash: string;
};

/** The lines of a log from its beginning, or behind a hash, chained. */
export function chained(events: readonly LogEvent[], previousHash = GENESIS_HASH): TestLine[] {
  const texts = events.map((event) => lineOf({ ...event, payload: JSON.stringify(event.payload) }, null));
  return chainTexts(texts, events[0]?.seq ?? 1, previousHash);
}

/** Any texts as lines of a log. */
export function chainTexts(texts: readonly string[], firstSeq = 1, previousHash = GENESIS_HASH): TestLine[] {
  let previous = previousHash;
  return texts.map((text, index) => {
    const line = { seq: firstSeq + index, text, previous, hash: hashAfter(previous, text) };
    previous = line.hash;
    return line;
  });
}

export function hashAfter(previous: string, text: string): string {
  return createHash("sha256").update(previous, "hex").update(text).digest("hex");
}

/** What the tests' edges have sent: the hash of each line by its number. A new log begins with line 1. */
const sent = new Map<string, Map<number, string>>();

/** The app, or a program at an address. */
type Asked = { readonly request: (path: string, init: RequestInit) => Response | Promise<Response> };

type Sender = { readonly edgeId?: string; readonly token?: string; readonly header?: Partial<BatchHeader> };

/** Sends events as an edge does, chained to what it sent before. */
export async function send(app: Asked, events: readonly LogEvent[], sender: Sender = {}): Promise<Response> {
  const hashes = sent.get(sender.edgeId ?? EDGE_ID) ?? new Map<number, string>();
  sent.set(sender.edgeId ?? EDGE_ID, hashes);
  const first = events[0]?.seq ?? Math.max(0, ...hashes.keys()) + 1;
  const previous_hash = hashes.get(first - 1) ?? GENESIS_HASH;
  const lines = chained(events, previous_hash);
  if (first === 1 && lines.length > 0) hashes.clear();
  for (const { seq, hash } of lines) hashes.set(seq, hash);
  return await sendLines(app, lines, { ...sender, header: { first, previous_hash, ...sender.header } });
}

/** Sends lines that are chained already. */
export async function sendLines(
  app: Asked,
  lines: readonly TestLine[],
  sender: Sender = {},
): Promise<Response> {
  return await sendText(
    app,
    batchText(lines, { edge_id: sender.edgeId ?? EDGE_ID, ...sender.header }),
    sender,
  );
}

/** A batch as it is before it is compressed. */
export function batchText(lines: readonly TestLine[], header: Partial<BatchHeader> = {}): string {
  const previous_hash = header.previous_hash ?? lines[0]?.previous ?? GENESIS_HASH;
  const full: BatchHeader = {
    edge_id: EDGE_ID,
    epoch: 1,
    first: lines[0]?.seq ?? 1,
    hash: lines.at(-1)?.hash ?? previous_hash,
    boot_id: BOOT,
    wall_time: "2026-07-15T12:00:00.000Z",
    waiting: 0,
    ...header,
    previous_hash,
  };
  return [JSON.stringify(full), ...lines.map(({ text }) => text), ""].join("\n");
}

/** Sends any text, in gzip, to where batches go; an empty token sends none. */
export async function sendText(
  app: Asked,
  text: string,
  options: { token?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return await sendBody(app, gzipSync(text), options);
}

/** Sends any bytes to where batches go. */
export async function sendBody(
  app: Asked,
  body: Uint8Array,
  { token = EDGE_TOKEN, headers = {} }: { token?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const authorization: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
  return await app.request("/api/edge/log", {
    method: "POST",
    headers: {
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
      ...authorization,
      ...headers,
    },
    body: new Uint8Array(body),
  });
}

/** The number that a batch was acknowledged up to. */
export async function ackedBy(response: Response): Promise<number> {
  const body: unknown = await response.json();
  const ack = logAckSchema.safeParse(body);
  if (!ack.success) throw new Error(`not acknowledged: ${response.status} ${JSON.stringify(body)}`);
  return ack.data.seq;
}
