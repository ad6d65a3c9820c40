import type { Db } from "../db/connection.ts";
import type { Listen } from "../db/listener.ts";
import { CHANGES_CHANNEL, readChanges, type Change, type ChangePlace } from "./changes.queries.ts";

/**
 * Hears of changes at facilities, whichever API process made them, and has those who watch read them. Word comes by the
 * database; when its connection was cut, everybody looks: nothing is missed, because everybody reads behind their own
 * place.
 */
export type ChangeHub = {
  /**
   * Gives a watcher all changes behind a place, and then those that come.
   *
   * @param push takes them in their order; what it returns is waited for before the next.
   * @returns what ends that.
   */
  readonly watch: (
    facilityId: string,
    after: ChangePlace,
    push: (changes: readonly Change[]) => Promise<void> | void,
  ) => () => void;
  /** Calls back whenever something changed at a facility; what, is not told. @returns what ends that. */
  readonly onChange: (facilityId: string, changed: () => void) => () => void;
  /** Calls back for every facility; null = it may be any of them. */
  readonly onAny: (changed: (facilityId: string | null) => Promise<void>) => () => void;
  readonly close: () => void;
};

/** Transactions that still run hold changes back: they are looked for again after this. */
const AGAIN_MS = 100;
/** Should no word have come, though there was something to tell. */
const LOOK_MS = 15_000;

export function createChangeHub(deps: {
  readonly db: Db;
  readonly listen: Listen;
  readonly log: { readonly warn: (fields: object, message: string) => void };
}): ChangeHub {
  const { db, log } = deps;
  const listeners = new Map<string, Set<() => void>>();
  const anyListeners = new Set<(facilityId: string | null) => Promise<void>>();
  let complained = false;

  const listener = deps.listen(CHANGES_CHANNEL, {
    heard: (facilityId) => {
      for (const changed of listeners.get(facilityId) ?? []) changed();
      tellAny(facilityId);
    },
    connected: () => {
      complained = false;
      everybody();
    },
    lost: (error) => {
      if (!complained) log.warn({ err: error }, "changes of other processes cannot be heard");
      complained = true;
    },
  });

  function everybody(): void {
    for (const set of listeners.values()) for (const changed of set) changed();
    tellAny(null);
  }

  function tellAny(facilityId: string | null): void {
    for (const changed of anyListeners)
      changed(facilityId).catch((error: unknown) => log.warn({ err: error }, "a change had no effect"));
  }

  function onChange(facilityId: string, changed: () => void): () => void {
    const set = listeners.get(facilityId) ?? new Set();
    listeners.set(facilityId, set);
    set.add(changed);
    return () => {
      set.delete(changed);
      if (set.size === 0 && listeners.get(facilityId) === set) listeners.delete(facilityId);
    };
  }

  return {
    onChange,
    onAny: (changed) => {
      anyListeners.add(changed);
      return () => anyListeners.delete(changed);
    },
    watch: (facilityId, after, push) => {
      let place = after;
      let ended = false;
      let running = false;
      let wanted = false;
      let timer: NodeJS.Timeout | undefined;

      async function run(): Promise<void> {
        running = true;
        let again = LOOK_MS;
        try {
          do {
            wanted = false;
            const { changes, more } = await readChanges(db, facilityId, place);
            if (ended) return;
            if (changes.length > 0) await push(changes);
            place = changes.at(-1) ?? place;
            again = more ? AGAIN_MS : LOOK_MS;
            if (more && changes.length > 0) wanted = true;
          } while (wanted && !ended);
        } catch (error) {
          log.warn({ err: error }, "changes cannot be read");
        } finally {
          running = false;
          clearTimeout(timer);
          if (!ended) timer = setTimeout(look, again).unref();
        }
      }

      function look(): void {
        wanted = true;
        if (!running && !ended) void run();
      }

      const forget = onChange(facilityId, look);
      look();
      return () => {
        ended = true;
        clearTimeout(timer);
        forget();
      };
    },
    close: () => {
      listener.close();
      listeners.clear();
      anyListeners.clear();
    },
  };
}
