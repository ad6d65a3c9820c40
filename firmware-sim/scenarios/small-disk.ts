import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "vitest";

/** A disk of its own for a folder, whose size a test decides: a file system in memory. */
export type SmallDisk = {
  /** It has so much room besides what lies on it. */
  readonly leave: (mib: number) => void;
  /** Nothing can be written any more. */
  readonly fill: () => void;
  /** As big as no gate will ever need. */
  readonly makeRoom: () => void;
};

const BIG_MIB = 4_096;
const MIB = 1_048_576;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** @throws where this machine lets nobody mount a file system: it takes root, or CAP_SYS_ADMIN. */
export function mountSmallDisk(folder: string): SmallDisk {
  mkdirSync(folder, { recursive: true });
  mount("-t", "tmpfs", "-o", `size=${BIG_MIB}m`, "tmpfs", folder);
  // Whatever still holds a file there does so in vain.
  closing.push(() => execFileSync("umount", ["--lazy", folder]));
  const filler = join(folder, "filler");
  const resize = (bytes: number): void => mount("-o", `remount,size=${Math.ceil(bytes)}`, folder);
  return {
    leave: (mib) => {
      const { blocks, bfree, bsize } = statfsSync(folder);
      resize((blocks - bfree) * bsize + mib * MIB);
    },
    fill: () => {
      const file = openSync(filler, "a");
      try {
        for (const size of [MIB, 4_096]) writeUntilFull(file, Buffer.alloc(size));
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => {
      rmSync(filler, { force: true });
      resize(BIG_MIB * MIB);
    },
  };
}

function mount(...words: readonly string[]): void {
  execFileSync("mount", words, { stdio: "pipe" });
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    while (writeSync(file, chunk) === chunk.length);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOSPC") throw error;
  }
}
