import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../traffic/random.ts";
import { runBatch, Stopped } from "./batch.ts";
import { CONTROLS, runControl, type Control, type ControlReport } from "./controls.ts";
import { drawCuts, type Cut, type CutReport } from "./cuts.ts";
import { openDisk } from "./disk.ts";
import type { CutMethod, Kind, TortureOptions } from "./options.ts";

/** A whole run: batches of cuts, then the negative controls. */

export type Tally = {
  readonly cuts: number;
  /** Of these, by the shutdown call, and by a copy of the image; the others were kills. */
  readonly ioctl: number;
  readonly copy: number;
  /** While the agent was starting. */
  readonly atStart: number;
};

export type TortureReport = {
  readonly seed: string;
  readonly cuts: number;
  readonly kinds: Readonly<Partial<Record<Kind, Tally>>>;
  /** Held against the disk after every later cut of their batch. */
  readonly acknowledged: number;
  readonly violations: readonly Violation[];
  /** From its launch until the agent is ready; until both lanes are at rest. Milliseconds. */
  readonly slowestRestartMs: number;
  readonly slowestServiceMs: number;
  readonly controls: readonly ControlReport[];
  readonly seconds: number;
  /** A person asked for the end before it was reached. */
  readonly stopped: boolean;
};

/** `cut` is the one that it was found behind, null = at the end of the batch; without a batch it is of a control. */
export type Violation = { readonly batch: number | null; readonly cut: number | null; readonly what: string };

export type Watcher = {
  /** A person asks for the end. */
  readonly stop: AbortSignal;
  /** What is done right now; the next takes its place. */
  readonly progress: (line: string) => void;
  /** What is worth keeping. */
  readonly told: (line: string) => void;
};

/** Of one cut, so many violations are told: one that has lost all would tell of thousands. */
const MAX_TOLD = 20;

/** @throws where this machine lets nobody mount an image. */
export async function torture(options: TortureOptions, watcher: Watcher): Promise<TortureReport> {
  const startedMs = performance.now();
  const folder = mkdtempSync(join(options.folder, "parkme-torture-"));
  const clearAway = (): void => rmSync(folder, { recursive: true, force: true });
  process.on("exit", clearAway);
  const sum = startSum();
  try {
    await tryDisk(join(folder, "first"), options.method);
    for (const batch of batchesOf(options)) await tortureBatch(batch, { options, watcher, folder, sum });
    for (const synchronous of options.controls > 0 ? CONTROLS : [])
      await tortureControl(synchronous, { options, watcher, folder, sum });
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    clearAway();
    process.off("exit", clearAway);
  }
  return {
    seed: options.seed,
    ...sum.total(),
    seconds: Math.round((performance.now() - startedMs) / 1_000),
    stopped: watcher.stop.aborted,
  };
}

/** Whether nothing was lost, and the controls, where there were any, lost something. */
export function isClean({ violations, controls }: TortureReport): boolean {
  return violations.length === 0 && controls.every(({ lost }) => lost > 0);
}

/** What this machine cannot do, it is to say before anything else. */
async function tryDisk(stem: string, method: CutMethod): Promise<void> {
  try {
    const disk = await openDisk(stem, method);
    disk.close();
  } catch (error) {
    const why = `no ext4 image can be mounted here (in a container it takes --privileged)`;
    throw new Error(`${why}: ${wordsOfError(error)}`, { cause: error });
  }
}

type Work = {
  readonly options: TortureOptions;
  readonly watcher: Watcher;
  readonly folder: string;
  readonly sum: Sum;
};

