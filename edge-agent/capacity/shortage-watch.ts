import { readClock, type Clock } from "@parkme/shared/domain/clock";
import type { IdMint, RightsId } from "@parkme/shared/domain/ids";
import type { RightsShortage } from "../store/capacity-rights.ts";
import type { Store } from "../store/store.ts";
import { realTimers, type Timers } from "../sync/nap.ts";

export type ShortageWatchOptions = {
  readonly store: Pick<Store, "rightsShortages" | "wantRights">;
  readonly mint: IdMint;
  readonly clock: Clock;
  readonly note: { readonly warn: (fields: object, message: string) => void };
  /** Something is in the log that the cloud waits for. */
  readonly touched: () => void;
  readonly timers?: Timers;
};

/** How often is looked: somebody may stand before a full sign. And how long the cloud has before it is asked again. */
const LOOK_MS = 15_000;
const ASK_AGAIN_MS = 5 * 60_000;

/** Asks the cloud for unsold rights before drive-ins have to be turned away for those that were given. */
export function createShortageWatch(options: ShortageWatchOptions) {
  const { store, mint, clock, note, touched, timers = realTimers } = options;
  /** When was asked last, by class and slot; by the monotonic clock. */
  const asked = new Map<string, number>();
  let cancel = (): void => undefined;
  let complained = false;

  function look(): void {
    const now = readClock(clock);
    for (const [key, atMs] of asked) if (now.monotonicMs - atMs >= ASK_AGAIN_MS) asked.delete(key);
    try {
      const wanted = store.rightsShortages(now).filter((shortage) => !asked.has(keyOf(shortage)));
      for (const shortage of wanted) {
        store.wantRights({ ...shortage, id: mint.next<RightsId>(now.wallMs) }, now);
        asked.set(keyOf(shortage), now.monotonicMs);
      }
      if (wanted.length > 0) touched();
      complained = false;
    } catch (error) {
      // A disk that refuses stops no gate, and is reported by those who need it more.
      if (!complained) note.warn({ err: error }, "rights to spaces could not be asked for");
      complained = true;
    }
  }

  function lookLater(): void {
    cancel = timers.after(LOOK_MS, () => {
      lookLater();
      look();
    });
  }

  return {
    /** Looks once, now. */
    look,
    start: lookLater,
    stop: (): void => cancel(),
  };
}

function keyOf({ class: name, fromMs }: RightsShortage): string {
  return `${name} ${fromMs}`;
}
