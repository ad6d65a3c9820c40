import { hash } from "node:crypto";
import { and, eq, inArray, isNotNull, ne, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { tariffVersions } from "../db/money-schema.ts";
import { facilities } from "../db/schema.ts";
import { manifestEntries } from "../db/sync-schema.ts";
import { cutTimeline, nameOf, timelineOf, type ManifestHead, type TimedVersion } from "./timeline.ts";

/** A version as it is cached: its document is JSON text, and `digest` is that of the text. */
export type TimedText = TimedVersion & { readonly document: string; readonly digest: string };

/** What stays of a facility are priced by. It is cached as JSON. */
export type FacilityTariffs = {
  readonly currency: string;
  readonly timeZone: string;
  readonly organisationId: string;
  /** Drivers may find it. */
  readonly listed: boolean;
  /** In the order in which they come into force. */
  readonly versions: readonly TimedText[];
};

/**
 * The versions that can have a part in pricing from now on. Read as who runs the cloud: gates' manifests and withdrawn
 * versions are not for tenants.
 *
 * @returns null = there is no such facility.
 */
export async function readFacilityTariffs(
  db: Db | Tx,
  facilityId: string,
  now: Date,
): Promise<FacilityTariffs | null> {
  const [place] = await db
    .select({
      currency: facilities.currency,
      timeZone: facilities.timeZone,
      organisationId: facilities.organisationId,
      listed: facilities.listed,
    })
    .from(facilities)
    .where(eq(facilities.id, facilityId));
  if (place === undefined) return null;
  const timeline = await readTimeline(db, facilityId, place.timeZone);
  const documents = await readDocuments(db, facilityId, cutTimeline(timeline, now.getTime()));
  return { ...place, versions: documents };
}

/** All versions that were published or stand in the manifest, in the order in which they come into force. */
export async function readTimeline(
  db: Db | Tx,
  facilityId: string,
  timeZone: string,
): Promise<readonly TimedVersion[]> {
  const published = await db
    .select({
      id: tariffVersions.tariffId,
      version: tariffVersions.version,
      validFrom: tariffVersions.validFrom,
      publishedAt: tariffVersions.publishedAt,
    })
    .from(tariffVersions)
    .where(
      and(
        eq(tariffVersions.facilityId, facilityId),
        ne(tariffVersions.status, "draft"),
        isNotNull(tariffVersions.validFrom),
      ),
    );
  const heads = published.map(({ id, version, validFrom, publishedAt }) => {
    const fromMs = validFrom?.getTime() ?? 0;
    return { id, version, fromMs, publishedMs: publishedAt?.getTime() ?? fromMs };
  });
  return timelineOf(heads, await readManifestHeads(db, facilityId), timeZone);
}

async function readManifestHeads(db: Db | Tx, facilityId: string): Promise<readonly ManifestHead[]> {
  const found = await db.execute<{
    id: string;
    version: number;
    valid_from: string | null;
    made_ms: number | null;
  }>(sql`
    select e.body::json->>'id' as id, (e.body::json->>'version')::float8 as version,
      e.body::json->>'valid_from' as valid_from, (extract(epoch from m.made_at) * 1000)::float8 as made_ms
    from manifest_entries e
    left join manifests m on m.facility_id = e.facility_id and m.version = e.version
    where e.facility_id = ${facilityId} and e.section = 'tariffs' and e.body is not null`);
  return found.rows.map(({ id, version, valid_from: validFrom, made_ms: madeMs }) => ({
    id,
    version,
    validFrom,
    madeMs,
  }));
}

async function readDocuments(
  db: Db | Tx,
  facilityId: string,
  timeline: readonly TimedVersion[],
): Promise<readonly TimedText[]> {
  if (timeline.length === 0) return [];
  const ours = await db
    .select({
      id: tariffVersions.tariffId,
      version: tariffVersions.version,
      document: sql<string>`${tariffVersions.document}::text`,
    })
    .from(tariffVersions)
    .where(
      and(
        eq(tariffVersions.facilityId, facilityId),
        ne(tariffVersions.status, "draft"),
        inArray(tariffVersions.tariffId, [...new Set(timeline.map(({ id }) => id))]),
      ),
    );
  const documents = new Map(ours.map((row) => [nameOf(row), row.document]));
  const missing = timeline.map(nameOf).filter((name) => !documents.has(name));
  const theirs = await db
    .select({ key: manifestEntries.key, document: sql<string>`${manifestEntries.body}::json->>'document'` })
    .from(manifestEntries)
    .where(
      and(
        eq(manifestEntries.facilityId, facilityId),
        eq(manifestEntries.section, "tariffs"),
        isNotNull(manifestEntries.body),
        inArray(manifestEntries.key, missing),
      ),
    );
  for (const { key, document } of theirs) documents.set(key, document);
  return timeline.flatMap((version) => {
    const document = documents.get(nameOf(version));
    return document === undefined ? [] : [{ ...version, document, digest: hash("sha256", document) }];
  });
}
