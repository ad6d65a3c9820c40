import { describe, expect, it } from "vitest";
import type { ListenerEvents } from "../db/listener.ts";
import { CACHE_SECONDS, createProcessCache } from "./cache.ts";
import { listenToForget, readForget } from "./forgetting.ts";

function stage() {
  let nowMs = 1_000;
  const asked: string[] = [];
  const cache = createProcessCache(
    () => nowMs,
    (space, outcome) => asked.push(`${space} ${outcome}`),
  );
  return { cache, asked, pass: (seconds: number) => (nowMs += seconds * 1_000) };
}

/** A load that ends when it is told to. */
function slowLoad<T>() {
  let end: (value: T) => void = () => undefined;
  const value = new Promise<T>((resolve) => {
    end = resolve;
  });
  return { load: () => value, end };
}

const never = async (): Promise<never> => {
  throw new Error("it was to be known");
};

describe("the cache of a process", () => {
  it("loads once until it is old, and says what was a hit", async () => {
    const { cache, asked, pass } = stage();
    expect(await cache.remember("availability", "f1", async () => 1)).toBe(1);
    expect(await cache.remember("availability", "f1", never)).toBe(1);
    pass(CACHE_SECONDS.availability - 1);
    expect(await cache.remember("availability", "f1", never)).toBe(1);
    pass(2);
    expect(await cache.remember("availability", "f1", async () => 2)).toBe(2);
    expect(asked).toEqual(["availability miss", "availability hit", "availability hit", "availability miss"]);
  });

  it("loads a key once for all who ask at a time", async () => {
    const { cache, asked } = stage();
    const slow = slowLoad<string>();
    const both = [cache.remember("tariffs", "f1", slow.load), cache.remember("tariffs", "f1", never)];
    slow.end("a tariff");
    expect(await Promise.all(both)).toEqual(["a tariff", "a tariff"]);
    expect(asked).toEqual(["tariffs miss", "tariffs hit"]);
  });

  it("keeps nothing that was read before it was forgotten", async () => {
    const { cache } = stage();
    const slow = slowLoad<string>();
    const old = cache.remember("availability", "f1", slow.load);
    await cache.forget("availability", "f1");
    const fresh = cache.remember("availability", "f1", async () => "new");
    slow.end("old");
    expect([await old, await fresh]).toEqual(["old", "new"]);
    expect(await cache.remember("availability", "f1", never)).toBe("new");
  });

  it("keeps nothing of a load that failed", async () => {
    const { cache } = stage();
    await expect(cache.remember("tariffs", "f1", never)).rejects.toThrow("it was to be known");
    expect(await cache.remember("tariffs", "f1", async () => null)).toBeNull();
    expect(await cache.remember("tariffs", "f1", never)).toBeNull();
  });

  it("forgets everything", async () => {
    const { cache } = stage();
    const slow = slowLoad<string>();
    await cache.remember("availability", "f1", async () => 1);
    const loading = cache.remember("tariffs", "f1", slow.load);
    await cache.forgetAll();
    slow.end("old");
    await loading;
    expect(await cache.remember("availability", "f1", async () => 2)).toBe(2);
    expect(await cache.remember("tariffs", "f1", async () => "new")).toBe("new");
  });
});

describe("what is to be forgotten", () => {
  it("is read, whatever a key has in it, and unless it is of no cache of ours", () => {
    expect(readForget("availability:f1")).toEqual({ space: "availability", key: "f1" });
    expect(readForget("facilities:list:7:a:b")).toEqual({ space: "facilities", key: "list:7:a:b" });
    for (const strange of ["", ":", "availability", "toString:f1", "weather:f1"])
      expect(readForget(strange)).toBeNull();
  });

  it("is everything when word of it may have been lost", async () => {
    const told: string[] = [];
    const cache = {
      forget: async (space: string, key: string) => void told.push(`${space} ${key}`),
      forgetAll: async () => void told.push("all"),
    };
    const heard: ListenerEvents[] = [];
    listenToForget(
      (_channel, events) => {
        heard.push(events);
        return { ready: Promise.resolve(), close: () => undefined };
      },
      cache,
      () => told.push("lost"),
    );
    const [events] = heard;
    events?.connected();
    events?.heard("tariffs:f1");
    events?.heard("weather:f1");
    events?.lost(new Error("cut"));
    events?.connected();
    expect(told).toEqual(["tariffs f1", "lost", "all"]);
  });
});
