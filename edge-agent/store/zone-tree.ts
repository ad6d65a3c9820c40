import { zonePath, type Zone } from "@parkme/shared/domain/facility";
import type { ZoneChange } from "@parkme/shared/domain/gate-record";

/** Which zones lie in which. A zone that is not configured any more lies in itself alone. */
export type ZoneTree = ReturnType<typeof createZoneTree>;

export function createZoneTree(zones: readonly Zone[]) {
  const paths = new Map(zones.map(({ name }) => [name, zonePath(name, zones)]));
  /** A zone and what it lies in, innermost first; nothing for the facility itself. */
  const pathOf = (zone: string | null): readonly string[] =>
    zone === null ? [] : (paths.get(zone) ?? [zone]);
  return {
    zones,
    pathOf,
    /** The innermost zone that a vehicle is in after a passage with these changes. */
    zoneAfter: (before: string | null, changes: readonly ZoneChange[]): string | null => {
      const entered = changes.filter(({ by }) => by === 1).map(({ zone }) => zone);
      const innermost = entered.find(
        (zone) => !entered.some((other) => other !== zone && pathOf(other).includes(zone)),
      );
      if (innermost !== undefined) return innermost;
      const left = new Set(changes.map(({ zone }) => zone));
      // Where it was may be unknown: then it was in what it left.
      const was = before ?? changes[0]?.zone ?? null;
      return pathOf(was).find((zone) => !left.has(zone)) ?? null;
    },
  };
}
