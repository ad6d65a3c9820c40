import type { LoopCounts } from "@parkme/shared/domain/gate-record";
import type { Now } from "@parkme/shared/domain/clock";
import { LANE_INPUTS, SENSOR_INPUTS, type InputValue, type LaneInput } from "@parkme/shared/domain/lane";
import type {
  Cell,
  EventOf,
  Lane,
  LaneConfig,
  LaneEvent,
  LaneEventKind,
  LaneStart,
  LaneTable,
  PlainCell,
  Step,
  StepContext,
  TimerName,
} from "./model.ts";
import { TIMER_NAMES } from "./model.ts";
import { inputsKnown, NO_TRANSACTION, stay } from "./moves.ts";

/** Nobody takes another's place on the arming loop in this time. */
const SAME_VEHICLE_MS = 10_000;

type Inputs = Lane["inputs"];

function nothingKnown(): Inputs {
  return Object.fromEntries(LANE_INPUTS.map((input) => [input, "unknown"])) as Record<LaneInput, InputValue>;
}

/** A lane before anything is known of it: every wired input unknown, nothing granted. */
export function newLane(now: Now, { direction, credit, alarms, mode, abandoned }: LaneStart): Lane {
  return {
    ...NO_TRANSACTION,
    chargedAt: null,
    state: "UNKNOWN",
    direction,
    turnTo: null,
    turnBy: null,
    mode,
    heldBy: null,
    alarms,
    since: now,
    inputs: nothingKnown(),
    counts: null,
    loopsProven: false,
    armingSinceMs: null,
    heldByBeamSinceMs: null,
    // The terminal is asked at once what became of the payments that were under way.
    timers: abandoned.length === 0 ? {} : { pay: now.monotonicMs },
    reads: [],
    lastPassed: null,
    command: null,
    unresolved: credit,
    identifying: null,
    attempt: null,
    abandoned,
    display: "Starting",
    trouble: "Waiting for the board",
  };
}

/** Looks up the cell and applies it. `unexpected` is told to the caller, who counts and logs it. */
export function step(
  table: LaneTable,
  lane: Lane,
  event: LaneEvent,
  ctx: StepContext,
): { readonly step: Step; readonly unexpected: boolean } {
  return apply(table[lane.state], event.kind, lane, event, ctx);
}

function apply<K extends LaneEventKind>(
  row: { readonly [E in LaneEventKind]: Cell<E> },
  kind: K,
  lane: Lane,
  event: EventOf<K>,
  ctx: StepContext,
) {
  const cell = cellFor(row[kind], lane);
  if (cell === "ignored") return { step: stay(lane), unexpected: false };
  if (cell === "unexpected") return { step: stay(lane), unexpected: true };
  return { step: cell(lane, event, ctx), unexpected: false };
}

function cellFor<K extends LaneEventKind>(cell: Cell<K>, { direction }: Lane): PlainCell<K> {
  return typeof cell === "object" ? cell[direction] : cell;
}

/** The levels of one lane's inputs, as its boards report them. */
export type InputImage = {
  readonly levels: Readonly<Partial<Record<LaneInput, boolean>>>;
  readonly counts: LoopCounts | null;
  /** What is not reported, in words for an attendant; null when everything is. */
  readonly missing: string | null;
};

/**
 * Turns the image of a lane's inputs into the edges of the table. The lane is changed first and the edges follow,
 * so every handler sees all inputs as they are now: with the safety and the arming loop changing at once, neither
 * handler acts on a stale other.
 */
