import { asc, eq, sql } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import { detailOf, instantOf, type LogWriter } from "./log.ts";
import type { GateDatabase } from "./open.ts";
import { modes, passbackResets, stays } from "./schema.ts";
import { MAY_BE_INSIDE } from "./statements.ts";

export type ModeScope = "facility" | "zone" | "lane";

/** How a lane, a zone or the facility is run, and who said so. What was never set is `open`. */
export type ModeRow = {
  readonly scope: ModeScope;
  /** The lane's, zone's or facility's. */
  readonly name: string;
  readonly mode: LaneMode;
  /** Null = the schedule. */
  readonly actor: string | null;
  readonly reason: string;
  readonly since: number;
};

/** How the place is run, as people and schedules decide. */
export function modeKeeping(db: GateDatabase, writeLog: LogWriter) {
  const all = db.select().from(modes).orderBy(asc(modes.scope), asc(modes.name)).prepare();
  return {
    modes: (): ModeRow[] => all.all(),
    setMode: (change: Omit<ModeRow, "since">, { wallMs }: Now): void => {
      const { scope, name, mode, actor, reason } = change;
      db.transaction(
        () => {
          db.insert(modes)
            .values({ ...change, since: wallMs })
            .onConflictDoUpdate({
              target: [modes.scope, modes.name],
              set: { mode, actor, reason, since: wallMs },
            })
            .run();
          const payload = { scope, name, mode, actor, reason: detailOf(reason), at: instantOf(wallMs) };
          writeLog({ kind: "mode.changed", payload }, wallMs);
        },
        { behavior: "immediate" },
      );
    },
    /**
     * Resets anti-passback: from now on nobody minds the stays that are open. The same key again changes nothing.
     *
     * @returns how many stays that were.
     */
    neutralReset: (
      reset: { readonly actor: string; readonly reason: string; readonly idempotencyKey: string },
      { wallMs }: Now,
    ): number =>
      db.transaction(
        () => {
          const { actor, reason, idempotencyKey } = reset;
          const once = eq(passbackResets.idempotencyKey, idempotencyKey);
          const done = db.select().from(passbackResets).where(once).get();
          if (done !== undefined) return done.stays;
          const { changes } = db
            .update(stays)
            .set({ neutral: true })
            .where(sql`${MAY_BE_INSIDE} and ${stays.neutral} = 0`)
            .run();
          db.insert(passbackResets)
            .values({ ...reset, stays: changes, at: wallMs })
            .run();
          const payload = { actor, reason: detailOf(reason), stays: changes, at: instantOf(wallMs) };
          writeLog({ kind: "passback.reset", payload }, wallMs);
          return changes;
        },
        { behavior: "immediate" },
      ),
  };
}
