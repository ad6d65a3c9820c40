import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { SLOT_MS, slotOf } from "@parkme/shared/domain/capacity-rights";
import type { CloudRows } from "../cloud-rows.ts";
import type { EdgeRows, EdgeTransfer } from "../edge-rows.ts";
import type { MakeRule } from "../rule.ts";
import { groupBy } from "../tariff-versions.ts";
import type { TroubleKind } from "../troubles.ts";

/** With these the gate's clock, or its book of rights, was not what the journal knows. */
const OTHER_BOOKS: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "clock_steps",
  "edge_restored",
  "cloud_restored",
  "second_agent",
]);

/** The gate counts a vehicle out when its loops are clear; to the world, it is out when it has left the lane: at a crawl, much later. */
const LEAVES_MS = 60_000;

type Admission = {
  readonly lane: string;
  readonly atMs: number;
  readonly step: number;
  /** Vehicles truly inside, stays that were let in and are still on their way, holders of reservations inside. */
  readonly inside: number;
  readonly onTheWay: number;
  readonly reserved: number;
};

/**
 * What is admitted and what is sold is never more than there are spaces (edge cases 33, 35 and 37; the promise of
 * shared/domain/capacity-rights.ts).
 *
 * - No drive-in is let in while the vehicles that are inside, those on their way in and the spaces that were given to the
 *   cloud for this hour or the next take all of the capacity. A miscount that was excused shifts what the gate knows by
 *   so many, and no further. Permits and reservations have room of their own; a person's word and an arm that is held open
 *   let in whom they please.
 * - Of no class and hour more is given than there is; the cloud holds no more than it was given, and sells no more than it
 *   holds.
 */
export const capacity: MakeRule = ({ schedule, history, accuse }) => {
  const admissions: Admission[] = [];
  const wentOutMs: number[] = [];
  const inside = new Set<number>();
  const onTheWay = new Set<string>();
  const reservedInside = new Set<string>();
  /** Stays that a turn began for somebody who was inside already. */
  let begun: { readonly id: string; readonly admission: Admission | null } | null = null;

  function starts(
    record: Extract<GateRecord, { type: "stay_started" }>,
    lane: string,
    atMs: number,
    step: number,
  ): void {
    const { stayId, right } = record.stay;
    if (begun?.admission != null) admissions.push(begun.admission);
    const counts = { inside: inside.size, onTheWay: onTheWay.size, reserved: reservedInside.size };
    begun = { id: stayId, admission: right === null ? { lane, atMs, step, ...counts } : null };
    onTheWay.add(stayId);
    if (right?.kind === "reservation") reservedInside.add(stayId);
  }

  function moves({ stayId, direction, kind, scope }: Extract<GateRecord, { type: "movement" }>): void {
    if (stayId === null || scope === "zone") return;
    onTheWay.delete(stayId);
    if (direction === "out") reservedInside.delete(stayId);
    // A stay that begins with its passage was not admitted by anybody.
    if (begun?.id === stayId && kind !== "normal") begun = null;
  }

  return {
    on: {
      passed: ({ visit, direction, atMs }) => {
        if (direction === "exit") wentOutMs.push(atMs);
        if (direction === "entry") inside.add(visit);
        else inside.delete(visit);
      },
      record: ({ record, lane, atMs, step }) => {
        if (record.type === "stay_started") starts(record, lane, atMs, step);
        if (record.type === "movement") moves(record);
        if (
          record.type === "stay_voided" ||
          (record.type === "stay_review" && record.review === "passage_unproven")
        ) {
          onTheWay.delete(record.stayId);
          reservedInside.delete(record.stayId);
        }
      },
    },
    end: ({ edge, cloud, step, atMs }) => {
      if (begun?.admission != null) admissions.push(begun.admission);
      const { capacity: spaces, startMs } = schedule.site;
      const { unrecorded, untrue } = history.matched();
      const slack = unrecorded.length + untrue.length;
      const books = !history.troubles.ever(OTHER_BOOKS);
      for (const one of admissions) {
        const kept = books ? Math.max(0, keptAt(edge.transfers, startMs + one.atMs) - one.reserved) : 0;
        const leaving = wentOutMs.filter((outMs) => outMs > one.atMs && outMs <= one.atMs + LEAVES_MS).length;
        const taken = one.inside - leaving + one.onTheWay + kept;
        if (taken - slack < spaces) continue;
        const message = `${one.lane} lets a drive-in in with ${one.inside} inside, ${one.onTheWay} on their way and ${kept} kept for the cloud, of ${spaces} spaces`;
        accuse({ step: one.step, atMs: one.atMs, lane: one.lane, visit: null, message });
      }
      const nowMs = startMs + atMs;
      for (const message of rightsProblems(edge, cloud, spaces, nowMs))
        accuse({ step, atMs, lane: null, visit: null, message });
    },
  };
};

/** What of the spaces was the cloud's at a moment: of this hour and the next, the greater. */
function keptAt(transfers: readonly EdgeTransfer[], wallMs: number): number {
  const slot = slotOf(wallMs);
  const given = (at: number): number =>
    transfers.reduce((sum, { direction, fromMs, untilMs, amount, atMs }) => {
      if (atMs > wallMs || at < fromMs || at >= untilMs) return sum;
      return sum + (direction === "to_cloud" ? amount : -amount);
    }, 0);
  return Math.max(given(slot), given(slot + SLOT_MS));
}

function rightsProblems(
  edge: EdgeRows,
  cloud: CloudRows | null,
  spaces: number,
  nowMs: number,
): readonly string[] {
  const problems: string[] = [];
  const bySlot = groupBy(edge.rightsGiven, ({ slotMs }) => slotMs);
  for (const [slotMs, rows] of bySlot) {
    const given = rows.reduce((sum, row) => sum + row.given, 0);
    if (given > spaces)
      problems.push(`${given} spaces are given to the cloud at ${hour(slotMs)}, of ${spaces}`);
  }
  const given = new Map(edge.rightsGiven.map((row) => [`${row.class} ${row.slotMs}`, row.given]));
  for (const { class: name, slotMs, held, sold, owed } of cloud?.rights ?? []) {
    if (sold > held)
      problems.push(`the cloud has sold ${sold} of ${name} at ${hour(slotMs)}, and holds ${held}`);
    const was = given.get(`${name} ${slotMs}`) ?? 0;
    // The gate forgets hours that are over.
    if (slotMs >= slotOf(nowMs) && held - owed > was)
      problems.push(`the cloud holds ${held - owed} of ${name} at ${hour(slotMs)}, and was given ${was}`);
  }
  return problems;
}

const hour = (slotMs: number): string => new Date(slotMs).toISOString().slice(0, 13);
