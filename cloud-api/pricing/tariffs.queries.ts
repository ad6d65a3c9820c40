import { and, desc, eq, gt, inArray, isNotNull, lt, or, sql } from "drizzle-orm";
import type { PastStay } from "@parkme/shared/pricing/diff";
import type { Validation, ValidationValue } from "@parkme/shared/pricing/quote-model";
import { passPlans, subscriptions } from "../db/bookings-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { tariffVersions } from "../db/money-schema.ts";
import { stays, validations } from "../db/schema.ts";
import { manifestEntries } from "../db/sync-schema.ts";
import type { VersionName } from "./timeline.ts";

export type TariffRow = typeof tariffVersions.$inferSelect;

function isVersion(facilityId: string, { id, version }: VersionName) {
  return and(
    eq(tariffVersions.facilityId, facilityId),
    eq(tariffVersions.tariffId, id),
    eq(tariffVersions.version, version),
  );
}

export async function findTariff(
  db: Db | Tx,
  facilityId: string,
  name: VersionName,
): Promise<TariffRow | null> {
  const [row] = await db.select().from(tariffVersions).where(isVersion(facilityId, name));
  return row ?? null;
}

export type TariffFilter = {
  readonly tariffId?: string | undefined;
  readonly status?: TariffRow["status"] | undefined;
};

/** By id, the newest version of each first; one more than `limit`. @param after the last one of the page before. */
export async function listTariffs(
  db: Db | Tx,
  facilityId: string,
  { tariffId, status }: TariffFilter,
  { after, limit }: { readonly after: readonly [string, number] | null; readonly limit: number },
): Promise<readonly TariffRow[]> {
  const [id, version] = after ?? ["", 0];
  const behind =
    after === null
      ? undefined
      : or(
          gt(tariffVersions.tariffId, id),
          and(eq(tariffVersions.tariffId, id), lt(tariffVersions.version, version)),
        );
  return await db
    .select()
    .from(tariffVersions)
    .where(
      and(
        eq(tariffVersions.facilityId, facilityId),
        tariffId === undefined ? undefined : eq(tariffVersions.tariffId, tariffId),
        status === undefined ? undefined : eq(tariffVersions.status, status),
        behind,
      ),
    )
    .orderBy(tariffVersions.tariffId, desc(tariffVersions.version))
    .limit(limit + 1);
}

/** The highest number that a version of this id ever had here: drafts, published ones, the manifest's. */
export async function highestVersion(
  tx: Tx,
  facilityId: string,
  tariffId: string,
): Promise<{ readonly any: number; readonly published: number }> {
  const [ours] = await tx
    .select({
      any: sql<number>`coalesce(max(${tariffVersions.version}), 0)`.mapWith(Number),
      published:
        sql<number>`coalesce(max(${tariffVersions.version}) filter (where ${tariffVersions.status} <> 'draft'), 0)`.mapWith(
          Number,
        ),
    })
    .from(tariffVersions)
    .where(and(eq(tariffVersions.facilityId, facilityId), eq(tariffVersions.tariffId, tariffId)));
  const [theirs] = await tx
    .select({
      version: sql<number>`coalesce(max((${manifestEntries.body}::json->>'version')::float8), 0)`.mapWith(
        Number,
      ),
    })
    .from(manifestEntries)
    .where(
      and(
        eq(manifestEntries.facilityId, facilityId),
        eq(manifestEntries.section, "tariffs"),
        isNotNull(manifestEntries.body),
        sql`${manifestEntries.body}::json->>'id' = ${tariffId}`,
      ),
    );
  const inManifest = theirs?.version ?? 0;
  return { any: Math.max(ours?.any ?? 0, inManifest), published: Math.max(ours?.published ?? 0, inManifest) };
}

export async function insertTariff(tx: Tx, row: TariffRow): Promise<void> {
  await tx.insert(tariffVersions).values(row);
}