export function observe(
  lane: Lane,
  image: InputImage,
  config: LaneConfig,
  now: Now,
): { readonly lane: Lane; readonly events: readonly LaneEvent[] } {
  const before = lane.inputs;
  const { levels, counts } = asSeenFrom(lane, image, config);
  const inputs = { ...before };
  for (const input of config.wired) {
    const level = levels[input];
    inputs[input] = level === undefined ? "unknown" : level ? "on" : "off";
  }
  const known = inputsKnown({ inputs }, config);
  const loopsProven = known && (lane.loopsProven || hasWorked(lane, inputs, counts));
  const heldByBeamSinceMs = beamHolds(lane, inputs, config, now);
  if (heldByBeamSinceMs !== null) inputs.safety = "on";
  const next: Lane = {
    ...lane,
    inputs,
    heldByBeamSinceMs,
    counts,
    loopsProven,
    armingSinceMs: armingSince(lane, inputs, now),
  };
  // A heartbeat that says nothing new changes nothing: nobody is told of it.
  if (sameSight(lane, next)) return { lane, events: [] };
  const events = [
    ...pressed(before, inputs),
    ...sight(lane, next, image, config),
    ...released(before, inputs),
  ];
  return { lane: next, events };
}

/** The vehicles of a reversible lane that lets out come from the other side: its outer loops change places. */
function asSeenFrom(
  { direction }: Lane,
  image: InputImage,
  config: LaneConfig,
): Pick<InputImage, "levels" | "counts"> {
  if (config.kind !== "reversible" || direction === "entry") return image;
  const { arming, closing, ...others } = image.levels;
  const levels = {
    ...others,
    ...(closing === undefined ? {} : { arming: closing }),
    ...(arming === undefined ? {} : { closing: arming }),
  };
  const { counts } = image;
  return {
    levels,
    counts: counts === null ? null : { ...counts, arming: counts.closing, closing: counts.arming },
  };
}

/**
 * Edge case 7: the bed of a high truck is too far up for a loop, but not for the light beam. While the beam sees it, what
 * the safety loop has seen is under the arm still. Not for ever: a beam that is dirty must not make one vehicle of two.
 */
function beamHolds(lane: Lane, inputs: Inputs, { timers }: LaneConfig, now: Now): number | null {
  const { safety, photocell } = lane.inputs;
  if (inputs.safety !== "off" || inputs.photocell !== "on" || safety !== "on" || photocell !== "on")
    return null;
  const sinceMs = lane.heldByBeamSinceMs ?? now.monotonicMs;
  return now.monotonicMs - sinceMs < timers.stuckMs ? sinceMs : null;
}

/** What changed between two good looks at a sensor; then whether all is seen now, or something is missing. */
function sight(lane: Lane, next: Lane, { missing }: InputImage, config: LaneConfig): LaneEvent[] {
  const changed = edges(lane.inputs, next.inputs);
  if (inputsKnown(next, config))
    return inputsKnown(lane, config) ? changed : [...changed, { kind: "proven" }];
  const same = SENSOR_INPUTS.every(
    (input) => (lane.inputs[input] === "unknown") === (next.inputs[input] === "unknown"),
  );
  if (same) return changed;
  return [...changed, { kind: "stale", reason: missing ?? "An input is missing from the board" }];
}

/** After a short loss of sight a vehicle on the arming loop is still the same, and so are its reads. */
function armingSince(lane: Lane, inputs: Inputs, now: Now): number | null {
  if (inputs.arming === "unknown") return lane.armingSinceMs;
  if (inputs.arming === "off") return null;
  const trusted =
    lane.inputs.arming !== "unknown" || now.monotonicMs - lane.since.monotonicMs <= SAME_VEHICLE_MS;
  return trusted ? (lane.armingSinceMs ?? now.monotonicMs) : now.monotonicMs;
}

function sameSight(a: Lane, b: Lane): boolean {
  const sameCounts =
    a.counts?.boot === b.counts?.boot &&
    a.counts?.arming === b.counts?.arming &&
    a.counts?.safety === b.counts?.safety &&
    a.counts?.closing === b.counts?.closing;
  const sameInputs = LANE_INPUTS.every((input) => a.inputs[input] === b.inputs[input]);
  const sameHold = a.heldByBeamSinceMs === b.heldByBeamSinceMs;
  return sameCounts && sameInputs && sameHold && a.loopsProven === b.loopsProven;
}

