import type { EventPayload } from "@parkme/shared/protocol/sync";
import type { Keyring } from "../tickets/keyring.ts";

/** What comes before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Tells the cloud of the key that signs here, so that the box which takes this one's place proves what it has signed.
 * Said once a start, until the manifest names the key.
 */
export function createKeyTelling(
  keyring: Pick<Keyring, "keys">,
  store: {
    readonly manifestEntry: (section: "ticket_keys", key: string) => object | null;
    readonly ticketKeyMade: (fact: EventPayload<"ticket_key.made">, nowMs: number) => void;
  },
): (nowMs: number) => void {
  const told = new Set<string>();
  return (nowMs) => {
    for (const { id, publicText, signs } of keyring.keys()) {
      if (!signs || told.has(publicText) || store.manifestEntry("ticket_keys", publicText) !== null) continue;
      const spki = Buffer.concat([SPKI_PREFIX, Buffer.from(publicText, "base64url")]).toString("base64");
      store.ticketKeyMade({ key_id: id, public_key: spki, at: new Date(nowMs).toISOString() }, nowMs);
      told.add(publicText);
    }
  };
}
