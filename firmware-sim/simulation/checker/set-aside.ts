import type { EdgeRows } from "./edge-rows.ts";

/**
 * The stays that two histories of a gate told of in two ways, so that it has set rows of theirs aside for a person: by
 * the row itself, or by what it belongs to.
 */
export function staysSetAside({ conflicts }: Pick<EdgeRows, "conflicts">): ReadonlySet<string> {
  const stays = new Set<string>();
  for (const { tableName, row } of conflicts) {
    const said = JSON.parse(row) as Readonly<Record<string, unknown>>;
    const id = said[tableName === "stays" ? "id" : "stay_id"];
    if (typeof id === "string") stays.add(id);
  }
  return stays;
}
