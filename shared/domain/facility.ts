import type { Currency } from "./money.ts";
import type { FacilityId } from "./ids.ts";

/** A floor or section with a count of its own. A vehicle in it is in its parent, and in the facility, as well. */
export type Zone = {
  /** Slug, unique within the facility. */
  readonly name: string;
  readonly title: string;
  /** The zone that this one lies in; null = it lies in the facility directly. */
  readonly parent: string | null;
  /** Spaces. Together the zones of one parent may have more than it: then it fills before they do. */
  readonly capacity: number;
};

/** A car park as its own gate knows it. */
export type Facility = {
  readonly id: FacilityId;
  /** Name in topics and URLs: lower-case letters, digits, dashes. */
  readonly slug: string;
  readonly name: string;
  /** IANA name, such as `Europe/Berlin`. Durations are UTC; boundaries are in this zone. */
  readonly timeZone: string;
  readonly currency: Currency;
  readonly capacity: number;
  readonly zones: readonly Zone[];
};

/**
 * A zone and what it lies in, innermost first; a zone that is not listed lies in itself alone. Ends also where
 * parents lie in a circle, which a checked configuration has not.
 */
export function zonePath(name: string, zones: readonly Zone[]): readonly string[] {
  const path: string[] = [];
  let next: string | null = name;
  while (next !== null && !path.includes(next)) {
    path.push(next);
    next = zones.find((zone) => zone.name === next)?.parent ?? null;
  }
  return path;
}
