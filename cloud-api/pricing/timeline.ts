import { momentOf } from "@parkme/shared/domain/moment";

/** Which versions of a facility's tariffs price which time, in the cloud as at its gate. */

export type VersionName = { readonly id: string; readonly version: number };

/** A version of ours that was published. What was withdrawn stays: the one that took its place comes after it. */
export type PublishedHead = VersionName & { readonly fromMs: number; readonly publishedMs: number };

/** One that stands in the manifest, as its maker wrote it; it was not published here. */
export type ManifestHead = VersionName & {
  readonly validFrom: string | null;
  /** When the manifest was made that had it first; null = that is not known any more. */
  readonly madeMs: number | null;
};

/** A version and from when on it is in force, Unix ms. */
export type TimedVersion = VersionName & { readonly fromMs: number };

/** No stay that is priced here began earlier. */
export const PRICED_DAYS = 400;
const DAY_MS = 86_400_000;

/**
 * All versions of a facility in the order in which they come into force; of several at one moment the one that was
 * taken last counts. As gates do it: what comes late is in force from when it came, but for the first one of all, which
 * is in force from ever where its maker says nothing else.
 */
export function timelineOf(
  published: readonly PublishedHead[],
  manifest: readonly ManifestHead[],
  timeZone: string,
): readonly TimedVersion[] {
  const ours = new Set(published.map(nameOf));
  const foreign = manifest.filter((head) => !ours.has(nameOf(head)));
  const firstMs = Math.min(
    ...published.map(({ publishedMs }) => publishedMs),
    ...foreign.map(({ madeMs }) => madeMs ?? 0),
  );
  const first = foreign
    .filter(({ madeMs }) => (madeMs ?? 0) === firstMs)
    .toSorted((a, b) => a.version - b.version)[0];
  const timed = foreign.map((head) => {
    const wantedMs = head.validFrom === null ? null : momentOf(head.validFrom, timeZone);
    const takenMs = head.madeMs ?? 0;
    const fromMs = head === first ? (wantedMs ?? 0) : Math.max(wantedMs ?? takenMs, takenMs);
    return { id: head.id, version: head.version, fromMs, takenMs };
  });
  const all = [...published.map(({ publishedMs, ...head }) => ({ ...head, takenMs: publishedMs })), ...timed];
  return all
    .toSorted((a, b) => a.fromMs - b.fromMs || a.takenMs - b.takenMs || a.version - b.version)
    .map(({ id, version, fromMs }) => ({ id, version, fromMs }));
}

/** Without those that were over before anything that is priced at `nowMs` began. */
export function cutTimeline(timeline: readonly TimedVersion[], nowMs: number): readonly TimedVersion[] {
  const beganMs = nowMs - PRICED_DAYS * DAY_MS;
  return timeline.slice(
    Math.max(
      0,
      timeline.findLastIndex(({ fromMs }) => fromMs <= beganMs),
    ),
  );
}

/** The version in force at a moment; null = none. */
export function inForceAt<V extends TimedVersion>(timeline: readonly V[], atMs: number): V | null {
  return timeline.findLast(({ fromMs }) => fromMs <= atMs) ?? null;
}

/** `id@version`, as manifests and answers name it. */
export function nameOf({ id, version }: VersionName): string {
  return `${id}@${version}`;
}
