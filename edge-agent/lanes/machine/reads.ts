import type { LaneRead } from "@parkme/shared/domain/gate-record";
import { plateShape } from "@parkme/shared/domain/plate";
import type { EventOf, Lane, Passage, Step, StepContext } from "./model.ts";
import { stay } from "./moves.ts";

/** The newest reads a lane keeps; older ones fall out. */
const MAX_READS = 16;

/** A camera may see the vehicle a little before the loop does. */
const LEAD_MS = 1_000;
/** A camera may still be busy with a vehicle when that is under the arm already. */
const LAG_MS = 1_000;
/** Where no arming loop tells when the vehicle came, reads of this age still belong to it. */
const RECENT_MS = 15_000;
/** Repeats of a plate that has just passed are not the next vehicle. */
const REPEAT_MS = 60_000;

export function keepRead(lane: Lane, read: LaneRead): Lane {
  const { lastPassed } = lane;
  const repeats =
    lastPassed !== null &&
    read.at.monotonicMs - lastPassed.atMs < REPEAT_MS &&
    mayBe(read.plate, lastPassed.plate);
  return repeats ? lane : { ...lane, reads: [...lane.reads, read].slice(-MAX_READS) };
}

/** A read that opens nothing now: kept, because the next vehicle may be its owner. */
export function addRead(lane: Lane, event: EventOf<"read">): Step {
  return stay(keepRead(lane, event.read));
}

/** The reads that belong to the vehicle at the loop, by time. */
export function readsOf(lane: Lane, ctx: StepContext): readonly LaneRead[] {
  const nowMs = ctx.now.monotonicMs;
  return readsBetween(lane, sinceMs(lane.armingSinceMs, nowMs), nowMs);
}

/** The reads that belong to a vehicle that passes or has passed: the next one may be at the loop by now. */
export function readsOfPassage(lane: Lane, passage: Passage): readonly LaneRead[] {
  return readsBetween(lane, sinceMs(passage.armingSinceMs, passage.sinceMs), passage.sinceMs + LAG_MS);
}

/** The reads that may be of a vehicle that came from inside: those before it reached the arm are of others. */
export function readsFromInside(lane: Lane, passage: Passage): readonly LaneRead[] {
  const waiting = lane.credit?.plate ?? lane.plate;
  return lane.reads.filter(
    ({ at, plate }) =>
      at.monotonicMs >= passage.sinceMs && (waiting === null || plate === null || !mayBe(plate, waiting)),
  );
}

/** Whether a camera has seen another vehicle than the one that passes, since that came to the arm. */
export function othersWereRead(lane: Lane, passage: Passage, ctx: StepContext): boolean {
  const own = passage.credit?.plate ?? null;
  return readsOf(lane, ctx).some(({ plate, at }) => {
    if (plate === null) return false;
    return own === null ? at.monotonicMs > passage.sinceMs : !mayBe(plate, own);
  });
}

/** The vehicle with this plate has passed: what was read of it, and soon will be, names nobody else. */
export function hasPassed(lane: Lane, plate: string | null, ctx: StepContext): Lane {
  if (plate === null) return lane;
  return {
    ...lane,
    reads: lane.reads.filter((read) => !mayBe(read.plate, plate)),
    lastPassed: { plate, atMs: ctx.now.monotonicMs },
  };
}

function sinceMs(armingSinceMs: number | null, seenMs: number): number {
  return armingSinceMs === null ? seenMs - RECENT_MS : armingSinceMs - LEAD_MS;
}

function readsBetween(lane: Lane, fromMs: number, untilMs: number): readonly LaneRead[] {
  return lane.reads.filter(({ at }) => at.monotonicMs >= fromMs && at.monotonicMs <= untilMs);
}

/** Whether a read is of this plate, or a misreading of it. */
function mayBe(read: string | null, plate: string): boolean {
  return read !== null && plateShape(read) === plateShape(plate);
}
