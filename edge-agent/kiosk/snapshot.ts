import type { Clock } from "@parkme/shared/domain/clock";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { Facility } from "@parkme/shared/domain/facility";
import { LANE_INPUTS } from "@parkme/shared/domain/lane";
import { startOfLocalDayMs } from "@parkme/shared/domain/local-day";
import { minorDigits } from "@parkme/shared/domain/money";
import type { KioskSnapshot, LaneView } from "@parkme/shared/protocol/kiosk";
import type { Gate, GateLane } from "../gate.ts";
import type { Store } from "../store/store.ts";
import type { UplinkStatus } from "../sync/uplink.ts";

export type SnapshotSources = {
  readonly facility: Facility;
  readonly gate: Pick<Gate, "lanes">;
  readonly store: Pick<Store, "inside" | "recentMovements" | "totalsSince">;
  /** Null where no cloud is configured. */
  readonly uplink: () => UplinkStatus | null;
  readonly clock: Clock;
};

const RECENT_MOVEMENTS = 20;

/** Everything the attendant's page shows, as it is now. */
export function takeSnapshot({ facility, gate, store, uplink, clock }: SnapshotSources): KioskSnapshot {
  const nowMs = clock.wallMs();
  const today = store.totalsSince(startOfLocalDayMs(nowMs, facility.timeZone));
  const cloud = uplink();
  return {
    at: new Date(nowMs).toISOString(),
    facility: {
      slug: facility.slug,
      name: facility.name,
      time_zone: facility.timeZone,
      currency: facility.currency,
      minor_digits: minorDigits(facility.currency),
      capacity: facility.capacity,
    },
    inside: store.inside(),
    today: { in: today.in, out: today.out, cash_minor: today.cashMinor },
    cloud: cloud && {
      connected: cloud.connected,
      pending_events: cloud.pending,
      last_ack_at: cloud.lastAckWallMs === null ? null : new Date(cloud.lastAckWallMs).toISOString(),
    },
    lanes: [...gate.lanes.values()].map(laneView),
    movements: store.recentMovements(RECENT_MOVEMENTS),
  };
}

function laneView({ runner, lastRead }: GateLane): LaneView {
  const lane = runner.lane();
  const { name, title, direction, wired } = runner.config;
  const inputs = Object.fromEntries(
    LANE_INPUTS.map((input) => [input, wired.has(input) ? lane.inputs[input] : "absent"]),
  ) as LaneView["inputs"];
  const inHand = lane.stay ?? lane.passage?.credit?.stay ?? null;
  return {
    lane: name,
    name: title,
    direction,
    state: lane.state,
    since: new Date(lane.since.wallMs).toISOString(),
    troubles: lane.trouble === null ? [] : [lane.trouble],
    inputs,
    display: lane.display,
    read: readView(lastRead()),
    stay: inHand && {
      stay_id: inHand.stayId,
      ticket_number: inHand.ticketNumber,
      plate: inHand.plate,
      entry_at: new Date(inHand.entryWallMs).toISOString(),
      fee: lane.state === "PAYING" ? feeView(inHand) : null,
    },
  };
}

function feeView({ due }: StayInHand): NonNullable<LaneView["stay"]>["fee"] {
  if (due === null) return null;
  return {
    amount_minor: due.amountMinor,
    applied_rule: due.quote.appliedRule,
    duration_minutes: due.quote.durationMinutes,
    trace: due.quote.trace.map((line) => line.text),
  };
}

function readView(read: ReturnType<GateLane["lastRead"]>): LaneView["read"] {
  if (read === null) return null;
  return {
    plate: read.plate ?? "",
    confidence: read.confidence,
    at: new Date(read.at.wallMs).toISOString(),
    camera: read.camera,
    image_url: read.imageId === null ? null : `/api/images/${read.imageId}`,
  };
}
