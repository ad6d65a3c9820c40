import { setTimeout as passTime } from "node:timers/promises";
import { cloudHead } from "../scenarios/chain.ts";
import { edgeLink } from "../scenarios/records.ts";
import type { Random } from "../traffic/random.ts";
import { countOf } from "./acknowledged.ts";
import type { Disk } from "./disk.ts";
import { readGateFile } from "./gate-file.ts";
import type { Kind } from "./options.ts";
import { beginShift, type Shift } from "./shift.ts";
import type { TortureSite } from "./site.ts";
import { damages, lost } from "./verdict.ts";

/** One cut in the life of a gate, from work to work. */

export type Scene = { readonly site: TortureSite; readonly disk: Disk };

export type Cut = {
  readonly number: number;
  readonly kind: Kind;
  /** How the agent ends: with the power, or alone. */
  readonly by: "power" | "kill";
  /** In the middle of work, or while the agent is starting. */
  readonly during: "work" | "start";
  /** So long after the lanes have served somebody, or after the start. */
  readonly afterMs: number;
  /** What is wrong with the line to the cloud. */
  readonly fault: LineFault | null;
};

export const LINE_FAULTS = ["cut", "stalled", "half-open", "slow", "late", "corrupt", "hung-up"] as const;
export type LineFault = (typeof LINE_FAULTS)[number];

export type CutReport = {
  readonly violations: readonly string[];
  /** So much had been acknowledged since the disk was made, and was held against it. */
  readonly acknowledged: number;
  /** How the power went; null = it stayed. */
  readonly method: "ioctl" | "copy" | null;
  /** From its launch until it is ready. */
  readonly restartMs: number;
  /** From its launch until both lanes are at rest. */
  readonly serviceMs: number;
};

const WORK_MS = 1_200;
/** So much is acknowledged before each cut at least, however slow the machine. */
const FRESH = 20;
const START_MS = 1_000;
const START_CHANCE = 0.15;

/** The cuts of one batch, each kind as often as the others, in an order of their own. */
export function drawCuts(kinds: readonly Kind[], first: number, count: number, random: Random): Cut[] {
  const dealt = Array.from({ length: count }, (_, index) => kinds[(first + index) % kinds.length] as Kind);
  const drawn: Cut[] = [];
  while (dealt.length > 0) {
    const [kind] = dealt.splice(random.int(dealt.length), 1) as [Kind];
    const plain = kind === "power" || kind === "kill";
    const during = plain && random.chance(START_CHANCE) ? "start" : "work";
    const by = plain ? kind : random.pick(["power", "kill"] as const);
    const afterMs = random.int(during === "work" ? WORK_MS : START_MS);
    const fault = kind === "link" ? random.pick(LINE_FAULTS) : null;
    drawn.push({ number: first + drawn.length + 1, kind, by, during, afterMs, fault });
  }
  return drawn;
}

/** Cuts the gate off and starts it again. @throws where it does not come back to work. */
export async function suffer(scene: Scene, cut: Cut, random: Random): Promise<CutReport> {
  const { site, disk } = scene;
  if (cut.fault !== null) strike(site, cut.fault, random);
  const method = cut.during === "work" ? await cutAtWork(scene, cut) : await cutAtStart(scene, cut);
  if (method !== null) await disk.restore();
  await noteTaken(site);
  const violations = cut.during === "start" ? commandedByStart(site, cut) : [];
  site.hearAnew();
  const beganMs = performance.now();
  const restartMs = await site.startAgent();
  violations.push(...judge(site));
  const acknowledged = countOf(site.known);
  if (cut.kind === "disk-full") {
    await passTime(FULL_MS);
    disk.makeRoom();
  }
  await watch(site);
  violations.push(...commandedByStart(site, cut));
  site.openBooks();
  await Promise.all(site.lanes.map((lane) => lane.recover(RECOVERY_MS)));
  const serviceMs = performance.now() - beganMs;
  if (cut.fault !== null) await mendLine(site);
  if (site.armHits() > 0) violations.push("an arm came down on a vehicle");
  return { violations, acknowledged, method, restartMs, serviceMs };
}

const RECOVERY_MS = 30_000;
const PATIENCE_MS = 60_000;

