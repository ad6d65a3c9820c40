import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningProgram, startProgram } from "./programs.ts";
import { until } from "./until.ts";

/** A serial port of this machine and what hangs on it: pseudo-terminals of socat, not plugged in yet. */
export type SerialCable = {
  readonly near: string;
  /** The other end, where none is given. */
  readonly far: string;
  readonly plugIn: () => Promise<void>;
  readonly unplug: () => Promise<void>;
  readonly remove: () => Promise<void>;
};

/** @param farEnd another address of socat than a second pseudo-terminal, such as `tcp:127.0.0.1:4001,nodelay`. */
export async function createSerialCable(farEnd?: string): Promise<SerialCable> {
  const folder = await mkdtemp(join(tmpdir(), "parkme-serial-"));
  const [near, far] = [join(folder, "ttyNear"), join(folder, "ttyFar")];
  const ends = [`pty,raw,echo=0,link=${near}`, farEnd ?? `pty,raw,echo=0,link=${far}`];
  let socat: RunningProgram | null = null;
  const unplug = async (): Promise<void> => {
    await socat?.stop();
    socat = null;
  };
  return {
    near,
    far,
    unplug,
    async plugIn() {
      socat = startProgram("socat", ends);
      const there = (): boolean => existsSync(near) && (farEnd !== undefined || existsSync(far));
      await until(there, `the serial port; socat said: ${socat.output()}`);
    },
    async remove() {
      await unplug();
      await rm(folder, { recursive: true });
    },
  };
}
