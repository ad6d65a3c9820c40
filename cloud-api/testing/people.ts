import { randomUUID } from "node:crypto";
import type { Role } from "../accounts/principal.ts";
import { signAccess } from "../accounts/tokens.ts";
import { signIns, staffFacilities } from "../db/accounts-schema.ts";
import { organisations, users } from "../db/schema.ts";
import { accessSecret } from "../fleet/cloud-keys.queries.ts";
import { eq } from "drizzle-orm";
import { FACILITY_ID, type TestCloud } from "./cloud.ts";

/** Somebody who is signed in, and their requests. */
export type Person = {
  readonly userId: string;
  readonly email: string;
  readonly token: string;
  /** A request with the token; a body is sent as JSON. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
};

/**
 * Makes a person of a role and signs them in, without their password. Owners and staff are of the organisation of
 * PROVISION unless another is named; staff work at `facilities` (the first one of PROVISION).
 */
export async function signedIn(
  cloud: Pick<TestCloud, "db" | "app" | "clock">,
  role: Role,
  options: { readonly organisationId?: string; readonly facilities?: readonly string[] } = {},
): Promise<Person> {
  const { db, app, clock } = cloud;
  const userId = randomUUID();
  const email = `${role}-${userId.slice(0, 8)}@example.test`;
  const works = role === "owner" || role === "staff";
  const organisationId = works ? (options.organisationId ?? (await organisationOf(cloud))) : null;
  const names = { name: `A ${role}`, firstName: "A", lastName: role };
  await db.insert(users).values({ id: userId, email, ...names, role, organisationId, passwordHash: "none" });
  if (role === "staff") {
    for (const facilityId of options.facilities ?? [FACILITY_ID])
      await db.insert(staffFacilities).values({ userId, facilityId, assignedAt: clock.now });
  }
  const signInId = randomUUID();
  const expiresAt = new Date(clock.now.getTime() + 30 * 86_400_000);
  const since = { at: clock.now, lastUsedAt: clock.now, expiresAt };
  await db.insert(signIns).values({ id: signInId, userId, device: "a test", address: "127.0.0.1", ...since });
  const secret = await accessSecret(db);
  const token = await signAccess(secret, { userId, signInId }, clock.now);
  return {
    userId,
    email,
    token,
    async ask(method, path, body, headers = {}) {
      // Tests move the clock by days: the token is always one of now.
      const fresh = await signAccess(secret, { userId, signInId }, clock.now);
      return await app.request(path, {
        method,
        headers: {
          authorization: `Bearer ${fresh}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
  };
}

/** Another organisation, of whom nobody of PROVISION may see anything. */
export async function foreignOrganisation({ db }: Pick<TestCloud, "db">): Promise<string> {
  const slug = `foreign-${randomUUID().slice(0, 8)}`;
  const [made] = await db.insert(organisations).values({ slug, name: slug }).returning();
  if (made === undefined) throw new Error("no row");
  return made.id;
}

async function organisationOf({ db }: Pick<TestCloud, "db">): Promise<string> {
  const [found] = await db.select().from(organisations).where(eq(organisations.slug, "example"));
  if (found === undefined) throw new Error("the organisation of PROVISION is not there");
  return found.id;
}
