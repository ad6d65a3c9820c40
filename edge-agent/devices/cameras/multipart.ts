import { err, ok, type Result } from "@parkme/shared/domain/result";

/**
 * A multipart body (RFC 2046, RFC 7578) as cameras send it. Written for their habits, which general parsers
 * refuse: multipart/mixed, parts without a name, zero-length parts whose boundary follows the headers directly,
 * no line break before the end, bare line feeds.
 */
const MAX_PARTS = 16;
const MAX_HEADER_BYTES = 4_096;
const MAX_BOUNDARY_LENGTH = 70;

export type Part = {
  /** `name` of the content disposition; empty when there is none. */
  readonly name: string;
  readonly fileName: string;
  /** Media type in lower case, without its parameters; empty when not said. */
  readonly contentType: string;
  /** A view into the body that was given, not a copy. */
  readonly body: Uint8Array;
};

export type MultipartError =
  "not_multipart" | "no_boundary" | "no_parts" | "too_many_parts" | "headers_too_long";

const CR = 0x0d;
const LF = 0x0a;
const DASH = 0x2d;

/** Cuts a complete body into its parts. The caller bounds the body; everything else is bounded here. */
export function parseMultipart(
  contentType: string,
  bytes: Uint8Array,
): Result<readonly Part[], MultipartError> {
  if (!/^\s*multipart\//i.test(contentType)) return err("not_multipart");
  const boundary = parameter(contentType, "boundary");
  if (boundary.length === 0 || boundary.length > MAX_BOUNDARY_LENGTH) return err("no_boundary");
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = Buffer.from(`--${boundary}`, "latin1");

  const parts: Part[] = [];
  let at = nextDelimiter(body, delimiter, 0);
  while (at !== null && !at.last) {
    if (parts.length === MAX_PARTS) return err("too_many_parts");
    const headers = readHeaders(body, at.end);
    if (headers === null) return err("headers_too_long");
    // The line break before a delimiter belongs to the delimiter; in an empty part it may be that of the headers.
    const next = nextDelimiter(body, delimiter, headers.end);
    // The HTTP layer has seen to it that the body is whole, so a missing last delimiter is a camera's sloppiness.
    parts.push({ ...headers.fields, body: body.subarray(headers.end, next?.start ?? body.length) });
    at = next;
  }
  return parts.length === 0 ? err("no_parts") : ok(parts);
}

type Delimiter = {
  /** Where the content before it ends. */
  readonly start: number;
  /** Where the line after it begins. */
  readonly end: number;
  readonly last: boolean;
};

/** The next delimiter that stands at the beginning of a line, at or after `from` (itself a beginning of a line). */
function nextDelimiter(body: Buffer, delimiter: Buffer, from: number): Delimiter | null {
  for (let at = body.indexOf(delimiter, from); at !== -1; at = body.indexOf(delimiter, at + 1)) {
    if (at !== from && body[at - 1] !== LF) continue;
    let end = at + delimiter.length;
    const last = body[end] === DASH && body[end + 1] === DASH;
    if (last) end += 2;
    while (body[end] === 0x20 || body[end] === 0x09) end += 1;
    if (body[end] === CR) end += 1;
    // Neither a line break nor the end of the body: a longer boundary that begins like ours, or mere content.
    if (body[end] !== LF && !(last && end >= body.length)) continue;
    return { start: Math.max(from, lineBreakBefore(body, at)), end: end + 1, last };
  }
  return null;
}

function lineBreakBefore(body: Buffer, at: number): number {
  if (body[at - 1] !== LF) return at;
  return body[at - 2] === CR ? at - 2 : at - 1;
}

type Headers = { readonly fields: Omit<Part, "body">; readonly end: number };

/** Reads header lines up to the empty one; null when there are more than 4 KiB of them. */
function readHeaders(body: Buffer, from: number): Headers | null {
  let disposition = "";
  let contentType = "";
  let at = from;
  while (at < body.length) {
    const lineFeed = body.indexOf(LF, at);
    const lineEnd = lineFeed === -1 ? body.length : lineFeed;
    if (lineEnd - from > MAX_HEADER_BYTES) return null;
    const line = body.toString("latin1", at, lineEnd).trimEnd();
    at = Math.min(lineEnd + 1, body.length);
    if (line === "") break;
    const [field, value] = splitField(line);
    if (field === "content-disposition") disposition = value;
    if (field === "content-type") contentType = value;
  }
  return {
    fields: {
      name: parameter(disposition, "name"),
      fileName: parameter(disposition, "filename"),
      contentType: (contentType.split(";")[0] ?? "").trim().toLowerCase(),
    },
    end: at,
  };
}

function splitField(line: string): readonly [field: string, value: string] {
  const colon = line.indexOf(":");
  if (colon === -1) return [line.toLowerCase(), ""];
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

/** A parameter of a header, quoted or not; empty when absent. */
function parameter(header: string, name: string): string {
  for (const [, key, quoted, token] of header.matchAll(
    /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))/g,
  )) {
    if (key?.toLowerCase() === name) return quoted?.replaceAll(/\\(.)/g, "$1") ?? token ?? "";
  }
  return "";
}
