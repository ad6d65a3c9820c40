import { stat } from "node:fs/promises";

/** How soon a port that was pulled out is missed at the latest. */
const LOOK_MS = 500;

/**
 * Looks again and again whether a path still leads to the same serial port. Linux lets a reader of a port that was
 * pulled out read nothing, without an error (hung_up_tty_read), and the serial library then reads on for ever: only
 * the device file tells. `onGone` is called once; returns what ends the watch.
 */
export function watchPort(path: string, onGone: () => void): () => void {
  let first: string | null = null;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  async function look(): Promise<void> {
    const now = await identityOf(path);
    if (ended) return;
    first ??= now;
    if (now !== null && now === first) {
      timer = setTimeout(() => void look(), LOOK_MS);
      return;
    }
    ended = true;
    onGone();
  }
  void look();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** The same number may be given to the next port: when its file was made tells them apart. */
async function identityOf(path: string): Promise<string | null> {
  try {
    const { ino, rdev, ctimeMs } = await stat(path);
    return `${ino} ${rdev} ${ctimeMs}`;
  } catch {
    return null;
  }
}
