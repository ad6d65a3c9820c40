import type { Clock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import { startOfLocalDayMs } from "@parkme/shared/domain/local-day";
import { minorDigits } from "@parkme/shared/domain/money";
import { MAX_ALARMS_SHOWN, type KioskSnapshot, type ModeView } from "@parkme/shared/protocol/kiosk";
import type { Gate } from "../gate/gate.ts";
import type { Store } from "../store/store.ts";
import type { UplinkStatus } from "../sync/uplink.ts";
import { laneView, type SeenLane } from "./lane-view.ts";

export type SnapshotSources = {
  readonly facility: Facility;
  readonly gate: Pick<Gate, "devices"> & { readonly lanes: ReadonlyMap<string, SeenLane> };
  readonly store: Pick<
    Store,
    "occupancy" | "recentMovements" | "totalsSince" | "alarmsToSee" | "alarmsWaiting" | "modes" | "listsAsOf"
  >;
  /** Null where no cloud is configured. */
  readonly uplink: () => UplinkStatus | null;
  readonly clock: Clock;
};

const RECENT_MOVEMENTS = 20;

/** Everything the attendant's page shows, as it is now. */
export function takeSnapshot({ facility, gate, store, uplink, clock }: SnapshotSources): KioskSnapshot {
  const nowMs = clock.wallMs();
  const today = store.totalsSince(startOfLocalDayMs(nowMs, facility.timeZone));
  const devices = gate.devices();
  const occupancy = store.occupancy(nowMs);
  const room = (place: string | null): { inside: number; held: number } => {
    const { inside = 0, held = 0 } = occupancy.get(place) ?? {};
    return { inside, held };
  };
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
    ...room(null),
    today: { in: today.in, out: today.out, cash_minor: today.cashMinor, card_minor: today.cardMinor },
    cloud: cloudView(uplink()),
    lanes: [...gate.lanes.values()].map((lane) => laneView(lane, devices)),
    alarms: store.alarmsToSee(MAX_ALARMS_SHOWN),
    alarms_waiting: store.alarmsWaiting(),
    modes: modeViews(store.modes()),
    zones: facility.zones.map((zone) => ({ ...zone, ...room(zone.name) })),
    devices: [...devices],
    lists: listsView(store.listsAsOf()),
    movements: store.recentMovements(RECENT_MOVEMENTS),
  };
}

function cloudView(cloud: UplinkStatus | null): KioskSnapshot["cloud"] {
  if (cloud === null) return null;
  return {
    connected: cloud.connected,
    pending_events: cloud.pending,
    last_ack_at: cloud.lastAckWallMs === null ? null : new Date(cloud.lastAckWallMs).toISOString(),
  };
}

function modeViews(modes: ReturnType<Store["modes"]>): ModeView[] {
  return modes
    .filter(({ mode }) => mode !== "open")
    .map(({ since, ...set }) => ({ ...set, since: new Date(since).toISOString() }));
}

function listsView(lists: ReturnType<Store["listsAsOf"]>): KioskSnapshot["lists"] {
  if (lists === null) return null;
  const { asOfMs, permits, reservations, blocked, watched } = lists;
  return { as_of: new Date(asOfMs).toISOString(), permits, reservations, blocked, watched };
}
