import { spawn } from "node:child_process";
import { existsSync, lutimesSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withLock } from "./lock.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("withLock", () => {
  it("lets one piece of work run at a time", async () => {
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((done) => setImmediate(done));
      running -= 1;
    };
    await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)]);
    expect(most).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  it("gives the lock back when the work throws", async () => {
    await expect(withLock(path, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await withLock(path, () => Promise.resolve("next"))).toBe("next");
  });

  it("takes over the lock of a process that is gone", async () => {
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "exit");
    symlinkSync(String(gone.pid), path);
    expect(await withLock(path, () => Promise.resolve("done"))).toBe("done");
  });

  it("takes over a forgotten lock whose process number now belongs to something else", async () => {
    symlinkSync(String(process.pid), path);
    const longAgo = new Date(Date.now() - 10 * 60_000);
    lutimesSync(path, longAgo, longAgo);
    expect(await withLock(path, () => Promise.resolve("done"))).toBe("done");
  });
});
