import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cloudBooks, edgeBooks, missing } from "../scenarios/books.ts";
import {
  cloudEvents,
  cloudForks,
  cloudHead,
  cloudIncidents,
  edgeLog,
  followChain,
} from "../scenarios/chain.ts";
import { edgeLink } from "../scenarios/records.ts";
import type { Random } from "../traffic/random.ts";
import { type Cut, type CutReport, mendLine, suffer } from "./cuts.ts";
import { openDisk } from "./disk.ts";
import type { CutMethod } from "./options.ts";
import { openSite, type SiteOptions, type TortureSite } from "./site.ts";
import { beginShift } from "./shift.ts";

/** Several cuts in the life of one gate, on one disk, with one cloud; in the end both sides have the same books. */

export type BatchOptions = {
  /** Of this batch alone; it is removed afterwards. */
  readonly folder: string;
  readonly method: CutMethod;
  readonly random: Random;
  /** A person asks for the end. */
  readonly stop: AbortSignal;
  readonly told: (cut: Cut, report: CutReport) => void;
};

/** More would wait for each other: a gate writes one transaction at a time. */
const PEOPLE = 3;

const PATIENCE_MS = 60_000;

/**
 * @returns where the gate and its cloud differ in the end; what was found behind a cut is told then.
 * @throws where the gate does not come back to work, or the cloud does not get what it is owed.
 */
export async function runBatch(cuts: readonly Cut[], options: BatchOptions): Promise<readonly string[]> {
  const { random } = options;
  return await onItsOwnDisk(options, { random, withCloud: true, lessDurable: null }, async (scene) => {
    const { site } = scene;
    await site.startAgent();
    await Promise.all(site.lanes.map((lane) => lane.recover(PATIENCE_MS)));
    for (const cut of cuts) {
      options.told(cut, await suffer(scene, cut, random.fork(`cut ${cut.number}`)));
    }
    await site.desk.dismiss();
    await mendLine(site);
    await bringTheLogAcross(site);
    return await differences(site);
  });
}

/** A disk and a site in a folder; whatever happens, neither is left behind. */
export async function onItsOwnDisk<T>(
  { folder, method, stop }: Pick<BatchOptions, "folder" | "method" | "stop">,
  how: Pick<SiteOptions, "random" | "withCloud" | "lessDurable">,
  work: (scene: {
    readonly site: TortureSite;
    readonly disk: Awaited<ReturnType<typeof openDisk>>;
  }) => Promise<T>,
): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const disk = await openDisk(join(folder, "gate"), method);
  try {
    const site = await openSite({
      ...how,
      folder: join(folder, "site"),
      diskFolder: disk.folder,
      people: PEOPLE,
    });
    try {
      return await unlessStopped(stop, work({ site, disk }));
    } finally {
      await site.stop();
    }
  } finally {
    disk.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Comes to an end as soon as a person asks for it, whatever the work waits for. @throws {@link Stopped} */
async function unlessStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  let tell = (): void => undefined;
  const asked = new Promise<never>((_, fail) => {
    tell = () => fail(new Stopped());
    stop.addEventListener("abort", tell, { once: true });
    if (stop.aborted) tell();
  });
  try {
    return await Promise.race([work, asked]);
  } finally {
    stop.removeEventListener("abort", tell);
  }
}

/** A person asked for the end: no failure. */
export class Stopped extends Error {
  constructor(options?: ErrorOptions) {
    super("somebody asked for the end", options);
  }
}

/** Until nothing waits, and nobody writes any more. */
async function bringTheLogAcross(site: TortureSite): Promise<void> {
  const waiting = (): number => edgeLink(site.dataFolder).waiting;
  for (;;) {
    if (!(await beginShift().until(() => waiting() === 0, PATIENCE_MS)))
      throw new Error(`the cloud does not get the log: ${waiting()} lines wait`);
    await site.killAgent();
    if (waiting() === 0) return;
    await site.startAgent();
  }
}

/** Where the two sides differ: each event must be in the cloud once, in its place, and each row of the books alike. */
async function differences({ plan, dataFolder }: TortureSite): Promise<string[]> {
  const log = edgeLog(dataFolder);
  const first = log[0]?.seq ?? 1;
  const kept = <T extends { readonly seq: number }>(rows: readonly T[]): T[] =>
    rows.filter(({ seq }) => seq >= first);
  const same = (what: string, one: unknown, other: unknown): string[] =>
    JSON.stringify(one) === JSON.stringify(other) ? [] : [`${what} differs between the gate and the cloud`];
  const entriesOf = (rows: typeof log): unknown =>
    rows.map(({ seq, epoch, eventId, kind, hash }) => [seq, epoch, eventId, kind, hash]);
  const [events, chain, head] = [await cloudEvents(plan), await followChain(plan), await cloudHead(plan)];
  const last = log.at(-1);
  const [edge, cloud] = [edgeBooks(dataFolder), await cloudBooks(plan)];
  return [
    ...same("the log", entriesOf(kept(events)), entriesOf(log)),
    ...same("the chain", entriesOf(kept(chain)), entriesOf(log)),
    ...same("the head", [head?.seq, head?.epoch, head?.hash], [last?.seq, last?.epoch, last?.hash]),
    ...events
      .filter(({ outcome }) => outcome !== "applied")
      .map(({ seq, outcome }) => `line ${seq} is ${outcome}`),
    ...missing(edge, cloud).map((row) => `only at the gate: ${row}`),
    ...missing(cloud, edge).map((row) => `only in the cloud: ${row}`),
    ...(await cloudForks(plan)).map(({ seq }) => `line ${seq} came in two forms`),
    // What a program that was killed had sent may come after its successor.
    ...(await cloudIncidents(plan))
      .filter(({ kind }) => kind !== "fenced")
      .map(({ kind, detail }) => `incident ${kind}: ${detail}`),
  ];
}
