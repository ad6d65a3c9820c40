import { and, eq, sql } from "drizzle-orm";
import { z } from "zod";
import {
  MAX_CURSOR_CHARACTERS,
  MAX_PAGE_BYTES,
  MAX_PAGE_ENTRIES,
  type ManifestHeader,
  type ManifestLine,
} from "@parkme/shared/protocol/manifest";
import type { Db, Tx } from "../db/connection.ts";
import { manifests } from "../db/sync-schema.ts";
import { newestOf, type HadManifest } from "./manifest.queries.ts";

/** Where a reading of pages goes on. An edge gives it back as it got it. */
export type PagePlace = {
  readonly full: boolean;
  /** Entries that were gone at this version already are not told of. */
  readonly goneSince: number;
  /** The last entry of the page before. */
  readonly version: number;
  readonly section: string;
  readonly key: string;
};

const placeSchema = z.tuple([
  z.boolean(),
  z.number().int().nonnegative(),
  z.number().int().nonnegative(),
  z.string().max(200),
  z.string().max(200),
]);

function cursorOf({ full, goneSince, version, section, key }: PagePlace): string {
  return Buffer.from(JSON.stringify([full, goneSince, version, section, key])).toString("base64url");
}

/** Null = this is no cursor of ours. */
export function readCursor(text: string): PagePlace | null {
  if (text.length > MAX_CURSOR_CHARACTERS) return null;
  try {
    const read = placeSchema.safeParse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    if (!read.success || /[\0\p{Cs}]/u.test(`${read.data[3]}${read.data[4]}`)) return null;
    const [full, goneSince, version, section, key] = read.data;
    return { full, goneSince, version, section, key };
  } catch {
    return null;
  }
}

export type ManifestPage = { readonly header: ManifestHeader; readonly lines: readonly ManifestLine[] };

/**
 * A page for an edge that has the manifest `from`, or goes on where a page ended. What changed last comes last, so that
 * what is published between two pages is met at the end. Null = there is nothing newer.
 */
export async function readManifestPage(
  db: Db,
  facilityId: string,
  from: HadManifest | PagePlace,
): Promise<ManifestPage | null> {
  // Header and entries of one moment.
  return await db.transaction(
    async (tx) => {
      const newest = await newestOf(tx, facilityId);
      if (newest === null) return null;
      const had = "digest" in from ? from : null;
      if (had?.version === newest.version && had.digest === newest.digest) return null;
      const place = "digest" in from ? await beginning(tx, facilityId, from, newest.version) : from;
      const { rows, more } = await readRows(tx, facilityId, place);
      const last = rows.at(-1);
      const next =
        more && last !== undefined
          ? cursorOf({ ...place, version: Number(last.version), section: last.section, key: last.key })
          : null;
      const { version, digest, entries, madeAt, signature } = newest;
      const header = {
        facility_id: facilityId,
        version,
        digest,
        entries,
        made_at: madeAt.toISOString(),
        signature,
        full: place.full,
        next,
      };
      return { header, lines: rows.map<ManifestLine>(({ section, key, body }) => [section, key, body]) };
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

/** Before everything that the edge does not have; from a manifest that is not known (any more), before everything. */
async function beginning(tx: Tx, facilityId: string, had: HadManifest, newest: number): Promise<PagePlace> {
  const known = await tx
    .select({ version: manifests.version })
    .from(manifests)
    .where(
      and(
        eq(manifests.facilityId, facilityId),
        eq(manifests.version, had.version),
        eq(manifests.digest, had.digest),
      ),
    );
  const full = known.length === 0;
  // No section and no key is empty: this is before the first entry of the version.
  return { full, goneSince: full ? newest : 0, version: full ? 0 : had.version + 1, section: "", key: "" };
}

type EntryRow = {
  readonly section: string;
  readonly key: string;
  readonly body: string | null;
  /** A bigint, as text. */
  readonly version: string;
};

/** The entries after a place, as many as one page may have; at least one. */
async function readRows(
  tx: Tx,
  facilityId: string,
  { goneSince, version, section, key }: PagePlace,
): Promise<{ readonly rows: readonly EntryRow[]; readonly more: boolean }> {
  const inOrder = sql.raw("order by version, section, key");
  // Right after many entries were published the planner does not know of them, and would sort what is left for each page.
  await tx.execute(sql`set local enable_bitmapscan = off`);
  await tx.execute(sql`set local enable_seqscan = off`);
  const found = await tx.execute<EntryRow & { bytes: string }>(sql`
    select section, key, body, version::text as version, bytes::text as bytes from (
      select section, key, body, version,
        sum(octet_length(coalesce(body, '')) + 100) over (${inOrder} rows unbounded preceding)
          - octet_length(coalesce(body, '')) as bytes
      from manifest_entries
      where facility_id = ${facilityId}
        and (version, section, key) > (${version}::bigint, ${section}::text, ${key}::text)
        and (body is not null or version > ${goneSince}::bigint)
      ${inOrder} limit ${MAX_PAGE_ENTRIES + 1}) as page
    ${inOrder}`);
  const fits = found.rows.filter(
    ({ bytes }, index) => index === 0 || (index < MAX_PAGE_ENTRIES && Number(bytes) <= MAX_PAGE_BYTES),
  );
  return { rows: fits, more: fits.length < found.rows.length };
}
