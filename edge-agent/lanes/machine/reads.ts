import type { LaneRead } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, Step, StepContext } from "./model.ts";
import { stay } from "./moves.ts";

/** The newest reads a lane keeps; older ones fall out. */
export const MAX_READS = 16;

/** A camera may see the vehicle a little before the loop does. */
const LEAD_MS = 1_000;
/** Where no arming loop tells when the vehicle came, reads of this age still belong to it. */
const RECENT_MS = 15_000;
/** Repeats of a plate that was just let through are not the next vehicle. */
const REPEAT_MS = 60_000;

export function keepRead(lane: Lane, read: LaneRead): Lane {
  return { ...lane, reads: [...lane.reads, read].slice(-MAX_READS) };
}

/** A read that opens nothing now: kept, because the next vehicle may be its owner. */
export function addRead(lane: Lane, event: EventOf<"read">): Step {
  return stay(keepRead(lane, event.read));
}

/** The reads that belong to the vehicle at the loop, by time and by not being the vehicle before it. */
export function readsOf(lane: Lane, ctx: StepContext): readonly LaneRead[] {
  const nowMs = ctx.now.monotonicMs;
  const sinceMs = lane.armingSinceMs === null ? nowMs - RECENT_MS : lane.armingSinceMs - LEAD_MS;
  const before =
    lane.lastGranted !== null && nowMs - lane.lastGranted.atMs < REPEAT_MS ? lane.lastGranted.plate : null;
  return lane.reads.filter(
    (read) => read.at.monotonicMs >= sinceMs && (read.plate === null || read.plate !== before),
  );
}
