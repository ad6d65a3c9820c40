import { Hono } from "hono";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AppEnv } from "../http.ts";
import { startRedis, type RedisServer } from "../testing/redis-server.ts";
import { createProcessCache, type Cache } from "./cache.ts";
import { answerErrors } from "./errors.ts";
import { createLimits } from "./limits.ts";
import { createRedisCache } from "./redis-cache.ts";
import { openRedis, type Redis } from "./redis.ts";

/** An API process, as far as Redis knows it. */
type Process = {
  readonly redis: Redis;
  readonly cache: Cache;
  readonly asked: string[];
  readonly state: string[];
};

let server: RedisServer;
let processes: Process[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.kill());
beforeEach(async () => {
  processes = [startProcess(), startProcess()];
  await untilThere();
  await one().redis.client.flushAll();
});
afterEach(async () => {
  server.thaw();
  for (const { redis } of processes) await redis.close();
});

function startProcess(): Process {
  const asked: string[] = [];
  const state: string[] = [];
  const monotonicMs = () => performance.now();
  const redis = openRedis({
    url: server.url,
    password: null,
    monotonicMs,
    onState: (lost) => state.push(lost === null ? "there" : "away"),
  });
  const watch = (space: string, outcome: string) => asked.push(`${space} ${outcome}`);
  return {
    redis,
    asked,
    state,
    cache: createRedisCache(redis, createProcessCache(monotonicMs, watch), watch),
  };
}

function one(): Process {
  const [first] = processes;
  if (first === undefined) throw new Error("none was started");
  return first;
}

function two(): Process {
  const [, second] = processes;
  if (second === undefined) throw new Error("only one was started");
  return second;
}

async function untilThere(): Promise<void> {
  await expect
    .poll(() => processes.map(({ redis }) => redis.client.isReady), { timeout: 20_000 })
    .toEqual([true, true]);
}

const never = async (): Promise<never> => {
  throw new Error("it was to be known");
};

describe("a cache that processes share", () => {
  it("is filled by one and read by the others, until one of them forgets", async () => {
    const value = { free: 3, zones: ["a"], none: null };
    expect(await one().cache.remember("availability", "f1", async () => value)).toEqual(value);
    expect(await two().cache.remember("availability", "f1", never)).toEqual(value);
    expect([one().asked, two().asked]).toEqual([["availability miss"], ["availability hit"]]);
    await two().cache.forget("availability", "f1");
    expect(await one().cache.remember("availability", "f1", async () => ({ free: 2 }))).toEqual({ free: 2 });
  });

  it("keeps nothing that one read before another forgot it", async () => {
    let read: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      read = resolve;
    });
    let began: () => void = () => undefined;
    const loading = new Promise<void>((resolve) => {
      began = resolve;
    });
    const old = one().cache.remember("availability", "f1", async () => {
      began();
      await slow;
      return "old";
    });
    await loading;
    await two().cache.forget("availability", "f1");
    read();
    expect(await old).toBe("old");
    expect(await two().cache.remember("availability", "f1", async () => "new")).toBe("new");
  });

  it("forgets everything when word was missed, also what is being read", async () => {
    await one().cache.remember("tariffs", "f1", async () => "old");
    const reading = one().cache.remember("tariffs", "f2", async () => {
      await two().cache.forgetAll();
      return "old";
    });
    expect(await reading).toBe("old");
    for (const key of ["f1", "f2"])
      expect(await two().cache.remember("tariffs", key, async () => "new")).toBe("new");
  });

  it("lasts as long as it is good", async () => {
    await one().cache.remember("subscriptions", "u1", async () => null);
    const seconds = await one().redis.client.ttl("parkme:cache:v:subscriptions:u1");
    expect(seconds).toBeGreaterThan(1_790);
    expect(seconds).toBeLessThanOrEqual(1_800);
  });

  it("is each one's own while Redis is away, and shared again when it is back", async () => {
    await server.kill();
    await expect.poll(() => one().redis.client.isReady).toBe(false);
    expect(await one().cache.remember("availability", "f1", async () => 1)).toBe(1);
    expect(await one().cache.remember("availability", "f1", never)).toBe(1);
    await one().cache.forget("availability", "f1");
    expect(await one().cache.remember("availability", "f1", async () => 2)).toBe(2);
    await server.start();
    await untilThere();
    expect(one().state).toEqual(["there", "away", "there"]);
    await one().cache.remember("availability", "f9", async () => 9);
    expect(await two().cache.remember("availability", "f9", never)).toBe(9);
  });

  it("keeps nobody waiting when Redis hangs", async () => {
    server.freeze();
    const startedMs = performance.now();
    for (let key = 0; key < 20; key += 1)
      expect(await one().cache.remember("availability", `k${key}`, async () => key)).toBe(key);
    // Once the patience of one question, then it is left alone.
    expect(performance.now() - startedMs).toBeLessThan(900);
  });
});

describe("limits that processes share", () => {
  function app({ redis }: Process): Hono<AppEnv> {
    const limit = createLimits({ anonymous: 4, signedIn: 4, redis });
    const routes = new Hono<AppEnv>();
    routes.use(async (c, next) => {
      c.set("address", c.req.header("x-address") ?? "unknown");
      await next();
    });
    routes.get("/", async (c) => {
      await limit(c, null);
      return c.json(c.get("rate"));
    });
    routes.onError(answerErrors({ error: () => undefined }));
    return routes;
  }
  const ask = async (routes: Hono<AppEnv>, address: string) =>
    (await routes.request("/", { headers: { "x-address": address } })).status;

  it("are one count, whoever is asked", async () => {
    const [first, second] = [app(one()), app(two())];
    const answers = await Promise.all(
      [first, second, first, second].map((each) => ask(each, "198.51.100.1")),
    );
    expect(answers).toEqual([200, 200, 200, 200]);
    expect([await ask(first, "198.51.100.1"), await ask(second, "198.51.100.1")]).toEqual([429, 429]);
    expect(await ask(second, "198.51.100.2")).toBe(200);
  });

  it("are each one's own while Redis is away", async () => {
    const [first, second] = [app(one()), app(two())];
    await server.kill();
    await expect.poll(() => processes.map(({ redis }) => redis.client.isReady)).toEqual([false, false]);
    for (let asked = 0; asked < 4; asked += 1) expect(await ask(first, "198.51.100.3")).toBe(200);
    expect([await ask(first, "198.51.100.3"), await ask(second, "198.51.100.3")]).toEqual([429, 200]);
    await server.start();
    await untilThere();
  });
});
