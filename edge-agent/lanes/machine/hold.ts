import type { GateRecord, HoldCause } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, Passage, Step, StepContext } from "./model.ts";
import {
  andThen,
  command,
  DONE,
  enter,
  inputsKnown,
  passageUnderWay,
  raise,
  refuse,
  stay,
  withTimer,
} from "./moves.ts";
import { abandon } from "./attempts.ts";
import { commitPassage } from "./record.ts";

/** How an arm comes to be held open. How it is let go again is in held-open.ts. */

/** Who holds the arm, and why. `actor` is null where it is no person. */
export type Holder = {
  readonly cause: HoldCause;
  readonly actor: string | null;
  readonly reason: string;
};

/** A higher cause replaces a lower one (safety invariant 6). */
const RANK: Readonly<Record<HoldCause, number>> = { fire: 5, operator: 4, key_switch: 3, policy: 2, mode: 1 };

export const BY_MODE: Holder = { cause: "mode", actor: null, reason: "the lane is to stay open" };
export const BY_KEY: Holder = { cause: "key_switch", actor: null, reason: "the key switch is on" };
export const BY_FIRE: Holder = { cause: "fire", actor: null, reason: "the fire alarm system opens the lane" };

export function holdRecord(on: boolean, { cause, actor, reason }: Holder): GateRecord {
  return { type: "hold", on, cause, actor, reason };
}

/**
 * Opens the arm and leaves it open. Whoever was granted an opening keeps it for its passage, and whoever stands at
 * the arm keeps its name; a payment that is under way is given up.
 */
export function holdOpen(lane: Lane, holder: Holder, ctx: StepContext, safety = false): Step {
  if (lane.state === "HELD_OPEN") return holdHigher(lane, holder, ctx, safety);
  const before = lane.state === "CLEARING" ? commitPassage(lane, ctx) : stay(lane);
  return andThen(before, (l) =>
    andThen(abandon(l, false, ctx), (free) => {
      const open = command("open", ctx, 1, safety);
      return stay(standOpen({ ...free, command: open.pending }, holder, ctx), {
        records: [holdRecord(true, holder)],
        commands: [open.command],
      });
    }),
  );
}

/** The arm was told to open and is to stay open. */
export function standOpen(lane: Lane, holder: Holder, ctx: StepContext): Lane {
  const held = enter(lane, "HELD_OPEN", ctx, {
    heldBy: holder.cause,
    command: lane.command,
    chosen: null,
    ticket: null,
    ...(passageUnderWay(lane) === null ? { passage: null } : { stay: null, plate: null }),
    display: holder.cause === "fire" ? "Emergency. The arm stays open" : "Please drive on",
    trouble: `Held open: ${holder.reason}`,
  });
  return withHeldTimers(beginIfUnder(held, ctx), ctx);
}

function withHeldTimers(lane: Lane, ctx: StepContext): Lane {
  const { timers } = ctx.config;
  const moving = withTimer(lane, "move", timers.moveMs, ctx);
  const stuck = passageUnderWay(moving) === null ? moving : withTimer(moving, "stuck", timers.stuckMs, ctx);
  const leaving = lane.credit !== null && lane.inputs.arming === "off" && lane.inputs.safety === "off";
  return leaving ? withTimer(stuck, "back", timers.backMs, ctx) : stuck;
}

function holdHigher(lane: Lane, holder: Holder, ctx: StepContext, safety: boolean): Step {
  const cause = lane.heldBy;
  if (cause !== null && RANK[cause] >= RANK[holder.cause]) return stay(lane);
  const open = command("open", ctx, 1, safety);
  const held: Lane = {
    ...lane,
    heldBy: holder.cause,
    command: open.pending,
    display: holder.cause === "fire" ? "Emergency. The arm stays open" : lane.display,
    trouble: `Held open: ${holder.reason}`,
  };
  const records = cause === null ? [] : [holdRecord(false, { ...holder, cause })];
  return stay(withTimer(held, "move", ctx.config.timers.moveMs, ctx), {
    records: [...records, holdRecord(true, holder)],
    commands: [open.command],
  });
}

/** Fire opens from every state but STOPPED, and stays latched until a person resets it (safety invariant 6). */
export function burns(lane: Lane, _event: object, ctx: StepContext): Step {
  return andThen(raise(lane, "fire", BY_FIRE.reason), (l) => holdOpen(l, BY_FIRE, ctx, true));
}

export function keyHolds(lane: Lane, _event: object, ctx: StepContext): Step {
  return holdOpen(lane, BY_KEY, ctx);
}

/** An attendant holds the arm open, until reset. */
export function attendantHolds(lane: Lane, { actor, reason }: EventOf<"hold">, ctx: StepContext): Step {
  if (!inputsKnown(lane, ctx.config) && (lane.state === "UNKNOWN" || lane.state === "FAULT"))
    return refuse(lane, "inputs_unknown", NO_INPUTS);
  if (lane.heldBy === "fire") return refuse(lane, "held_open", "The fire alarm system holds the arm open.");
  return { ...holdOpen(lane, { cause: "operator", actor, reason }, ctx), reply: DONE };
}

export const NO_INPUTS = "The board does not answer: check its power and line first.";

/** A vehicle under the raised arm that nobody accounts for yet: it passes where the lane stands. */
export function beginIfUnder(lane: Lane, ctx: StepContext): Lane {
  const { inputs } = lane;
  const raised = lane.state === "HELD_OPEN" || inputs.closed_limit !== "on";
  if (inputs.safety !== "on" || !raised || passageUnderWay(lane) !== null) return lane;
  const fromInside = comesFromInside(lane);
  // The vehicle in hand waits before the arm while another one comes through from the other side.
  if (fromInside) return { ...lane, passage: newPassage(lane, null, ctx) };
  const credit = lane.credit ?? lane.unresolved;
  const known = credit === null ? lane.stay : null;
  const passage = { ...newPassage(lane, credit, ctx), known };
  return { ...lane, passage, credit: null, unresolved: null, stay: null, plate: null };
}

/** The loop behind the arm was covered first, and nothing stands on the one before it. */
function comesFromInside({ inputs }: Lane): boolean {
  return inputs.closing === "on" && inputs.arming === "off";
}

export function newPassage(lane: Lane, credit: Passage["credit"], ctx: StepContext): Passage {
  return {
    credit,
    known: null,
    kind: kindOf(lane),
    fromInside: comesFromInside(lane),
    sinceMs: ctx.now.monotonicMs,
    endedMs: null,
    armingSinceMs: lane.armingSinceMs,
    // Whoever covers the closing loop now is the vehicle in front, or one that comes the wrong way.
    closingSeen: false,
    review: lane.review,
  };
}

/** How a passage without a credit came about. */
function kindOf({ heldBy, alarms }: Lane): Passage["kind"] {
  if (heldBy === "key_switch") return "manual";
  if (heldBy !== null) return "free";
  return alarms.includes("forced") ? "manual" : "tailgate";
}
