import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * Nonces that nobody has to remember: the time and sixteen random bytes, under the cloud's seal. They say by themselves
 * that they are ours and how old they are, by whichever of our processes; that each is good once is the business of
 * whoever takes them.
 */
export const NONCE_SECONDS = 60;

const TIME_BYTES = 6;
const RANDOM_BYTES = 16;
const SEAL_BYTES = 16;
const BYTES = TIME_BYTES + RANDOM_BYTES + SEAL_BYTES;
/** The clocks of our processes differ by less. */
const CLOCKS_APART_MS = 5_000;

/** @returns 51 characters of base64url. */
export function makeNonce(secret: Buffer, nowMs: number): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeUIntBE(Math.floor(nowMs), 0, TIME_BYTES);
  const body = Buffer.concat([time, randomBytes(RANDOM_BYTES)]);
  return Buffer.concat([body, sealOf(secret, body)]).toString("base64url");
}

/** Whether it is one of ours, and not too old. */
export function isFreshNonce(secret: Buffer, nonce: string, nowMs: number): boolean {
  const bytes = Buffer.from(nonce, "base64url");
  // Written back, because the reader of base64url passes over what it does not know: one nonce has one spelling.
  if (bytes.length !== BYTES || bytes.toString("base64url") !== nonce) return false;
  const body = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
  if (!timingSafeEqual(sealOf(secret, body), bytes.subarray(body.length))) return false;
  const ageMs = nowMs - body.readUIntBE(0, TIME_BYTES);
  return ageMs >= -CLOCKS_APART_MS && ageMs < NONCE_SECONDS * 1_000;
}

function sealOf(secret: Buffer, body: Buffer): Buffer {
  return createHmac("sha256", secret).update("parkme-nonce").update(body).digest().subarray(0, SEAL_BYTES);
}
