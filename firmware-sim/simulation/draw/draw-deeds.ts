import type { Random } from "../../traffic/random.ts";
import { DEED_KINDS, type Deed, type DeedKind } from "../schedule.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Nobody acts before the gate is known to have come up. */
const QUIET_START_MS = 5 * 60_000;

/** How many a day. A tariff changes more often here than anywhere, so that stays go over a change. */
const PER_DAY: Readonly<Record<DeedKind, number>> = {
  tariff_published: 0.5,
  remote_vend: 0.5,
  remote_hold: 0.3,
  remote_reset: 0.4,
  permit_revoked: 0.3,
  shift_changed: 2,
  count_corrected: 0.3,
  merchant_validates: 2,
  refund: 0.5,
};

/** Done at headquarters: without a cloud nobody can. */
const FROM_AFAR: ReadonlySet<DeedKind> = new Set([
  "tariff_published",
  "remote_vend",
  "remote_hold",
  "remote_reset",
  "permit_revoked",
]);

export type DeedPlan = {
  readonly lengthMs: number;
  readonly hasCloud: boolean;
  /** Versions of the tariff beside the first: no more are published. */
  readonly moreTariffs: number;
  readonly hasPermits: boolean;
};

/** Draws what operators and attendants do. */
export function drawDeeds(plan: DeedPlan, random: Random): Deed[] {
  const deeds = DEED_KINDS.filter((kind) => isPossible(kind, plan)).flatMap((kind) => {
    const own = random.fork(kind);
    const drawn: Omit<Deed, "id">[] = [];
    for (let atMs = QUIET_START_MS; ;) {
      atMs += own.exponential(DAY_MS / PER_DAY[kind]);
      if (atMs >= plan.lengthMs) break;
      drawn.push({ kind, atMs: Math.round(atMs), choice: own.next() });
    }
    return kind === "tariff_published" ? drawn.slice(0, plan.moreTariffs) : drawn;
  });
  return deeds.toSorted((a, b) => a.atMs - b.atMs).map((deed, index) => ({ id: index + 1, ...deed }));
}

function isPossible(kind: DeedKind, { hasCloud, hasPermits }: DeedPlan): boolean {
  return (hasCloud || !FROM_AFAR.has(kind)) && (hasPermits || kind !== "permit_revoked");
}
