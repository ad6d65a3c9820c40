/** Of one facility: as many as a gate's manifest takes. */
export const MAX_ZONES = 256;

export type ZoneParent = { readonly id: string; readonly parentId: string | null };

/** Why a zone may not lie in another; null = it may. @param zones those of the facility that are not closed. */
export function parentProblem(
  zones: readonly ZoneParent[],
  zoneId: string,
  parentId: string | null,
): string | null {
  const parents = new Map(zones.map((zone) => [zone.id, zone.parentId]));
  if (parentId !== null && !parents.has(parentId)) return "is no zone of this facility";
  const seen = new Set<string>();
  for (let next = parentId; next !== null && !seen.has(next); next = parents.get(next) ?? null) {
    if (next === zoneId) return "lies in this zone itself";
    seen.add(next);
  }
  return null;
}
