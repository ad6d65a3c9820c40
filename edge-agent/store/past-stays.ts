import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { and, desc, eq, inArray, isNotNull, isNull, or } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { PastStay } from "@parkme/shared/pricing/diff";
import type { Validation, ValidationValue } from "@parkme/shared/pricing/quote-model";
import { validations } from "./money-schema.ts";
import { stays, tickets } from "./schema.ts";

/** Parameters of one question; SQLite takes more. */
const AT_ONCE = 500;

/**
 * The latest stays that are over, newest first, at most `limit`. Stays under a reservation are left out: what was
 * reserved is in the lists of then. The gate may run meanwhile.
 */
export function pastStaysOf(dataFolder: string, limit: number): Result<readonly PastStay[], string> {
  const path = join(dataFolder, "gate.db");
  if (!existsSync(path)) return err(`${path} is not there`);
  let file: Database.Database | undefined;
  try {
    file = new Database(path, { readonly: true, timeout: 2_000 });
    return ok(readStays(drizzle(file), limit));
  } catch (error) {
    return err(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    file?.close();
  }
}

function readStays(db: ReturnType<typeof drizzle>, limit: number): PastStay[] {
  const rows = db
    .select({ stay: stays, ticket: tickets.number })
    .from(stays)
    .leftJoin(tickets, and(eq(tickets.stayId, stays.id), isNull(tickets.replacedBy)))
    .where(
      and(
        eq(stays.status, "closed"),
        isNotNull(stays.exitAt),
        or(isNull(stays.rightKind), eq(stays.rightKind, "permit")),
      ),
    )
    .orderBy(desc(stays.exitAt))
    .limit(limit)
    .all();
  const given = validationsOf(
    db,
    rows.map(({ stay }) => stay.id),
  );
  return rows.map(({ stay, ticket }) => ({
    name: ticket ?? stay.plate ?? stay.id,
    stay: {
      entryMs: stay.entryAt,
      exitMs: stay.exitAt ?? stay.entryAt,
      vehicleType: stay.vehicleType,
      ev: stay.ev,
      accessible: stay.accessible,
      occupancyPercent: stay.occupancyPercent,
      right: stay.rightKind === "permit" ? { kind: "covered", untilMs: null } : null,
      lostTicket: stay.lostTicket,
      validations: given.get(stay.id) ?? [],
    },
  }));
}

function validationsOf(db: ReturnType<typeof drizzle>, ids: readonly string[]): Map<string, Validation[]> {
  const given = new Map<string, Validation[]>();
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const some = ids.slice(from, from + AT_ONCE);
    const rows = db.select().from(validations).where(inArray(validations.stayId, some)).all();
    for (const { stayId, name, value } of rows) {
      const those = given.get(stayId) ?? [];
      // The gate has written it.
      those.push({ name, value: JSON.parse(value) as ValidationValue });
      given.set(stayId, those);
    }
  }
  return given;
}
