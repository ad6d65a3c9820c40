import type { EdgeRows, EdgeStay, EdgeMovement } from "../edge-rows.ts";
import type { History } from "../history.ts";
import type { Accusation, MakeRule } from "../rule.ts";
import { staysSetAside } from "../set-aside.ts";
import { createPricing, groupBy, type PricedStay } from "../tariff-versions.ts";
import type { TroubleKind } from "../troubles.ts";

/** A price that is asked for may be as old as the driver stands there; and the lane waits a moment before it writes. */
const WRITES_MS = 30_000;
/** Of who was not seen to come to the line. */
const UNSEEN_MS = 20 * 60_000;
const MINUTE_MS = 60_000;
/** The reference goes minute by minute: what a clock that was set by years made of a stay would take it minutes. */
const LONGEST_STAY_MS = 60 * 86_400_000;
/** Through an arm that a full disk holds open they leave as they come; it is written when there is room again. */
const WRITTEN_LATE: ReadonlySet<TroubleKind> = new Set<TroubleKind>(["disk_full"]);
/** Each of two gates with one identity prices by what it knows, and a validation is told to one of them. */
const TWO_GATES: ReadonlySet<TroubleKind> = new Set<TroubleKind>(["second_agent"]);
const LATE_MS = 10 * 60_000;
const CLOCK: ReadonlySet<TroubleKind> = new Set<TroubleKind>(["clock_steps"]);

/**
 * Every stay that has left costs what the independent reference says (edge cases 14, 23 to 26, 28 and 36): for its entry,
 * for the time at which it was settled or came to the exit, by the version of the tariff that was in force when it began,
 * for its vehicle, its right, its validations, its lost ticket and the grace after paying.
 *
 * - The fee of the movement out is the reference's at a time at which it may have been asked: when it was settled, if it
 *   left within the grace; else while its vehicle stood at the line.
 * - What the ledger charges, less what validations took off, is that fee.
 * - Whoever is let out by paying, and by nobody's word, owes nothing afterwards (but for refunds).
 * - The tariff is the one that the facility published under that version, and was in force at the entry.
 *
 * Not judged: what the ledger says of stays of which two agents wrote, and that the gate has set aside for a person; stays whose clock was set while their vehicle stood at the exit, and the version at entry where a person set
 * the time of the entry or a clock was set at all; the fees of stays beyond 60 days, and of
 * those who left freely while a full disk held the arm open, or while two gates served the lane.
 */
export const prices: MakeRule = ({ schedule, history, accuse }) => ({
  end: ({ edge, step, atMs }) => {
    const tell = (message: string): void => accuse({ step, atMs, lane: null, visit: null, message });
    documentsAreTheFacilitys(edge, schedule.site.tariffs, tell);
    const pricing = createPricing(schedule.site, edge);
    const exits = exitsOf(edge);
    const times = new ExitTimes(history);
    const aside = staysSetAside(edge);
    const entries = groupBy(edge.ledger, ({ stayId }) => stayId);
    for (const stay of edge.stays) {
      if (stay.status !== "closed") continue;
      const exit = exits.get(stay.id);
      if (exit === undefined) continue;
      const where = times.where(exit, { step, atMs });
      isBegunUnder(stay, edge, history, (message) => accuse({ ...where, message }));
      const balance = booked(stay, exit, entries.get(stay.id) ?? []);
      if (balance !== null && !aside.has(stay.id)) accuse({ ...where, message: balance });
      const fromMs = times.standsFromMs(exit);
      if (exit.feeMinor === null || fromMs === null || exit.atMs - stay.entryAtMs > LONGEST_STAY_MS) continue;
      if (exit.kind === "free" && isNear(WRITTEN_LATE, where, history)) continue;
      if (isNear(TWO_GATES, where, history)) continue;
      const priced = pricing.priced(stay);
      const wrong = priced === null ? null : feeProblem(stay, exit, exit.feeMinor, fromMs, priced);
      if (wrong !== null) accuse({ ...where, message: wrong });
    }
  },
});

function isNear(kinds: ReadonlySet<TroubleKind>, { lane, atMs }: Where, { troubles }: History): boolean {
  return lane !== null && troubles.find(lane, kinds, atMs - LATE_MS, atMs) !== null;
}

function documentsAreTheFacilitys(
  { tariffs }: EdgeRows,
  published: readonly object[],
  tell: (message: string) => void,
): void {
  for (const { tariffId, version, document } of tariffs) {
    const own = published[version - 1];
    if (own !== undefined && JSON.stringify(own) === document) continue;
    tell(`the gate's version ${version} of tariff ${tariffId} is not what the facility published`);
  }
}

/** Movements out of the facility, by their stay. */
function exitsOf({ movements }: EdgeRows): ReadonlyMap<string, EdgeMovement> {
  const exits = new Map<string, EdgeMovement>();
  for (const movement of movements)
    if (movement.stayId !== null && movement.direction === "out" && movement.scope === "facility")
      exits.set(movement.stayId, movement);
  return exits;
}

