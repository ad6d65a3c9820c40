import type { Random } from "../../traffic/random.ts";
import { FAULT_KINDS, type Fault, type FaultKind, type LanePlan } from "../schedule.ts";

type Habit = {
  /** How many a day at a site, on the average, when all kinds are asked for. */
  readonly perDay: number;
  /** How long it lasts, ms: log-normal around the mean. */
  readonly meanMs: number;
  /** Which lanes can have it; null = the whole site. */
  readonly at: ((lane: LanePlan) => boolean) | null;
  /** Only where there is a cloud. */
  readonly needsCloud?: true;
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const SPREAD = 0.8;
const SHORTEST_MS = 2 * SECOND_MS;

const anyLane = (): boolean => true;
const has =
  (part: keyof LanePlan["has"]) =>
  (lane: LanePlan): boolean =>
    lane.has[part];

/** Far more often than hardware fails: a day here is to have what a year has there. */
const HABITS: Readonly<Record<FaultKind, Habit>> = {
  loop_stuck_on: { perDay: 0.4, meanMs: 10 * MINUTE_MS, at: anyLane },
  loop_stuck_off: { perDay: 0.3, meanMs: 10 * MINUTE_MS, at: anyLane },
  loop_flickers: { perDay: 0.4, meanMs: 5 * MINUTE_MS, at: anyLane },
  arm_jammed: { perDay: 0.4, meanMs: 5 * MINUTE_MS, at: anyLane },
  arm_slow: { perDay: 0.3, meanMs: HOUR_MS, at: anyLane },
  board_silent: { perDay: 0.5, meanMs: 3 * MINUTE_MS, at: anyLane },
  board_reboots: { perDay: 0.7, meanMs: 10 * SECOND_MS, at: anyLane },
  camera_dead: { perDay: 0.4, meanMs: 20 * MINUTE_MS, at: has("camera") },
  camera_repeats: { perDay: 0.4, meanMs: HOUR_MS, at: has("camera") },
  paper_out: { perDay: 0.4, meanMs: 15 * MINUTE_MS, at: has("printer") },
  printer_jams: { perDay: 0.4, meanMs: 5 * MINUTE_MS, at: has("printer") },
  printer_silent: { perDay: 0.3, meanMs: 10 * MINUTE_MS, at: has("printer") },
  scanner_dead: { perDay: 0.3, meanMs: 15 * MINUTE_MS, at: has("scanner") },
  terminal_declines: { perDay: 0.5, meanMs: 15 * MINUTE_MS, at: has("terminal") },
  terminal_vague: { perDay: 0.5, meanMs: 15 * MINUTE_MS, at: has("terminal") },
  terminal_silent: { perDay: 0.4, meanMs: 10 * MINUTE_MS, at: has("terminal") },
  commands_lost: { perDay: 0.4, meanMs: 10 * MINUTE_MS, at: anyLane },
  answers_lost: { perDay: 0.4, meanMs: 10 * MINUTE_MS, at: anyLane },
  events_doubled: { perDay: 0.4, meanMs: 20 * MINUTE_MS, at: anyLane },
  events_late: { perDay: 0.4, meanMs: 20 * MINUTE_MS, at: anyLane },
  agent_killed: { perDay: 0.7, meanMs: 20 * SECOND_MS, at: null },
  agent_killed_in_turn: { perDay: 1, meanMs: 20 * SECOND_MS, at: null },
  agent_killed_at_start: { perDay: 0.4, meanMs: 20 * SECOND_MS, at: null },
  disk_full: { perDay: 0.3, meanMs: 15 * MINUTE_MS, at: null },
  clock_steps: { perDay: 0.5, meanMs: 2 * HOUR_MS, at: null },
  link_cut: { perDay: 0.6, meanMs: HOUR_MS, at: null, needsCloud: true },
  link_bad: { perDay: 0.5, meanMs: 2 * HOUR_MS, at: null, needsCloud: true },
  cloud_down: { perDay: 0.4, meanMs: 30 * MINUTE_MS, at: null, needsCloud: true },
  edge_restored: { perDay: 0.2, meanMs: 2 * MINUTE_MS, at: null },
  cloud_restored: { perDay: 0.2, meanMs: 2 * MINUTE_MS, at: null, needsCloud: true },
  second_agent: { perDay: 0.2, meanMs: 10 * MINUTE_MS, at: null },
};

/** Whoever asks for a few kinds only wants to see them: together at least so many a day. */
const LEAST_PER_DAY = 3;
/** The link to the cloud is sometimes away for most of the time. */
const LONG_CUT_CHANCE = 0.15;
/** At one moment. More, and nothing works that could go wrong. */
const MOST_AT_ONCE = 3;
/** Time in which everything is whole again before the end. */
const CALM_MS = 10 * MINUTE_MS;
/** So that the gate has come up, and something is there to go wrong. */
const QUIET_START_MS = 2 * MINUTE_MS;
/** A computer that is being killed, restored or rivalled is not at the same time hit by another one of these. */
const OF_THE_COMPUTER: ReadonlySet<FaultKind> = new Set([
  ...FAULT_KINDS.process,
  ...FAULT_KINDS.disk,
  ...FAULT_KINDS.restore,
  ...FAULT_KINDS.rival,
]);

export type FaultPlan = {
  /** What may go wrong. */
  readonly kinds: readonly FaultKind[];
  readonly lanes: readonly LanePlan[];
  readonly lengthMs: number;
  readonly hasCloud: boolean;
};

/** Draws what goes wrong; everything is mended some time before the end. */
export function drawFaults(plan: FaultPlan, random: Random): Fault[] {
  const kinds = plan.kinds.filter((kind) => isPossible(kind, plan));
  const perDay = kinds.reduce((sum, kind) => sum + HABITS[kind].perDay, 0);
  const factor = perDay === 0 ? 0 : Math.max(1, LEAST_PER_DAY / perDay);
  const drawn = kinds.flatMap((kind) =>
    drawKind(kind, HABITS[kind].perDay * factor, plan, random.fork(kind)),
  );
  const kept: Omit<Fault, "id">[] = [];
  for (const fault of drawn.toSorted((a, b) => a.atMs - b.atMs)) if (fits(fault, kept)) kept.push(fault);
  return kept.map((fault, index) => ({ id: index + 1, ...fault }));
}

function isPossible(kind: FaultKind, { lanes, hasCloud }: FaultPlan): boolean {
  const { at, needsCloud = false } = HABITS[kind];
  return (at === null || lanes.some(at)) && (hasCloud || !needsCloud);
}

function drawKind(kind: FaultKind, perDay: number, plan: FaultPlan, random: Random): Omit<Fault, "id">[] {
  const { meanMs, at } = HABITS[kind];
  const lastMs = plan.lengthMs - CALM_MS;
  const lanes = at === null ? [] : plan.lanes.filter(at);
  const faults: Omit<Fault, "id">[] = [];
  let number = 0;
  for (let atMs = QUIET_START_MS; ;) {
    atMs += random.exponential((24 * HOUR_MS) / perDay);
    number += 1;
    const own = random.fork(String(number));
    const isLong = kind === "link_cut" && own.chance(LONG_CUT_CHANCE);
    const lengthMs = isLong ? plan.lengthMs * (0.3 + 0.5 * own.next()) : own.logNormal(meanMs, SPREAD);
    if (atMs >= lastMs) return faults;
    const forMs = Math.round(Math.min(Math.max(lengthMs, SHORTEST_MS), lastMs - atMs));
    const lane = at === null ? "" : own.pick(lanes).name;
    faults.push({ kind, atMs: Math.round(atMs), forMs, lane, choice: own.next() });
  }
}

/** Whether there is room for one more beside those that began before. */
function fits(fault: Omit<Fault, "id">, before: readonly Omit<Fault, "id">[]): boolean {
  const open = before.filter(({ atMs, forMs }) => atMs + forMs >= fault.atMs);
  if (open.filter(({ kind }) => !isOfTheLink(kind)).length >= MOST_AT_ONCE && !isOfTheLink(fault.kind))
    return false;
  return !open.some(
    ({ kind, lane }) =>
      (kind === fault.kind && lane === fault.lane) ||
      (OF_THE_COMPUTER.has(kind) && OF_THE_COMPUTER.has(fault.kind)),
  );
}

/** The gate works as well without a cloud: these leave room for others. */
function isOfTheLink(kind: FaultKind): boolean {
  return (FAULT_KINDS.link as readonly FaultKind[]).includes(kind);
}
