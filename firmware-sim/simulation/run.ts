import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../traffic/random.ts";
import { createChecker } from "./checker/checker.ts";
import { readEdgeRows } from "./checker/edge-rows.ts";
import type { Violation } from "./checker/violation.ts";
import type { CloudSite } from "./cloud/cloud-site.ts";
import type { Headquarters } from "./cloud/headquarters.ts";
import { createHardware } from "./edge/hardware/hardware.ts";
import { createMachine, type Machine } from "./edge/machine.ts";
import { createInjector } from "./faults/injector.ts";
import type { Sight } from "./hands.ts";
import type { Entry, Tell } from "./journal.ts";
import { createAttendants, type Attendants } from "./people/attendants.ts";
import { createDrawers } from "./people/drawers.ts";
import { createDrivers } from "./people/drivers.ts";
import { createOperators } from "./people/operators.ts";
import { createPayers } from "./people/payers.ts";
import type { Schedule } from "./schedule.ts";
import { Street } from "./street.ts";
import { installVirtualGlobals } from "./time/virtual-globals.ts";
import { VirtualTime } from "./time/virtual-time.ts";

/** Where simulations run: a folder for the gates' disks, and headquarters for those that have one. */
export type Stage = {
  readonly folder: string;
  readonly headquarters: Headquarters | null;
  /** Ends a history in its middle: the run throws what it was aborted with. */
  readonly interrupted?: AbortSignal;
};

export type Outcome = {
  readonly schedule: Schedule;
  readonly violations: readonly Violation[];
  readonly journal: readonly Entry[];
  /** The same for the same history. */
  readonly digest: string;
  readonly steps: number;
};

/** How long everything may take to come to rest when nothing more happens. */
const REST_MS = 6 * 3_600_000;
/** Whoever is nowhere to be seen for so long is gone, and what is concluded of it by time is concluded. */
const QUIET_MS = 15 * 60_000;
/** The cloud and the gate have each asked the other for news several times. */
const TOLD_MS = 60_000;
/** What is wrong once is wrong again and again. */
const MAX_VIOLATIONS = 20;

