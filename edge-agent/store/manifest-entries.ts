import { and, count, desc, eq, gt, lt, sql, type SQL } from "drizzle-orm";
import { manifestEntries, manifestFetch, manifests } from "./link-schema.ts";
import { untilNone } from "./list-building.ts";
import type { GateDatabase } from "./open.ts";
import { inserter } from "./statements.ts";
import { inTurns, type Rest, unsynced } from "./turns.ts";

/** The entries of manifests: of the one in force, and of the next while it is fetched. */

/** An entry as it came; a body of null removes it. */
export type StoredEntry = {
  readonly section: string;
  readonly key: string;
  readonly body: string | null;
  readonly hash: string;
  readonly bucket: number;
};
/** The generations that a manifest is made of: the newest of each name counts. */
export type Generations = { readonly base: number; readonly generation: number };
export type ManifestRow = typeof manifests.$inferSelect;
/** How far the next one is fetched. */
export type Fetch = { readonly full: boolean; readonly next: string | null };

const PAGE = 200;
/** Some milliseconds of rows. */
const LEAST_ENTRIES = 50;
const ROWS_AT_ONCE = 100;

/** The manifest in force; null = there never was one. */
export function manifestInForce(db: GateDatabase): () => ManifestRow | null {
  const newest = db.select().from(manifests).orderBy(desc(manifests.version)).limit(1).prepare();
  return () => newest.get() ?? null;
}

/** Of the rows of an entry, the one that counts for a manifest; a placeholder `base` and one `generation`. */
function counts(): SQL {
  const { section, key, generation, body } = manifestEntries;
  return sql`${body} is not null and ${generation} between ${sql.placeholder("base")} and ${sql.placeholder("generation")}
    and not exists (select 1 from ${manifestEntries} as later where later.section = ${section} and later.key = ${key}
      and later.generation > ${generation} and later.generation <= ${sql.placeholder("generation")})`;
}

/** What is asked of the entries of a manifest. */
export function manifestEntryQueries(db: GateDatabase) {
  const hashes = db
    .select({ hash: manifestEntries.hash })
    .from(manifestEntries)
    .where(and(eq(manifestEntries.bucket, sql.placeholder("bucket")), counts()))
    .prepare();
  const ofSection = db
    .select({ key: manifestEntries.key, body: manifestEntries.body })
    .from(manifestEntries)
    .where(
      and(
        eq(manifestEntries.section, sql.placeholder("section")),
        gt(manifestEntries.key, sql.placeholder("after")),
        counts(),
      ),
    )
    .orderBy(manifestEntries.key)
    .limit(PAGE)
    .prepare();
  const one = db
    .select({ body: manifestEntries.body })
    .from(manifestEntries)
    .where(
      and(
        eq(manifestEntries.section, sql.placeholder("section")),
        eq(manifestEntries.key, sql.placeholder("key")),
        counts(),
      ),
    )
    .prepare();
  const inSection = db
    .select({ n: count() })
    .from(manifestEntries)
    .where(and(eq(manifestEntries.section, sql.placeholder("section")), counts()))
    .prepare();
  return {
    /** The hashes of the entries of a bucket. */
    hashesOf: (bucket: number, { base, generation }: Generations): string[] =>
      hashes.all({ bucket, base, generation }).map(({ hash }) => hash),
    /** The entries of a section in the order of their keys, read a page at a time as they are asked for. */
    entriesOf: function* (
      section: string,
      { base, generation }: Generations,
    ): Generator<{ readonly key: string; readonly body: string }> {
      for (let after = ""; ;) {
        const page = ofSection.all({ section, after, base, generation });
        for (const { key, body } of page) if (body !== null) yield { key, body };
        const last = page.at(-1);
        if (last === undefined) return;
        after = last.key;
      }
    },
    bodyOf: (section: string, key: string, { base, generation }: Generations): string | null =>
      one.get({ section, key, base, generation })?.body ?? null,
    countOf: (section: string, { base, generation }: Generations): number =>
      inSection.get({ section, base, generation })?.n ?? 0,
  };
}

