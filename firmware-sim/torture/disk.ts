import { execFile, execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as passTime } from "node:timers/promises";
import { promisify } from "node:util";
import { toolPath } from "./needs.ts";
import type { CutMethod } from "./options.ts";

/**
 * A disk for the gate whose power can be cut: an ext4 image, mounted through a loop device. What the file system has
 * not written to the image by then is lost, as in a power cut; what it has, stays.
 */
export type Disk = {
  /** Where it is mounted. */
  readonly folder: string;
  /**
   * The power goes. `endPrograms` ends whoever works on the disk; it is called as soon as nothing is written any more,
   * or, where the image is copied, before that.
   *
   * @returns how it was done.
   */
  readonly cut: (endPrograms: () => Promise<void>) => Promise<"ioctl" | "copy">;
  /** The power is back: the journal is replayed. */
  readonly restore: () => Promise<void>;
  /** Writes everything through that was written so far, as the kernel does by itself in half a minute. */
  readonly settle: () => Promise<void>;
  /** To the last byte. */
  readonly fill: () => Promise<void>;
  readonly makeRoom: () => void;
  /** Whoever still has a file there does so in vain. */
  readonly close: () => void;
};

const execute = promisify(execFile);
const run = (tool: string, words: readonly string[]) => execute(toolPath(tool), words);

/** More than a gate wants free (disk_low), in a sparse file: what is not written takes no room. */
const SIZE_BYTES = 4 * 1_024 ** 3;
const MKFS = [
  "-q",
  "-F",
  "-m",
  "0",
  "-N",
  "4096",
  "-J",
  "size=16",
  "-E",
  "lazy_itable_init=0,lazy_journal_init=0",
];
const MARK = "this-disk-is-for-tests";
const FILLER = "filler";
/** What stat(2) counts in. */
const SECTOR_BYTES = 512;

const open = new Set<Disk>();
// Also of a program that ends by an error: nothing is to stay mounted.
process.on("exit", () => {
  for (const disk of open) disk.close();
});

/**
 * Makes an image and mounts it.
 *
 * @param stem path of the image; the folder that it is mounted on is beside it.
 * @throws where nobody may mount a file system here.
 */
export async function openDisk(stem: string, method: CutMethod): Promise<Disk> {
  const folder = `${stem}-disk`;
  let image = `${stem}.img`;
  let copies = 0;
  let [mounted, closed] = [false, false];
  mkdirSync(folder, { recursive: true });
  writeFileSync(image, "");
  truncateSync(image, SIZE_BYTES);
  await run("mkfs.ext4", [...MKFS, image]);

  const mount = async (): Promise<void> => {
    await run("mount", ["-t", "ext4", "-o", "loop", image, folder]);
    mounted = true;
    // Somebody asked for the end meanwhile.
    if (closed) close();
  };
  const unmount = async (): Promise<void> => {
    await patiently(() => run("umount", [folder]));
    mounted = false;
  };
  /** The image as the file system has written it so far, under a name of its own. */
  const takeCopy = async (): Promise<void> => {
    copies += 1;
    const copy = `${stem}-${copies}.img`;
    await copyAtOneMoment(image, copy, folder);
    await unmount();
    rmSync(image);
    image = copy;
  };
  const close = (): void => {
    closed = true;
    if (mounted) execFileSync(toolPath("umount"), ["--lazy", folder], { stdio: "ignore" });
    mounted = false;
    rmSync(image, { force: true });
    open.delete(disk);
  };
  const disk: Disk = {
    folder,
    cut: async (endPrograms) => {
      if (method !== "copy" && (await shutDown(join(folder, MARK), method === "auto"))) {
        await endPrograms();
        await unmount();
        return "ioctl";
      }
      await endPrograms();
      await takeCopy();
      return "copy";
    },
    restore: mount,
    settle: async () => void (await run("sync", ["--file-system", folder])),
    fill: async () => await fillUp(folder),
    makeRoom: () => rmSync(join(folder, FILLER), { force: true }),
    close,
  };
  open.add(disk);
  await mount();
  writeFileSync(join(folder, MARK), "", { flush: true });
  return disk;
}

/**
 * `EXT4_IOC_SHUTDOWN`, `_IOR('X', 125, __u32)`, with `EXT4_GOING_FLAGS_NOLOGFLUSH` (2): from now on nothing is written
 * to the device any more, the journal's open transaction neither. Node has no ioctl, and every Debian has perl.
 */
const SHUTDOWN = `
  sysopen(my $file, $ARGV[0], 0) or die "$!\\n";
  my $flags = pack("L", 2);
  ioctl($file, 0x8004587d, $flags) or die "$!\\n";
`;

/** @returns false = the kernel refuses it, and `mayRefuse`. */
async function shutDown(file: string, mayRefuse: boolean): Promise<boolean> {
  try {
    await run("perl", ["-e", SHUTDOWN, file]);
    return true;
  } catch (error) {
    if (mayRefuse) return false;
    throw new Error(`the file system could not be shut down: ${String(error)}`, { cause: error });
  }
}

const COPY_TRIES = 10;

/**
 * Copies an image while its file system is mounted, and nobody writes to it any more. A copy during which the kernel
 * wrote something by itself may be one that no power cut leaves: it is made again.
 */
async function copyAtOneMoment(image: string, copy: string, folder: string): Promise<void> {
  for (let tries = 0; tries < COPY_TRIES; tries++) {
    const before = sectorsWritten(folder);
    await run("cp", ["--sparse=always", "--reflink=auto", image, copy]);
    if (sectorsWritten(folder) === before) return;
  }
  throw new Error("the image never stood still for a copy");
}

/** To the loop device that a folder is mounted from, since it was set up. */
function sectorsWritten(folder: string): string {
  const line = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .find((each) => each.split(" ")[1] === folder);
  const device = basename(line?.split(" ")[0] ?? "");
  if (!device.startsWith("loop")) throw new Error(`${folder} is not mounted from a loop device`);
  // The seventh field: Documentation/block/stat.rst.
  return readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/)[6] ?? "";
}

/** In ever smaller pieces, until not even the smallest has room. */
async function fillUp(folder: string): Promise<void> {
  const filler = join(folder, FILLER);
  closeSync(openSync(filler, "a"));
  const { bavail, bsize } = statfsSync(folder);
  for (let blocks = Math.max(1, bavail); blocks >= 1;)
    if (!(await grow(filler, blocks * bsize))) blocks = Math.floor(blocks / 2);
}

/** @returns false = there is no room for that; what there was of it may be taken all the same. */
async function grow(file: string, bytes: number): Promise<boolean> {
  const { blocks } = statSync(file);
  try {
    await run("fallocate", ["--offset", String(blocks * SECTOR_BYTES), "--length", String(bytes), file]);
    return true;
  } catch (error) {
    if (error instanceof Error && "stderr" in error && String(error.stderr).includes("No space left"))
      return false;
    throw error;
  }
}

const PATIENCE_MS = 5_000;

/** A program that has just ended may still hold the mount for a moment. */
async function patiently(work: () => Promise<unknown>): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await passTime(20);
    }
  }
}
