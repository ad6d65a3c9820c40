import type { GateRecord, LaneCommand } from "@parkme/shared/domain/gate-record";
import type { BarrierAction, LaneInput, LaneState } from "@parkme/shared/domain/lane";
import { LANE_INPUTS } from "@parkme/shared/domain/lane";
import type { CommandId } from "@parkme/shared/domain/ids";
import type { AlarmKind } from "@parkme/shared/domain/stay";
import type { Lane, Reply, Step, StepContext, TimerName } from "./model.ts";

/** The vocabulary of the lane tables: small pure moves that handlers are written in. */

/** A command is worthless after this: the vehicle it was meant for may be gone. */
const COMMAND_DEADLINE_MS = 2_000;

export function stay(lane: Lane, more: Partial<Omit<Step, "lane">> = {}): Step {
  return { lane, records: [], commands: [], request: null, reply: null, ...more };
}

/** Enters a state: its clock restarts and the timers of the state before are void. */
export function enter(lane: Lane, state: LaneState, ctx: StepContext, patch: Partial<Lane> = {}): Lane {
  return { ...lane, timers: {}, command: null, trouble: null, ...patch, state, since: ctx.now };
}

/** Enters a state of waiting at the closed arm. A vehicle that is just leaving goes on leaving. */
export function enterWaiting(
  lane: Lane,
  state: "DENIED" | "PAYING",
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

/** Adds what a later move of the same event wrote. Records and commands keep their order. */
export function andThen(first: Step, next: (lane: Lane) => Step): Step {
  const second = next(first.lane);
  return {
    lane: second.lane,
    records: [...first.records, ...second.records],
    commands: [...first.commands, ...second.commands],
    request: second.request ?? first.request,
    reply: second.reply ?? first.reply,
  };
}

export function alarm(kind: AlarmKind, detail: string): GateRecord {
  return { type: "alarm", kind, detail };
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

/** Inputs that must be clear before and during a close, of those this lane has. */
const GUARDS = ["safety", "closing", "photocell"] as const satisfies readonly LaneInput[];

/**
 * Whether the arm may be closed: every guard known and clear, and the safety loop seen to work since the last
 * doubt. Unknown counts as occupied (safety invariants 1 and 7).
 */
export function mayClose(lane: Lane, ctx: StepContext): boolean {
  return lane.loopsProven && guardsClear(lane, ctx);
}

export function guardsClear(lane: Lane, ctx: StepContext): boolean {
  return GUARDS.every((input) => !ctx.config.wired.has(input) || lane.inputs[input] === "off");
}

/** Every wired input has a level. */
export function inputsKnown(lane: Lane, ctx: StepContext): boolean {
  return LANE_INPUTS.every((input) => !ctx.config.wired.has(input) || lane.inputs[input] !== "unknown");
}

/** Forgets the vehicle: after a cancel, a void or a finished passage. */
export const NO_TRANSACTION = { plate: null, stay: null, credit: null, passage: null, display: "" } as const;

/** Back to rest. A vehicle already waiting on the arming loop starts its arming time at once. */
export function enterIdle(lane: Lane, ctx: StepContext, patch: Partial<Lane> = {}): Lane {
  const idle = enter(lane, "IDLE", ctx, { ...NO_TRANSACTION, ...patch });
  return idle.inputs.arming === "on" ? withTimer(idle, "arm", ctx.config.timers.armMs, ctx) : idle;
}
