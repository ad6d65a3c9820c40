import { randomUUID } from "node:crypto";
import { and, desc, eq, gte, lt } from "drizzle-orm";
import type { Principal } from "../accounts/principal.ts";
import type { Db, Tx } from "../db/connection.ts";
import { auditEntries } from "../db/platform-schema.ts";

/** The tenant of what the platform does for itself. */
export const PLATFORM_TENANT = "00000000-0000-0000-0000-000000000000";

export type AuditFact = {
  /** `booking.cancelled`, `tariff.published`, ... */
  readonly action: string;
  /** What it was done to: `booking:ID`, ... */
  readonly subject: string;
  /** Whose log it stands in; left out: the tenant of who did it. */
  readonly organisationId?: string;
  readonly facilityId?: string;
  /** No secrets, no more personal data than the act needs. */
  readonly detail?: Readonly<Record<string, unknown>>;
};

/** Who did it; `principal` null = somebody who is not signed in, or the cloud by itself. */
export type AuditActor = {
  readonly principal: Pick<Principal, "actorId" | "name" | "role" | "organisationId"> | null;
  readonly requestId: string;
  readonly now: Date;
};

/** Whoever did something, as what is kept names them: that outlives drivers who want to be forgotten. */
export function actorName({ role, actorId, name }: Pick<Principal, "actorId" | "name" | "role">): string {
  return role === "driver" ? `driver:${actorId}` : name;
}

/** Writes an entry in the transaction of what it tells of; the chainer links it within a second. */
export async function writeAudit(
  tx: Db | Tx,
  { principal, requestId, now }: AuditActor,
  fact: AuditFact,
): Promise<void> {
  await tx.insert(auditEntries).values({
    organisationId: fact.organisationId ?? principal?.organisationId ?? PLATFORM_TENANT,
    id: randomUUID(),
    at: now,
    actor: principal === null ? "cloud" : actorName(principal),
    role: principal?.role ?? "system",
    action: fact.action,
    subject: fact.subject,
    facilityId: fact.facilityId ?? null,
    detail: fact.detail ?? {},
    requestId,
  });
}

export type EntryFilter = {
  readonly organisationId: string;
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  readonly facilityId?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  /** The ordinal of the last entry of the page before. */
  readonly before: number | null;
  readonly limit: number;
};

/** Entries of a tenant, newest first. */
export async function listEntries(
  tx: Db | Tx,
  filter: EntryFilter,
): Promise<readonly (typeof auditEntries.$inferSelect)[]> {
  const { action, actor, facilityId, from, until, before } = filter;
  return await tx
    .select()
    .from(auditEntries)
    .where(
      and(
        eq(auditEntries.organisationId, filter.organisationId),
        action === undefined ? undefined : eq(auditEntries.action, action),
        actor === undefined ? undefined : eq(auditEntries.actor, actor),
        facilityId === undefined ? undefined : eq(auditEntries.facilityId, facilityId),
        from === undefined ? undefined : gte(auditEntries.at, from),
        until === undefined ? undefined : lt(auditEntries.at, until),
        before === null ? undefined : lt(auditEntries.ordinal, before),
      ),
    )
    .orderBy(desc(auditEntries.ordinal))
    .limit(filter.limit);
}
