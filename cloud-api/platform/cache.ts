import { LRUCache } from "lru-cache";

/** What is cached, and how long it is good unless it is forgotten before. */
export const CACHE_SECONDS = {
  /** By facility. */
  availability: 300,
  /** By facility: its published tariffs. */
  tariffs: 3_600,
  /** By user: what they hold. */
  subscriptions: 1_800,
  /** By facility, and lists of them by query. */
  facilities: 300,
  /** By user, and by API key: who they are and what they run. */
  people: 5,
} as const;
export type CacheSpace = keyof typeof CACHE_SECONDS;

/** Answers that are asked for again and again. Values are JSON. */
export type Cache = {
  /** The value of a key, from the cache or by `load`; at most one `load` of a key at a time. */
  readonly remember: <T>(space: CacheSpace, key: string, load: () => Promise<T>) => Promise<T>;
  readonly forget: (space: CacheSpace, key: string) => Promise<void>;
  /** When word of what to forget was missed. */
  readonly forgetAll: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Is told of every question to a cache. One that waits for another's load is a hit: the database has less to do. */
export type CacheWatch = (space: CacheSpace, outcome: "hit" | "miss") => void;

const MAX_ENTRIES = 50_000;

/** The cache of one process. */
export function createProcessCache(nowMs: () => number, watch: CacheWatch = () => undefined): Cache {
  const values = new LRUCache<string, { readonly value: unknown }>({
    max: MAX_ENTRIES,
    perf: { now: nowMs },
    // Else it would ask the clock, and then a timer of its own.
    ttlResolution: 0,
  });
  const loading = new Map<string, Promise<unknown>>();
  return {
    async remember<T>(space: CacheSpace, key: string, load: () => Promise<T>): Promise<T> {
      const name = `${space}:${key}`;
      const known = values.get(name);
      const under = loading.get(name);
      watch(space, known === undefined && under === undefined ? "miss" : "hit");
      if (known !== undefined) return known.value as T;
      if (under !== undefined) return (await under) as T;
      const load1 = load();
      loading.set(name, load1);
      try {
        const value = await load1;
        // What was forgotten while it was read is old already.
        if (loading.get(name) === load1) values.set(name, { value }, { ttl: CACHE_SECONDS[space] * 1_000 });
        return value;
      } finally {
        if (loading.get(name) === load1) loading.delete(name);
      }
    },
    async forget(space, key) {
      const name = `${space}:${key}`;
      values.delete(name);
      loading.delete(name);
    },
    async forgetAll() {
      values.clear();
      loading.clear();
    },
    close: async () => undefined,
  };
}
