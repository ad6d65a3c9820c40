import { and, count, gt, lte, max } from "drizzle-orm";
import type { LogPlace } from "@parkme/shared/protocol/log";
import { log } from "./link-schema.ts";
import { linkKeeping } from "./link-state.ts";
import { instantOf } from "./log.ts";
import { type GateLog, rowInserter } from "./log-writer.ts";
import type { GateDatabase } from "./open.ts";
import { numberKeeping } from "./numbers.ts";
import { createConflictBook } from "./restore-conflicts.ts";
import { dropOldCredits, tellMerged } from "./restore-finishing.ts";
import { type ChainedLine, readLine, RestoreRefused } from "./restore-lines.ts";
import { createLocalChanges } from "./restore-local.ts";
import { moveRows } from "./restore-moving.ts";
import { createRowAdopter } from "./restore-rows.ts";
import { agentState } from "./schema.ts";

/** What is missing of the log: the lines from behind `adopted` up to and with `parent`. */
export type Hole = {
  /** The last place that the restored database and the cloud had in common. */
  readonly commonSeq: number;
  readonly adopted: { readonly seq: number; readonly hash: string };
  /** Where the cloud's log ended: what was written here since the restore comes behind it. */
  readonly parent: LogPlace;
};

/** What the cloud said: where its log ends, and the last place that both have. */
export type RestoreStart = { readonly common: LogPlace; readonly head: LogPlace };

export type Restoring = ReturnType<typeof restoring>;

/**
 * A database that was restored gets back what the cloud knows of it, while the gate goes on:
 *
 * 1. `begin`: the rows of the log that were written since the restore move behind the end of the cloud's log, into a
 *    new epoch. What is written from then on follows them.
 * 2. `adopt`, again and again: lines of the cloud become rows of the log as they came, and what goes with them the
 *    state, in their order, some of them in one transaction.
 * 3. `finish`: what both sides had a part in is told of once more, with the fact that all is here.
 *
 * Killed between any two of these, it goes on where it was.
 */
export function restoring(log: GateLog) {
  const hole = holeReader(log.db);
  const theHole = (): Hole => {
    const open = hole();
    if (open === null) throw new RestoreRefused("nothing is to be adopted");
    return open;
  };
  return {
    /** What is to be adopted; null = nothing is, or it has not begun. */
    place: hole,
    begin: beginning(log, hole),
    ...adopting(log, theHole),
    finish: finishing(log, theHole),
    /** It was thought to be restored, but the cloud knows no more than what is here. */
    notNeeded: (): void => linkKeeping(log.db).setLinkState({ restoredSeq: null, adoptedSeq: null }),
  };
}

function holeReader(db: GateDatabase): () => Hole | null {
  const { linkState, hashAt } = linkKeeping(db);
  return () => {
    const { restoredSeq, adoptedSeq, parentEpoch, parentSeq, parentHash } = linkState();
    if (restoredSeq === null || adoptedSeq === null) return null;
    if (parentEpoch === null || parentSeq === null || parentHash === null) return null;
    const hash = hashAt(adoptedSeq);
    if (hash === null) throw new Error(`row ${adoptedSeq} of the log is gone`);
    const parent = { epoch: parentEpoch, seq: parentSeq, hash: parentHash };
    return { commonSeq: restoredSeq, adopted: { seq: adoptedSeq, hash }, parent };
  };
}

/**
 * Begins, or begins again behind another end of the cloud's log.
 *
 * @returns a function that throws RestoreRefused when `common` is not a place of this log.
 */
function beginning({ db, quietly }: GateLog, hole: () => Hole | null) {
  const { linkState, hashAt, setLinkState } = linkKeeping(db);
  const { markRestored } = numberKeeping(db);
  return ({ common, head }: RestoreStart): void =>
    quietly(() => {
      const { epoch, anchorSeq, restoredSeq } = linkState();
      const pruned = common.seq < anchorSeq;
      if (!pruned && hashAt(common.seq) !== common.hash)
        throw new RestoreRefused(`line ${common.seq} of the cloud is not the one that is here`);
      if (head.seq < common.seq) throw new RestoreRefused("the cloud's log ends before what both have");
      // Nobody knew until now: what is written from here on is numbered out of the way of the cloud's rows.
      if (restoredSeq === null) markRestored(common.seq);
      // Put back from a copy that was made in the middle of another restore: what that had yet to adopt comes first.
      // Lines behind it that the cloud has are given again with it.
      const open = hole();
      const left = open !== null && open.adopted.seq < common.seq ? open : null;
      const from = left === null ? common.seq : left.adopted.seq;
      if (left !== null)
        db.delete(log)
          .where(and(gt(log.seq, from), lte(log.seq, common.seq)))
          .run();
      const next = Math.max(epoch, head.epoch) + 1;
      moveRows(db, from, head, next);
      const missing = `lines ${head.seq + 1} to ${anchorSeq} were pruned at the edge and are missing`;
      setLinkState({
        epoch: next,
        restoredSeq: left === null ? common.seq : left.commonSeq,
        adoptedSeq: from,
        parentEpoch: head.epoch,
        parentSeq: head.seq,
        parentHash: head.hash,
        epochReason: head.seq < anchorSeq ? missing : "the edge was restored",
        ...(pruned ? { anchorSeq: common.seq, anchorHash: common.hash } : {}),
      });
      db.update(agentState).set({ uploadCursor: head.seq }).run();
    });
}

