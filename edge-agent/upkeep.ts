import type { Clock } from "@parkme/shared/domain/clock";
import type { EdgeConfig } from "./config/load.ts";
import { createDiskWatch, type DiskWatchOptions, spaceOf } from "./disk-watch.ts";
import { facilityAlarm, type CloudLinkOptions } from "./link-parts.ts";
import type { Memory } from "./memory.ts";

export type UpkeepOptions = Pick<Memory, "store" | "pictures" | "facility"> &
  Pick<CloudLinkOptions, "touched"> & {
    readonly config: EdgeConfig;
    readonly clock: Clock;
    /** The disk that is watched, in place of the real one, for a simulation. */
    readonly disk?: Pick<DiskWatchOptions, "space" | "timers" | "everyMs">;
    readonly log: {
      readonly info: (fields: object, message: string) => void;
      readonly warn: (fields: object, message: string) => void;
      readonly error: (fields: object, message: string) => void;
    };
  };

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Keeps the disk from filling up: old sightings go, and so does what the cloud has for longer than it may need it again. */
export function createUpkeep(options: UpkeepOptions) {
  const { config, store, pictures, log, disk } = options;
  let timer: NodeJS.Timeout | undefined;
  let pruning: Promise<void> = Promise.resolve();
  const watch = createDiskWatch({
    space: () => spaceOf(config.data_dir),
    ...disk,
    alarm: facilityAlarm(options, "disk_low"),
    critical: (on) => {
      store.keepReads(!on);
      pictures.keep(!on);
      if (on) prune();
    },
    note: log,
  });

  /** One after another: each goes through the log in small steps. */
  function prune(): void {
    const keepMs = watch.isCritical() ? 0 : config.restore_window_days * DAY_MS;
    pruning = pruning
      .then(async () => {
        const gone = await store.pruneLog({ wallMs: options.clock.wallMs(), keepMs });
        if (gone > 0) log.info({ gone }, "log rows that the cloud has were pruned");
      })
      .catch((error: unknown) => log.error({ err: error }, "the log could not be pruned"));
  }

  function look(): void {
    forgetOld(options);
    prune();
  }

  return {
    start: (): void => {
      look();
      watch.start();
      timer = setInterval(look, EVERY_MS);
    },
    stop: async (): Promise<void> => {
      clearInterval(timer);
      await watch.stop();
      await pruning;
    },
  };
}

function forgetOld({ config, clock, log, store, pictures }: UpkeepOptions): void {
  const before = clock.wallMs() - config.retention_days * DAY_MS;
  try {
    store.forgetReadsBefore(before);
    pictures.forgetBefore(before);
    store.forgetFailedPictures(before);
  } catch (error) {
    // A disk that refuses to forget is no reason to stop the gate; the next hour tries again.
    log.error({ err: error }, "old reads and pictures could not be deleted");
  }
}
