import { count, eq, sql } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { detailOf, instantOf, type LogWriter } from "./log.ts";
import type { GateDatabase } from "./open.ts";
import { agentState, countCorrections, schedules, stays, zoneCounts } from "./schema.ts";
import type { ZoneTree } from "./zone-tree.ts";

export type Correction = { readonly before: number; readonly after: number };
export type CountRefusal = Refusal<"count_invalid" | "unknown_zone">;

export type CountOptions = {
  readonly tree: ZoneTree;
  readonly writeLog: LogWriter;
  /** Spaces of the facility; null = not known. */
  readonly capacity: number | null;
};

/** A count as somebody took it. */
export type CountTaken = {
  /** Null = of the facility. */
  readonly zone: string | null;
  readonly count: number;
  readonly actor: string;
  readonly reason: string;
  readonly idempotencyKey: string;
};

/** No place on earth has more spaces. */
const MOST = 1_000_000;
/** A small place may well be counted at more than twice its capacity. */
const SMALL = 100;

/** Counts drift: what people and schedules set them to, with what they were before. */
export function countCorrecting(db: GateDatabase, options: CountOptions) {
  const { tree } = options;
  const write = correctionWriter(db, options.writeLog);
  return {
    /** Sets a count to what somebody counted. The same key again changes nothing and answers as before. */
    correctCount: (taken: CountTaken, now: Now): Result<Correction, CountRefusal> => {
      const { zone, count: after, actor, reason, idempotencyKey } = taken;
      const refused = unknownZone(zone, tree) ?? absurd(zone, after, options);
      if (refused !== null) return err(refused);
      return db.transaction(
        () => {
          const same = eq(countCorrections.idempotencyKey, idempotencyKey);
          const done = db.select().from(countCorrections).where(same).get();
          if (done !== undefined) return ok({ before: done.before, after: done.after });
          return ok(write(zone, after, { cause: "attendant", actor, reason, idempotencyKey }, now));
        },
        { behavior: "immediate" },
      );
    },
    /**
     * A reset by schedule, to a number or to the stays that are open there. `key` names the schedule's line:
     * `lastScheduledReset` tells when it fired last, also after a restart.
     */
    resetCount: (
      reset: { readonly zone: string | null; readonly to: number | "stays"; readonly key: string },
      now: Now,
    ): Result<Correction, CountRefusal> => {
      const { zone, to, key } = reset;
      const refused = unknownZone(zone, tree);
      if (refused !== null) return err(refused);
      return db.transaction(
        () => {
          db.insert(schedules)
            .values({ key, lastAt: now.wallMs })
            .onConflictDoUpdate({ target: schedules.key, set: { lastAt: now.wallMs } })
            .run();
          const after = to === "stays" ? openStaysIn(db, tree, zone) : to;
          const reason = to === "stays" ? "set to the stays that are open" : `set to ${to}`;
          return ok(
            write(zone, after, { cause: "schedule", actor: null, reason, idempotencyKey: null }, now),
          );
        },
        { behavior: "immediate" },
      );
    },
    /** When the line of a schedule fired last, Unix milliseconds; null = never. */
    lastScheduledReset: (key: string): number | null =>
      db.select().from(schedules).where(eq(schedules.key, key)).get()?.lastAt ?? null,
  };
}

function unknownZone(zone: string | null, tree: ZoneTree): CountRefusal | null {
  if (zone === null || tree.zones.some(({ name }) => name === zone)) return null;
  return refusal("unknown_zone", "operator", "There is no such zone.");
}

/** A count far beyond the spaces is a slip of the finger. */
function absurd(zone: string | null, to: number, { tree, capacity }: CountOptions): CountRefusal | null {
  const spaces = zone === null ? capacity : (tree.zones.find(({ name }) => name === zone)?.capacity ?? null);
  const most = spaces === null ? MOST : Math.min(MOST, 2 * spaces + SMALL);
  if (Number.isSafeInteger(to) && to >= 0 && to <= most) return null;
  return refusal("count_invalid", "operator", `A count here is a whole number from 0 to ${most}.`);
}

type By = Pick<typeof countCorrections.$inferInsert, "cause" | "reason"> & {
  readonly actor: string | null;
  readonly idempotencyKey: string | null;
};

function correctionWriter(db: GateDatabase, writeLog: LogWriter) {
  return (zone: string | null, after: number, by: By, { wallMs: at }: Now): Correction => {
    const before = zone === null ? facilityCount(db) : zoneCount(db, zone);
    if (zone === null) db.update(agentState).set({ inside: after }).run();
    else {
      db.insert(zoneCounts)
        .values({ zone, inside: after })
        .onConflictDoUpdate({ target: zoneCounts.zone, set: { inside: after } })
        .run();
    }
    db.insert(countCorrections)
      .values({ zone, before, after, ...by, at })
      .run();
    const { cause, actor, reason } = by;
    const payload = { zone, before, after, cause, actor, reason: detailOf(reason), at: instantOf(at) };
    writeLog({ kind: "count.corrected", payload }, at);
    return { before, after };
  };
}

function facilityCount(db: GateDatabase): number {
  return db.select({ inside: agentState.inside }).from(agentState).get()?.inside ?? 0;
}

function zoneCount(db: GateDatabase, zone: string): number {
  return db.select().from(zoneCounts).where(eq(zoneCounts.zone, zone)).get()?.inside ?? 0;
}

/** A stay whose vehicle came in again since is nobody's vehicle. */
function openStaysIn(db: GateDatabase, tree: ZoneTree, zone: string | null): number {
  const open = db
    .select({ zone: stays.zone, n: count() })
    .from(stays)
    .where(sql`${stays.status} = 'open' and ${stays.review} is not 'missed_exit'`)
    .groupBy(stays.zone)
    .all();
  const here = open.filter((row) => zone === null || tree.pathOf(row.zone).includes(zone));
  return here.reduce((sum, { n }) => sum + n, 0);
}
