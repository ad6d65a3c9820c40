import type { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import {
  assertionText,
  nonceAnswerSchema,
  tokenAnswerSchema,
  type TokenRequest,
} from "@parkme/shared/protocol/enrolment";
import { type CloudHttp, httpRequest, jsonOf, reasonOf } from "./cloud-http.ts";

/**
 * `ready`: nothing is known against it. `not_enrolled`: there is no identity yet. `revoked`: the cloud has taken it away.
 * `refused`: the cloud does not know it.
 */
export type CredentialState = "ready" | "not_enrolled" | "revoked" | "refused";

/** What the edge proves to the cloud who it is with. */
export type Credential = {
  /** Null = not enrolled yet; looked at anew each time. */
  readonly edgeId: () => string | null;
  /**
   * The bearer token to send now, fetched when there is none that is good for long.
   *
   * @throws {CredentialError} when there is none to be had.
   */
  readonly token: (stopping: AbortSignal) => Promise<string>;
  /** The cloud took a request with a token. */
  readonly accepted: () => void;
  /** The cloud answered 401 to this token; `code` is its problem's. Another is fetched when one is asked for. */
  readonly refused: (token: string, code: string | null) => void;
  readonly state: () => CredentialState;
};

/** Why there is no token; `unreachable` may be over at any moment, the others need somebody to act. */
export class CredentialError extends Error {
  readonly kind: "not_enrolled" | "revoked" | "refused" | "unreachable";
  constructor(kind: CredentialError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Sends a request with a token; when that is answered 401, once more with a fresh one.
 *
 * @throws {CredentialError} when there is no token, or no fresh one; and whatever `send` throws.
 */
export async function authorised<Answer extends { readonly status: number; readonly body: unknown }>(
  credential: Credential,
  stopping: AbortSignal,
  send: (token: string) => Promise<Answer>,
): Promise<Answer> {
  const attempt = async (token: string): Promise<Answer> => {
    const answer = await send(token);
    if (answer.status === 401) credential.refused(token, codeOf(answer.body));
    // What is answered otherwise may come from something between us and the cloud.
    else if (answer.status < 400) credential.accepted();
    return answer;
  };
  const token = await credential.token(stopping);
  const answer = await attempt(token);
  if (answer.status !== 401) return answer;
  const fresh = await credential.token(stopping);
  return fresh === token ? answer : await attempt(fresh);
}

/** An edge that was provisioned: its token is in a file, and has no end. */
export function staticCredential(
  edgeId: string,
  token: string,
  changed: (state: CredentialState) => void = () => undefined,
): Credential {
  const { state, setState } = stateOf("ready", changed);
  return {
    edgeId: () => edgeId,
    token: () => Promise.resolve(token),
    accepted: () => setState("ready"),
    refused: (_token, code) => setState(code === "revoked" ? "revoked" : "refused"),
    state,
  };
}

/** The key that an edge enrolled with. */
export type Identity = {
  readonly edgeId: string;
  readonly keyId: string;
  /** @returns the signature over the text's UTF-8 bytes, in base64. */
  readonly sign: (text: string) => string;
};

export type EnrolledOptions = {
  readonly cloud: CloudHttp;
  /** As the disk has it now; null = not enrolled yet. */
  readonly identity: () => Identity | null;
  readonly clock: Clock;
  /** Told once for every change. */
  readonly changed?: (state: CredentialState) => void;
};

/** A token is replaced at this part of its life, so that no request meets its end. */
const RENEW_AT = 0.8;

type Token = {
  readonly keyId: string;
  readonly text: string;
  /** By the monotonic clock. */
  readonly renewMs: number;
  readonly endsMs: number;
};

type Fetching = {
  readonly keyId: string;
  readonly token: Promise<Token>;
  waiting: number;
  readonly giveUp: () => void;
};

/**
 * An edge that was enrolled: its tokens are fetched by signing nonces of the cloud, one request at a time whoever asks.
 * How long they last is measured by the monotonic clock, so a wall clock that is years off changes nothing.
 */
export function enrolledCredential(options: EnrolledOptions): Credential {
  const { identity, clock, changed = () => undefined } = options;
  const { state, setState } = stateOf(identity() === null ? "not_enrolled" : "ready", changed);
  let current: Token | null = null;
  let fetching: Fetching | null = null;

  function begin(its: Identity): Fetching {
    const giveUp = new AbortController();
    return {
      keyId: its.keyId,
      token: fetchToken(options, its, giveUp.signal),
      waiting: 0,
      giveUp: () => giveUp.abort(),
    };
  }

  async function fresh(its: Identity, stopping: AbortSignal): Promise<Token> {
    if (fetching?.keyId !== its.keyId) fetching = begin(its);
    const mine = fetching;
    mine.waiting += 1;
    try {
      return await orStopped(mine.token, stopping);
    } finally {
      mine.waiting -= 1;
      if (mine.waiting === 0) {
        if (fetching === mine) fetching = null;
        mine.giveUp();
      }
    }
  }

  async function token(stopping: AbortSignal): Promise<string> {
    const its = identity();
    if (its === null) {
      current = null;
      setState("not_enrolled");
      throw new CredentialError("not_enrolled", "this edge is not enrolled: run parkme-edge enroll");
    }
    // Another box's, or one from before another enrolment.
    if (current?.keyId !== its.keyId) current = null;
    const nowMs = clock.monotonicMs();
    if (current !== null && nowMs < current.renewMs) return current.text;
    try {
      current = await fresh(its, stopping);
      setState("ready");
      return current.text;
    } catch (error) {
      const kind = error instanceof CredentialError ? error.kind : "unreachable";
      if (kind !== "unreachable") setState(kind);
      else if (current !== null && nowMs < current.endsMs) return current.text;
      throw error;
    }
  }

  return {
    edgeId: () => identity()?.edgeId ?? null,
    token,
    accepted: () => setState("ready"),
    refused: (text, code) => {
      if (current?.text === text) current = null;
      if (code === "revoked") setState("revoked");
    },
    state,
  };
}

async function fetchToken(
  { cloud, clock }: EnrolledOptions,
  { keyId, sign }: Identity,
  stopping: AbortSignal,
): Promise<Token> {
  const { nonce } = await ask(cloud, "/api/edge/nonce", {}, nonceAnswerSchema, stopping);
  const assertion = sign(assertionText(keyId, nonce));
  const request: TokenRequest = { key_id: keyId, nonce, assertion };
  // From before it was asked for: then the end comes sooner here than there.
  const askedMs = clock.monotonicMs();
  const answer = await ask(cloud, "/api/edge/token", request, tokenAnswerSchema, stopping);
  const lifeMs = answer.expires_in_s * 1_000;
  return { keyId, text: answer.token, renewMs: askedMs + lifeMs * RENEW_AT, endsMs: askedMs + lifeMs };
}

async function ask<T>(
  cloud: CloudHttp,
  path: string,
  body: object,
  schema: z.ZodType<T>,
  stopping: AbortSignal,
): Promise<T> {
  const headers = { "content-type": "application/json" };
  const request = { path, headers, body: JSON.stringify(body) };
  const answer = await httpRequest(cloud, request, stopping).catch((error: unknown) => {
    throw new CredentialError("unreachable", reasonOf(error));
  });
  const said = jsonOf(answer.bytes);
  const right = schema.safeParse(said);
  if (answer.status === 200 && right.success) return right.data;
  const code = codeOf(said);
  if (answer.status !== 401) throw new CredentialError("unreachable", `status ${answer.status}`);
  if (code === "revoked") throw new CredentialError("revoked", "the cloud has revoked this edge's key");
  // A link that took a minute for the answer is slow, and the key is none the worse for it.
  const kind = code === "nonce_spent" ? "unreachable" : "refused";
  throw new CredentialError(kind, `the cloud does not take this edge's key (${code ?? "401"})`);
}

/** The promise's outcome, or a rejection as soon as `stopping` aborts. */
async function orStopped<T>(promise: Promise<T>, stopping: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(new CredentialError("unreachable", "stopped"));
    if (stopping.aborted) stop();
    stopping.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => stopping.removeEventListener("abort", stop));
  });
}

function codeOf(body: unknown): string | null {
  return typeof body === "object" && body !== null && "code" in body && typeof body.code === "string"
    ? body.code
    : null;
}

function stateOf(first: CredentialState, changed: (state: CredentialState) => void) {
  let state = first;
  return {
    state: () => state,
    setState: (next: CredentialState): void => {
      if (next === state) return;
      state = next;
      changed(next);
    },
  };
}
