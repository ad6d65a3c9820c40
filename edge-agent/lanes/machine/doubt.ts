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
  const inPassing = lane.state === "PASSING" ? (lane.passage?.credit ?? null) : null;
  const unresolved = lane.credit ?? inPassing ?? lane.unresolved;
  const settled = inPassing === null ? commitPassage(lane, ctx) : stay({ ...lane, passage: null });
  return andThen({ ...settled, records: [...settled.records, ...records] }, (l) => {
    const display = "Out of order. Please call the attendant";
    const patch = { unresolved, credit: null, passage: null, stay: null, plate: null, display, trouble: why };
    return stay(enter(l, state, ctx, patch));
  });
}
