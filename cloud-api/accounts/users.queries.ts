import { and, asc, eq, gt, inArray, isNull, sql, type SQL } from "drizzle-orm";
import { staffFacilities, totpSecrets } from "../db/accounts-schema.ts";
import type { Db, Tx } from "../db/connection.ts";
import { facilities, organisations, users } from "../db/schema.ts";
import type { Role } from "./principal.ts";

/** Somebody's account, without what is secret. */
export type UserRow = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly phone: string | null;
  readonly role: Role;
  readonly organisationId: string | null;
  readonly organisationName: string | null;
  readonly madeAt: Date;
  readonly disabledAt: Date | null;
  readonly secondFactor: boolean;
  /** Those that staff work at. */
  readonly facilityIds: readonly string[];
};

const ROW = {
  id: users.id,
  email: users.email,
  name: users.name,
  firstName: users.firstName,
  lastName: users.lastName,
  phone: users.phone,
  role: users.role,
  organisationId: users.organisationId,
  organisationName: sql<string | null>`(select ${organisations.name} from ${organisations}
    where ${organisations.id} = ${users.organisationId})`,
  madeAt: users.madeAt,
  disabledAt: users.disabledAt,
  secondFactor: sql<boolean>`exists (select from ${totpSecrets}
    where ${totpSecrets.userId} = ${users.id} and ${totpSecrets.confirmedAt} is not null)`,
  facilityIds: sql<string[]>`array(select ${staffFacilities.facilityId} from ${staffFacilities}
    where ${staffFacilities.userId} = ${users.id} order by 1)::text[]`,
};

export type NewUser = {
  readonly id: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly phone: string | null;
  readonly role: Role;
  readonly organisationId: string | null;
  readonly passwordHash: string;
};

/** @returns false where somebody has this email already. */
export async function insertUser(tx: Tx, user: NewUser, now: Date): Promise<boolean> {
  const name = `${user.firstName} ${user.lastName}`.trim() || user.email;
  const made = await tx
    .insert(users)
    .values({ ...user, name, madeAt: now })
    .onConflictDoNothing({ target: users.email })
    .returning({ id: users.id });
  return made.length > 0;
}

export async function readUser(db: Db | Tx, id: string): Promise<UserRow | null> {
  const [found] = await db
    .select(ROW)
    .from(users)
    .where(and(eq(users.id, id), isNull(users.erasedAt)));
  return found ?? null;
}

export type UserFilter = {
  /** Undefined = of any, and of none. */
  readonly organisationId?: string | undefined;
  readonly roles?: readonly Role[] | undefined;
  /** In the email or the name. */
  readonly q?: string | undefined;
  /** The email of the last one of the page before. */
  readonly after: string | null;
  readonly limit: number;
};

/** In the order of their emails, one more than asked for. */
export async function listUsers(db: Db, filter: UserFilter): Promise<readonly UserRow[]> {
  const { organisationId, roles, q, after, limit } = filter;
  const wanted: (SQL | undefined)[] = [
    isNull(users.erasedAt),
    organisationId === undefined ? undefined : eq(users.organisationId, organisationId),
    roles === undefined ? undefined : inArray(users.role, [...roles]),
    q === undefined
      ? undefined
      : sql`position(${q.toLowerCase()} in lower(${users.email} || ' ' || ${users.name})) > 0`,
    after === null ? undefined : gt(users.email, after),
  ];
  return await db
    .select(ROW)
    .from(users)
    .where(and(...wanted))
    .orderBy(asc(users.email))
    .limit(limit + 1);
}

export type UserChange = {
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly phone?: string | null | undefined;
};

export async function changeUser(tx: Tx, user: UserRow, change: UserChange): Promise<void> {
  const firstName = change.firstName ?? user.firstName;
  const lastName = change.lastName ?? user.lastName;
  const renamed = change.firstName !== undefined || change.lastName !== undefined;
  const name = renamed ? `${firstName} ${lastName}`.trim() : user.name;
  const phone = change.phone === undefined ? user.phone : change.phone;
  await tx.update(users).set({ firstName, lastName, name, phone }).where(eq(users.id, user.id));
}

/** @param disabledAt null = they may sign in again. */
export async function setDisabled(tx: Tx, id: string, disabledAt: Date | null): Promise<void> {
  await tx.update(users).set({ disabledAt }).where(eq(users.id, id));
}

/** Which of these facilities are of an organisation. */
export async function facilitiesAmong(
  tx: Db | Tx,
  organisationId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await tx
    .select({ id: facilities.id })
    .from(facilities)
    .where(and(eq(facilities.organisationId, organisationId), inArray(facilities.id, [...ids])));
  return new Set(rows.map(({ id }) => id));
}

/** From now on somebody works at these facilities, and at no others. */
export async function assignFacilities(
  tx: Tx,
  userId: string,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await tx.delete(staffFacilities).where(eq(staffFacilities.userId, userId));
  if (ids.length === 0) return;
  await tx
    .insert(staffFacilities)
    .values([...new Set(ids)].map((facilityId) => ({ userId, facilityId, assignedAt: now })));
}
