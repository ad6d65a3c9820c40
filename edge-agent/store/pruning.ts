import { and, asc, desc, gt, lte, min, sql } from "drizzle-orm";
import { agentState } from "./schema.ts";
import { linkState, log } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { pausing } from "./pausing.ts";

/** What may go of the log. */
export type Pruning = {
  /** Now, by the wall clock. */
  readonly wallMs: number;
  /** Younger lines stay, for a cloud that is restored to send them to again; 0 = only what the cloud has not. */
  readonly keepMs: number;
};

/** Lines looked at, and lines deleted, at a time: a few milliseconds. */
const LOOKED_AT = 2_000;
const DELETED = 200;
/** Clocks are off by this at most; a line that is further ahead has a time that says nothing. */
const AHEAD_MS = 86_400_000;

/** Forgets the beginning of the log: what the cloud has, once it is old enough. */
export function logPruning(db: GateDatabase) {
  const state = db
    .select({ anchorSeq: linkState.anchorSeq, restoredSeq: linkState.restoredSeq })
    .from(linkState)
    .prepare();
  const cursor = db.select({ seq: agentState.uploadCursor }).from(agentState).prepare();
  const page = db
    .select({ seq: log.seq, wallAt: log.wallAt })
    .from(log)
    .where(and(gt(log.seq, sql.placeholder("after")), lte(log.seq, sql.placeholder("acked"))))
    .orderBy(asc(log.seq))
    .limit(LOOKED_AT)
    .prepare();

  /** From where to where lines may go; null while the database is being restored: the cloud asks what it has. */
  const reach = (): { readonly from: number; readonly acked: number } | null => {
    const link = state.get();
    if (link === undefined || link.restoredSeq !== null) return null;
    return { from: link.anchorSeq, acked: cursor.get()?.seq ?? 0 };
  };

  /**
   * The last line of those at the beginning that are all old enough. No line is older than one before it: one whose
   * clock was behind goes with its neighbours. One whose clock was ahead goes when one behind it may go.
   */
  async function lastToGo({ wallMs, keepMs }: Pruning): Promise<number> {
    const bounds = reach();
    if (bounds === null) return 0;
    if (keepMs <= 0) return bounds.acked;
    let last = 0;
    for (let after = bounds.from; ;) {
      const lines = await pausing(() => page.all({ after, acked: bounds.acked }));
      for (const { seq, wallAt } of lines) {
        if (wallAt <= wallMs - keepMs) last = seq;
        else if (wallAt <= wallMs + AHEAD_MS) return last;
      }
      const end = lines.at(-1);
      if (end === undefined) return last;
      after = end.seq;
    }
  }

  /** One chunk, and the place where the chain of those that are left begins. */
  function deleteSome(until: number): number {
    return db.transaction(
      () => {
        const bounds = reach();
        if (bounds === null) return 0;
        const first =
          db
            .select({ seq: min(log.seq) })
            .from(log)
            .get()?.seq ?? null;
        if (first === null) return 0;
        const to = Math.min(until, bounds.acked, first + DELETED - 1);
        const at = db
          .select({ seq: log.seq, hash: log.hash })
          .from(log)
          .where(lte(log.seq, to))
          .orderBy(desc(log.seq))
          .limit(1)
          .get();
        if (at === undefined || at.hash === null) return 0;
        db.update(linkState).set({ anchorSeq: at.seq, anchorHash: at.hash }).run();
        return db.delete(log).where(lte(log.seq, at.seq)).run().changes;
      },
      { behavior: "immediate" },
    );
  }

  return {
    /**
     * A little at a time, with pauses in which lanes write. Never a line that the cloud has not acknowledged.
     *
     * @returns how many lines went.
     * @throws when the disk refuses; what went before is gone, the rest is whole.
     */
    pruneLog: async (pruning: Pruning): Promise<number> => {
      const last = await lastToGo(pruning);
      let gone = 0;
      for (let some = 1; some > 0; gone += some) some = await pausing(() => deleteSome(last));
      return gone;
    },
  };
}
