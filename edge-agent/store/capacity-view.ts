import { and, count, lte, sql } from "drizzle-orm";
import type { SlotRange } from "@parkme/shared/domain/capacity-rights";
import { blockedOf, edgeRights, slotsThatCount } from "@parkme/shared/domain/capacity-rights-edge";
import {
  byPlace,
  placesOfClass,
  spacesOf,
  type CloudShare,
  type KeptOptions,
  type Place,
} from "./capacity-kept.ts";
import type { GateDatabase } from "./open.ts";
import { stays } from "./schema.ts";
import { MAY_BE_INSIDE } from "./statements.ts";

/** One place, as of now. Counts are vehicles, the rest are spaces. */
export type PlaceRights = {
  readonly place: Place;
  readonly capacity: number;
  readonly blocked: number;
  readonly given: number;
  /** Up to how many drive-ins are admitted; below zero after the capacity was lowered. */
  readonly rights: number;
  readonly driveIns: number;
  /** Drive-ins that are inside beyond the rights, and holders of reservations whose time is over. */
  readonly overstayers: { readonly driveIns: number; readonly reservations: number };
};

type Books = {
  readonly givenIn: (range: SlotRange) => readonly { readonly class: string; readonly given: number }[];
  readonly driveIns: (wallMs: number) => ReadonlyMap<Place, number>;
};

/** How the facility and its zones stand with their rights in this hour. */
export function viewRights(
  db: GateDatabase,
  options: KeptOptions & { readonly share: Pick<CloudShare, "link"> },
  books: Books,
  wallMs: number,
): readonly PlaceRights[] {
  const { tree, policy, share } = options;
  const [slot, next] = slotsThatCount(share.link(wallMs).cloudMs);
  const given = byPlace(
    books.givenIn({ fromMs: slot, untilMs: next }),
    (row) => placesOfClass(row.class, tree),
    (row) => row.given,
  );
  const vehicles = books.driveIns(wallMs);
  const late = byPlace(
    overstaying(db, wallMs),
    ({ zone }) => [...tree.pathOf(zone), null],
    ({ n }) => n,
  );
  return [null, ...tree.zones.map(({ name }) => name)].flatMap((place) => {
    const capacity = spacesOf(place, options);
    if (capacity === null) return [];
    const its = { capacity, given: given.get(place) ?? 0 };
    const here = vehicles.get(place) ?? 0;
    const reservations = late.get(place) ?? 0;
    const rights = edgeRights(its, policy);
    const beyond = Math.max(0, Math.min(here - reservations, here - rights));
    return [
      {
        place,
        ...its,
        blocked: blockedOf(capacity, policy),
        rights,
        driveIns: here,
        overstayers: { driveIns: beyond, reservations },
      },
    ];
  });
}

/** Holders of reservations who are inside though their time is over, by zone. Asked seldom. */
function overstaying(db: GateDatabase, wallMs: number) {
  return db
    .select({ zone: stays.zone, n: count() })
    .from(stays)
    .where(
      and(
        MAY_BE_INSIDE,
        sql`${stays.rightId} is not null and ${stays.rightKind} = 'reservation'`,
        lte(stays.rightUntil, wallMs),
        sql`${stays.review} is not 'missed_exit'`,
      ),
    )
    .groupBy(stays.zone)
    .all();
}
