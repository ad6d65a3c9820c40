import { findFacilityBySlug } from "../facilities/queries.ts";
import { makeEnrolmentCode } from "../fleet/enrolment.ts";
import { revokeEdge } from "../fleet/enrolment.queries.ts";
import { createAccount, organisations } from "./account-words.ts";
import { Refused, type Answer, type Surroundings } from "./word.ts";
import { listEdges, type EdgeRow } from "./edges.queries.ts";

/** What the admin program can do. */

type Word = {
  /** What it is called with; null = nothing. */
  readonly argument: string | null;
  readonly run: (surroundings: Surroundings, argument: string) => Promise<Answer>;
};

export const WORDS: ReadonlyMap<string, Word> = new Map([
  ["enrol", { argument: "FACILITY", run: enrol }],
  ["edges", { argument: null, run: edges }],
  ["revoke", { argument: "EDGE", run: revoke }],
  ["create", { argument: "EMAIL", run: createAccount }],
  ["organisations", { argument: null, run: organisations }],
]);

async function enrol({ db, by, now }: Surroundings, slug: string): Promise<Answer> {
  const facility = await findFacilityBySlug(db, slug);
  if (facility === null)
    throw new Refused(`there is no facility ${JSON.stringify(slug)}: see the word edges`);
  const { code, expiresAt } = await makeEnrolmentCode(db, facility.id, by, now);
  const expires_at = expiresAt.toISOString();
  const text = `${code}

for ${facility.name} (${facility.slug}), good once, until ${expires_at}. At the edge:
  parkme-edge enroll https://THIS-CLOUD ${code}
Whatever box is this facility's edge now has no access from then on.`;
  return { json: { code, facility, expires_at }, text };
}

async function edges({ db }: Surroundings): Promise<Answer> {
  const rows = await listEdges(db);
  return { json: rows, text: rows.length === 0 ? "there are no edges" : rows.map(describe).join("\n") };
}

function describe({ facility, edge_id, signs_in_with, box, enrolled_at, last_seen_at }: EdgeRow): string {
  const how = signs_in_with === "key" ? `key of ${box ?? ""}, enrolled ${enrolled_at ?? ""}` : signs_in_with;
  return `${facility.padEnd(24)}  ${edge_id}  ${how.padEnd(8)}  last seen ${last_seen_at ?? "never"}`;
}

/** By an edge's id, or by the slug of a facility: all that its edges sign in with. */
async function revoke({ db, by, now }: Surroundings, name: string): Promise<Answer> {
  const meant = (await listEdges(db)).filter(
    ({ facility, edge_id }) => facility === name || edge_id === name.toLowerCase(),
  );
  if (meant.length === 0)
    throw new Refused(`there is no edge, and no facility with one, called ${JSON.stringify(name)}`);
  const revoked: string[] = [];
  for (const { edge_id } of meant) if (await revokeEdge(db, edge_id, by, now)) revoked.push(edge_id);
  const text =
    revoked.length === 0
      ? `nothing was in force of ${name}`
      : `revoked, from the next request on: ${revoked.join(", ")}`;
  return { json: { revoked }, text };
}
