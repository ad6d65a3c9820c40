import type { Random } from "../../../traffic/random.ts";
import type { Tell } from "../../journal.ts";
import type { VirtualTime } from "../../time/virtual-time.ts";

/** What every virtual device is made of. */
export type DeviceParts = {
  readonly time: VirtualTime;
  /** A sequence of this device's own. */
  readonly random: Random;
  readonly tell: Tell;
  readonly lane: string;
};

/** Does something in the world, where no program's death undoes it. */
export function later({ time }: Pick<DeviceParts, "time">, ms: number, work: () => void): () => void {
  const step = (): boolean => {
    work();
    return false;
  };
  return time.after(ms, step, { life: null });
}
