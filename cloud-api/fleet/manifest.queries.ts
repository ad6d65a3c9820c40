import { and, desc, eq, inArray, isNotNull, sql } from "drizzle-orm";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import {
  signedManifestText,
  type ManifestChange,
  type ManifestEntry,
} from "@parkme/shared/protocol/manifest";
import type { SectionName } from "@parkme/shared/protocol/manifest-sections";
import { manifestDigest } from "@parkme/shared/protocol/manifest-digest";
import type { Db, Tx } from "../db/connection.ts";
import { edges, facilities } from "../db/schema.ts";
import { manifestBuckets, manifestEntries, manifests } from "../db/sync-schema.ts";
import { forgetOnCommit } from "../platform/forget.queries.ts";
import { signingKey } from "./cloud-keys.queries.ts";
import { appendDownlink } from "./downlink.queries.ts";
import {
  bucketDigests,
  hashed,
  lastOfEach,
  problemsOf,
  sha256,
  tooMany,
  type ChangeProblem,
  type HashedChange,
} from "./manifest-rules.ts";

/** A version that is in force now; the former one where nothing changed. 0 = there is none yet. */
export type Published = { readonly version: number; readonly changed: number };

/** Versions that an edge may go on from; one that has an older one gets everything. */
const KEPT_VERSIONS = 10_000;

/**
 * Changes a facility's manifest: all of it or nothing, under the lock of the facility's row. What is as it was changes
 * nothing, and when all of it is, there is no new version. A new version is signed, and goes down to the edge.
 *
 * @returns what is wrong with the changes, each with its place among them; nothing was written then.
 * @throws when there is no such facility.
 */
export async function publish(
  tx: Tx,
  facilityId: string,
  changes: readonly ManifestChange[],
  now: Date,
): Promise<Result<Published, readonly ChangeProblem[]>> {
  const place = await lockPlace(tx, facilityId);
  const problems = problemsOf(changes, place);
  if (problems.length > 0) return err(problems);
  const newest = await newestOf(tx, facilityId);
  const { fresh, added, removed } = await changedOf(tx, facilityId, lastOfEach(changes).map(hashed));
  if (fresh.length === 0) return ok({ version: newest?.version ?? 0, changed: 0 });
  if (added.length > 0) {
    const counts = new Map(await countSections(tx, facilityId));
    for (const { section } of added) counts.set(section, (counts.get(section) ?? 0) + 1);
    for (const { section } of removed) counts.set(section, (counts.get(section) ?? 0) - 1);
    const refused = tooMany(counts);
    if (refused !== null) return err([{ path: [], message: refused }]);
  }
  const version = (await highestVersion(tx, facilityId)) + 1;
  await writeEntries(tx, facilityId, version, fresh);
  await writeBuckets(tx, facilityId, new Set(fresh.map(({ bucket }) => bucket)));
  const entries = (newest?.entries ?? 0) + added.length - removed.length;
  await writeVersion(tx, facilityId, { version, entries }, now);
  await forgetOld(tx, facilityId);
  if (fresh.some(({ section }) => section === "tariffs")) await forgetOnCommit(tx, "tariffs", facilityId);
  return ok({ version, changed: fresh.length });
}

/** A manifest that an edge has, as it says. */
export type HadManifest = { readonly version: number; readonly digest: string };

/**
 * An edge that has a later version than this cloud knows, or another one of the same number, has it from a time that
 * this cloud lost when it was restored: the same entries are published again under a number above that, so that the edge
 * is put right. Without a manifest, there is nothing to put in its place.
 */
export async function raiseManifestAbove(
  tx: Tx,
  facilityId: string,
  had: HadManifest,
  now: Date,
): Promise<void> {
  await lockPlace(tx, facilityId);
  const newest = await newestOf(tx, facilityId);
  if (newest === null || !isOfLostTime(had, newest)) return;
  await writeVersion(tx, facilityId, { version: had.version + 1, entries: newest.entries }, now);
}

export function isOfLostTime({ version, digest }: HadManifest, newest: HadManifest): boolean {
  return version > newest.version || (version === newest.version && digest !== newest.digest);
}