function adopting({ db, quietly }: GateLog, theHole: () => Hole) {
  const { linkState, setLinkState } = linkKeeping(db);
  const local = createLocalChanges(db);
  const conflicts = createConflictBook(db);
  const adoptRow = createRowAdopter(db, { local, conflicts });
  const insertLine = rowInserter(db);
  /** The epoch whose rows `local` and `conflicts` know. */
  let known: number | null = null;

  function readOn({ commonSeq, parent }: Hole): boolean {
    const { epoch } = linkState();
    if (known !== epoch) {
      local.begin(parent.seq);
      conflicts.begin(commonSeq);
      known = epoch;
    }
    return local.readOn();
  }

  function adoptLine({ seq, line, hash }: ChainedLine, wallMs: number): void {
    const { row, images } = readLine(line);
    if (row.seq !== seq) throw new RestoreRefused(`line ${row.seq} stands where line ${seq} belongs`);
    local.giveUp(row.eventId);
    insertLine({ ...row, hash });
    if (images === null) conflicts.add({ seq, wallMs }, "", row.rows ?? "", "unreadable");
    for (const image of images ?? []) adoptRow(image, { seq, wallMs });
  }

  function adopt(lines: readonly ChainedLine[], wallMs: number): void {
    const open = theHole();
    while (readOn(open));
    let { adopted } = open;
    for (const line of lines) {
      const { seq, hash, previous } = line;
      if (seq !== adopted.seq + 1 || previous !== adopted.hash)
        throw new RestoreRefused(`line ${seq} does not follow line ${adopted.seq}`);
      if (seq > open.parent.seq || (seq === open.parent.seq && hash !== open.parent.hash))
        throw new RestoreRefused(`line ${seq} is not where the cloud's log ended`);
      adoptLine(line, wallMs);
      adopted = { seq, hash };
    }
    setLinkState({ adoptedSeq: adopted.seq });
  }

  return {
    /**
     * Reads what was written here since the restore, a little at a time; false = all of it. To be called before
     * `adopt`, so that this need not do it in one go.
     */
    prepare: (): boolean => readOn(theHole()),
    /**
     * Adopts the lines that come next, all or none of them.
     *
     * @throws RestoreRefused when they are not those.
     */
    adopt: (lines: readonly ChainedLine[], wallMs: number): void => {
      try {
        quietly(() => adopt(lines, wallMs));
      } catch (error) {
        // What was noted of it in memory was not written.
        known = null;
        throw error;
      }
    },
  };
}

/** All lines are here: throws RestoreRefused when they are not. */
function finishing({ db, writeLog }: GateLog, theHole: () => Hole) {
  const { linkState, setLinkState } = linkKeeping(db);
  return (wallMs: number): void =>
    db.transaction(
      () => {
        const { commonSeq, adopted, parent } = theHole();
        if (adopted.seq !== parent.seq) throw new RestoreRefused(`lines after ${adopted.seq} are missing`);
        // Lines of here that came from the cloud have left holes.
        if (!isWhole(db, parent.seq)) moveRows(db, parent.seq, parent, linkState().epoch);
        const conflicts = tellMerged(db, commonSeq, () =>
          writeLog({ kind: "rows.changed", payload: {} }, wallMs),
        );
        dropOldCredits(db);
        setLinkState({ restoredSeq: null, adoptedSeq: null });
        const told = { common_seq: commonSeq, adopted: parent.seq - commonSeq, conflicts };
        writeLog({ kind: "log.restored", payload: { ...told, at: instantOf(wallMs) } }, wallMs);
      },
      { behavior: "immediate" },
    );
}

/** Whether no number is left out behind a place of the log. */
function isWhole(db: GateDatabase, after: number): boolean {
  const rows = db
    .select({ count: count(), last: max(log.seq) })
    .from(log)
    .where(gt(log.seq, after))
    .get();
  return rows?.last == null || rows.last === after + rows.count;
}
