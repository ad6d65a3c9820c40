import type { Client } from "../db/connection.ts";
import { TABLES, type Column } from "./projection-tables.ts";
import { foldStays, stayIdOf, type StayFact, type StayRow } from "./stay-projection.ts";

const READ_AS: Readonly<Partial<Record<Column[1], string>>> = {
  timestamptz: "::text",
  bigint: "::float8",
  stay_status: "::text",
};
const NAMES = TABLES.stays.columns.map(([name]) => name);
/** As JSON can carry them there and back: times in the text of the database, numbers as numbers. */
const READ = `select ${TABLES.stays.columns
  .map(([name, type]) => `${name}${READ_AS[type] ?? ""} as ${name}`)
  .join(", ")} from stays where facility_id = $1 and stay_id = any($2::uuid[])`;
const REPLACE = {
  name: "replace_stays",
  text: `${TABLES.stays.insert} on conflict (facility_id, stay_id) do update set ${NAMES.filter(
    (name) => name !== "stay_id",
  )
    .map((name) => `${name} = excluded.${name}`)
    .join(", ")}`,
};

/** Stays as they are after some facts. */
export type FoldedStays = {
  /** Those that were not there. */
  readonly begun: readonly StayRow[];
  /** Those that were, and are not what they were. */
  readonly changed: readonly StayRow[];
};

/**
 * What facts make of a facility's stays, in their order: to be written whole. Its edge's row must be locked until then, so
 * that nobody else changes them meanwhile.
 */
export async function foldOwnStays(
  client: Client,
  facilityId: string,
  facts: readonly StayFact[],
): Promise<FoldedStays> {
  if (facts.length === 0) return { begun: [], changed: [] };
  const ids = [...new Set(facts.map(stayIdOf))];
  // Planned each time: a plan of when the table was small would read all of it when it is large.
  const { rows } = await client.query<StayRow>(READ, [facilityId, ids]);
  const known = new Map(rows.map((row) => [row.stay_id, row]));
  const stays = foldStays(known, facts);
  return {
    begun: stays.filter((stay) => !known.has(stay.stay_id)),
    changed: stays.filter((stay) => known.has(stay.stay_id)),
  };
}

export async function replaceStays(
  client: Client,
  facilityId: string,
  changed: FoldedStays["changed"],
): Promise<void> {
  if (changed.length === 0) return;
  await client.query({ ...REPLACE, values: [facilityId, JSON.stringify(changed)] });
}
