import { type LogRefusal, logRefusalSchema } from "@parkme/shared/protocol/log";
import { reasonOf } from "./cloud-http.ts";
import type { CloudAnswer } from "./cloud-request.ts";
import { CredentialError } from "./credential.ts";

/** Why the cloud did not do what it was asked to do. */
export type Failure =
  /** Another program has taken the place of this one. */
  | { readonly kind: "fenced" }
  /** It does not know us, or not any more. */
  | { readonly kind: "locked_out"; readonly reason: string }
  | { readonly kind: "busy"; readonly retryAfterMs: number }
  /** No proper answer, with the reason for the log. */
  | { readonly kind: "failed"; readonly reason: string };

const STATUSES: Readonly<Record<LogRefusal["code"], number>> = {
  sync_gap: 409,
  sync_fork: 409,
  broken_chain: 422,
  old_epoch: 403,
  fenced: 403,
  busy: 429,
};

/** What a refusal says; null = it is none of ours. A proxy's 403 is not the cloud's. */
export function refusalOf({ status, body }: CloudAnswer): LogRefusal | null {
  const read = logRefusalSchema.safeParse(body);
  return read.success && STATUSES[read.data.code] === status ? read.data : null;
}

/** Why an answer is not the one that was hoped for, where it says nothing about the log. */
export function failureOf(answer: CloudAnswer): Failure {
  const refusal = refusalOf(answer);
  if (refusal?.code === "fenced") return { kind: "fenced" };
  if (refusal?.code === "busy") return { kind: "busy", retryAfterMs: refusal.retry_after_ms };
  if (answer.status === 401) return { kind: "locked_out", reason: "the cloud does not know this gate" };
  return {
    kind: "failed",
    reason: answer.status === 200 ? "not an answer of the cloud" : `status ${answer.status}`,
  };
}

/** Why there was no answer. */
export function failureFrom(error: unknown): Failure {
  const reason = reasonOf(error);
  const lockedOut =
    error instanceof CredentialError && (error.kind === "revoked" || error.kind === "refused");
  return { kind: lockedOut ? "locked_out" : "failed", reason };
}
