import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/**
 * Puts a seeded chance in the place of the process's own: of `Math.random`, and of the ids and keys that `node:crypto`
 * makes up. Everybody who imported those has the seeded ones from now on.
 *
 * @param random uniform in [0, 1).
 * @returns what puts the process's own back.
 */
export function installVirtualChance(random: () => number): () => void {
  const ownRandom = Math.random;
  const own = { randomUUID: crypto.randomUUID, randomBytes: crypto.randomBytes };
  Math.random = random;
  const bytes = (length: number): Buffer => {
    const filled = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) filled[at] = Math.floor(random() * 256);
    return filled;
  };
  install({ randomBytes: bytes, randomUUID: () => uuidOf(bytes(16)) });
  return () => {
    Math.random = ownRandom;
    install(own);
  };
}

function install(functions: object): void {
  Object.assign(crypto, functions);
  syncBuiltinESMExports();
}

/** A UUID of version 4. */
function uuidOf(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
