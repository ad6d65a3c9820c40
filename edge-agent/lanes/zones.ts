import { zonePath, type Zone } from "@parkme/shared/domain/facility";
import type { ZoneChange } from "@parkme/shared/domain/gate-record";

/** Zones and the lanes between them: what a passage does to the zones' counts. */

/** Where a lane leads from and to, by the names of zones. */
export type ZonePassage = {
  /** Null = from outside, or from where the facility has no zone: for the zones that is the same. */
  readonly from: string | null;
  /** Null = into the facility itself, where it has no zone. */
  readonly to: string | null;
};

/**
 * What one vehicle that goes in changes: those that it enters, innermost first, then those that it leaves. A zone
 * that holds both sides does not change: into a nested zone from its parent only adds to the nested one.
 */
export function zoneChanges({ from, to }: ZonePassage, zones: readonly Zone[]): readonly ZoneChange[] {
  const left = from === null ? [] : zonePath(from, zones);
  const entered = to === null ? [] : zonePath(to, zones);
  return [
    ...entered.filter((zone) => !left.includes(zone)).map((zone) => ({ zone, by: 1 as const })),
    ...left.filter((zone) => !entered.includes(zone)).map((zone) => ({ zone, by: -1 as const })),
  ];
}

/** The innermost zone that these changes lead into; null = none. */
export function zoneInto(changes: readonly ZoneChange[]): string | null {
  return changes.find(({ by }) => by === 1)?.zone ?? null;
}

/** Something that is wrong with a list of zones: which one, and which of its fields. */
export type ZoneProblem = {
  readonly index: number;
  readonly field: "name" | "parent";
  readonly message: string;
};

/** Names must differ, parents must be zones, and nothing lies in itself. */
export function zoneProblems(zones: readonly Pick<Zone, "name" | "parent">[]): readonly ZoneProblem[] {
  const parents = new Map(zones.map(({ name, parent }) => [name, parent]));
  const seen = new Set<string>();
  return zones.flatMap(({ name, parent }, index) => {
    const problems: ZoneProblem[] = [];
    if (seen.has(name)) problems.push({ index, field: "name", message: "is used twice" });
    seen.add(name);
    if (parent !== null && !parents.has(parent)) {
      problems.push({ index, field: "parent", message: "is not one of the zones" });
    } else if (liesInItself(name, parents)) {
      problems.push({ index, field: "parent", message: "leads back to the zone itself" });
    }
    return problems;
  });
}

function liesInItself(name: string, parents: ReadonlyMap<string, string | null>): boolean {
  const passed = new Set<string>();
  for (let at = parents.get(name) ?? null; at !== null && !passed.has(at); at = parents.get(at) ?? null) {
    if (at === name) return true;
    passed.add(at);
  }
  return false;
}
