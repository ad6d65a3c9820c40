import { createHash, randomUUID } from "node:crypto";
import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import type { Db } from "../../../cloud-api/db/connection.ts";
import { signIns } from "../../../cloud-api/db/accounts-schema.ts";
import { organisations, users } from "../../../cloud-api/db/schema.ts";
import { publish } from "../../../cloud-api/fleet/manifest.queries.ts";
import type { LanePlan, SitePlan } from "../schedule.ts";
import type { Site } from "./facility-rows.ts";

/** Somebody who is signed in. */
export type SignedIn = { readonly userId: string; readonly signInId: string };

/** Those whose facilities all simulations are. */
export type Organisation = { readonly id: string; readonly owner: SignedIn };

/** Simulations are of no year in particular. */
const FOREVER = new Date("2999-01-01T00:00:00Z");
const LONG_AGO = new Date("2000-01-01T00:00:00Z");

export async function makeOrganisation(db: Db): Promise<Organisation> {
  const [row] = await db
    .insert(organisations)
    .values({ slug: "simulated", name: "Simulated Parking" })
    .returning();
  if (row === undefined) throw new Error("no organisation");
  const owner = await makePerson(db, { role: "owner", name: "owner", organisationId: row.id });
  return { id: row.id, owner };
}

/** Makes a person, and signs them in. */
export async function makePerson(
  db: Db,
  {
    role,
    name,
    organisationId,
  }: {
    readonly role: "owner" | "driver";
    readonly name: string;
    readonly organisationId: string | null;
  },
): Promise<SignedIn> {
  const [userId, signInId] = [randomUUID(), randomUUID()];
  const email = `${name}@example.test`;
  await db.insert(users).values({ id: userId, email, name, role, organisationId, passwordHash: "none" });
  const times = { at: LONG_AGO, lastUsedAt: LONG_AGO, expiresAt: FOREVER };
  await db
    .insert(signIns)
    .values({ id: signInId, userId, device: "a simulation", address: "127.0.0.1", ...times });
  return { userId, signInId };
}

/** Takes a person and their vehicles out of the database. */
export async function forgetPerson(db: Db, { userId }: SignedIn): Promise<void> {
  for (const [table, column] of [
    ["vehicles", "user_id"],
    ["sign_ins", "user_id"],
    ["users", "id"],
  ] as const)
    await db.$client.query(`delete from ${table} where ${column} = $1`, [userId]);
}

/** What of a plan the cloud has to know. */
export type Place = Pick<SitePlan, "facilityId" | "slug" | "name" | "timeZone" | "currency" | "capacity"> & {
  readonly lanes: readonly Pick<LanePlan, "name" | "direction">[];
};

/** Names that follow from the facility's id: the same plan is the same site. */
export function siteOf({ facilityId }: Place): Site {
  const hex = createHash("sha256").update(`edge of ${facilityId}`).digest("hex");
  const edgeId = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return { facilityId, edgeId, token: `token-of-${hex}` };
}

/** A facility with its lanes, and one edge; told apart from all others of the database. */
export async function provide(db: Db, organisationId: string, place: Place): Promise<Site> {
  const site = siteOf(place);
  const { slug, name, timeZone, currency, capacity } = place;
  const lanes = place.lanes.map((lane, position) => ({
    slug: lane.name,
    direction: lane.direction,
    position,
  }));
  await db.$client.query(
    `with place as (
      insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity, bookable, gate_rights)
        values ($1, $2, $3, $4, $5, $6, $7, true, true) returning id
    ), doors as (
      insert into lanes (facility_id, slug, name, direction, position)
        select id, l.slug, l.slug, l.direction, l.position
        from place, json_to_recordset($8::json) as l(slug text, direction text, position integer)
    )
    insert into edges (id, facility_id, token_hash) select $9, id, $10 from place`,
    [
      site.facilityId,
      organisationId,
      `${slug}-${site.edgeId.slice(0, 8)}`,
      name,
      timeZone,
      currency,
      capacity,
      JSON.stringify(lanes),
      site.edgeId,
      createHash("sha256").update(site.token).digest(),
    ],
  );
  return site;
}

/** Spaces of the class that is booked; the rest is for whoever comes. */
const STANDARD = "standard";

/** Puts into the facility's manifest who may park without a ticket, its zones, and the spaces that may be booked. */
export async function publishLists(db: Db, plan: SitePlan): Promise<void> {
  const entry = (section: string, key: string, body: object): ManifestChange => ({
    section,
    key,
    body: JSON.stringify(body),
  });
  const instant = (ms: number): string => new Date(plan.startMs + ms).toISOString();
  const changes = [
    ...plan.zones.map(({ name: zone, capacity }) => entry("zones", zone, { zone, capacity })),
    entry("capacity", STANDARD, { class: STANDARD, total: plan.capacity, blocked: 0 }),
    ...plan.permits.map(({ id, account, plates, fromMs, untilMs, zone }) =>
      entry("permits", id, {
        id,
        account,
        plates,
        valid_from: instant(fromMs),
        valid_until: instant(untilMs),
        ...(zone === null ? {} : { zone }),
      }),
    ),
  ];
  const published = await db.transaction(
    async (tx) => await publish(tx, plan.facilityId, changes, new Date(plan.startMs)),
  );
  if (!published.ok) throw new Error(`the plan's lists: ${JSON.stringify(published.error[0])}`);
}
