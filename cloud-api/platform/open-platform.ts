import { BlockList } from "node:net";
import type { MiddlewareHandler } from "hono";
import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Result } from "@parkme/shared/domain/result";
import type { PlatformConfig } from "../config/platform-environment.ts";
import { socketAddress, type AppEnv } from "../http.ts";
import type { ApiMetrics } from "../telemetry/api-metrics.ts";
import { createProcessCache, type Cache } from "./cache.ts";
import { clientAddress } from "./client-address.ts";
import { createLimits, UNLIMITED, type Limit } from "./limits.ts";
import { createRedisCache } from "./redis-cache.ts";
import type { Redis } from "./redis.ts";

/** What every request goes through, and what API processes share. */
export type Platform = {
  readonly cache: Cache;
  readonly limit: Limit;
  /** Pages of these origins may call the API from a browser; `*` = of any. */
  readonly corsOrigins: readonly string[];
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: BlockList;
  readonly close: () => Promise<void>;
};

type Deps = { readonly clock: Clock; readonly metrics: ApiMetrics };

/** A process by itself that trusts nobody, and has no limits. */
export function plainPlatform({ clock, metrics }: Deps): Platform {
  return {
    cache: createProcessCache(() => clock.monotonicMs(), metrics.cache),
    limit: UNLIMITED,
    corsOrigins: [],
    trustedProxies: new BlockList(),
    close: async () => undefined,
  };
}

/**
 * @param password reads the file with Redis' password.
 * @throws when that cannot be read; a Redis that is away is none.
 */
export async function openPlatform(
  config: PlatformConfig,
  deps: Deps & { readonly log: Logger; readonly password: (path: string) => Promise<Result<string, string>> },
): Promise<Platform> {
  const { clock, metrics, log } = deps;
  const redis = await redisOf(config, deps);
  const own = createProcessCache(() => clock.monotonicMs(), metrics.cache);
  const cache = redis === null ? own : createRedisCache(redis, own, metrics.cache);
  const { corsOrigins, trustedProxies, limits } = config;
  log.debug({ redis: redis !== null, ...limits }, "the platform's limits");
  return {
    cache,
    limit: createLimits({ ...limits, redis }),
    corsOrigins,
    trustedProxies,
    async close() {
      await cache.close();
      await redis?.close();
    },
  };
}

async function redisOf(
  { redis }: PlatformConfig,
  { clock, log, password }: Parameters<typeof openPlatform>[1],
): Promise<Redis | null> {
  if (redis === null) return null;
  const secret = redis.passwordPath === null ? null : await password(redis.passwordPath);
  if (secret?.ok === false) throw new Error(`the password of Redis: ${secret.error}`);
  const { openRedis } = await import("./redis.ts");
  return openRedis({
    url: redis.url,
    password: secret?.value ?? null,
    monotonicMs: () => clock.monotonicMs(),
    onState: (lost) => {
      if (lost === null) log.info("Redis is there");
      else log.warn({ err: lost }, "Redis is away: this process goes on by itself");
    },
  });
}

/** Notes whose request it is: see client-address.ts. */
export function noteAddress({ trustedProxies }: Pick<Platform, "trustedProxies">): MiddlewareHandler<AppEnv> {
  const trustsNobody = trustedProxies.rules.length === 0;
  return async (c, next) => {
    const peer = socketAddress(c);
    const forwardedFor = trustsNobody ? undefined : c.req.header("x-forwarded-for");
    c.set("address", clientAddress(peer, forwardedFor, trustedProxies));
    await next();
  };
}
