import type { Facility } from "@parkme/shared/domain/facility";

/**
 * A facility whose zones have as many spaces as the manifest says, from the moment it says so; where it says nothing,
 * as many as the configuration.
 *
 * @param quotaOf the manifest's number of spaces of a zone; null = it says nothing of it.
 */
export function withZoneQuotas(facility: Facility, quotaOf: (zone: string) => number | null): Facility {
  const zones = facility.zones.map(({ name, title, parent, capacity }) => ({
    name,
    title,
    parent,
    get capacity(): number {
      return quotaOf(name) ?? capacity;
    },
  }));
  return { ...facility, zones };
}
