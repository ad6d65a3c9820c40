import { readFile, stat } from "node:fs/promises";
import { err, ok, type Result } from "@parkme/shared/domain/result";

/** Looks at a file again and again, and tells of each text in it once. */

export type FileWatch = {
  /** Looks at once; resolves when that look is over. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
};

export type WatchOptions = {
  readonly path: string;
  readonly everyMs: number;
  readonly maxBytes: number;
  /** A text that was not there before, or why there is none. False = it has to be told once more. */
  readonly found: (text: Result<string, string>) => boolean;
};

/**
 * A text is told of when a second look finds it unchanged: a file that is just being written is half there. Only the
 * first look of all does not wait, as what is there at the start is there for long.
 */
export function watchFile({ path, everyMs, maxBytes, found }: WatchOptions): FileWatch {
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let stopped = false;
  /** What was there at the last look, and what was told of last. */
  let [last, told]: (string | null)[] = [null, null];

  const look = async (first: boolean): Promise<void> => {
    if (looking) return;
    looking = true;
    const read = await readBounded(path, maxBytes);
    looking = false;
    if (stopped) return;
    const now = read.ok ? `+${read.value}` : `-${read.error}`;
    const settled = first || now === last;
    last = now;
    if (now === told || !settled) return;
    if (found(read)) told = now;
  };
  const lookAgain = (): void => {
    look(false).catch(() => undefined);
  };
  return {
    start: async () => {
      await look(true);
      if (stopped) return;
      timer = setInterval(lookAgain, everyMs);
      timer.unref();
    },
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}

async function readBounded(path: string, maxBytes: number): Promise<Result<string, string>> {
  try {
    const seen = await stat(path);
    // A device may have no end.
    if (!seen.isFile()) return err("is not a file");
    if (seen.size > maxBytes) return err(`is longer than ${maxBytes} bytes`);
    return ok(await readFile(path, "utf8"));
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return err(`cannot be read: ${why}`);
  }
}
