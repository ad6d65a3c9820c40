import { type CloudHttp, contentDigest, type HttpRequest, httpRequest, jsonOf } from "./cloud-http.ts";
import { authorised, type Credential } from "./credential.ts";

/** The cloud as an edge asks it. */
export type CloudAddress = CloudHttp & {
  /** Who asks. */
  readonly credential: Credential;
};

/** `body` is null where the answer is no JSON, or longer than an answer of ours can be. */
export type CloudAnswer = { readonly status: number; readonly body: unknown };
/** `body` is what the bytes say as JSON: of a refusal, the problem. */
export type CloudBytes = CloudAnswer & { readonly bytes: Buffer | null };

/**
 * Asks the cloud once; once more with a fresh token when the first is not good any more.
 *
 * @param post the body of a POST, as JSON; without it, a GET.
 * @throws when there is no answer in time, `stopping` is aborted, or there is no token to ask with: a CredentialError.
 */
export async function askCloud(
  address: CloudAddress,
  path: string,
  stopping: AbortSignal,
  post?: object,
  { maxAnswerBytes }: { readonly maxAnswerBytes?: number } = {},
): Promise<CloudAnswer> {
  const json = post === undefined ? {} : jsonBody(JSON.stringify(post));
  const { status, body } = await ask(address, { path, ...json, ...bounded(maxAnswerBytes) }, stopping);
  return { status, body };
}

function jsonBody(body: string): Pick<HttpRequest, "headers" | "body"> {
  const headers = { "content-type": "application/json", "content-digest": contentDigest(body) };
  return { headers, body };
}

/** Posts bytes, otherwise as {@link askCloud}. */
export async function sendToCloud(
  address: CloudAddress,
  post: {
    readonly path: string;
    readonly type: string;
    readonly encoding?: "gzip";
    readonly bytes: Uint8Array;
  },
  stopping: AbortSignal,
): Promise<CloudAnswer> {
  const { path, type, encoding, bytes } = post;
  const headers = { "content-type": type, ...(encoding && { "content-encoding": encoding }) };
  const { status, body } = await ask(address, { path, headers, body: bytes }, stopping);
  return { status, body };
}

/** Puts bytes at an address, otherwise as {@link askCloud}. */
export async function putToCloud(
  address: CloudAddress,
  put: {
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly bytes: Uint8Array;
  },
  stopping: AbortSignal,
): Promise<CloudAnswer> {
  const { path, headers, bytes } = put;
  const { status, body } = await ask(address, { path, headers, body: bytes, method: "PUT" }, stopping);
  return { status, body };
}

/** Gets bytes, otherwise as {@link askCloud}. What came compressed by its header is given as it was before. */
export async function fetchBytes(
  address: CloudAddress,
  path: string,
  stopping: AbortSignal,
  maxAnswerBytes?: number,
): Promise<CloudBytes> {
  return await ask(address, { path, ...bounded(maxAnswerBytes) }, stopping);
}

async function ask(address: CloudAddress, request: HttpRequest, stopping: AbortSignal): Promise<CloudBytes> {
  return await authorised(address.credential, stopping, async (token) => {
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    const { status, bytes } = await httpRequest(address, { ...request, headers }, stopping);
    return { status, bytes, body: jsonOf(bytes) };
  });
}

function bounded(maxAnswerBytes: number | undefined): Pick<HttpRequest, "maxAnswerBytes"> {
  return maxAnswerBytes === undefined ? {} : { maxAnswerBytes };
}
