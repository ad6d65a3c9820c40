/**
 * The PIN of an attendant as the manifest has it: `scrypt$12$SALT$HASH`, the cost as a power of two, then 16 bytes of
 * salt and 32 of scrypt (RFC 7914; r = 8, p = 1) over the PIN, both in base64url. PINs are short: whoever has the hash
 * finds the PIN by trying. It is kept like a key, and never shown.
 */
export type PinHash = {
  /** N: 4096, 8192 or 16384. */
  readonly cost: number;
  readonly salt: string;
  readonly hash: string;
};

const PIN_HASH = /^scrypt\$(1[2-4])\$([\w-]{22})\$([\w-]{43})$/;

/** Null = it is none, or of a cost that a gate does not have the time or the memory for. */
export function readPinHash(text: string): PinHash | null {
  const [, cost, salt, hash] = PIN_HASH.exec(text) ?? [];
  return cost === undefined || salt === undefined || hash === undefined
    ? null
    : { cost: 2 ** Number(cost), salt, hash };
}
