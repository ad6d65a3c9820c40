import type { ManifestEntry } from "./manifest.ts";

/**
 * The digest of a manifest. Entries fall into 256 buckets by their names, so that a change of a few entries of 100,000
 * needs the hashes of a few hundred:
 *
 * - the hash of an entry is SHA-256(section NUL key NUL body);
 * - its bucket is the first byte of SHA-256(section NUL key);
 * - the digest of a bucket is SHA-256 of the hashes of its entries, as hex, sorted, one after the other;
 * - the digest of the manifest is SHA-256 of the 256 digests of its buckets, as hex, in their order.
 *
 * Sorted by hash and not by name, nobody's collation of names can come between the two sides.
 */
export const BUCKETS = 256;

/** SHA-256 of a text's UTF-8 bytes, in hex; shared has none of its own. */
export type Sha256 = (text: string) => string;

export function entryHash({ section, key, body }: ManifestEntry, sha256: Sha256): string {
  return sha256(`${section}\0${key}\0${body}`);
}

/** 0..255. */
export function bucketOf(section: string, key: string, sha256: Sha256): number {
  return Number.parseInt(sha256(`${section}\0${key}`).slice(0, 2), 16);
}

/** @param hashes of the entries of one bucket, in any order. */
export function bucketDigest(hashes: readonly string[], sha256: Sha256): string {
  return sha256(hashes.toSorted().join(""));
}

/** @param buckets the digests of all buckets; one that is left out has no entries. */
export function manifestDigest(buckets: ReadonlyMap<number, string>, sha256: Sha256): string {
  const empty = bucketDigest([], sha256);
  return sha256(Array.from({ length: BUCKETS }, (_, bucket) => buckets.get(bucket) ?? empty).join(""));
}
