import type { EventOf, Lane, Step, StepContext } from "./model.ts";
import { andThen, DONE, enter, NO_TRANSACTION, over, refuse, stay, withTimer } from "./moves.ts";
import { BY_MODE, holdOpen } from "./hold.ts";

/** A lane at rest, and what waits for that: the end of alarms, a turn of a reversible lane, a mode. */

/** Back to rest. A vehicle already waiting on the arming loop starts its arming time at once. */
export function rest(lane: Lane, ctx: StepContext): Step {
  return andThen(restQuietly(lane, ctx), (l) =>
    l.mode === "held_open" ? holdOpen(l, BY_MODE, ctx) : stay(l),
  );
}

/** As {@link rest}, but nothing moves: the inputs have only just been proven (safety invariant 7). */
export function restQuietly(lane: Lane, ctx: StepContext): Step {
  return andThen(over(lane, "forced", "stuck", "arm_fault"), (l) =>
    andThen(turnIfClear(enter(l, "IDLE", ctx, NO_TRANSACTION)), (idle) =>
      stay(idle.inputs.arming === "on" ? withTimer(idle, "arm", ctx.config.timers.armMs, ctx) : idle),
    ),
  );
}

/** A reversible lane turns only while nobody is in it. What was read was read of the other side. */
export function turnIfClear(lane: Lane): Step {
  const { turnTo, turnBy, inputs, counts } = lane;
  const clear = inputs.arming !== "on" && inputs.safety !== "on" && inputs.closing !== "on";
  if (turnTo === null || !clear || lane.state !== "IDLE") return stay(lane);
  const turned: Lane = {
    ...lane,
    direction: turnTo,
    turnTo: null,
    turnBy: null,
    inputs: { ...inputs, arming: inputs.closing, closing: inputs.arming },
    counts: counts === null ? null : { ...counts, arming: counts.closing, closing: counts.arming },
    armingSinceMs: null,
    reads: [],
    lastPassed: null,
    trouble: null,
  };
  return stay(turned, { records: [{ type: "turned", direction: turnTo, actor: turnBy }] });
}

/** Row-wide: a turn is done at rest, and waited for elsewhere. */
export function turn(lane: Lane, { direction, actor }: EventOf<"turn">, ctx: StepContext): Step {
  if (ctx.config.kind !== "reversible")
    return refuse(lane, "not_reversible", "This lane has one direction only.");
  const wanted = { ...lane, turnTo: direction === lane.direction ? null : direction, turnBy: actor };
  return { ...turnIfClear(wanted), reply: DONE };
}

/** The mode is known everywhere; what it changes, the next decision and the next rest find out. */
export function setMode(lane: Lane, { mode }: EventOf<"mode">): Step {
  return stay(mode === lane.mode ? lane : { ...lane, mode });
}

/** Nothing is under way here: an arm that is to be held open opens now. */
export function setModeAtRest(lane: Lane, event: EventOf<"mode">, ctx: StepContext): Step {
  return andThen(setMode(lane, event), (l) =>
    event.mode === "held_open" ? holdOpen(l, BY_MODE, ctx) : stay(l),
  );
}
