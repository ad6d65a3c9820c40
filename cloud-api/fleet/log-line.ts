import { hash } from "node:crypto";
import { logEventSchema, type LogEvent } from "@parkme/shared/protocol/log";

/** A line of an edge's log, read. */
export type Line = LogEvent & {
  /** The payload's JSON as it stands in the line. */
  readonly payloadText: string;
  /** Of the line, after the one before it, in hex. */
  readonly hash: string;
  /** Why the line could not be read: its place is known, what it says is not. Null = it could. */
  readonly fault: string | null;
};

/**
 * The envelope as our edges write it, up to the payload. What it lets through is what the schema lets through, at a
 * fraction of the time, of which ingest spends more here than anywhere else; whatever it does not is read by the schema.
 */
const USUAL =
  /^\{"seq":([1-9]\d{0,14}),"epoch":([1-9]\d{0,14}),"event_id":"([\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12})","kind":"([a-z._]{1,60})","schema_version":([1-9]\d{0,5}),"wall_time":"(\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z)","monotonic_ms":(0|[1-9]\d{0,14}),"boot_id":"([\w.:-]{1,64})","payload":(?=\{)/;

/** Any envelope of `lineOf`, up to the payload. A quote inside a JSON string has a backslash before it. */
const ENVELOPE =
  /^\{"seq":(\d{1,16}),"epoch":(\d{1,16}),"event_id":"([^"\\]{1,40})","kind":("(?:[^"\\]|\\.){0,400}"),"schema_version":(\d{1,16}),"wall_time":"([^"\\]{1,1000})","monotonic_ms":(\d{1,16}),"boot_id":("(?:[^"\\]|\\.){0,400}"),"payload":(?=\{)/su;

const envelopeSchema = logEventSchema.omit({ payload: true });

/**
 * @param text the line without its rows.
 * @param lineHash of the whole line.
 * @returns what the line says, or why it cannot be read.
 */
export function readLine(text: string, lineHash: string): Line | string {
  const usual = USUAL.exec(text);
  const found = usual ?? ENVELOPE.exec(text);
  if (found === null || !text.endsWith("}")) return "not the envelope of an event";
  const payloadText = text.slice(found[0].length, -1);
  const payload = readJson(payloadText);
  if (!isObject(payload)) return "the payload is not JSON";
  if (usual === null) return readUnusual(found, payload, payloadText, lineHash);
  return {
    seq: Number(found[1]),
    epoch: Number(found[2]),
    event_id: found[3] ?? "",
    kind: found[4] ?? "",
    schema_version: Number(found[5]),
    wall_time: found[6] ?? "",
    monotonic_ms: Number(found[7]),
    boot_id: found[8] ?? "",
    payload,
    payloadText,
    hash: lineHash,
    fault: null,
  };
}

function readUnusual(
  [, seq, epoch, event_id, kind, schema_version, wall_time, monotonic_ms, boot_id]: RegExpExecArray,
  payload: Line["payload"],
  payloadText: string,
  lineHash: string,
): Line | string {
  const envelope = envelopeSchema.safeParse({
    seq: Number(seq),
    epoch: Number(epoch),
    event_id,
    kind: readJson(kind ?? ""),
    schema_version: Number(schema_version),
    wall_time,
    monotonic_ms: Number(monotonic_ms),
    boot_id: readJson(boot_id ?? ""),
  });
  if (envelope.success) return { ...envelope.data, payload, payloadText, hash: lineHash, fault: null };
  const issue = envelope.error.issues[0];
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`;
}

const MAX_KEPT = 2_000;

/** A line that cannot be read, in its place: it is kept in quarantine. Its id is made of its hash: ever the same. */
export function unreadableLine(
  text: string,
  fault: string,
  place: { readonly seq: number; readonly epoch: number; readonly hash: string; readonly wall_time: string },
): Line {
  const payload = { line: text.slice(0, MAX_KEPT) };
  return {
    ...place,
    event_id: idOf(place.hash),
    kind: "unreadable",
    schema_version: 1,
    monotonic_ms: 0,
    boot_id: "-",
    payload,
    payloadText: JSON.stringify(payload),
    fault,
  };
}

/** A UUID of version 8 that holds the beginning of a hash. */
function idOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The hashes of lines, one after another: each over the 32 bytes of the one before and the line's own bytes. */
export function createChain(previousHash: string): (line: Uint8Array) => string {
  let last = previousHash;
  let room = Buffer.allocUnsafe(4_096);
  return (line) => {
    const length = HASH_BYTES + line.length;
    if (room.length < length) room = Buffer.allocUnsafe(2 * length);
    room.write(last, "hex");
    room.set(line, HASH_BYTES);
    last = hash("sha256", room.subarray(0, length), "hex");
    return last;
  };
}

const HASH_BYTES = 32;

/** undefined = it is none. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Of what began with a brace: it was JSON. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
