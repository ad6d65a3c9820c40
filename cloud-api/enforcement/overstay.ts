import { transact, type Tx } from "../db/connection.ts";
import type { Job } from "../platform/job.ts";
import { findEnforced, penaltyFor, type PenaltyRow } from "./penalties.queries.ts";
import { auditBySystem, raiseViolation, tellViolation } from "./raising.ts";
import { minutesBetween, penaltyOf, type ViolationKind } from "./rules.ts";
import {
  changeViolation,
  lockGrowing,
  type Growing,
  type ViolationKey,
  type ViolationRow,
} from "./violations.queries.ts";

/** A booking whose vehicle stays beyond its end. */
export type Overstay = {
  readonly facilityId: string;
  readonly bookingId: string;
  /** Null = nobody who is known. */
  readonly userId: string | null;
  readonly plate: string | null;
  readonly spotId: string | null;
  readonly stayId: string | null;
  /** When it should have left. */
  readonly sinceAt: Date;
};

/**
 * Reports that a booking overstays, in the transaction that finds out; it may be said again and again. It is one
 * violation for each booking, from when it is beyond the grace of the facility's penalty; its penalty grows (by the job
 * below) until the vehicle has left. Where the facility has no penalty for it, it is none.
 */
export async function reportOverstay(tx: Tx, overstay: Overstay, now: Date): Promise<void> {
  const { facilityId, bookingId, userId, plate, spotId, stayId, sinceAt } = overstay;
  const rule = await penaltyFor(tx, facilityId, "overstay");
  if (rule === null) return;
  const minutes = minutesBetween(sinceAt, now);
  // Most are: they need not ask for more.
  if (penaltyOf(rule, minutes) === null) return;
  const facility = await findEnforced(tx, facilityId);
  const sourceKey = `booking:${bookingId}`;
  const audit = auditBySystem(tx, facility?.organisationId ?? null, sourceKey, now);
  const by = { source: "system", sourceKey, reportedBy: "cloud", note: "", goesOn: true } as const;
  const found = { ...by, plate, stayId, bookingId, spotId, userId, minutes, at: sinceAt };
  await raiseViolation(tx, rule, found, audit, now);
}

const BATCH = 200;

/** Lets the penalties of overstays grow that go on, and ends them when their vehicles have left. */
export const OVERSTAY_JOB: Job = {
  name: "enforcement.overstays",
  everySeconds: 300,
  run: async ({ db }, now) => {
    let changed = 0;
    let after: ViolationKey | null = null;
    for (;;) {
      const batch: readonly Growing[] = await transact(db, async (tx) => await growBatch(tx, after, now));
      changed += batch.length;
      const last: Growing | undefined = batch.at(-1);
      if (batch.length < BATCH || last === undefined) return changed;
      after = last.violation;
    }
  },
};

async function growBatch(tx: Tx, after: ViolationKey | null, now: Date): Promise<readonly Growing[]> {
  const batch = await lockGrowing(tx, BATCH, after);
  const rules = new Map<string, PenaltyRow | null>();
  for (const one of batch) {
    const { facilityId, kind } = one.violation;
    const name = `${facilityId} ${kind}`;
    const rule = rules.has(name) ? (rules.get(name) ?? null) : await penaltyFor(tx, facilityId, kind);
    rules.set(name, rule);
    await grow(tx, one, rule, now);
  }
  return batch;
}

async function grow(
  tx: Tx,
  { violation, bookingStatus, actualExit }: Growing,
  rule: PenaltyRow | null,
  now: Date,
): Promise<void> {
  const goesOn = bookingStatus === "ACTIVE" && actualExit === null;
  // Without an exit nobody knows when it left: what was counted last holds.
  const until = goesOn ? now : actualExit;
  const minutes = Math.max(violation.minutes ?? 0, until === null ? 0 : minutesBetween(violation.at, until));
  const isFixed = violation.status !== "open";
  const penaltyMinor = isFixed ? violation.penaltyMinor : grown(violation, rule, minutes);
  const changed = await changeViolation(tx, violation, { minutes, penaltyMinor, goesOn: goesOn && !isFixed });
  if (penaltyMinor !== violation.penaltyMinor) await tellViolation(tx, changed, now);
}

/** A rule that became milder meanwhile, or is gone, takes nothing back. */
function grown(
  { penaltyMinor, currency }: ViolationRow & { readonly kind: ViolationKind },
  rule: PenaltyRow | null,
  minutes: number,
): number {
  const by = rule === null || rule.currency !== currency ? null : penaltyOf(rule, minutes);
  return Math.max(by ?? 0, penaltyMinor);
}
