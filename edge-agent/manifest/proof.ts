import { createPublicKey, verify } from "node:crypto";
import { type ManifestHeader, signedManifestText } from "@parkme/shared/protocol/manifest";
import { bucketDigest, BUCKETS, manifestDigest } from "@parkme/shared/protocol/manifest-digest";
import type { Generations } from "../store/manifest-entries.ts";
import { inTurns, type Rest } from "../store/turns.ts";
import { ManifestProblem, sha256 } from "./page.ts";

/** What must be proven of a manifest before anything of it counts. */

export type Expected = {
  readonly facilityId: string;
  /** Ed25519, SubjectPublicKeyInfo in base64: the first that the cloud told of. */
  readonly signingKey: string;
};

/** Throws a ManifestProblem for a header that is another facility's, or not signed by the cloud. */
export function proveHeader(header: ManifestHeader, { facilityId, signingKey }: Expected): void {
  if (header.facility_id !== facilityId.toLowerCase()) throw new ManifestProblem("it is another facility's");
  if (!isSigned(header, signingKey)) throw new ManifestProblem("it is not signed by the cloud");
}

function isSigned(header: ManifestHeader, signingKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(signingKey, "base64"), format: "der", type: "spki" });
    const signature = Buffer.from(header.signature, "base64");
    return (
      key.asymmetricKeyType === "ed25519" &&
      verify(null, Buffer.from(signedManifestText(header)), key, signature)
    );
  } catch {
    return false;
  }
}

type Hashes = {
  readonly hashesOf: (bucket: number, generations: Generations) => readonly string[];
  readonly fetchedBuckets: () => readonly number[];
};

/**
 * The digests of the buckets of a manifest.
 *
 * @param before those of the manifest that it changes; only buckets with new entries are looked at then. Null = all are.
 */
export async function bucketDigests(
  store: Hashes,
  generations: Generations,
  before: ReadonlyMap<number, string> | null,
  rest: Rest,
): Promise<ReadonlyMap<number, string>> {
  const digests = new Map(before ?? []);
  const buckets =
    before === null ? Array.from({ length: BUCKETS }, (_, bucket) => bucket) : store.fetchedBuckets();
  const digest = (bucket: number): void => {
    digests.set(bucket, bucketDigest(store.hashesOf(bucket, generations), sha256));
  };
  await inTurns(buckets, digest, { rest });
  return digests;
}

export function digestOf(buckets: ReadonlyMap<number, string>): string {
  return manifestDigest(buckets, sha256);
}
