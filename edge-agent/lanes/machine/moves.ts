import { isLasting, type AlarmKind } from "@parkme/shared/domain/alarm";
import type { GateRecord, LaneCommand, LaneOrder } from "@parkme/shared/domain/gate-record";
import {
  SENSOR_INPUTS,
  type BarrierAction,
  type LaneInput,
  type LaneState,
  type SensorInput,
} from "@parkme/shared/domain/lane";
import type { CommandId } from "@parkme/shared/domain/ids";
import type { EventOf, Lane, LaneConfig, Passage, Reply, Step, StepContext, TimerName } from "./model.ts";

/** The vocabulary of the lane tables: small pure moves that handlers are written in. */

/** A command is worthless after this: the vehicle it was meant for may be gone. */
const COMMAND_DEADLINE_MS = 2_000;

export function stay(lane: Lane, more: Partial<Omit<Step, "lane">> = {}): Step {
  return { lane, records: [], commands: [], orders: [], request: null, reply: null, ...more };
}

/**
 * Enters a state: its clock restarts and the timers of the state before are void. Only payments whose vehicle is
 * gone are waited for in whatever state the lane is.
 */
export function enter(lane: Lane, state: LaneState, ctx: StepContext, patch: Partial<Lane> = {}): Lane {
  const anew = { timers: {}, command: null, trouble: null, heldBy: null, chargedAt: null };
  const entered: Lane = { ...lane, ...anew, ...patch, state, since: ctx.now };
  const { pay } = lane.timers;
  if (pay === undefined || entered.abandoned.length === 0) return entered;
  return { ...entered, timers: { pay, ...entered.timers } };
}

/** Enters a state of waiting at the closed arm. A vehicle that is just leaving goes on leaving. */
export function enterWaiting(
  lane: Lane,
  state: "ARMED" | "DENIED" | "PRINTING" | "WAIT_TAKE" | "PAYING" | "PAY_UNKNOWN",
  ctx: StepContext,
  patch: Partial<Lane> = {},
): Lane {
  const { back } = lane.timers;
  return enter(lane, state, ctx, { ...patch, timers: back === undefined ? {} : { back } });
}

export function withTimer(lane: Lane, name: TimerName, afterMs: number, ctx: StepContext): Lane {
  return { ...lane, timers: { ...lane.timers, [name]: ctx.now.monotonicMs + afterMs } };
}

export function withoutTimer(lane: Lane, name: TimerName): Lane {
  if (lane.timers[name] === undefined) return lane;
  const timers = { ...lane.timers };
  delete timers[name];
  return { ...lane, timers };
}

/** Adds what a later move of the same event wrote. Records, commands and orders keep their order. */
export function andThen(first: Step, next: (lane: Lane) => Step): Step {
  const second = next(first.lane);
  return {
    lane: second.lane,
    records: [...first.records, ...second.records],
    commands: [...first.commands, ...second.commands],
    orders: [...first.orders, ...second.orders],
    request: second.request ?? first.request,
    reply: second.reply ?? first.reply,
  };
}

/** Says that something is wrong. A lasting alarm begins once, and goes on until {@link over}. */
export function raise(lane: Lane, kind: AlarmKind, detail: string): Step {
  const records: GateRecord[] = [{ type: "alarm", kind, detail }];
  if (!isLasting(kind)) return stay(lane, { records });
  return lane.alarms.includes(kind)
    ? stay(lane)
    : stay({ ...lane, alarms: [...lane.alarms, kind] }, { records });
}

/** Ends those of these lasting alarms that have begun. */
export function over(lane: Lane, ...kinds: readonly AlarmKind[]): Step {
  const ended = lane.alarms.filter((kind) => kinds.includes(kind));
  if (ended.length === 0) return stay(lane);
  return stay(
    { ...lane, alarms: lane.alarms.filter((kind) => !kinds.includes(kind)) },
    { records: ended.map((kind) => ({ type: "alarm_over", kind })) },
  );
}

export function refuse(lane: Lane, code: string, message: string): Step {
  return stay(lane, { reply: { ok: false, code, message } });
}

/** Entering a state voids the timers of the one before: a row names the timers it starts itself. */
export const NO_TIMERS = {
  arm_due: "unexpected",
  read_due: "unexpected",
  back_due: "unexpected",
  clear_due: "unexpected",
  noEntry_due: "unexpected",
  stuck_due: "unexpected",
  move_due: "unexpected",
  take_due: "unexpected",
} as const;

export const DONE: Reply = { ok: true, payment: null };

export function command(
  action: BarrierAction,
  ctx: StepContext,
  attempt: 1 | 2,
  safety = false,
): { readonly pending: Lane["command"]; readonly command: LaneCommand } {
  const id = ctx.mint.next<CommandId>(ctx.now.wallMs);
  return {
    pending: { id, action, attempt },
    command: {
      id,
      action,
      pulseMs: ctx.config.pulseMs,
      deadlineMs: ctx.now.monotonicMs + COMMAND_DEADLINE_MS,
      safety,
    },
  };
}

/** The command did not arrive: this is its first try, and nothing else was commanded since. */
export function firstTryFailed(lane: Lane, event: EventOf<"outcome">): boolean {
  return event.outcome !== "done" && lane.command?.id === event.commandId && lane.command.attempt === 1;
}

/** Inputs that must be clear before and during a close, of those this lane has. */
const GUARDS = ["safety", "closing", "photocell"] as const satisfies readonly LaneInput[];

/**
 * Whether the arm may be closed: every guard known and clear, and the safety loop seen to work since the last
 * doubt. Unknown counts as occupied (safety invariants 1 and 7).
 */
export function mayClose(lane: Lane, ctx: StepContext): boolean {
  return lane.loopsProven && inputsKnown(lane, ctx.config) && guardsClear(lane, ctx);
}

export function guardsClear(lane: Lane, ctx: StepContext): boolean {
  return GUARDS.every((input) => !ctx.config.wired.has(input) || lane.inputs[input] === "off");
}

/** Every wired sensor has a level. */
export function inputsKnown({ inputs }: Pick<Lane, "inputs">, { wired }: Pick<LaneConfig, "wired">): boolean {
  return SENSOR_INPUTS.every((input) => !wired.has(input) || inputs[input] !== "unknown");
}

/** No wired sensor has a level. */
export function inputsDark({ inputs }: Pick<Lane, "inputs">, { wired }: Pick<LaneConfig, "wired">): boolean {
  return SENSOR_INPUTS.every((input: SensorInput) => !wired.has(input) || inputs[input] === "unknown");
}

/** The passage of a vehicle that has not left the safety loop yet, as far as the lane knows. */
export function passageUnderWay({ passage }: Lane): Passage | null {
  return passage?.endedMs === null ? passage : null;
}

/** Forgets the vehicle: after a cancel, a void or a finished passage. */
export const NO_TRANSACTION = {
  plate: null,
  stay: null,
  credit: null,
  passage: null,
  credential: null,
  chosen: null,
  refusedCodes: 0,
  ticket: null,
  declines: 0,
  review: null,
  alerted: null,
  display: "",
} as const satisfies Partial<Lane>;

/** Lamp and buzzer of the reader, for who has shown something there. */
export function indicate(lane: Lane, signal: "granted" | "denied"): LaneOrder[] {
  return lane.credential === null ? [] : [{ kind: "indicate", signal }];
}
