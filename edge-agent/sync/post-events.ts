import { syncAckSchema, syncGapSchema, type SyncEvent } from "@parkme/shared/protocol/sync";
import { withDeadline } from "./deadline.ts";

export type CloudAddress = {
  /** Base address of the cloud API. */
  readonly url: string;
  readonly edgeId: string;
  readonly token: string;
  /** How long the cloud may take for a whole answer. */
  readonly requestTimeoutMs?: number;
};

/** What the cloud said to one batch. Whatever is not a proper answer is `failed`, with the reason for the log. */
export type Answer =
  | { readonly kind: "acked"; readonly cursor: number }
  | { readonly kind: "gap"; readonly expected: number }
  | { readonly kind: "failed"; readonly reason: string };

const REQUEST_TIMEOUT_MS = 15_000;
/** An answer is a few dozen bytes; what is longer comes from something that is not our cloud. */
const MAX_ANSWER_BYTES = 65_536;

/** Sends one batch; never throws. */
export async function postEvents(
  { url, edgeId, token, requestTimeoutMs = REQUEST_TIMEOUT_MS }: CloudAddress,
  events: readonly SyncEvent[],
  stopping: AbortSignal,
): Promise<Answer> {
  try {
    return await withDeadline(requestTimeoutMs, stopping, async (signal) => {
      const response = await fetch(new URL("/api/edge/events", url), {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ edge_id: edgeId, events }),
        redirect: "error",
        signal,
      });
      return readAnswer(response.status, await readJson(response, signal));
    });
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error) };
  }
}

/** Why something failed, for a log. What `fetch` throws says little; its cause says why. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function readAnswer(status: number, body: unknown): Answer {
  if (status === 200) {
    const ack = syncAckSchema.safeParse(body);
    return ack.success
      ? { kind: "acked", cursor: ack.data.cursor }
      : { kind: "failed", reason: "not an acknowledgement" };
  }
  const gap = status === 409 ? syncGapSchema.safeParse(body) : null;
  if (gap?.success === true) return { kind: "gap", expected: gap.data.expected };
  return { kind: "failed", reason: `status ${status}` };
}

async function readJson(response: Response, signal: AbortSignal): Promise<unknown> {
  const reader = response.body?.getReader();
  if (reader === undefined) return null;
  // By hand, because fetch may have lost sight of the signal: the connection must not be left open.
  const hangUp = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", hangUp, { once: true });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    bytes += next.value.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      hangUp();
      return null;
    }
    chunks.push(next.value);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    return null;
  }
}
