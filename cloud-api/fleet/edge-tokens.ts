import { createPublicKey, verify } from "node:crypto";
import { assertionText, type TokenRequest } from "@parkme/shared/protocol/enrolment";
import { hashToken, mintToken } from "../accounts/secrets.ts";
import type { Db } from "../db/connection.ts";
import { nonceSecret } from "./cloud-keys.queries.ts";
import { findKey, keepToken } from "./edge-tokens.queries.ts";
import { raiseIncident } from "./incidents.queries.ts";
import { isFreshNonce, makeNonce } from "./nonces.ts";

/** How long an edge's token is good. It ends at once when its key is revoked. */
export const TOKEN_SECONDS = 600;

export type TokenOutcome =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "refused"; readonly code: "nonce_spent" | "unknown_key" | "bad_assertion" | "revoked" };

export async function newNonce(db: Db, now: Date): Promise<string> {
  return makeNonce(await nonceSecret(db), now.getTime());
}

/**
 * A token for whoever holds the private half of an enrolled key, proven by a signature over one of our nonces. That a
 * key was revoked is told only to its holder; a signature that is not right is an incident, for somebody has the key's
 * id and not the key.
 */
export async function issueToken(db: Db, request: TokenRequest, now: Date): Promise<TokenOutcome> {
  const { key_id: keyId, nonce, assertion } = request;
  if (!isFreshNonce(await nonceSecret(db), nonce, now.getTime())) return refused("nonce_spent");
  const key = await findKey(db, keyId);
  if (key === null) return refused("unknown_key");
  if (!isSignedBy(key.publicKey, assertionText(keyId, nonce), assertion)) {
    const { edgeId, facilityId } = key;
    const detail = "somebody tried to sign in as this edge without its key";
    await raiseIncident(db, { facilityId, edgeId, kind: "bad_assertion", detail }, now);
    return refused("bad_assertion");
  }
  if (key.revoked) return refused("revoked");
  const token = mintToken();
  const expiresAt = new Date(now.getTime() + TOKEN_SECONDS * 1_000);
  const kept = await keepToken(db, { tokenHash: hashToken(token), keyId, nonce, expiresAt }, now);
  return kept ? { kind: "token", token } : refused("nonce_spent");
}

/** @param publicKey SubjectPublicKeyInfo of an Ed25519 key. @param signature base64. */
export function isSignedBy(publicKey: Buffer, text: string, signature: string): boolean {
  const key = createPublicKey({ key: publicKey, format: "der", type: "spki" });
  return verify(null, Buffer.from(text, "utf8"), key, Buffer.from(signature, "base64"));
}

function refused(code: Extract<TokenOutcome, { kind: "refused" }>["code"]): TokenOutcome {
  return { kind: "refused", code };
}
