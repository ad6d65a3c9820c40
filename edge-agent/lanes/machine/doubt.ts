import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, Step, StepContext } from "./model.ts";
import { alarm, enter, stay, andThen } from "./moves.ts";
import { commitPassage } from "./record.ts";

/** How a lane stops trusting what it knows. It commands nothing until inputs or a person put it right. */

/** The arm does not do as told. A person resets it; the credit in hand is resolved, not lost. */
export function fault(lane: Lane, why: string, ctx: StepContext): Step {
  return giveUp(lane, "FAULT", why, [alarm("arm_fault", why)], ctx);
}

/** Inputs are unknown: nothing moves until they are proven again (safety invariants 7 and 8). */
export function loseSight(lane: Lane, event: EventOf<"lost">, ctx: StepContext): Step {
  return giveUp(lane, "UNKNOWN", event.reason, [alarm("sensor_stale", event.reason)], ctx);
}

/** Somebody raised the arm by hand or key switch. Whoever passes now is recorded as uncontrolled. */
export function forced(lane: Lane, _event: object, ctx: StepContext): Step {
  const why = "the arm was opened without a command";
  return giveUp(lane, "UNKNOWN", why, [alarm("forced", why)], ctx);
}

function giveUp(
  lane: Lane,
  state: "FAULT" | "UNKNOWN",
  why: string,
  records: readonly GateRecord[],
  ctx: StepContext,
): Step {
  // A passage that is over is written now; of one under way nobody knows yet how it ends.
  const underWay = lane.state === "PASSING" ? lane.passage : null;
  const over = underWay === null ? commitPassage(lane, ctx) : stay(lane);
  return andThen({ ...over, records: [...over.records, ...records] }, (l) => {
    const display = "Out of order. Please call the attendant";
    const unresolved = lane.credit ?? lane.unresolved;
    const patch = { unresolved, credit: null, passage: underWay, stay: null, plate: null };
    return stay(enter(l, state, ctx, { ...patch, display, trouble: why }));
  });
}
