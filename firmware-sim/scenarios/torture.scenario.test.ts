import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openDisk, type Disk } from "../torture/disk.ts";
import { thisMachine, whatIsMissing } from "../torture/needs.ts";
import { torture } from "../torture/run.ts";

/** A short turn of `npm run torture`: it takes root on Linux, as the machines have that run these tests. */

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close();
});

async function newDisk(method: "ioctl" | "copy"): Promise<Disk> {
  const folder = mkdtempSync(join(tmpdir(), "parkme-torture-disk-"));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const disk = await openDisk(join(folder, "gate"), method);
  closing.push(disk.close);
  return disk;
}

const isMounted = (folder: string): boolean =>
  readFileSync("/proc/self/mounts", "utf8").includes(` ${folder} `);
const nobody = async (): Promise<void> => undefined;

describe("a disk whose power can be cut", () => {
  it.each(["ioctl", "copy"] as const)(
    "keeps what was written through, and loses what was not: by %s",
    async (method) => {
      expect(whatIsMissing(thisMachine()), "this machine cannot be tortured").toEqual([]);
      const disk = await newDisk(method);
      const [kept, gone] = [join(disk.folder, "kept"), join(disk.folder, "gone")];
      writeFileSync(kept, "written through", { flush: true });
      writeFileSync(gone, "only in memory");
      expect(await disk.cut(nobody)).toBe(method);
      expect(isMounted(disk.folder)).toBe(false);
      await disk.restore();
      expect(readFileSync(kept, "utf8")).toBe("written through");
      // Its name may have gone to the disk with the other's.
      expect(statSync(gone, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
      disk.close();
      expect(isMounted(disk.folder)).toBe(false);
    },
  );

  it("is full to the last byte, and has room again", async () => {
    const disk = await newDisk("ioctl");
    await disk.fill();
    const write = (): void => writeFileSync(join(disk.folder, "more"), "x".repeat(8_192), { flush: true });
    expect(write).toThrow("ENOSPC");
    disk.makeRoom();
    expect(write).not.toThrow();
  });
});

describe("a gate that is cut off again and again", () => {
  it(
    "keeps all that it acknowledged: power cuts, kills, a full disk, a broken line; a gate that does not wait for its disk loses it",
    { timeout: 600_000 },
    async () => {
      expect(whatIsMissing(thisMachine()), "this machine cannot be tortured").toEqual([]);
      const kinds = ["power", "kill", "link", "power", "kill", "disk-full", "power", "kill", "link"] as const;
      const report = await torture(
        {
          cuts: kinds.length,
          batch: kinds.length,
          kinds,
          seed: "every day",
          controls: 1,
          onlyBatch: null,
          method: "auto",
          folder: tmpdir(),
        },
        { stop: new AbortController().signal, progress: () => undefined, told: () => undefined },
      );
      expect(report.violations).toEqual([]);
      const counts = Object.entries(report.kinds).map(([kind, { cuts }]) => [kind, cuts]);
      expect(Object.fromEntries(counts)).toEqual({ power: 3, kill: 3, "disk-full": 1, link: 2 });
      expect(report.acknowledged).toBeGreaterThan(100);
      expect(report.controls.map(({ synchronous }) => synchronous)).toEqual(["OFF", "NORMAL"]);
      expect(report.controls.filter(({ lost }) => lost === 0)).toEqual([]);
    },
  );
});