function isBegunUnder(
  stay: EdgeStay,
  { tariffs, amendments }: EdgeRows,
  { troubles }: History,
  tell: (message: string) => void,
): void {
  const byHand = amendments.some(({ stayId, what }) => stayId === stay.id && what !== "lost_ticket");
  if (byHand || troubles.ever(CLOCK)) return;
  const known = tariffs.filter(({ fromMs, takenAtMs }) => Math.max(fromMs, takenAtMs) <= stay.entryAtMs);
  const inForce = known.at(-1);
  if (inForce === undefined || (inForce.version === stay.tariffVersion && inForce.tariffId === stay.tariffId))
    return;
  tell(
    `stay ${stay.id} is priced by version ${stay.tariffVersion}, and version ${inForce.version} was in force when it began`,
  );
}

/** What the ledger says of a stay that has left, in words; null = all is right. */
function booked(stay: EdgeStay, exit: EdgeMovement, entries: EdgeRows["ledger"]): string | null {
  const sum = (side: string): number =>
    entries.reduce((minor, entry) => minor + (entry.side === side ? entry.amountMinor : 0), 0);
  const costs = sum("charged") + sum("validated");
  if (exit.feeMinor !== null && costs !== exit.feeMinor)
    return `stay ${stay.id} left for ${exit.feeMinor}, and the ledger charges it ${costs}`;
  const refunded = entries.some(({ kind }) => kind === "refund");
  const owes = stay.balanceMinor > 0 && exit.kind === "normal" && !refunded;
  return owes ? `stay ${stay.id} was let out by paying, and owes ${stay.balanceMinor}` : null;
}

function feeProblem(
  stay: EdgeStay,
  exit: EdgeMovement,
  feeMinor: number,
  fromMs: number,
  priced: PricedStay,
): string | null {
  const times = askedAt(stay, exit.atMs, fromMs, priced);
  const [first] = times;
  if (times.some((atMs) => priced.totalAt(atMs) === feeMinor)) return null;
  const between = first === undefined ? [] : everyMinute(times);
  if (between.some((atMs) => priced.totalAt(atMs) === feeMinor)) return null;
  const should = [...new Set(times.map((atMs) => priced.totalAt(atMs)))].join(" or ");
  return `stay ${stay.id} (${stay.plate ?? "no plate"}) was charged ${feeMinor}, and costs ${should}`;
}

/** When what it costs may have been asked, at its earliest and its latest. */
function askedAt(stay: EdgeStay, exitMs: number, fromMs: number, priced: PricedStay): readonly number[] {
  const { settledAtMs } = stay;
  if (settledAtMs === null || settledAtMs > exitMs) return [fromMs, exitMs];
  const leaveByMs = settledAtMs + priced.graceAt(settledAtMs);
  if (settledAtMs >= fromMs) return [fromMs, settledAtMs];
  if (leaveByMs >= exitMs) return [settledAtMs];
  return leaveByMs >= fromMs ? [settledAtMs, leaveByMs + 1, exitMs] : [fromMs, exitMs];
}

/** A price may rise twice while somebody stands there. */
function everyMinute(times: readonly number[]): readonly number[] {
  const [from, to] = [times.at(-2) ?? times.at(-1) ?? 0, times.at(-1) ?? 0];
  const minutes: number[] = [];
  for (let atMs = from; atMs < to && minutes.length < 240; atMs += MINUTE_MS / 2) minutes.push(atMs);
  return minutes;
}

type Where = Omit<Accusation, "message">;

/** Where and when movements out were, in the journal. */
class ExitTimes {
  private readonly byMovement = new Map<string, { beforeMs: number | null; where: Where }>();

  constructor(history: History) {
    const visitOf = new Map(history.matched().pairs.map(({ moved, passage }) => [moved, passage.visit]));
    for (const moved of history.moved) {
      const { movement, lane, atMs, step } = moved;
      const visit = visitOf.get(moved) ?? null;
      const standsMs =
        visit === null ? UNSEEN_MS : atMs - (history.lastAtLine(visit, lane, atMs) ?? atMs - UNSEEN_MS);
      const clockIsSet = history.troubles.changed(CLOCK, atMs - standsMs - MINUTE_MS, atMs);
      this.byMovement.set(movement.movementId, {
        beforeMs: clockIsSet ? null : standsMs + WRITES_MS,
        where: { step, atMs, lane, visit },
      });
    }
  }

  /** On the gate's clock: since when its vehicle may have been asked for money; null = nobody can say. */
  standsFromMs({ id, atMs }: EdgeMovement): number | null {
    const known = this.byMovement.get(id);
    if (known === undefined) return atMs - UNSEEN_MS;
    return known.beforeMs === null ? null : atMs - known.beforeMs;
  }

  where({ id }: EdgeMovement, end: { readonly step: number; readonly atMs: number }): Where {
    return this.byMovement.get(id)?.where ?? { ...end, lane: null, visit: null };
  }
}
