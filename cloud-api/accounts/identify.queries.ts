import { and, eq, gt, isNull, sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";
import { signIns, staffFacilities } from "../db/accounts-schema.ts";
import { facilities, organisations, users } from "../db/schema.ts";
import type { Role } from "./principal.ts";

/** What is known of a person who is not disabled. */
export type Person = {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly organisation: { readonly id: string; readonly name: string } | null;
  /** Those that they run; admins and drivers have no list. */
  readonly facilityIds: readonly string[];
  /** The sign-ins that are not over. */
  readonly signInIds: readonly string[];
};

/** A person as the database knows them now; null = there is none, or they are disabled. */
export async function findPerson(db: Db, userId: string, now: Date): Promise<Person | null> {
  const [user] = await db
    .select({
      userId: users.id,
      email: users.email,
      name: users.name,
      role: users.role,
      organisation: { id: organisations.id, name: organisations.name },
    })
    .from(users)
    .leftJoin(organisations, eq(organisations.id, users.organisationId))
    .where(and(eq(users.id, userId), isNull(users.disabledAt)));
  if (user === undefined) return null;
  const live = await db
    .select({ id: signIns.id })
    .from(signIns)
    .where(and(eq(signIns.userId, userId), isNull(signIns.revokedAt), gt(signIns.expiresAt, now)));
  return {
    ...user,
    facilityIds: await facilitiesOf(db, userId, user.role, user.organisation?.id ?? null),
    signInIds: live.map(({ id }) => id),
  };
}

async function facilitiesOf(
  db: Db,
  userId: string,
  role: Role,
  organisationId: string | null,
): Promise<readonly string[]> {
  if (organisationId === null || role === "admin" || role === "driver") return [];
  const rows =
    role === "owner"
      ? await db
          .select({ id: facilities.id })
          .from(facilities)
          .where(eq(facilities.organisationId, organisationId))
      : await db
          .select({ id: facilities.id })
          .from(staffFacilities)
          .innerJoin(facilities, eq(facilities.id, staffFacilities.facilityId))
          .where(and(eq(staffFacilities.userId, userId), eq(facilities.organisationId, organisationId)))
          .orderBy(sql`1`);
  return rows.map(({ id }) => id);
}
