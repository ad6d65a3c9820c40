import { and, asc, count, desc, eq, sql } from "drizzle-orm";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { detailOf, instantOf, type LogWriter } from "./log.ts";
import { tariffs } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";

/** A version that was taken. In force is the one that came into force last, of several the one taken last. */
export type TariffRow = {
  readonly id: string;
  readonly version: number;
  /** From when on it is in force. */
  readonly fromMs: number;
  readonly takenMs: number;
  readonly source: string;
};

export type NewTariff = {
  readonly id: string;
  readonly version: number;
  /** Null = from now. */
  readonly fromMs: number | null;
  /** JSON. */
  readonly document: string;
  readonly source: string;
};

export type TakenTariff = { readonly row: TariffRow; /** It was taken before. */ readonly again: boolean };
export type TariffRefusal = Refusal<"version_changed" | "version_old" | "too_many_versions">;

export type RefusedTariff = {
  readonly id: string | null;
  readonly version: number | null;
  readonly source: string;
  readonly problem: string;
};

/** More than a facility has in its life; each is looked through in memory. */
const MAX_VERSIONS = 5_000;

/** All of a version but its document. */
const HEAD = {
  tariffId: tariffs.tariffId,
  version: tariffs.version,
  fromAt: tariffs.fromAt,
  takenAt: tariffs.takenAt,
  source: tariffs.source,
};
type Head = Pick<typeof tariffs.$inferSelect, keyof typeof HEAD>;

/** The versions of the facility's tariffs: added, never changed. */
export function tariffKeeping(db: GateDatabase, writeLog: LogWriter) {
  const all = db.select(HEAD).from(tariffs).orderBy(asc(tariffs.fromAt), asc(tariffs.id)).prepare();
  const one = db
    .select()
    .from(tariffs)
    .where(and(eq(tariffs.tariffId, sql.placeholder("id")), eq(tariffs.version, sql.placeholder("version"))))
    .prepare();
  const newest = db
    .select({ version: tariffs.version })
    .from(tariffs)
    .where(eq(tariffs.tariffId, sql.placeholder("id")))
    .orderBy(desc(tariffs.version))
    .limit(1)
    .prepare();

  const counted = db.select({ n: count() }).from(tariffs).prepare();

  const take = (given: NewTariff, nowMs: number): Result<TakenTariff, TariffRefusal> => {
    const { id, version, document, source } = given;
    const known = one.get({ id, version });
    if (known !== undefined) return again(known, given);
    const latest = newest.get({ id })?.version ?? 0;
    if (latest > version) {
      const message = `Version ${version} of tariff ${id} is older than version ${latest}, which is here already.`;
      return err(refusal("version_old", "operator", message));
    }
    const before = counted.get()?.n ?? 0;
    if (before >= MAX_VERSIONS) {
      const message = `There are ${before} versions of tariffs here, and no room for more.`;
      return err(refusal("too_many_versions", "operator", message));
    }
    // Stays of before were priced already, so that none comes into force in the past; but for the first one, which
    // prices those that nothing else does.
    const fromAt = before === 0 ? (given.fromMs ?? 0) : Math.max(given.fromMs ?? nowMs, nowMs);
    const row = db
      .insert(tariffs)
      .values({ tariffId: id, version, fromAt, document, takenAt: nowMs, source })
      .returning()
      .get();
    const at = instantOf(nowMs);
    const payload = { tariff_id: id, version, from: instantOf(fromAt), source: detailOf(source), at };
    writeLog({ kind: "tariff.taken", payload }, nowMs);
    return ok({ row: rowOf(row), again: false });
  };
  return {
    /** Adds a version; one that is known already with the same text is left as it is. */
    takeTariff: (given: NewTariff, nowMs: number): Result<TakenTariff, TariffRefusal> =>
      db.transaction(() => take(given, nowMs), { behavior: "immediate" }),
    /** Tells the cloud of a tariff that was offered and is not valid. */
    tariffRefused: ({ id, version, source, problem }: RefusedTariff, nowMs: number): void => {
      const said = { source: detailOf(source), problem: detailOf(problem), at: instantOf(nowMs) };
      writeLog({ kind: "tariff.refused", payload: { tariff_id: id, version, ...said } }, nowMs);
    },
    /** All versions in the order in which they come into force. */
    tariffVersions: (): TariffRow[] => all.all().map(rowOf),
    /** The document of a version, as JSON; null = it is not known. */
    tariffDocument: (id: string, version: number): string | null =>
      one.get({ id, version })?.document ?? null,
  };
}

function again(
  known: typeof tariffs.$inferSelect,
  { id, version, fromMs, document }: NewTariff,
): Result<TakenTariff, TariffRefusal> {
  const same = canonical(known.document) === canonical(document);
  const when = fromMs === null || known.fromAt === fromMs || known.fromAt === Math.max(fromMs, known.takenAt);
  if (same && when) return ok({ row: rowOf(known), again: true });
  const what = same ? "time from which it is in force" : "text";
  const message = `Version ${version} of tariff ${id} is here already with another ${what}: versions never change, give this one a higher number.`;
  return err(refusal("version_changed", "operator", message));
}

function rowOf({ tariffId: id, version, fromAt, takenAt, source }: Head): TariffRow {
  return { id, version, fromMs: fromAt, takenMs: takenAt, source };
}

/** The same text for the same document, however it was laid out. */
function canonical(json: string): string {
  return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
