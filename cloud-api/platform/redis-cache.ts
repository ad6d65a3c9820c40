import { CACHE_SECONDS, type Cache, type CacheSpace, type CacheWatch } from "./cache.ts";
import type { Redis } from "./redis.ts";

const PREFIX = "parkme:cache";
/** Counts up when nothing of before may be believed. */
const ERA = `${PREFIX}:era`;

/**
 * Keeps what was loaded, unless it was forgotten since the load began: then it is old already. The generation of a key
 * counts how often that was.
 */
const KEEP = `
if (redis.call('get', KEYS[2]) or '') == ARGV[1] and (redis.call('get', KEYS[3]) or '') == ARGV[2] then
  redis.call('set', KEYS[1], ARGV[3], 'EX', ARGV[4])
end
return 0`;

const FORGET = `
redis.call('del', KEYS[1])
redis.call('incr', KEYS[2])
redis.call('expire', KEYS[2], ARGV[1])
return 0`;

/** What was read of a key: the value of this era, and what must still be so when another is kept. */
type Found = { readonly json: string | null; readonly generation: string; readonly era: string };

/**
 * The cache that several API processes share. While Redis is away, each goes on with its own.
 *
 * @param own the cache of this process; it is forgotten as well, so that it may be used at any time.
 */
export function createRedisCache(redis: Redis, own: Cache, watch: CacheWatch = () => undefined): Cache {
  const { client, ask } = redis;
  const loading = new Map<string, Promise<unknown>>();

  async function find(name: string): Promise<Found | null> {
    const answer = await ask(() => client.mGet([`${PREFIX}:v:${name}`, `${PREFIX}:g:${name}`, ERA]));
    if (answer === null) return null;
    const [kept, generation, era] = [answer[0] ?? null, answer[1] ?? "", answer[2] ?? ""];
    // Its first line says of which era it is.
    const json = kept?.startsWith(`${era}\n`) === true ? kept.slice(era.length + 1) : null;
    return { json, generation, era };
  }

  async function keep(space: CacheSpace, name: string, { generation, era }: Found, value: unknown) {
    const text = JSON.stringify(value) ?? "null";
    await ask(() =>
      client.eval(KEEP, {
        keys: [`${PREFIX}:v:${name}`, `${PREFIX}:g:${name}`, ERA],
        arguments: [generation, era, `${era}\n${text}`, String(CACHE_SECONDS[space])],
      }),
    );
  }

  async function findOrLoad<T>(space: CacheSpace, key: string, load: () => Promise<T>): Promise<T> {
    const name = `${space}:${key}`;
    const found = await find(name);
    if (found === null) return await own.remember(space, key, load);
    if (found.json !== null) {
      watch(space, "hit");
      return JSON.parse(found.json) as T;
    }
    watch(space, "miss");
    const value = await load();
    await keep(space, name, found, value);
    return value;
  }

  return {
    async remember<T>(space: CacheSpace, key: string, load: () => Promise<T>): Promise<T> {
      const name = `${space}:${key}`;
      const under = loading.get(name);
      if (under !== undefined) {
        watch(space, "hit");
        return (await under) as T;
      }
      const mine = findOrLoad(space, key, load);
      loading.set(name, mine);
      try {
        return await mine;
      } finally {
        if (loading.get(name) === mine) loading.delete(name);
      }
    },
    async forget(space, key) {
      const name = `${space}:${key}`;
      // Whoever asks from now on waits for nothing that was read before.
      loading.delete(name);
      await own.forget(space, key);
      const generationSeconds = String(2 * CACHE_SECONDS[space]);
      await ask(() =>
        client.eval(FORGET, {
          keys: [`${PREFIX}:v:${name}`, `${PREFIX}:g:${name}`],
          arguments: [generationSeconds],
        }),
      );
    },
    async forgetAll() {
      loading.clear();
      await own.forgetAll();
      await ask(() => client.incr(ERA));
    },
    close: async () => await own.close(),
  };
}
