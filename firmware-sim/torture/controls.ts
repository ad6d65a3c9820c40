import { join } from "node:path";
import { countOf } from "./acknowledged.ts";
import { onItsOwnDisk, type BatchOptions } from "./batch.ts";
import { readGateFile, type GateFile } from "./gate-file.ts";
import { beginShift } from "./shift.ts";
import { damages, lost } from "./verdict.ts";

/**
 * The same gate and the same cut, with a database that is told not to wait for the disk: it must lose something, or
 * these cuts cut nothing off, and their silence elsewhere means nothing.
 */
export type ControlReport = {
  readonly synchronous: Control;
  readonly cuts: number;
  readonly acknowledged: number;
  readonly lost: number;
  /** After so many cuts the database was damaged, or could not be opened any more. */
  readonly damaged: number;
};
export const CONTROLS = ["OFF", "NORMAL"] as const;
export type Control = (typeof CONTROLS)[number];

const WORK_MS = 1_000;
/** Fewer may all have come just before the kernel wrote by itself, on a machine that is busy with other things. */
const ENOUGH = 40;
const PATIENCE_MS = 60_000;

export async function runControl(
  synchronous: Control,
  cuts: number,
  options: Pick<BatchOptions, "folder" | "method" | "random" | "stop">,
): Promise<ControlReport> {
  let [done, acknowledged, lines, damaged] = [0, 0, 0, 0];
  for (; done < cuts; done++) {
    const folder = join(options.folder, `${done + 1}`);
    const one = await cutOnce(synchronous, {
      ...options,
      folder,
      random: options.random.fork(`cut ${done + 1}`),
    });
    acknowledged += one.acknowledged;
    lines += one.lost;
    if (one.isDamaged) damaged += 1;
  }
  return { synchronous, cuts: done, acknowledged, lost: lines, damaged };
}

async function cutOnce(
  lessDurable: Control,
  options: Pick<BatchOptions, "folder" | "method" | "random" | "stop">,
): Promise<{ readonly acknowledged: number; readonly lost: number; readonly isDamaged: boolean }> {
  const { random } = options;
  return await onItsOwnDisk(options, { random, withCloud: false, lessDurable }, async ({ site, disk }) => {
    await site.startAgent();
    await Promise.all(site.lanes.map((lane) => lane.recover(PATIENCE_MS)));
    // What is lost is to be the work of this moment, not a database that never came to be.
    await disk.settle();
    const shift = beginShift();
    const hands = Promise.all(site.lanes.map((lane) => lane.work(shift)));
    site.desk.work(shift);
    await shift.pass(random.int(WORK_MS));
    if (!(await shift.until(() => countOf(site.known) >= ENOUGH, PATIENCE_MS)))
      throw new Error("the gate acknowledges next to nothing");
    site.closeBooks();
    await disk.cut(async () => {
      shift.end();
      await site.killAgent();
    });
    await hands;
    await site.desk.dismiss();
    await disk.restore();
    const acknowledged = countOf(site.known);
    const file = readable(site.dataFolder);
    if (file === null) return { acknowledged, lost: acknowledged, isDamaged: true };
    return { acknowledged, lost: lost(site.known, file).length, isDamaged: damages(file).length > 0 };
  });
}

/** Null = it is gone, or no database any more. */
function readable(dataFolder: string): GateFile | null {
  try {
    return readGateFile(dataFolder);
  } catch {
    return null;
  }
}
