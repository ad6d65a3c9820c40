import type { Facility } from "@parkme/shared/domain/facility";
import type { Now } from "@parkme/shared/domain/clock";
import type { StayId } from "@parkme/shared/domain/ids";
import type { RightRow } from "../store/lists.ts";
import type { Store } from "../store/store.ts";
import type { FactsRequest, Right } from "./machine/model.ts";

export type RightSources = {
  readonly store: Pick<Store, "rightsFor" | "occupancy">;
  readonly facility: Facility;
};

/**
 * The permit or reservation of what was shown, else of the plate: the first that holds here and now, else the
 * nearest that does not, with why.
 *
 * @param except the stay in question: it does not use up its own right.
 */
export function rightFor(
  { credential, plate }: FactsRequest,
  except: StayId | null,
  now: Now,
  sources: RightSources,
): Right | null {
  const { store } = sources;
  const shown =
    credential === null || credential.kind === "ticket"
      ? []
      : store.rightsFor({ medium: credential.kind, text: credential.text }, now.wallMs, except);
  const byPlate =
    plate === null
      ? []
      : // Nobody claims a reservation of the past by driving up.
        store
          .rightsFor({ medium: "plate", text: plate }, now.wallMs, except)
          .filter((row) => row.kind === "permit" || row.validUntilMs > now.wallMs);
  const rights = [...shown, ...byPlate].map((row) => ({ row, refused: refusalOf(row, now.wallMs) }));
  const best = rights.find(({ refused }) => refused === null) ?? rights[0];
  if (best === undefined) return null;
  const { row, refused } = best;
  return { kind: row.kind, id: row.id, refused, room: refused === null && hasRoom(row, now, sources) };
}

/** Why a right does not hold now, in words for the driver. */
function refusalOf(row: RightRow, wallMs: number): string | null {
  const { kind, limit, uses, validFromMs, validUntilMs } = row;
  const usedUp = uses >= limit;
  if (kind === "permit") {
    if (wallMs < validFromMs) return "Your permit is not valid yet";
    if (wallMs >= validUntilMs) return "Your permit has expired";
    return usedUp ? "All spaces of your permit are taken" : null;
  }
  if (wallMs < validFromMs) return "Too early for your reservation";
  if (wallMs >= validUntilMs) return "Your reservation is over";
  return usedUp ? "Your reservation has been used" : null;
}

/**
 * A reservation's space was kept. A permit's quota is its zone: it has room while neither the vehicles in the zone
 * nor those that came in under permits for it fill it. A permit without a zone has no quota but its spaces.
 */
function hasRoom(row: RightRow, now: Now, { store, facility }: RightSources): boolean {
  if (row.kind === "reservation" || row.zone === null) return true;
  const zone = facility.zones.find(({ name }) => name === row.zone);
  const place = store.occupancy(now.wallMs).get(row.zone);
  // A zone that the facility does not have any more is no quota that anybody could have room in.
  if (zone === undefined || place === undefined) return false;
  return Math.max(place.inside + place.admitted, row.zoneUses) + place.held < zone.capacity;
}