async function lockPlace(tx: Tx, facilityId: string) {
  const [row] = await tx
    .select({ currency: facilities.currency, timeZone: facilities.timeZone })
    .from(facilities)
    .where(eq(facilities.id, facilityId))
    .for("no key update");
  if (row === undefined) throw new Error(`there is no facility ${facilityId}`);
  return { currency: asCurrency(row.currency), timeZone: row.timeZone };
}

export type ManifestRow = typeof manifests.$inferSelect;

export async function newestOf(db: Db | Tx, facilityId: string): Promise<ManifestRow | null> {
  const rows = await db
    .select()
    .from(manifests)
    .where(eq(manifests.facilityId, facilityId))
    .orderBy(desc(manifests.version))
    .limit(1);
  return rows[0] ?? null;
}

/** Of all that were ever heard of, an edge's too: of a lost time, none is used again. */
async function highestVersion(tx: Tx, facilityId: string): Promise<number> {
  const ours = (await newestOf(tx, facilityId))?.version ?? 0;
  const [theirs] = await tx
    .select({ version: sql<number>`coalesce(max(${edges.manifestVersion}), 0)`.mapWith(Number) })
    .from(edges)
    .where(eq(edges.facilityId, facilityId));
  return Math.max(ours, theirs?.version ?? 0);
}

type Changed = {
  readonly fresh: readonly HashedChange[];
  readonly added: readonly HashedChange[];
  readonly removed: readonly HashedChange[];
};

/** Those that change anything, and those of them that make the manifest longer or shorter. */
async function changedOf(tx: Tx, facilityId: string, changes: readonly HashedChange[]): Promise<Changed> {
  const names = JSON.stringify(changes.map(({ section, key }) => ({ section, key })));
  const known = await tx.execute<{ section: string; key: string; hash: string; there: boolean }>(sql`
    select e.section, e.key, e.hash, e.body is not null as there
    from json_to_recordset(${names}::json) as n(section text, key text)
    join manifest_entries e on e.facility_id = ${facilityId} and e.section = n.section and e.key = n.key`);
  const hashes = new Map(
    known.rows.filter(({ there }) => there).map(({ section, key, hash }) => [`${section}\0${key}`, hash]),
  );
  const hashOf = ({ section, key }: HashedChange): string => hashes.get(`${section}\0${key}`) ?? "";
  const fresh = changes.filter((change) => change.hash !== hashOf(change));
  return {
    fresh,
    added: fresh.filter((change) => hashOf(change) === ""),
    removed: fresh.filter(({ body }) => body === null),
  };
}

/** Entries in one statement: kept small enough that its parameter stays some megabytes. */
const ROWS_AT_ONCE = 5_000;

async function writeEntries(
  tx: Tx,
  facilityId: string,
  version: number,
  changes: readonly HashedChange[],
): Promise<void> {
  for (let from = 0; from < changes.length; from += ROWS_AT_ONCE) {
    const rows = JSON.stringify(changes.slice(from, from + ROWS_AT_ONCE));
    await tx.execute(sql`
      insert into manifest_entries (facility_id, section, key, body, hash, bucket, version)
      select ${facilityId}, section, key, body, hash, bucket, ${version}
      from json_to_recordset(${rows}::json) as r(section text, key text, body text, hash text, bucket integer)
      on conflict (facility_id, section, key)
      do update set body = excluded.body, hash = excluded.hash, version = excluded.version`);
  }
}

async function writeBuckets(tx: Tx, facilityId: string, buckets: ReadonlySet<number>): Promise<void> {
  const rows = await tx
    .select({ bucket: manifestEntries.bucket, hash: manifestEntries.hash })
    .from(manifestEntries)
    .where(
      and(
        eq(manifestEntries.facilityId, facilityId),
        inArray(manifestEntries.bucket, [...buckets]),
        isNotNull(manifestEntries.body),
      ),
    );
  await tx
    .insert(manifestBuckets)
    .values(bucketDigests(buckets, rows).map((bucket) => ({ facilityId, ...bucket })))
    .onConflictDoUpdate({
      target: [manifestBuckets.facilityId, manifestBuckets.bucket],
      set: { digest: sql`excluded.digest` },
    });
}