/** Writes the next manifest beside that in force, under a generation of its own. */
export function manifestFetching(db: GateDatabase) {
  const inForce = manifestInForce(db);
  const next = (): number => (inForce()?.generation ?? 0) + 1;
  const insert = inserter(db, manifestEntries);
  const known = eq(manifestEntries.generation, sql.placeholder("generation"));
  const removeSame = db
    .delete(manifestEntries)
    .where(
      and(
        eq(manifestEntries.section, sql.placeholder("section")),
        eq(manifestEntries.key, sql.placeholder("key")),
        known,
      ),
    )
    .prepare();
  const fetched = db
    .select({ full: manifestFetch.full, next: manifestFetch.next })
    .from(manifestFetch)
    .prepare();
  const changed = db
    .select()
    .from(manifestEntries)
    .where(and(eq(manifestEntries.section, sql.placeholder("section")), known))
    .orderBy(manifestEntries.key)
    .limit(sql.placeholder("limit"))
    .prepare();
  const buckets = db
    .selectDistinct({ bucket: manifestEntries.bucket })
    .from(manifestEntries)
    .where(known)
    .prepare();
  return {
    /** The manifest that is fetched; null = none is. */
    manifestFetch: (): Fetch | null => fetched.get() ?? null,
    /** What it is made of. */
    fetchedGenerations: (full: boolean): Generations => {
      const generation = next();
      return { generation, base: full ? generation : (inForce()?.base ?? generation) };
    },
    beginFetch: (full: boolean): void => void db.insert(manifestFetch).values({ id: 1, full }).run(),
    /**
     * Keeps a page of entries, read one by one as they are written; then where to go on (null = it was the last).
     * When an entry throws, what was kept before it stays: drop the fetch.
     */
    keepPage: async (entries: Iterable<StoredEntry>, cursor: string | null, rest: Rest): Promise<void> => {
      const generation = next();
      await inTurns(
        entries,
        (entry) => {
          removeSame.run({ section: entry.section, key: entry.key, generation });
          insert({ ...entry, generation });
        },
        { rest, hold: unsynced(db), least: LEAST_ENTRIES },
      );
      if (cursor !== null) db.update(manifestFetch).set({ next: cursor }).run();
    },
    /** Entries of a section that the next manifest has new, changed or removed, at most so many. */
    fetchedChanges: (section: string, limit: number): StoredEntry[] =>
      changed.all({ section, generation: next(), limit }),
    fetchedBuckets: (): number[] => buckets.all({ generation: next() }).map(({ bucket }) => bucket),
    /** Forgets what was fetched and is not in force, with what a stop of the program has left of it. */
    dropFetch: async (rest: Rest): Promise<void> => {
      const generation = next();
      db.delete(manifestFetch).run();
      const some = sql`rowid in (select rowid from ${manifestEntries} where ${manifestEntries.generation} >= ${generation} limit ${ROWS_AT_ONCE})`;
      const remove = db.delete(manifestEntries).where(some).prepare();
      await inTurns(
        untilNone(() => remove.run().changes),
        () => undefined,
        { rest, hold: unsynced(db) },
      );
    },
  };
}

/** Forgets the rows that the manifest in force has taken the place of. Again at the next start, where it was cut off. */
export async function forgetSuperseded(
  db: GateDatabase,
  { base, generation }: Generations,
  rest: Rest,
): Promise<void> {
  const turns = { rest, hold: unsynced(db) };
  const some = sql`rowid in (select rowid from ${manifestEntries} where ${lt(manifestEntries.generation, base)} limit ${ROWS_AT_ONCE})`;
  const before = db.delete(manifestEntries).where(some).prepare();
  await inTurns(
    untilNone(() => before.run().changes),
    () => undefined,
    turns,
  );
  if (base === generation) return;
  const older = db
    .delete(manifestEntries)
    .where(
      and(
        eq(manifestEntries.section, sql.placeholder("section")),
        eq(manifestEntries.key, sql.placeholder("key")),
        lt(manifestEntries.generation, generation),
      ),
    )
    .prepare();
  // Those that are gone last: without their older rows, nothing of them is left to come back.
  await inTurns(namesOf(db, generation), (name) => older.run(name), turns);
  const gone = sql`rowid in (select rowid from ${manifestEntries} where ${and(eq(manifestEntries.generation, generation), sql`${manifestEntries.body} is null`)} limit ${ROWS_AT_ONCE})`;
  const remove = db.delete(manifestEntries).where(gone).prepare();
  await inTurns(
    untilNone(() => remove.run().changes),
    () => undefined,
    turns,
  );
}

function* namesOf(db: GateDatabase, generation: number) {
  const rowid = sql<number>`rowid`;
  const page = db
    .select({ rowid, section: manifestEntries.section, key: manifestEntries.key })
    .from(manifestEntries)
    .where(and(eq(manifestEntries.generation, generation), gt(rowid, sql.placeholder("after"))))
    .orderBy(rowid)
    .limit(PAGE)
    .prepare();
  for (let after = 0; ;) {
    const names = page.all({ after });
    for (const { section, key } of names) yield { section, key };
    const last = names.at(-1);
    if (last === undefined) return;
    after = last.rowid;
  }
}
