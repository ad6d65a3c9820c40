import { createHash } from "node:crypto";
import { withDeadline } from "./deadline.ts";
import type { Timers } from "./nap.ts";

/** How the cloud is reached. */
export type CloudHttp = {
  /** Base address of the cloud API. */
  readonly url: string;
  /** In place of the real one, for a simulation. */
  readonly fetch?: typeof fetch;
  readonly timers?: Timers;
  /** How long the cloud may take for a whole answer. */
  readonly requestTimeoutMs?: number;
};

export type HttpRequest = {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes it a POST, or what `method` says; without it, a GET. */
  readonly body?: string | Uint8Array;
  readonly method?: "POST" | "PUT";
  /** What is longer comes from something that is not our cloud. */
  readonly maxAnswerBytes?: number;
};

/** `bytes` is null where there is no body, or one that is longer than it may be. */
export type HttpAnswer = { readonly status: number; readonly bytes: Buffer | null };

const REQUEST_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 65_536;

/**
 * Asks once. Follows no redirect: what goes along is for this cloud.
 *
 * @throws when there is no whole answer in time, it is not what its `content-digest` says, or `stopping` is aborted.
 */
export async function httpRequest(
  { url, requestTimeoutMs = REQUEST_TIMEOUT_MS, timers, fetch: ask = fetch }: CloudHttp,
  { path, headers = {}, body, method = "POST", maxAnswerBytes = MAX_ANSWER_BYTES }: HttpRequest,
  stopping: AbortSignal,
): Promise<HttpAnswer> {
  const work = async (signal: AbortSignal): Promise<HttpAnswer> => {
    const post = body === undefined ? {} : { method, body };
    const response = await ask(new URL(path, url), { ...post, headers, redirect: "error", signal });
    const bytes = await readBody(response, maxAnswerBytes, signal);
    const announced = response.headers.get("content-digest");
    if (announced !== null && bytes !== null && announced !== contentDigest(bytes))
      throw new Error("the answer was damaged on its way");
    return { status: response.status, bytes };
  };
  return await withDeadline(requestTimeoutMs, stopping, work, timers);
}

/** A `content-digest` (RFC 9530): by it the other end sees what was damaged on its way. */
export function contentDigest(body: string | Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
}

/** What the bytes say as JSON; null when they are none. */
export function jsonOf(bytes: Buffer | null): unknown {
  try {
    return bytes === null ? null : (JSON.parse(bytes.toString("utf8")) as unknown);
  } catch {
    return null;
  }
}

/** Why something failed, for a log. What `fetch` throws says little; its cause says why. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function readBody(response: Response, maxBytes: number, signal: AbortSignal): Promise<Buffer | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return null;
  // By hand, because fetch may have lost sight of the signal: the connection must not be left open.
  const hangUp = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", hangUp, { once: true });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    bytes += next.value.byteLength;
    if (bytes > maxBytes) {
      hangUp();
      return null;
    }
    chunks.push(next.value);
  }
  return Buffer.concat(chunks);
}
