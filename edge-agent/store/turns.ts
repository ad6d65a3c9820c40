import type { GateDatabase } from "./open.ts";

/** Long work on the lanes' thread and on their database, done a few milliseconds at a time. */

/** Leaves thread and database alone, after they were held for so long. */
export type Rest = (heldMs: number) => Promise<void>;

/** For about as long again: whoever waited for a turn has it. */
export const restAsLong: Rest = (heldMs) =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.ceil(heldMs) + 1);
  });

/** A turn ends after this, or after so many items, whichever is first. */
const TURN_MS = 3;
const TURN_ITEMS = 500;
/** Another program holds the database: its turn was not the end of it. */
const ATTEMPTS = 10;

type Turns = {
  readonly rest: Rest;
  /** What goes around each turn, such as a transaction. When it throws before it begins, it is tried again. */
  readonly hold?: (turn: () => void) => void;
  /**
   * Items that a turn has at least, however long they take: on a crowded machine, turns that do next to nothing would
   * only wait for each other.
   */
  readonly least?: number;
};

/** Does something with each item, with rests in between. */
export async function inTurns<T>(
  items: Iterable<T>,
  work: (item: T) => void,
  { rest, hold = (turn) => turn(), least = 1 }: Turns,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let [done, failures] = [false, 0];
  /** When the turn began; null = it has not, and waits for somebody else's to end. */
  let begunMs: number | null = null;
  const turn = (): void => {
    const startedMs = performance.now();
    begunMs = startedMs;
    for (let taken = 0; taken < TURN_ITEMS; taken += 1) {
      if (taken >= least && performance.now() - startedMs >= TURN_MS) return;
      const next = left.next();
      if (next.done === true) {
        done = true;
        return;
      }
      work(next.value);
    }
  };
  while (!done) {
    begunMs = null;
    try {
      hold(turn);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (begunMs !== null || failures >= ATTEMPTS) throw error;
    }
    await rest(begunMs === null ? 0 : performance.now() - begunMs);
  }
}

/**
 * A transaction for rows that nothing refers to yet. It is not brought to the disk by itself: the next one that is,
 * such as the one that puts these rows in force, brings it there with it, because both are in one log (WAL). A power
 * cut before that loses the last of them, never one from the middle.
 */
export function unsynced(db: GateDatabase): (turn: () => void) => void {
  const { $client: file } = db;
  return (turn) => {
    const level = file.pragma("synchronous", { simple: true });
    file.pragma("synchronous = NORMAL");
    try {
      db.transaction(turn, { behavior: "immediate" });
    } finally {
      file.pragma(`synchronous = ${String(level)}`);
    }
  };
}
