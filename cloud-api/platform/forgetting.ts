import type { Listen } from "../db/listener.ts";
import { CACHE_SECONDS, type Cache, type CacheSpace } from "./cache.ts";
import { FORGET_CHANNEL } from "./forget.queries.ts";

/**
 * Has a cache forget what any API process changed, as the database tells it. When its connection was cut, what was told
 * meanwhile is lost: everything is forgotten. Nothing is to be cached before it is `ready`.
 *
 * @param failed is told of a cache that could not forget, and of a connection that was lost.
 */
export function listenToForget(
  listen: Listen,
  cache: Pick<Cache, "forget" | "forgetAll">,
  failed: (error: unknown) => void,
): { readonly ready: Promise<void>; readonly close: () => void } {
  let listened = false;
  return listen(FORGET_CHANNEL, {
    heard(payload) {
      const named = readForget(payload);
      if (named !== null) cache.forget(named.space, named.key).catch(failed);
    },
    connected() {
      if (listened) cache.forgetAll().catch(failed);
      listened = true;
    },
    lost: failed,
  });
}

/** `SPACE:KEY`; null = of a version that has other caches. */
export function readForget(payload: string): { readonly space: CacheSpace; readonly key: string } | null {
  const at = payload.indexOf(":");
  const space = payload.slice(0, at);
  return isSpace(space) ? { space, key: payload.slice(at + 1) } : null;
}

function isSpace(text: string): text is CacheSpace {
  return Object.hasOwn(CACHE_SECONDS, text);
}
