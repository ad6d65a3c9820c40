import { and, count, eq, gt, isNull, lte, ne, or, sql } from "drizzle-orm";
import { byPlace, type CloudShare, type Place } from "./capacity-kept.ts";
import { CURRENT_LIST, LONGEST_HOLD_MS } from "./lists.ts";
import type { GateDatabase } from "./open.ts";
import { rights } from "./list-schema.ts";
import { agentState, stays, zoneCounts } from "./schema.ts";
import { ADMITTED } from "./statements.ts";
import type { ZoneTree } from "./zone-tree.ts";

/** How full a place is. A miscount never reads as less than none. */
export type Occupancy = {
  /** Vehicles inside, by counted movements. */
  readonly inside: number;
  /** Stays admitted whose passage is still to be confirmed. */
  readonly admitted: number;
  /** Spaces kept: for reservations whose vehicles are expected now, and for those that the cloud may sell. */
  readonly held: number;
};

/** How full the facility and its zones are: the question that every entry asks. */
export function occupancyQueries(db: GateDatabase, tree: ZoneTree, { kept }: Pick<CloudShare, "kept">) {
  const facility = db.select({ inside: agentState.inside }).from(agentState).prepare();
  const zones = db.select().from(zoneCounts).prepare();
  const admitted = db
    .select({ zone: stays.zone, n: count() })
    .from(stays)
    .where(ADMITTED)
    .groupBy(stays.zone)
    .prepare();
  const held = heldQuery(db);
  /** By place: reservations whose vehicles are expected, but for one. */
  const expected = (wallMs: number, except: string | null): ReadonlyMap<Place, number> =>
    byPlace(
      held.all({ now: wallMs, except: except ?? "" }),
      ({ zone, arrived, at }) => {
        // One that has come in needs its space still, until it is in the zone that was reserved.
        const reached = new Set(arrived === null ? [] : [null, ...tree.pathOf(at)]);
        return [null, ...tree.pathOf(zone)].filter((name) => !reached.has(name));
      },
      ({ n }) => n,
    );
  return {
    inside: (): number => Math.max(0, facility.get()?.inside ?? 0),
    admitted: (): number => admitted.all().reduce((sum, { n }) => sum + n, 0),
    /**
     * The facility (`null`) and each of its zones, as of a moment.
     *
     * @param exceptReservation the space kept for this one is not counted: it is asked for by its holder.
     */
    occupancy: (
      wallMs: number,
      exceptReservation: string | null = null,
    ): ReadonlyMap<string | null, Occupancy> => {
      const places = new Map(
        [null, ...tree.zones.map(({ name }) => name)].map((name) => [
          name,
          { inside: 0, admitted: 0, held: 0 },
        ]),
      );
      const add = (what: keyof Occupancy, names: readonly (string | null)[], n: number): void => {
        for (const name of names) {
          const place = places.get(name);
          if (place !== undefined) place[what] += n;
        }
      };
      add("inside", [null], Math.max(0, facility.get()?.inside ?? 0));
      for (const { zone, inside } of zones.all()) add("inside", [zone], Math.max(0, inside));
      for (const { zone, n } of admitted.all()) add("admitted", [null, ...tree.pathOf(zone)], n);
      const waiting = expected(wallMs, exceptReservation);
      for (const [name, n] of waiting) add("held", [name], n);
      const keeps = kept(wallMs);
      if (keeps.size === 0) return places;
      // Whoever asks for the space of a reservation finds it among those that are kept.
      const all = exceptReservation === null ? waiting : expected(wallMs, null);
      for (const [name, spaces] of keeps) {
        const place = places.get(name);
        const own = (all.get(name) ?? 0) - (waiting.get(name) ?? 0);
        if (place !== undefined) place.held = Math.max(place.held, spaces - own);
      }
      return places;
    },
  };
}

function heldQuery(db: GateDatabase) {
  const now = sql.placeholder("now");
  // The literal lets SQLite use the partial index of reservations.
  const its = sql`${stays.rightId} = ${rights.id} and ${stays.rightKind} = 'reservation' and ${stays.status} <> 'void'`;
  return db
    .select({ zone: rights.zone, arrived: stays.status, at: stays.zone, n: count() })
    .from(rights)
    .leftJoin(stays, its)
    .where(
      and(
        eq(rights.listId, CURRENT_LIST),
        sql`${rights.kind} = 'reservation'`,
        lte(rights.validFrom, now),
        // No hold is longer: those that began before this are over, and need not be looked at.
        gt(rights.validFrom, sql`${now} - ${LONGEST_HOLD_MS}`),
        gt(rights.validUntil, now),
        ne(rights.id, sql.placeholder("except")),
        or(isNull(stays.status), ne(stays.status, "closed")),
      ),
    )
    .groupBy(rights.zone, stays.status, stays.zone)
    .prepare();
}
