import { hash } from "node:crypto";
import type { TariffPlace } from "@parkme/shared/pricing/tariff-offer";
import { bucketDigest, bucketOf, entryHash, type Sha256 } from "@parkme/shared/protocol/manifest-digest";
import {
  MAX_MANIFEST_ENTRIES,
  sectionNameSchema,
  type ManifestChange,
} from "@parkme/shared/protocol/manifest";
import { MAX_LIST_ENTRIES } from "@parkme/shared/protocol/list-entries";
import {
  checkEntry,
  isListSection,
  isSection,
  MAX_SECTION_ENTRIES,
  type EntryProblem,
} from "@parkme/shared/protocol/manifest-sections";

/** What may be published, and what an entry and its buckets hash to. See shared/protocol/manifest. */

export const sha256: Sha256 = (text) => hash("sha256", text);

/** A change with what the database keeps of it. */
export type HashedChange = ManifestChange & { readonly hash: string; readonly bucket: number };

export function hashed(change: ManifestChange): HashedChange {
  const { section, key, body } = change;
  return {
    ...change,
    hash: body === null ? "" : entryHash({ section, key, body }, sha256),
    bucket: bucketOf(section, key, sha256),
  };
}

/** What is wrong with a change: the first part of the path is its place among the changes. */
export type ChangeProblem = { readonly path: readonly PropertyKey[]; readonly message: string };

/** More than anybody reads. */
const MAX_PROBLEMS = 100;

/** Every problem of the changes, up to a hundred. What is removed needs only a section that there is. */
export function problemsOf(changes: readonly ManifestChange[], place: TariffPlace): readonly ChangeProblem[] {
  const problems: ChangeProblem[] = [];
  for (const [index, change] of changes.entries()) {
    if (problems.length >= MAX_PROBLEMS) break;
    const found = problemsOfChange(change, place);
    problems.push(...found.map(({ path, message }) => ({ path: [index, ...path], message })));
  }
  return problems.slice(0, MAX_PROBLEMS);
}

function problemsOfChange(
  { section, key, body }: ManifestChange,
  place: TariffPlace,
): readonly EntryProblem[] {
  if (!sectionNameSchema.safeParse(section).success || !isSection(section))
    return [{ path: ["section"], message: "is not one that there is" }];
  if (body === null) return [];
  const read = checkEntry({ section, key, body }, place);
  return read.ok ? [] : read.error;
}

/** Of several changes of one entry, the last counts. */
export function lastOfEach(changes: readonly ManifestChange[]): readonly ManifestChange[] {
  return [...new Map(changes.map((change) => [`${change.section}\0${change.key}`, change])).values()];
}

/** Entries by their section. */
export type SectionCounts = ReadonlyMap<string, number>;

/** Why a manifest with so many entries is not published; null = it may be. */
export function tooMany(counts: SectionCounts): string | null {
  let [listed, all] = [0, 0];
  for (const [section, count] of counts) {
    all += count;
    if (isListSection(section)) listed += count;
    const most = MAX_SECTION_ENTRIES.get(section) ?? MAX_MANIFEST_ENTRIES;
    if (count > most) return `${section} would have ${count} entries; ${most} is the most`;
  }
  if (listed > MAX_LIST_ENTRIES)
    return `the lists would have ${listed} entries; ${MAX_LIST_ENTRIES} is the most`;
  return all > MAX_MANIFEST_ENTRIES
    ? `it would have ${all} entries; ${MAX_MANIFEST_ENTRIES} is the most`
    : null;
}

/** The digests of buckets, from the hashes of all their entries. */
export function bucketDigests(
  buckets: Iterable<number>,
  rows: readonly { readonly bucket: number; readonly hash: string }[],
): { readonly bucket: number; readonly digest: string }[] {
  const byBucket = new Map<number, string[]>();
  for (const bucket of buckets) byBucket.set(bucket, []);
  for (const { bucket, hash: of } of rows) byBucket.get(bucket)?.push(of);
  return [...byBucket].map(([bucket, hashes]) => ({ bucket, digest: bucketDigest(hashes, sha256) }));
}