/** One history from its schedule to its judgement. Only one at a time in a process: its clock is the process's. */
export async function runSchedule(stage: Stage, schedule: Schedule): Promise<Outcome> {
  const time = new VirtualTime();
  const random = createRandom(`run ${schedule.seed}`);
  const folder = join(stage.folder, `seed-${schedule.seed}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const putBack = installVirtualGlobals(time, {
    random: random.fork("programs").next,
    fetch: () => Promise.reject(new TypeError("fetch failed: there is no network here")),
  });
  try {
    return await live(stage, schedule, { time, random, folder });
  } finally {
    putBack();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Ground = {
  readonly time: VirtualTime;
  readonly random: ReturnType<typeof createRandom>;
  readonly folder: string;
};

async function live(stage: Stage, schedule: Schedule, { time, random, folder }: Ground): Promise<Outcome> {
  const { site } = schedule;
  const journal: Entry[] = [];
  const violations: Violation[] = [];
  const checker = createChecker(schedule);
  const tell: Tell = (told) => {
    const entry: Entry = { step: time.steps, atMs: time.nowMs, ...told };
    journal.push(entry);
    if (violations.length < MAX_VIOLATIONS) violations.push(...checker.tell(entry));
  };
  const cloud = await cloudOf(stage, schedule, { time, random: random.fork("network"), tell });
  const street = new Street(schedule, { time, tell, interrupted: stage.interrupted ?? null });
  const { gates } = street;
  const hardware = createHardware(site, gates, { time, random: random.fork("hardware"), tell });
  const machine = createMachine({
    site,
    folder,
    hardware,
    time,
    random: random.fork("machine"),
    tell,
    cloud,
  });
  const sight: Sight = street.sight();
  const nowMs = (): number => time.nowMs;
  const hands = hardware.lane;
  const drivers = createDrivers({ schedule, sight, hands, nowMs, tell });
  const drawers = createDrawers(tell);
  const people = { site, machine, drivers, drawers, sight, hands, nowMs, tell };
  const attendants = createAttendants({ ...people, random: random.fork("attendants") });
  const operators = createOperators({
    ...people,
    random: random.fork("operators"),
    attendants,
    cloud,
    journal,
    inside: street.inside,
  });
  const payers = createPayers({ time, drivers, cloud, tell });
  street.populate({ hardware, drivers, attendants, payers });
  const started = (): void => street.watch();
  const injector = createInjector({ time, machine, hardware, cloud, tell, started });
  for (const deed of schedule.deeds)
    time.after(deed.atMs, async () => await operators.act(deed), { life: null });
  for (const visit of schedule.visits) {
    if (visit.bookedMs === null || cloud === null) continue;
    const book = async (): Promise<void> => {
      const booked = await cloud.book(visit);
      tell({
        kind: "operator",
        what: "booking",
        detail: `visit ${visit.id}: ${booked.detail}`,
        ok: booked.ok,
      });
    };
    time.after(visit.atMs - visit.bookedMs, book, { life: null });
  }
  injector.plan(schedule.faults);
  await machine.start();
  attendants.beginShift();
  await street.until(() => time.nowMs >= schedule.lengthMs);
  await injector.heal();
  await comeToRest({ street, time, attendants, machine, cloud, tell });
  const edge = readEdgeRows(machine.databasePath);
  const rows = cloud === null ? null : await cloud.rows();
  machine.kill();
  violations.push(...checker.end({ step: time.steps, atMs: time.nowMs, edge, cloud: rows }));
  await cloud?.close();
  return { schedule, violations, journal, digest: digestOf(journal), steps: time.steps };
}

async function cloudOf(
  { headquarters }: Stage,
  { site }: Schedule,
  parts: Omit<Parameters<Headquarters["site"]>[1], "link">,
): Promise<CloudSite | null> {
  if (!site.hasCloud) return null;
  if (headquarters === null) throw new Error("this site has a cloud, and there is none");
  return await headquarters.site(site, { ...parts, link: site.link });
}

type Resting = {
  readonly street: Street;
  readonly time: VirtualTime;
  readonly attendants: Attendants;
  readonly machine: Machine;
  readonly cloud: CloudSite | null;
  readonly tell: Tell;
};

/** Until nobody is in a lane and nobody is wanted; and then until headquarters and the gate have told each other all. */
async function comeToRest({ street, time, attendants, machine, cloud, tell }: Resting): Promise<void> {
  const isStill = (): boolean => !street.world.busy() && !attendants.isWanted();
  street.watch();
  let hasRested = await lasts(isStill, QUIET_MS, { street, time });
  if (cloud !== null) {
    cloud.openUp();
    const isTold = (): boolean => {
      const status = machine.running()?.link?.status();
      return status?.connected === true && status.restoring === null && status.pending === 0;
    };
    hasRested = (await lasts(() => isStill() && isTold(), TOLD_MS, { street, time })) && hasRested;
    // Of what was sent, something may be under way for minutes; what is asked for again and again never ends.
    await street.until(() => !cloud.waiting());
  }
  if (!hasRested) tell({ kind: "note", text: "it never came to rest" });
}

/** @returns false when this was not so for so long, within the time that everything may take. */
async function lasts(
  isSo: () => boolean,
  forMs: number,
  { street, time }: Pick<Resting, "street" | "time">,
): Promise<boolean> {
  const giveUpMs = time.nowMs + REST_MS;
  let sinceMs = time.nowMs;
  await street.until(() => {
    if (!isSo()) sinceMs = time.nowMs;
    return time.nowMs - sinceMs >= forMs || time.nowMs >= giveUpMs;
  });
  return time.nowMs - sinceMs >= forMs;
}

function digestOf(journal: readonly Entry[]): string {
  const hash = createHash("sha256");
  for (const entry of journal) hash.update(JSON.stringify(entry));
  return hash.digest("hex");
}
