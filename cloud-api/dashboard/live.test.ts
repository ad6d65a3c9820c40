import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLiveDashboard, type LiveDashboard, type LiveMessage } from "./live.ts";

let loads: string[];
let errors: unknown[];
let load: (organisationId: string) => Promise<string>;
let live: LiveDashboard;

beforeEach(() => {
  vi.useFakeTimers();
  loads = [];
  errors = [];
  load = (organisationId) => {
    loads.push(organisationId);
    return Promise.resolve(`${organisationId} ${loads.length}`);
  };
  live = createLiveDashboard(
    (organisationId) => load(organisationId),
    (error) => errors.push(error),
  );
});
afterEach(() => {
  live.close();
  vi.useRealTimers();
});

function watch(organisationId = "a") {
  const watcher = live.watch(organisationId);
  if (watcher === null) throw new Error("no place");
  return watcher;
}

/** The message that is there now, or undefined when the watcher waits; then `next` is still under way. */
async function nextNow(watcher: { next: () => Promise<LiveMessage> }): Promise<LiveMessage | undefined> {
  let message: LiveMessage | undefined;
  void watcher.next().then((one) => (message = one));
  await vi.advanceTimersByTimeAsync(0);
  return message;
}

describe("a watcher", () => {
  it("gets a snapshot at once and waits when nothing changes", async () => {
    const watcher = watch();
    expect(await nextNow(watcher)).toEqual({ kind: "snapshot", data: "a 1" });
    expect(await nextNow(watcher)).toBeUndefined();
  });

  it("gets a change within a second, and a burst of changes as one snapshot", async () => {
    const watcher = watch();
    await nextNow(watcher);
    for (let change = 0; change < 1_000; change++) live.changed("a");
    const next = watcher.next();
    await vi.advanceTimersByTimeAsync(999);
    expect(await next).toEqual({ kind: "snapshot", data: "a 2" });
    expect(loads).toHaveLength(2);
  });

  it("misses what came while it was slow, but never the last", async () => {
    const watcher = watch();
    for (let change = 0; change < 5; change++) {
      live.changed("a");
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(await nextNow(watcher)).toEqual({ kind: "snapshot", data: `a ${loads.length}` });
    expect(await nextNow(watcher)).toBeUndefined();
  });

  it("is not told of other organisations", async () => {
    const watcher = watch("a");
    await nextNow(watcher);
    live.changed("b");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(loads).toEqual(["a"]);
  });

  it("gets a beat and a new snapshot every 15 seconds", async () => {
    const watcher = watch();
    await nextNow(watcher);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await nextNow(watcher)).toEqual({ kind: "snapshot", data: "a 2" });
    expect(await nextNow(watcher)).toEqual({ kind: "beat" });
  });

  it("goes on after a snapshot failed", async () => {
    const good = load;
    load = () => Promise.reject(new Error("away"));
    const watcher = watch();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(errors).toHaveLength(1);
    load = good;
    live.changed("a");
    expect(await nextNow(watcher)).toEqual({ kind: "snapshot", data: "a 1" });
  });

  it("shares snapshots with the others of its organisation", async () => {
    const watchers = [watch(), watch(), watch()];
    await vi.advanceTimersByTimeAsync(1_000);
    const before = loads.length;
    live.changed("a");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(loads.length).toBe(before + 1);
    const data = await Promise.all(watchers.map(nextNow));
    expect(new Set(data.map((message) => JSON.stringify(message))).size).toBe(1);
  });

  it("ends when it leaves, and when everything is closed", async () => {
    const first = watch();
    first.leave();
    expect(await nextNow(first)).toEqual({ kind: "end" });
    const second = watch();
    await nextNow(second);
    const waiting = second.next();
    live.close();
    expect(await waiting).toEqual({ kind: "end" });
  });
});

describe("without watchers", () => {
  it("nothing is loaded", async () => {
    live.changed("a");
    const watcher = watch();
    await nextNow(watcher);
    watcher.leave();
    live.changed("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(loads).toHaveLength(1);
  });
});

it("has places for a hundred watchers, and a place again when one leaves", () => {
  const watchers = Array.from({ length: 100 }, (_, index) => watch(String(index % 7)));
  expect(live.watch("a")).toBeNull();
  watchers[3]!.leave();
  expect(live.watch("a")).not.toBeNull();
});
