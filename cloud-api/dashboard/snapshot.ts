import { liveStateSchema, type LiveState } from "@parkme/shared/protocol/downlink";
import type { OrganisationDay, FacilityRow, LiveRow } from "../reports/queries.ts";
import { formatSum, occupancySteps } from "../reports/rules.ts";
import type { DashboardSnapshot, EdgeView, FacilityView, LaneNow, MoneyView } from "./contract.ts";

/** An edge tells every 15 seconds at least: one that has missed three of these is not heard any more. */
const FRESH_MS = 45_000;

/** Puts the rows of a day together as the page wants them. */
export function composeSnapshot(day: OrganisationDay, page: string, nowMs: number): DashboardSnapshot {
  return {
    at: iso(nowMs),
    page,
    facilities: day.facilities.map((facility) => composeFacility(day, facility, nowMs)),
  };
}

function composeFacility(day: OrganisationDay, facility: FacilityRow, nowMs: number): FacilityView {
  const own = <Row extends { facility_id: string }>(rows: readonly Row[]) =>
    rows.filter((row) => row.facility_id === facility.id);
  const passages = own(day.passages)[0];
  const changes = own(day.steps).map((step) => ({ ...step, startsMs: step.starts_ms }));
  const alarms = own(day.alarms);
  const live = readLive(own(day.live)[0], nowMs);
  const now = live?.fresh === true ? live.state : null;
  const inside = Math.max(0, now?.inside ?? facility.inside);
  return {
    id: facility.id,
    slug: facility.slug,
    name: facility.name,
    time_zone: facility.time_zone,
    currency: facility.currency,
    capacity: facility.capacity,
    live: live && { at: live.at, fresh: live.fresh },
    inside,
    alarms_waiting: now?.alarms ?? facility.alarms_waiting,
    today: {
      starts_at: iso(facility.day_starts_ms),
      ends_at: iso(facility.day_ends_ms),
      in: passages?.in ?? 0,
      out: passages?.out ?? 0,
      revenue: composeRevenue(facility.currency, own(day.revenue)),
      alarms: alarms[0]?.today ?? 0,
    },
    edge: composeEdge(facility),
    lanes: own(day.lanes).map(({ slug, name, direction, today, last_ms }) => ({
      slug,
      name,
      direction,
      today,
      last_at: last_ms === null ? null : iso(last_ms),
      now: laneNow(now, slug),
    })),
    occupancy: occupancySteps(inside, changes, facility.day_starts_ms, nowMs).map(
      ({ startsMs, ...step }) => ({ starts_at: iso(startsMs), ...step }),
    ),
    movements: own(day.movements).map((movement) => ({
      id: movement.movement_id,
      lane: movement.lane,
      direction: movement.direction,
      kind: movement.kind,
      plate: movement.plate,
      at: iso(movement.at_ms),
      fee:
        movement.fee_minor === null || movement.fee_currency === null
          ? null
          : moneyView(movement.fee_minor, movement.fee_currency),
      review: movement.review,
    })),
    alarms: alarms.map(({ alarm_id, lane, kind, detail, at_ms }) => ({
      id: alarm_id,
      lane,
      kind,
      detail,
      at: iso(at_ms),
    })),
  };
}

type Live = { readonly at: string; readonly fresh: boolean; readonly state: LiveState };

function readLive(row: LiveRow | undefined, nowMs: number): Live | null {
  const state = liveStateSchema.safeParse(row?.state);
  if (row === undefined || !state.success) return null;
  return { at: iso(row.at_ms), fresh: nowMs - row.at_ms < FRESH_MS, state: state.data };
}

function laneNow(live: LiveState | null, slug: string): LaneNow | null {
  const lane = live?.lanes.find((each) => each.lane === slug);
  return lane === undefined ? null : { state: lane.state, mode: lane.mode, trouble: lane.trouble };
}

/** Money in another currency than the facility's is unusual, and shown beside it rather than lost. */
function composeRevenue(
  currency: string,
  sums: readonly { readonly currency: string; readonly amount_minor: string }[],
): MoneyView[] {
  const ownSum = sums.find((sum) => sum.currency === currency)?.amount_minor ?? "0";
  const others = sums.filter((sum) => sum.currency !== currency);
  return [moneyView(ownSum, currency), ...others.map((sum) => moneyView(sum.amount_minor, sum.currency))];
}

function composeEdge(facility: FacilityRow): EdgeView | null {
  if (!facility.has_edge) return null;
  const { edge_seen_ms: seenMs, edge_behind_ms: behindMs } = facility;
  return {
    last_seen_at: seenMs === null ? null : iso(seenMs),
    behind_seconds: Math.round((behindMs ?? 0) / 1_000),
  };
}

function moneyView(amountMinor: string, currency: string): MoneyView {
  return { amount: formatSum(amountMinor, currency), currency };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