/** Changes a draft, or publishes or withdraws a version. */
export async function updateTariff(
  tx: Tx,
  facilityId: string,
  name: VersionName,
  change: Partial<Pick<TariffRow, "title" | "document" | "status" | "validFrom" | "publishedAt">>,
): Promise<void> {
  await tx.update(tariffVersions).set(change).where(isVersion(facilityId, name));
}

/** @returns false = there is no such draft. */
export async function deleteDraft(tx: Tx, facilityId: string, name: VersionName): Promise<boolean> {
  const gone = await tx
    .delete(tariffVersions)
    .where(and(isVersion(facilityId, name), eq(tariffVersions.status, "draft")))
    .returning({ version: tariffVersions.version });
  return gone.length > 0;
}

/** Names of the tariffs' passes that plans refer to which somebody holds, or may buy. */
export async function passesInUse(tx: Tx, facilityId: string): Promise<readonly string[]> {
  const held = sql`exists (select from ${subscriptions} where ${subscriptions.facilityId} = ${passPlans.facilityId}
    and ${subscriptions.planId} = ${passPlans.id} and ${subscriptions.status} in ('pending', 'active'))`;
  const rows = await tx
    .selectDistinct({ pass: passPlans.tariffPass })
    .from(passPlans)
    .where(
      and(
        eq(passPlans.facilityId, facilityId),
        isNotNull(passPlans.tariffPass),
        or(eq(passPlans.onSale, true), held),
      ),
    );
  return rows.flatMap(({ pass }) => (pass === null ? [] : [pass]));
}

/** The keys of the manifest's tariffs. */
export async function tariffsInManifest(tx: Tx, facilityId: string): Promise<readonly string[]> {
  const rows = await tx
    .select({ key: manifestEntries.key })
    .from(manifestEntries)
    .where(
      and(
        eq(manifestEntries.facilityId, facilityId),
        eq(manifestEntries.section, "tariffs"),
        isNotNull(manifestEntries.body),
      ),
    );
  return rows.map(({ key }) => key);
}

/**
 * The latest stays that are over, newest first. Those under a reservation are left out: what was reserved is known to
 * the gate alone.
 */
export async function readPastStays(
  db: Db | Tx,
  facilityId: string,
  limit: number,
): Promise<readonly PastStay[]> {
  const rows = await db
    .select()
    .from(stays)
    .where(
      and(
        eq(stays.facilityId, facilityId),
        eq(stays.status, "closed"),
        isNotNull(stays.exitAt),
        isNotNull(stays.entryAt),
        sql`${stays.rightKind} is distinct from 'reservation'`,
      ),
    )
    .orderBy(desc(stays.exitAt))
    .limit(limit);
  const given = await validationsOf(
    db,
    facilityId,
    rows.map(({ stayId }) => stayId),
  );
  return rows.flatMap((stay) => {
    if (stay.entryAt === null || stay.exitAt === null) return [];
    return [
      {
        name: stay.ticketNumber ?? stay.stayId,
        stay: {
          entryMs: stay.entryAt.getTime(),
          exitMs: stay.exitAt.getTime(),
          vehicleType: stay.vehicleType,
          ev: stay.ev,
          accessible: stay.accessible,
          right: stay.rightKind === "permit" ? ({ kind: "covered", untilMs: null } as const) : null,
          lostTicket: stay.lostTicket,
          validations: given.get(stay.stayId) ?? [],
        },
      },
    ];
  });
}

async function validationsOf(
  db: Db | Tx,
  facilityId: string,
  stayIds: readonly string[],
): Promise<ReadonlyMap<string, Validation[]>> {
  const given = new Map<string, Validation[]>();
  if (stayIds.length === 0) return given;
  const rows = await db
    .select({ stayId: validations.stayId, name: validations.name, value: validations.value })
    .from(validations)
    .where(and(eq(validations.facilityId, facilityId), inArray(validations.stayId, [...stayIds])));
  for (const { stayId, name, value } of rows) {
    const those = given.get(stayId) ?? [];
    // The gate has written it, and ingest has checked it.
    those.push({ name, value: JSON.parse(value) as ValidationValue });
    given.set(stayId, those);
  }
  return given;
}