async function cutAtWork({ site, disk }: Scene, cut: Cut): Promise<"ioctl" | "copy" | null> {
  const shift = beginShift();
  const served = site.lanes.map((lane) => lane.served());
  const before = countOf(site.known);
  const hands = Promise.all(site.lanes.map((lane) => lane.work(shift)));
  site.desk.work(shift);
  const work = async (): Promise<void> => {
    const everybody = (): boolean => site.lanes.every((lane, i) => lane.served() > (served[i] ?? 0));
    const enough = (): boolean => everybody() && countOf(site.known) >= before + FRESH;
    if (!(await shift.until(enough, PATIENCE_MS)))
      throw new Error("a lane serves nobody, or the desk does not");
    await shift.pass(cut.afterMs);
    if (cut.kind === "disk-full") await fillUp({ site, disk }, shift);
  };
  try {
    await Promise.race([work(), hands]);
    return await strikeOff({ site, disk }, cut, shift);
  } finally {
    shift.end();
    await hands;
    site.desk.check();
  }
}

/**
 * Fills the disk, and waits until something could not be written any more. What moves from then on need not be written
 * down: an exit opens without it, so that nobody is locked in. What is answered at a counter must be, as ever.
 */
async function fillUp({ site, disk }: Scene, shift: Shift): Promise<void> {
  site.closeBooks();
  const before = site.counter.refusals();
  await disk.fill();
  // Files have some room in themselves yet.
  if (!(await shift.until(() => site.counter.refusals() > before, PATIENCE_MS)))
    throw new Error("the disk is full, and everything is written all the same");
}

/** What a killed agent had sent has been heard by then. */
const ON_THE_WIRE_MS = 50;

/** The agent is killed and launched; before it is ready, or soon after, it ends again. */
async function cutAtStart({ site, disk }: Scene, cut: Cut): Promise<"ioctl" | "copy" | null> {
  site.closeBooks();
  await site.killAgent();
  await passTime(ON_THE_WIRE_MS);
  site.hearAnew();
  site.launchAgent();
  await passTime(cut.afterMs);
  return await strikeOff({ site, disk }, cut, beginShift());
}

async function strikeOff({ site, disk }: Scene, cut: Cut, shift: Shift): Promise<"ioctl" | "copy" | null> {
  const end = async (): Promise<void> => {
    shift.end();
    await site.killAgent();
  };
  site.closeBooks();
  if (cut.by === "power") return await disk.cut(end);
  await end();
  return null;
}

/** What the cloud has of the log by now, it has for good. */
async function noteTaken({ plan, cable, known }: TortureSite): Promise<void> {
  if (cable === null) return;
  const head = await cloudHead(plan);
  if (head !== undefined && head.seq > 0) known.taken.set(head.seq, { epoch: head.epoch, hash: head.hash });
}

function judge({ dataFolder, known }: TortureSite): string[] {
  const file = readGateFile(dataFolder);
  return [...lost(known, file).map((what) => `lost: ${what}`), ...known.doubles.splice(0), ...damages(file)];
}

const STILL_MS = 300;
/** Each board says how it is at least once in this time. */
const FULL_MS = 1_100;

/**
 * Nothing moves in the lanes while the agent finds out how they are: it commands nothing, neither, and knows every input
 * in the end.
 */
async function watch(site: TortureSite): Promise<void> {
  const isKnown = (): boolean =>
    site.lanes.every(({ name }) => {
      const view = site.counter.lane(name);
      return view !== null && !Object.values(view.inputs).includes("unknown");
    });
  if (!(await beginShift().until(isKnown, PATIENCE_MS))) throw new Error("the gate does not find its inputs");
  await passTime(STILL_MS);
}

function commandedByStart(site: TortureSite, { kind }: Cut): string[] {
  return site
    .heardSince()
    .filter((what) => kind !== "disk-full" || what !== WITHOUT_A_DISK)
    .map((what) => `commanded by the start: ${what}`);
}

/** A gate that can write nothing lets those out who stand at the exit. */
const WITHOUT_A_DISK = "open at exit-board";

function strike({ cable }: TortureSite, fault: LineFault, random: Random): void {
  if (cable === null) throw new Error("there is no line to break");
  const faults: Readonly<Record<LineFault, () => void>> = {
    cut: () => cable.become("cut"),
    stalled: () => cable.become("stalled"),
    "half-open": () => cable.become("half_open"),
    slow: () => cable.slow(2_000 + random.int(18_000)),
    late: () => cable.delay(100 + random.int(900)),
    corrupt: () => cable.corrupt(100 + random.int(1_900)),
    "hung-up": () => cable.hangUp(),
  };
  faults[fault]();
}

/** The line is whole again, and the cloud gets what waits. */
export async function mendLine({ cable, dataFolder }: TortureSite): Promise<void> {
  if (cable === null) return;
  cable.slow(null);
  cable.delay(0);
  cable.corrupt(null);
  cable.become("whole");
  const { head } = edgeLink(dataFolder);
  const isThere = (): boolean => edgeLink(dataFolder).committed >= head;
  if (!(await beginShift().until(isThere, PATIENCE_MS))) throw new Error("the cloud does not get what waits");
}
