import { desc, eq, lte, sql } from "drizzle-orm";
import { type LogPlace, MAX_LOCATOR } from "@parkme/shared/protocol/log";
import { type linkState, log } from "./link-schema.ts";
import { hashAfter, logReader } from "./log-writer.ts";
import type { GateDatabase } from "./open.ts";

type KnownPlaces = Pick<
  typeof linkState.$inferSelect,
  "epoch" | "anchorSeq" | "anchorHash" | "parentEpoch" | "parentSeq" | "parentHash"
>;

/** Places in the log, and what its rows hash to. */
export function logPlaces(db: GateDatabase, state: () => KnownPlaces) {
  const logLines = logReader(db);
  const hashOfRow = db
    .select({ hash: log.hash })
    .from(log)
    .where(eq(log.seq, sql.placeholder("seq")))
    .prepare();
  const atOrBefore = db
    .select({ seq: log.seq, epoch: log.epoch, hash: log.hash })
    .from(log)
    .where(lte(log.seq, sql.placeholder("seq")))
    .orderBy(desc(log.seq))
    .limit(1)
    .prepare();
  /** The hash of a line, or of 0: before the first. Null = what follows it was pruned, or it was never written. */
  const hashAt = (seq: number): string | null => {
    const { anchorSeq, anchorHash, parentSeq, parentHash } = state();
    if (seq < anchorSeq) return null;
    if (seq === anchorSeq) return anchorHash;
    return seq === parentSeq ? parentHash : (hashOfRow.get({ seq })?.hash ?? null);
  };
  return {
    hashAt,
    /** The first line from `from` to `to` that is not what its hash says, or is not there; null = all are whole. */
    damagedLine: (from: number, to: number): number | null => {
      let previous = hashAt(from - 1);
      let next = from;
      for (const { seq, line, hash } of logLines(from - 1, to - from + 1)) {
        if (previous === null || seq !== next || hashAfter(previous, line) !== hash) return next;
        previous = hash;
        next = seq + 1;
      }
      return next > to ? null : next;
    },
    /**
     * Places of the log from its end backwards: close together at first, then ever further apart, down to the oldest
     * that is left.
     *
     * @param from begins there in place of the end.
     * @param also places that are of interest besides, such as what was acknowledged.
     */
    logLocator: ({
      from = Number.MAX_SAFE_INTEGER,
      also = [],
    }: {
      readonly from?: number;
      readonly also?: readonly number[];
    } = {}): LogPlace[] => {
      const places = knownPlaces(state()).filter(({ seq }) => seq <= from);
      const add = (seq: number): number | null => {
        const row = atOrBefore.get({ seq });
        if (row === undefined || row.hash === null) return null;
        places.push({ ...row, hash: row.hash });
        return row.seq;
      };
      for (const seq of also) if (seq <= from) add(seq);
      let step = 1;
      for (let at = add(from); at !== null && places.length < MAX_LOCATOR; step *= 2) at = add(at - step);
      return places.toSorted((a, b) => b.seq - a.seq).filter(({ seq }, i, all) => seq !== all[i - 1]?.seq);
    },
  };
}

/** Places that are known though their rows may not be here. */
function knownPlaces(known: KnownPlaces): LogPlace[] {
  const { epoch, anchorSeq, anchorHash, parentEpoch, parentSeq, parentHash } = known;
  // Also when it is before the first line: a cloud that has less than all others that are named has this one.
  const anchorEpoch = anchorSeq === 0 ? 1 : (parentEpoch ?? epoch);
  const places: LogPlace[] = [{ epoch: anchorEpoch, seq: anchorSeq, hash: anchorHash }];
  if (parentEpoch !== null && parentSeq !== null && parentHash !== null)
    places.push({ epoch: parentEpoch, seq: parentSeq, hash: parentHash });
  return places;
}
