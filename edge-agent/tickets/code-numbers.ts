import { createHash } from "node:crypto";

/**
 * What stands in a code in place of a name. Numbers are hashes, so that they stay the same when the configuration is
 * edited: by its place in the file, an offer that is taken out would hand its printed codes to the next one.
 */

/** 48 bits for a facility: a code for one does nothing at another. */
export function facilityTag(facilityId: string): number {
  return hashOf("facility", facilityId).readUIntBE(0, 6);
}

/** 32 bits. */
export function laneNumber(lane: string): number {
  return hashOf("lane", lane).readUInt32BE();
}

/** 32 bits. That no two offers of a facility have the same is checked with the configuration. */
export function offerNumber(merchant: string, offer: string): number {
  return hashOf("offer", merchant, offer).readUInt32BE();
}

/** Names have no line ends, so that no two lists of them are hashed alike. */
function hashOf(...names: readonly string[]): Buffer {
  return createHash("sha256").update(names.join("\n")).digest();
}
