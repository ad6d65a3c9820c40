import { statfs } from "node:fs/promises";
import { createNap, type Timers } from "./sync/nap.ts";

/** Room on the disk that the gate writes to, in bytes. */
export type Space = { readonly freeBytes: number; readonly totalBytes: number };

export type DiskWatchOptions = {
  /** Throws when the disk does not say. */
  readonly space: () => Promise<Space>;
  /** The alarm that lasts while there is little room; to begin it twice changes nothing. Throws when the disk refuses. */
  readonly alarm: { readonly begin: (detail: string) => void; readonly over: () => void };
  /**
   * There is hardly any room (true), or there is again (false): what the gate can do without is not kept, and the log is
   * pruned to what the cloud has. Throws when the disk refuses.
   */
  readonly critical: (on: boolean) => void;
  readonly note: { readonly warn: (fields: object, message: string) => void };
  readonly timers?: Timers;
  readonly everyMs?: number;
};

export type DiskWatch = {
  readonly start: () => void;
  /** What is not essential, such as pictures of vehicles, is not to be kept now. */
  readonly isCritical: () => boolean;
  readonly stop: () => Promise<void>;
};

export type Room = "enough" | "low" | "critical";

const MIB = 1_048_576;
const LOW = { share: 0.1, bytes: 1_024 * MIB };
const CRITICAL = { share: 0.03, bytes: 256 * MIB };
/** It is over only with so much more room: a disk at the edge does not come and go. */
const BACK = 1.2;

const EVERY_MS = 60_000;

/** Whether there is room, knowing how it was. */
export function roomOf({ freeBytes, totalBytes }: Space, before: Room): Room {
  const below = ({ share, bytes }: typeof LOW, factor: number): boolean =>
    freeBytes < bytes * factor || freeBytes < totalBytes * share * factor;
  if (below(CRITICAL, before === "critical" ? BACK : 1)) return "critical";
  return below(LOW, before === "enough" ? 1 : BACK) ? "low" : "enough";
}

/** Looks how much room there is, now and then, and tells when it is little. */
export function createDiskWatch(options: DiskWatchOptions): DiskWatch {
  const { alarm, note } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal, options.timers);
  let room: Room = "enough";
  /** What was told of it; null = nothing yet, and an alarm of an earlier start may still last. */
  let toldLow: boolean | null = null;
  let toldCritical = false;
  let complained = false;
  let running: Promise<void> = Promise.resolve();

  /** What the disk refuses to write down is tried again at the next look. */
  async function look(): Promise<void> {
    const space = await options.space();
    room = roomOf(space, room);
    const [low, critical] = [room !== "enough", room === "critical"];
    if (critical !== toldCritical) options.critical(critical);
    toldCritical = critical;
    if (low === toldLow) return;
    if (low) alarm.begin(wordsOf(space));
    else alarm.over();
    toldLow = low;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await look();
        complained = false;
      } catch (error) {
        if (!complained) note.warn({ err: error }, "how full the disk is cannot be seen to");
        complained = true;
      }
      await nap.sleep(options.everyMs ?? EVERY_MS);
    }
  }

  return {
    start: () => {
      running = run();
    },
    isCritical: () => room === "critical",
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

function wordsOf({ freeBytes, totalBytes }: Space): string {
  const percent = totalBytes > 0 ? Math.floor((freeBytes / totalBytes) * 100) : 0;
  return `${Math.floor(freeBytes / MIB)} MiB (${percent} %) are free on the gate's disk. Make room: when it is full, nothing can be written down`;
}

/** The disk that a folder is on. */
export async function spaceOf(folder: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
