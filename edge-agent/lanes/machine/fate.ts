import type { Credit, GateRecord, LoopCounts } from "@parkme/shared/domain/gate-record";
import type { StayId } from "@parkme/shared/domain/ids";
import type { Lane, Step, StepContext } from "./model.ts";
import { NO_TRANSACTION, passageUnderWay, stay } from "./moves.ts";
import { hasPassed } from "./reads.ts";
import { commitPassage, creditedMovement, voidOf } from "./record.ts";

/** What became of a vehicle that nobody saw go. */

/**
 * A vehicle of which nobody knows how it went on is taken for the one in hand: nothing is counted twice, once by
 * its plate and once by its credit.
 */
export function claim(lane: Lane): Lane {
  const passage = passageUnderWay(lane);
  const credit = lane.credit ?? lane.unresolved;
  if (passage === null || passage.credit !== null || credit === null) return lane;
  const spent = { credit: null, unresolved: null, stay: null, plate: null };
  return { ...lane, ...spent, passage: { ...passage, credit } };
}

/** The vehicle that was under the arm when sight was lost is not there any more. */
export function endPassage(lane: Lane, ctx: StepContext): Step {
  const { passage, review } = lane;
  if (passage === null) return stay({ ...lane, ...NO_TRANSACTION, review });
  if (passage.credit === null || passage.closingSeen) return commitPassage(lane, ctx);
  return stay({ ...lane, ...NO_TRANSACTION, review: passage.review, unresolved: passage.credit });
}

/**
 * Settles the credit in doubt. While the arm is open and its vehicle may still stand before it, that is left to
 * the vehicle; `final` when it is not waited for.
 */
export function resolve(lane: Lane, final: boolean, ctx: StepContext): Step {
  const credit = lane.unresolved;
  if (credit === null) return stay(lane);
  const settled = { ...lane, unresolved: null };
  switch (fateOf(credit, lane.counts, ctx)) {
    case "passed": {
      const how = { kind: "inferred", review: lane.review } as const;
      const records = creditedMovement(lane, credit, how, ctx);
      return stay(hasPassed(settled, credit.plate, ctx), { records });
    }
    case "never passed":
      return final ? stay(settled, { records: voidOf(lane, credit, "never passed", ctx) }) : stay(lane);
    case "unknown": {
      if (!final && lane.inputs.arming === "on") return stay(lane);
      const { stay: own } = credit;
      const unproven = own === null || ctx.config.inner ? [] : [passageUnproven(own.stayId)];
      return stay(settled, { records: unproven });
    }
  }
}

/**
 * What the board counted since the grant tells whether the vehicle passed. Without counts of the same boot
 * nobody knows: the stay is kept, marked for review, and the vehicle's next appearance settles it.
 */
function fateOf(
  { countsAtGrant: before }: Credit,
  counts: LoopCounts | null,
  ctx: StepContext,
): "passed" | "never passed" | "unknown" {
  if (before === null || counts === null || before.boot !== counts.boot) return "unknown";
  const underArm = counts.safety > before.safety;
  const behindArm = counts.closing > before.closing || !ctx.config.wired.has("closing");
  return underArm && behindArm ? "passed" : "never passed";
}

function passageUnproven(stayId: StayId): GateRecord {
  return { type: "stay_review", stayId, review: "passage_unproven" };
}
