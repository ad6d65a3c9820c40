import type { LoopCounts } from "@parkme/shared/domain/gate-record";
import type { Now } from "@parkme/shared/domain/clock";
import { LANE_INPUTS, type InputValue, type LaneInput } from "@parkme/shared/domain/lane";
import type {
  Cell,
  EventOf,
  Lane,
  LaneConfig,
  LaneEvent,
  LaneEventKind,
  LaneTable,
  Row,
  Step,
  StepContext,
  TimerName,
} from "./model.ts";
import { TIMER_NAMES } from "./model.ts";
import { stay } from "./moves.ts";

/** Nobody takes another's place on the arming loop in this time. */
const SAME_VEHICLE_MS = 10_000;

/** A lane before anything is known of it: every wired input unknown, nothing granted. */
export function newLane(now: Now, unresolved: Lane["unresolved"]): Lane {
  const unknown = Object.fromEntries(LANE_INPUTS.map((input) => [input, "unknown"]));
  return {
    state: "UNKNOWN",
    since: now,
    inputs: unknown as Record<LaneInput, InputValue>,
    counts: null,
    loopsProven: false,
    armingSinceMs: null,
    timers: {},
    reads: [],
    lastPassed: null,
    plate: null,
    stay: null,
    credit: null,
    passage: null,
    command: null,
    unresolved,
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
  return applyCell(table[lane.state], event.kind, lane, event, ctx);
}

function applyCell<K extends LaneEventKind>(
  row: Row,
  kind: K,
  lane: Lane,
  event: EventOf<K>,
  ctx: StepContext,
) {
  const cell: Cell<K> = row[kind];
  if (cell === "ignored") return { step: stay(lane), unexpected: false };
  if (cell === "unexpected") return { step: stay(lane), unexpected: true };
  return { step: cell(lane, event, ctx), unexpected: false };
}

/** The levels of one lane's inputs, as its board reports them. */
export type InputImage = {
  readonly levels: Readonly<Partial<Record<LaneInput, boolean>>>;
  readonly counts: LoopCounts | null;
};

/**
 * Turns a board's image into the edges of the table. The lane is changed first and the edges follow, so every
 * handler sees all inputs as they are now: with the safety and the arming loop changing at once, neither
 * handler acts on a stale other.
 */
export function observe(
  lane: Lane,
  image: InputImage,
  config: LaneConfig,
  now: Now,
): { readonly lane: Lane; readonly events: readonly LaneEvent[] } {
  const before = lane.inputs;
  const inputs = { ...before };
  for (const input of config.wired) {
    const level = image.levels[input];
    inputs[input] = level === undefined ? "unknown" : level ? "on" : "off";
  }
  const known = [...config.wired].every((input) => inputs[input] !== "unknown");
  const wasKnown = [...config.wired].every((input) => before[input] !== "unknown");
  const next: Lane = {
    ...lane,
    inputs,
    counts: image.counts,
    loopsProven: known && (lane.loopsProven || hasWorked(before, inputs, image.counts)),
    armingSinceMs: armingSince(lane, inputs, wasKnown, now),
  };
  if (!known)
    return {
      lane: next,
      events: wasKnown ? [{ kind: "lost", reason: "an input is missing from the board" }] : [],
    };
  if (!wasKnown) return { lane: next, events: [{ kind: "proven" }] };
  // A heartbeat that says nothing new changes nothing: nobody is told of it.
  if (sameSight(lane, next)) return { lane, events: [] };
  return { lane: next, events: edges(before, inputs) };
}

/** After a short loss of sight a vehicle on the arming loop is still the same, and so are its reads. */
function armingSince(lane: Lane, inputs: Lane["inputs"], wasKnown: boolean, now: Now): number | null {
  if (inputs.arming === "unknown") return lane.armingSinceMs;
  if (inputs.arming === "off") return null;
  const trusted = wasKnown || now.monotonicMs - lane.since.monotonicMs <= SAME_VEHICLE_MS;
  return trusted ? (lane.armingSinceMs ?? now.monotonicMs) : now.monotonicMs;
}

function sameSight(a: Lane, b: Lane): boolean {
  const sameCounts =
    a.counts?.boot === b.counts?.boot &&
    a.counts?.safety === b.counts?.safety &&
    a.counts?.closing === b.counts?.closing;
  const sameInputs = LANE_INPUTS.every((input) => a.inputs[input] === b.inputs[input]);
  return sameCounts && sameInputs && a.loopsProven === b.loopsProven;
}

/** A loop seen to fall, or counted by its board since the board's boot, is one that works (safety invariant 7). */
function hasWorked(before: Lane["inputs"], after: Lane["inputs"], counts: LoopCounts | null): boolean {
  return (before.safety === "on" && after.safety === "off") || (counts !== null && counts.safety > 0);
}

/** Occupied before clear, and under the arm before everything else: when in doubt, a vehicle is there. */
function edges(before: Lane["inputs"], after: Lane["inputs"]): LaneEvent[] {
  const rose = (input: LaneInput): boolean => before[input] !== "on" && after[input] === "on";
  const fell = (input: LaneInput): boolean => before[input] !== "off" && after[input] === "off";
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
  const inputs = Object.fromEntries(LANE_INPUTS.map((input) => [input, "unknown"])) as Record<
    LaneInput,
    InputValue
  >;
  return {
    lane: { ...lane, inputs, counts: null, loopsProven: false },
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