/** A gate that does not come back is a violation; the next batch has a disk and a site of its own. */
async function tortureBatch(batch: number, { options, watcher, folder, sum }: Work): Promise<void> {
  const random = createRandom(`${options.seed}/batch ${batch}`);
  const first = (batch - 1) * options.batch;
  const cuts = drawCuts(options.kinds, first, Math.min(options.batch, options.cuts - first), random);
  let last = first;
  try {
    const differences = await runBatch(cuts, {
      folder: join(folder, `batch-${batch}`),
      method: options.method,
      random,
      stop: watcher.stop,
      told: (cut, said) => {
        last = cut.number;
        sum.add(batch, cut, said);
        watcher.progress(`cut ${cut.number} of ${options.cuts} (${wordsOf(cut)}): ${sum.found()} violations`);
      },
    });
    sum.close(batch, differences);
    const { cuts: done, acknowledged } = sum.total();
    watcher.told(`${done} cuts, ${acknowledged} acknowledgements, ${sum.found()} violations`);
  } catch (error) {
    throwIfStopped(error, watcher);
    sum.fail(batch, last + 1, wordsOfError(error));
  }
}

async function tortureControl(synchronous: Control, { options, watcher, folder, sum }: Work): Promise<void> {
  watcher.progress(`control: synchronous=${synchronous}`);
  const random = createRandom(`${options.seed}/control ${synchronous}`);
  const how = { folder: join(folder, synchronous), method: options.method, random, stop: watcher.stop };
  try {
    sum.control(await runControl(synchronous, options.controls, how));
  } catch (error) {
    throwIfStopped(error, watcher);
    sum.fail(null, null, `control ${synchronous}: ${wordsOfError(error)}`);
  }
}

/** What goes wrong while everything is being put away in a hurry is nobody's failure. */
function throwIfStopped(error: unknown, { stop }: Watcher): void {
  if (error instanceof Stopped) throw error;
  if (stop.aborted) throw new Stopped({ cause: error });
}

type Sum = ReturnType<typeof startSum>;

function startSum() {
  const kinds: Partial<Record<Kind, Tally>> = {};
  const violations: Violation[] = [];
  const controls: ControlReport[] = [];
  /** Of each batch. */
  const acknowledged = new Map<number, number>();
  let [cuts, slowestRestartMs, slowestServiceMs] = [0, 0, 0];
  const note = (batch: number | null, cut: number | null, found: readonly string[]): void => {
    for (const what of found.slice(0, MAX_TOLD)) violations.push({ batch, cut, what });
    if (found.length > MAX_TOLD) violations.push({ batch, cut, what: `and ${found.length - MAX_TOLD} more` });
  };
  return {
    add: (batch: number, cut: Cut, report: CutReport): void => {
      cuts += 1;
      acknowledged.set(batch, report.acknowledged);
      kinds[cut.kind] = counted(kinds[cut.kind], cut, report);
      slowestRestartMs = Math.max(slowestRestartMs, Math.round(report.restartMs));
      slowestServiceMs = Math.max(slowestServiceMs, Math.round(report.serviceMs));
      note(batch, cut.number, report.violations);
    },
    close: (batch: number, found: readonly string[]): void => note(batch, null, found),
    fail: (batch: number | null, cut: number | null, what: string): void => note(batch, cut, [what]),
    control: (report: ControlReport): void => void controls.push(report),
    found: () => violations.length,
    total: () => ({
      cuts,
      kinds,
      acknowledged: [...acknowledged.values()].reduce((all, each) => all + each, 0),
      violations,
      slowestRestartMs,
      slowestServiceMs,
      controls,
    }),
  };
}

function counted(before: Tally | undefined, cut: Cut, { method }: CutReport): Tally {
  const { cuts, ioctl, copy, atStart } = before ?? { cuts: 0, ioctl: 0, copy: 0, atStart: 0 };
  return {
    cuts: cuts + 1,
    ioctl: ioctl + (method === "ioctl" ? 1 : 0),
    copy: copy + (method === "copy" ? 1 : 0),
    atStart: atStart + (cut.during === "start" ? 1 : 0),
  };
}

function batchesOf({ cuts, batch, onlyBatch }: TortureOptions): readonly number[] {
  if (onlyBatch !== null) return [onlyBatch];
  return Array.from({ length: Math.ceil(cuts / batch) }, (_, index) => index + 1);
}

function wordsOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function wordsOf({ kind, by, during, fault }: Cut): string {
  const words = [kind, by === kind ? null : by, fault, during === "start" ? "at the start" : null];
  return words.filter((word) => word !== null).join(", ");
}
