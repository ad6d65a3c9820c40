import type { HoldCause } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, Row, Step, StepContext } from "./model.ts";
import {
  andThen,
  command,
  DONE,
  inputsKnown,
  over,
  passageUnderWay,
  raise,
  refuse,
  stay,
  withoutTimer,
  withTimer,
} from "./moves.ts";
import { anywhere } from "./anywhere.ts";
import { crossingCells, resight } from "./crossing.ts";
import { doubtState, giveUp } from "./doubt.ts";
import { resolve } from "./fate.ts";
import { BY_KEY, BY_MODE, burns, holdRecord, newPassage, NO_INPUTS, type Holder } from "./hold.ts";
import { cashTooLate, enterClearing, enterPassing, opened } from "./passage.ts";
import { settleFrom } from "./recovery.ts";
import { resetBy } from "./record.ts";
import { setMode } from "./rest.ts";

/** HELD_OPEN: the arm is up and stays up until every cause to hold it has ended. */

/** What still holds the arm when its present cause is let go of. */
function nextHolder(lane: Lane, cause: HoldCause, ctx: StepContext): Holder | null {
  if (lane.inputs.key_switch === "on") return BY_KEY;
  const blind = !inputsKnown(lane, ctx.config);
  if (blind && cause !== "policy" && ctx.config.policy.outage === "open")
    return { cause: "policy", actor: null, reason: lane.trouble ?? NO_INPUTS };
  return lane.mode === "held_open" && cause !== "mode" ? BY_MODE : null;
}

/** Lets go of the arm. `vouched` = a person says that the lane is clear (row 37). */
function release(
  lane: Lane,
  by: { readonly actor: string | null; readonly reason: string },
  vouched: boolean,
  ctx: StepContext,
): Step {
  const { heldBy } = lane;
  if (heldBy === null) return stay(lane);
  const off = holdRecord(false, { cause: heldBy, ...by });
  const next = nextHolder(lane, heldBy, ctx);
  if (next !== null) {
    const held = { ...lane, heldBy: next.cause, trouble: `Held open: ${next.reason}` };
    return stay(held, { records: [off, holdRecord(true, next)] });
  }
  const proven = lane.loopsProven || (vouched && inputsKnown(lane, ctx.config));
  const free = { ...lane, heldBy: null, loopsProven: proven };
  return andThen(stay(free, { records: [off] }), (l) => takeUp(l, ctx));
}

/** The lane goes on where it stands, by the rules of every other day. */
function takeUp(lane: Lane, ctx: StepContext): Step {
  if (!inputsKnown(lane, ctx.config)) return giveUp(lane, doubtState(lane, ctx), NO_INPUTS, ctx);
  const { credit, unresolved, inputs } = lane;
  // An arm that was told to open and has not moved yet will do so in a moment.
  if (inputs.closed_limit === "on" && lane.command === null) {
    const doubtful = { unresolved: credit ?? unresolved, credit: null, stay: null, plate: null };
    return settleFrom({ ...lane, ...doubtful }, {}, ctx);
  }
  if (inputs.safety === "on") {
    return enterPassing(lane, passageUnderWay(lane) ?? newPassage(lane, null, ctx), ctx);
  }
  if (credit !== null) return opened({ ...lane, passage: null }, {}, ctx);
  return andThen(resolve(lane, true, ctx), (l) => stay(enterClearing({ ...l, plate: null }, null, ctx)));
}

/** Row 35. What no person holds, no person lets go of. */
function resetHold(lane: Lane, event: EventOf<"reset">, ctx: StepContext): Step {
  const { heldBy, inputs, mode } = lane;
  if (inputs.fire === "on") return refuse(lane, "fire_on", "The fire alarm system still holds the arm open.");
  if (heldBy === "key_switch" && inputs.key_switch === "on")
    return refuse(lane, "key_on", "The key switch still holds the arm open.");
  if (heldBy === "mode" && mode === "held_open")
    return refuse(lane, "mode_holds", "The lane is set to stay open: change its mode first.");
  if (heldBy === "policy" && !inputsKnown(lane, ctx.config)) return refuse(lane, "inputs_unknown", NO_INPUTS);
  return andThen(over(lane, "fire", "arm_fault"), (l) =>
    andThen(stay(l, { records: [resetBy(event)], reply: DONE }), (r) => release(r, event, true, ctx)),
  );
}

/** Without a person's word: the arm comes down only over loops that are proven, and clear. */
function keyLetsGo(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.heldBy !== "key_switch") return stay(lane);
  return release(lane, { actor: null, reason: "the key switch is off" }, false, ctx);
}

function modeChanges(lane: Lane, event: EventOf<"mode">, ctx: StepContext): Step {
  return andThen(setMode(lane, event), (l) =>
    l.heldBy === "mode" && event.mode !== "held_open"
      ? release(l, { actor: null, reason: `the mode is ${event.mode}` }, false, ctx)
      : stay(l),
  );
}

/** The sensors whose loss opened the arm are back. A disk that refused is a person's to see to. */
function provenHere(lane: Lane, event: EventOf<"proven">, ctx: StepContext): Step {
  const bySensors = lane.heldBy === "policy" && lane.alarms.includes("sensor_stale");
  return andThen(resight(lane, event, ctx), (l) =>
    bySensors ? release(l, { actor: null, reason: "all sensors are back" }, false, ctx) : stay(l),
  );
}

function upAtLast(lane: Lane, event: EventOf<"arm_opened">, ctx: StepContext): Step {
  return crossingCells.arm_opened(withoutTimer({ ...lane, command: null }, "move"), event, ctx);
}

function notUpInTime(lane: Lane, _event: object, ctx: StepContext): Step {
  const { open_limit, closed_limit } = lane.inputs;
  const down = ctx.config.wired.has("open_limit") ? open_limit === "off" : closed_limit === "on";
  return down ? openAgain(lane, "the arm did not open in time", ctx) : stay({ ...lane, command: null });
}

function openFailed(lane: Lane, event: EventOf<"outcome">, ctx: StepContext): Step {
  if (event.outcome === "done" || lane.command?.id !== event.commandId) return stay(lane);
  return openAgain(lane, `the open command failed: ${event.detail}`, ctx);
}

/** Once more; then it is at fault, and still to be held open. */
function openAgain(lane: Lane, why: string, ctx: StepContext): Step {
  if (lane.command?.attempt !== 1)
    return raise(withoutTimer({ ...lane, command: null, trouble: why }, "move"), "arm_fault", why);
  return andThen(raise(lane, "command_refused", why), (l) => reopen(l, 2, ctx));
}

function reopen(lane: Lane, attempt: 1 | 2, ctx: StepContext): Step {
  const open = command("open", ctx, attempt, lane.heldBy === "fire");
  const told = { ...lane, command: open.pending };
  return stay(withTimer(told, "move", ctx.config.timers.moveMs, ctx), { commands: [open.command] });
}

/** Somebody or something let the arm down though it is to be held open. */
function cameDown(lane: Lane, _event: object, ctx: StepContext): Step {
  return andThen(raise(lane, "command_refused", "the arm came down though it is held open"), (l) =>
    reopen(l, 1, ctx),
  );
}

export const heldOpenRow = {
  ...anywhere,
  ...crossingCells,
  arm_opened: upAtLast,
  arm_closed: cameDown,
  proven: provenHere,
  fire_on: burns,
  key_off: keyLetsGo,
  move_due: notUpInTime,
  outcome: openFailed,
  mode: modeChanges,
  cash: cashTooLate,
  vend: (lane) => refuse(lane, "held_open", "The arm is held open already."),
  reset: resetHold,
} as const satisfies Row;