async function writeVersion(
  tx: Tx,
  facilityId: string,
  { version, entries }: { readonly version: number; readonly entries: number },
  now: Date,
): Promise<void> {
  const buckets = await tx
    .select({ bucket: manifestBuckets.bucket, digest: manifestBuckets.digest })
    .from(manifestBuckets)
    .where(eq(manifestBuckets.facilityId, facilityId));
  const digest = manifestDigest(new Map(buckets.map((row) => [row.bucket, row.digest])), sha256);
  const { sign } = await signingKey(tx);
  const signed = { facility_id: facilityId, version, digest, entries, made_at: now.toISOString() };
  const signature = sign(signedManifestText(signed));
  await tx.insert(manifests).values({ facilityId, version, digest, entries, madeAt: now, signature });
  await appendDownlink(tx, facilityId, "manifest", { version }, now);
}

/** Versions beyond those that are kept, and what they removed. */
async function forgetOld(tx: Tx, facilityId: string): Promise<void> {
  const forgotten = await tx.execute(sql`
    delete from manifests where facility_id = ${facilityId} and version < (
      select version from manifests where facility_id = ${facilityId}
      order by version desc offset ${KEPT_VERSIONS - 1} limit 1)`);
  if ((forgotten.rowCount ?? 0) === 0) return;
  await tx.execute(sql`
    delete from manifest_entries where facility_id = ${facilityId} and body is null and version <= (
      select min(version) from manifests where facility_id = ${facilityId})`);
}

/** Entries by section; those that are gone do not count. */
export async function countSections(
  db: Db | Tx,
  facilityId: string,
): Promise<readonly (readonly [string, number])[]> {
  const rows = await db
    .select({ section: manifestEntries.section, n: sql<number>`count(*)`.mapWith(Number) })
    .from(manifestEntries)
    .where(and(eq(manifestEntries.facilityId, facilityId), isNotNull(manifestEntries.body)))
    .groupBy(manifestEntries.section);
  return rows.map(({ section, n }) => [section, n] as const);
}

/** The entries of a section, in no order. */
export async function entriesIn(
  db: Db | Tx,
  facilityId: string,
  section: SectionName,
): Promise<readonly ManifestEntry[]> {
  const rows = await db
    .select({ section: manifestEntries.section, key: manifestEntries.key, body: manifestEntries.body })
    .from(manifestEntries)
    .where(and(eq(manifestEntries.facilityId, facilityId), eq(manifestEntries.section, section)));
  return rows.flatMap(({ body, ...name }) => (body === null ? [] : [{ ...name, body }]));
}

/** The body of an entry; null = there is none. */
export async function bodyOf(
  db: Db | Tx,
  facilityId: string,
  section: string,
  key: string,
): Promise<string | null> {
  const rows = await db
    .select({ body: manifestEntries.body })
    .from(manifestEntries)
    .where(
      and(
        eq(manifestEntries.facilityId, facilityId),
        eq(manifestEntries.section, section),
        eq(manifestEntries.key, key),
      ),
    );
  return rows[0]?.body ?? null;
}

/** The manifest that the facility's edge has, as it said last; null = none, or one that is not known here. */
export async function manifestAtEdge(
  db: Db,
  facilityId: string,
): Promise<{ readonly version: number; readonly madeAt: Date | null } | null> {
  const rows = await db
    .select({ version: edges.manifestVersion, madeAt: manifests.madeAt })
    .from(edges)
    .leftJoin(
      manifests,
      and(eq(manifests.facilityId, edges.facilityId), eq(manifests.version, edges.manifestVersion)),
    )
    .where(eq(edges.facilityId, facilityId))
    .orderBy(sql`${edges.lastSeenAt} desc nulls last`)
    .limit(1);
  const row = rows[0];
  return row === undefined || row.version === 0 ? null : row;
}
