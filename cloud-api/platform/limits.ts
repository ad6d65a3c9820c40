import { LRUCache } from "lru-cache";
import type { Context } from "hono";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { problem } from "@parkme/shared/domain/errors";
import type { Principal } from "../accounts/principal.ts";
import { peerAddress, type AppEnv } from "../http.ts";
import { addressGroup } from "./client-address.ts";
import { Refusal } from "./refusal.ts";
import type { Redis } from "./redis.ts";

/** Counts a request of who asks. @throws {Refusal} 429 when there were too many. */
export type Limit = (c: Context<AppEnv>, principal: Principal | null) => Promise<void>;

export type LimitOptions = {
  /** Requests an hour; 0 = as many as they like. */
  readonly anonymous: number;
  readonly signedIn: number;
  /** By it all API processes count together; null = each for itself. While it is away, each counts for itself. */
  readonly redis: Redis | null;
};

const HOUR_SECONDS = 3_600;
/** Who came longest ago is forgiven when more come within an hour; some 200 bytes each. */
const MAX_COUNTED = 200_000;

export const UNLIMITED: Limit = async () => undefined;

/** Limits of people and API keys by who they are, and of anybody else by address. */
export function createLimits({ anonymous, signedIn, redis }: LimitOptions): Limit {
  const counters = {
    anonymous: createCounter("anonymous", anonymous, redis),
    signedIn: createCounter("signed-in", signedIn, redis),
  };
  return async (c, principal) => {
    const [points, count] =
      principal === null ? [anonymous, counters.anonymous] : [signedIn, counters.signedIn];
    if (points === 0) return;
    const counted = await count(principal?.actorId ?? addressGroup(peerAddress(c)));
    const resetSeconds = Math.max(1, Math.ceil(counted.msBeforeNext / 1_000));
    const { remainingPoints: remaining } = counted;
    c.set("rate", { limit: points, remaining, resetSeconds, windowSeconds: HOUR_SECONDS });
    if (counted.consumedPoints <= points) return;
    throw new Refusal(
      problem(
        429,
        "too_many_requests",
        `at most ${points} requests an hour; try again in ${resetSeconds} seconds`,
      ),
      {},
      { "retry-after": String(resetSeconds) },
    );
  };
}

type Counter = (key: string) => Promise<RateLimiterRes>;

function createCounter(name: string, points: number, redis: Redis | null): Counter {
  const options = { keyPrefix: `parkme:rate:${name}`, points, duration: HOUR_SECONDS };
  const own = new RateLimiterMemory(options);
  const counted = new LRUCache<string, true>({
    max: MAX_COUNTED,
    dispose: (_, key, reason) => {
      if (reason === "evict") void own.delete(key);
    },
  });
  const alone: Counter = (key) => {
    counted.set(key, true);
    return settle(own.consume(key));
  };
  if (redis === null) return alone;
  const shared = new RateLimiterRedis({ ...options, storeClient: redis.client, useRedisPackage: true });
  return async (key) => (await redis.ask(() => settle(shared.consume(key)))) ?? (await alone(key));
}

/** Too many are told by a rejection with the same count. */
async function settle(counting: Promise<RateLimiterRes>): Promise<RateLimiterRes> {
  try {
    return await counting;
  } catch (error) {
    if (error instanceof RateLimiterRes) return error;
    throw error;
  }
}
