import { and, count, eq, gt, inArray, lt, lte, sql } from "drizzle-orm";
import { STANDARD_CLASS } from "@parkme/shared/domain/capacity-rights";
import { keptSpaces, slotsThatCount, type RightsPolicy } from "@parkme/shared/domain/capacity-rights-edge";
import { CURRENT_LIST, LONGEST_HOLD_MS } from "./lists.ts";
import { capacityRights, linkState } from "./link-schema.ts";
import { rights } from "./list-schema.ts";
import type { GateDatabase } from "./open.ts";
import { stays } from "./schema.ts";
import { MAY_BE_INSIDE } from "./statements.ts";
import type { ZoneTree } from "./zone-tree.ts";

/** The facility (null) or one of its zones. */
export type Place = string | null;

export type CloudShare = ReturnType<typeof keptForCloud>;

export type KeptOptions = {
  readonly tree: ZoneTree;
  /** Spaces of the facility; null = not known. */
  readonly capacity: number | null;
  readonly policy: RightsPolicy;
};

/** Whether there is such a class of rights here: the facility's own, or a zone. */
export function isClass(name: string, { zones }: ZoneTree): boolean {
  return name === STANDARD_CLASS || zones.some((zone) => zone.name === name);
}

/** The places that a class of rights lies in, innermost first. That of a zone which is gone lies in the facility. */
export function placesOfClass(name: string, { zones, pathOf }: ZoneTree): readonly Place[] {
  return zones.some((zone) => zone.name === name) ? [...pathOf(name), null] : [null];
}

/** Adds up numbers of classes or zones by the places that these lie in. */
export function byPlace<Row>(
  rows: readonly Row[],
  placesOf: (row: Row) => readonly Place[],
  numberOf: (row: Row) => number,
): ReadonlyMap<Place, number> {
  const sums = new Map<Place, number>();
  for (const row of rows)
    for (const place of placesOf(row)) sums.set(place, (sums.get(place) ?? 0) + numberOf(row));
  return sums;
}

export function spacesOf(place: Place, { tree, capacity }: KeptOptions): number | null {
  return place === null ? capacity : (tree.zones.find(({ name }) => name === place)?.capacity ?? null);
}

/** What of each place is not the drive-ins' because of the rights that the cloud has. */
export function keptForCloud(db: GateDatabase, options: KeptOptions) {
  const { tree, policy } = options;
  const onCloudsRights = reservedInside(db, tree);
  const link = linkReader(db);
  const reserved = reservedQuery(db);
  const given = db
    .select()
    .from(capacityRights)
    .where(inArray(capacityRights.slotAt, [sql.placeholder("slot"), sql.placeholder("next")]))
    .prepare();
  const places: readonly Place[] = [null, ...tree.zones.map(({ name }) => name)];

  /** By the book; as long as that may have forgotten something, no less than what the lists say is reserved. */
  function givenAway(wallMs: number): readonly ReadonlyMap<Place, number>[] {
    const { cloudMs, restored } = link(wallMs);
    const [slot, next] = slotsThatCount(cloudMs);
    const rows = given.all({ slot, next });
    const inSlot = (at: number) =>
      byPlace(
        rows.filter(({ slotAt }) => slotAt === at),
        (row) => placesOfClass(row.class, tree),
        (row) => row.given,
      );
    const books = [inSlot(slot), inSlot(next)];
    if (!restored) return books;
    const until = wallMs + (next - slot) * 2;
    const listed = reserved.all({ from: wallMs, until });
    return [
      ...books,
      byPlace(
        listed,
        ({ zone }) => [...tree.pathOf(zone), null],
        ({ n }) => n,
      ),
    ];
  }

  return {
    onCloudsRights,
    link,
    /** By place; empty where nothing is kept anywhere. Holders of reservations who are inside have theirs. */
    kept: (wallMs: number): ReadonlyMap<Place, number> => {
      const books = givenAway(wallMs);
      const spaces = (arrived: ReadonlyMap<Place, number>) =>
        new Map(
          places.map((place) => {
            const given = books.map((book) => book.get(place) ?? 0);
            return [place, keptSpaces(spacesOf(place, options) ?? 0, given, arrived.get(place) ?? 0, policy)];
          }),
        );
      // Nearly everywhere nothing is kept, and nobody has to be counted.
      const most = [...spaces(new Map())].some(([, kept]) => kept > 0);
      return most ? spaces(onCloudsRights(wallMs)) : new Map();
    },
  };
}

/** The cloud's clock as it was estimated last, and whether this database may have forgotten what it gave. */
export type LinkNow = { readonly cloudMs: number; readonly restored: boolean };

function linkReader(db: GateDatabase): (wallMs: number) => LinkNow {
  const state = db
    .select({ offsetMs: linkState.clockOffsetMs, restoredSeq: linkState.restoredSeq })
    .from(linkState)
    .prepare();
  return (wallMs) => {
    const row = state.get();
    return { cloudMs: wallMs + (row?.offsetMs ?? 0), restored: (row?.restoredSeq ?? null) !== null };
  };
}

/** Stays that are inside on the cloud's rights: while their reservation lasts. Afterwards they are as drive-ins. */
function reservedInside(db: GateDatabase, tree: ZoneTree) {
  const now = sql.placeholder("now");
  // When in doubt one fewer: its space is kept a second time then, which oversells nothing.
  const sure = sql`${MAY_BE_INSIDE} and ${stays.review} is not 'missed_exit' and ${stays.review} is not 'passage_unproven'`;
  const inside = db
    .select({ zone: stays.zone, n: count() })
    .from(rights)
    .innerJoin(stays, sql`${stays.rightId} = ${rights.id} and ${stays.rightKind} = 'reservation' and ${sure}`)
    .where(
      and(
        eq(rights.listId, CURRENT_LIST),
        sql`${rights.kind} = 'reservation'`,
        lte(rights.validFrom, now),
        gt(rights.validFrom, sql`${now} - ${LONGEST_HOLD_MS}`),
        gt(rights.validUntil, now),
      ),
    )
    .groupBy(stays.zone)
    .prepare();
  return (wallMs: number): ReadonlyMap<Place, number> =>
    byPlace(
      inside.all({ now: wallMs }),
      ({ zone }) => [...tree.pathOf(zone), null],
      ({ n }) => n,
    );
}

/** Reservations of the list in force that lie in a time, by zone. */
function reservedQuery(db: GateDatabase) {
  const from = sql.placeholder("from");
  return db
    .select({ zone: rights.zone, n: count() })
    .from(rights)
    .where(
      and(
        eq(rights.listId, CURRENT_LIST),
        sql`${rights.kind} = 'reservation'`,
        lt(rights.validFrom, sql.placeholder("until")),
        gt(rights.validFrom, sql`${from} - ${LONGEST_HOLD_MS}`),
        gt(rights.validUntil, from),
      ),
    )
    .groupBy(rights.zone)
    .prepare();
}
