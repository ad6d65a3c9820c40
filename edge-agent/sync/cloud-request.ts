import { withDeadline } from "./deadline.ts";

/** The cloud as an edge asks it. */
export type CloudAddress = {
  /** Base address of the cloud API. */
  readonly url: string;
  readonly edgeId: string;
  readonly token: string;
  /** How long the cloud may take for a whole answer. */
  readonly requestTimeoutMs?: number;
};

/** `body` is null where the answer is no JSON, or longer than an answer of ours can be. */
export type CloudAnswer = { readonly status: number; readonly body: unknown };

const REQUEST_TIMEOUT_MS = 15_000;
/** What is longer comes from something that is not our cloud. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Asks the cloud once. Follows no redirect: the token is for this cloud.
 *
 * @param post the body of a POST, as JSON; without it, a GET.
 * @throws when there is no answer in time, or `stopping` is aborted.
 */
export async function askCloud(
  { url, token, requestTimeoutMs = REQUEST_TIMEOUT_MS }: CloudAddress,
  path: string,
  stopping: AbortSignal,
  post?: object,
): Promise<CloudAnswer> {
  const authorization = `Bearer ${token}`;
  return await withDeadline(requestTimeoutMs, stopping, async (signal) => {
    const response = await fetch(new URL(path, url), {
      ...(post === undefined
        ? { headers: { authorization } }
        : {
            method: "POST",
            headers: { "content-type": "application/json", authorization },
            body: JSON.stringify(post),
          }),
      redirect: "error",
      signal,
    });
    return { status: response.status, body: await readJson(response, signal) };
  });
}

/** Why something failed, for a log. What `fetch` throws says little; its cause says why. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
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
