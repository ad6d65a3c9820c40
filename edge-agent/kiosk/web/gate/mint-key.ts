import { createIdMint } from "@parkme/shared/domain/ids";

// Not crypto.randomUUID: browsers offer it over HTTPS and on localhost only, and a booth's tablet reaches the
// gate's computer over the local network.
const mint = createIdMint((length) => crypto.getRandomValues(new Uint8Array(length)));

/** A new idempotency key. */
export function mintKey(): string {
  return mint.next(Date.now());
}