/** A loop seen to fall, or counted by its board since the board's boot, is one that works (safety invariant 7). */
function hasWorked(
  { inputs: before, heldByBeamSinceMs }: Lane,
  after: Inputs,
  counts: LoopCounts | null,
): boolean {
  // What the beam held had fallen before.
  const fell = before.safety === "on" && heldByBeamSinceMs === null && after.safety === "off";
  return fell || (counts !== null && counts.safety > 0);
}

/** STOP before fire before everything else (safety invariant 6). One that is on at the first look was pressed. */
function pressed(before: Inputs, after: Inputs): LaneEvent[] {
  const events: LaneEvent[] = [];
  const rose = (input: LaneInput): boolean => before[input] !== "on" && after[input] === "on";
  if (rose("stop")) events.push({ kind: "stop_on" });
  if (rose("fire")) events.push({ kind: "fire_on" });
  return events;
}

/** What wants nothing of a lane before it has seen the vehicles. */
function released(before: Inputs, after: Inputs): LaneEvent[] {
  const events: LaneEvent[] = [];
  const rose = (input: LaneInput): boolean => before[input] !== "on" && after[input] === "on";
  const fell = (input: LaneInput): boolean => before[input] !== "off" && after[input] === "off";
  if (rose("key_switch")) events.push({ kind: "key_on" });
  if (rose("button")) events.push({ kind: "button_on" });
  if (fell("stop")) events.push({ kind: "stop_off" });
  if (fell("fire")) events.push({ kind: "fire_off" });
  if (fell("key_switch")) events.push({ kind: "key_off" });
  return events;
}

/**
 * Occupied before clear, and under the arm before everything else: when in doubt, a vehicle is there. A sensor
 * that only became known has no edge.
 */
function edges(before: Inputs, after: Inputs): LaneEvent[] {
  const rose = (input: LaneInput): boolean => before[input] === "off" && after[input] === "on";
  const fell = (input: LaneInput): boolean => before[input] === "on" && after[input] === "off";
  const events: LaneEvent[] = [];
  if (rose("safety")) events.push({ kind: "safety_on" });
  if (rose("closing")) events.push({ kind: "behind_on", input: "closing" });
  if (rose("photocell")) events.push({ kind: "behind_on", input: "photocell" });
  if (rose("arming")) events.push({ kind: "arming_on" });
  if (fell("closed_limit")) events.push({ kind: "arm_left_closed" });
  if (rose("open_limit")) events.push({ kind: "arm_opened" });
  if (fell("arming")) events.push({ kind: "arming_off" });
  if (fell("safety")) events.push({ kind: "safety_off" });
  if (fell("closing")) events.push({ kind: "behind_off", input: "closing" });
  if (fell("photocell")) events.push({ kind: "behind_off", input: "photocell" });
  if (rose("closed_limit")) events.push({ kind: "arm_closed" });
  return events;
}

/** The board is silent: every input is unknown, and so is whether the loops work. */
export function blind(lane: Lane, reason: string): { readonly lane: Lane; readonly event: LaneEvent } {
  return {
    lane: { ...lane, inputs: nothingKnown(), heldByBeamSinceMs: null, counts: null, loopsProven: false },
    event: { kind: "lost", reason },
  };
}

/** Timers that are due, earliest first, taken out of the lane so that each fires once. */
export function nextDue(
  lane: Lane,
  nowMs: number,
): { readonly lane: Lane; readonly event: LaneEvent } | null {
  let due: TimerName | null = null;
  for (const name of TIMER_NAMES) {
    const at = lane.timers[name];
    if (at !== undefined && at <= nowMs && (due === null || at < (lane.timers[due] ?? 0))) due = name;
  }
  if (due === null) return null;
  const timers = { ...lane.timers };
  delete timers[due];
  return { lane: { ...lane, timers }, event: { kind: `${due}_due` } };
}

/** When the next timer is due, monotonic milliseconds; null when none runs. */
export function wakeAtMs(lane: Lane): number | null {
  const times = Object.values(lane.timers);
  return times.length === 0 ? null : Math.min(...times);
}
