import type { Clock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import { startOfLocalDayMs } from "@parkme/shared/domain/local-day";
import { minorDigits } from "@parkme/shared/domain/money";
import { MAX_ALARMS_SHOWN, type KioskSnapshot, type ModeView } from "@parkme/shared/protocol/kiosk";
import type { Gate } from "../gate/gate.ts";
import type { Store } from "../store/store.ts";
import type { CloudLinkStatus } from "../cloud-link.ts";
import { laneView, type SeenLane } from "./lane-view.ts";

export type SnapshotSources = {
  readonly facility: Facility;
  readonly gate: Pick<Gate, "devices"> & { readonly lanes: ReadonlyMap<string, SeenLane> };
  readonly store: Pick<
    Store,
    "occupancy" | "recentMovements" | "totalsSince" | "alarmsToSee" | "alarmsWaiting" | "modes" | "listsAsOf"
  >;
  /** Null where no cloud is configured. */
  readonly link: () => CloudLinkStatus | null;
  readonly clock: Clock;
};

const RECENT_MOVEMENTS = 20;

/** Everything the attendant's page shows, as it is now. */
export function takeSnapshot({ facility, gate, store, link, clock }: SnapshotSources): KioskSnapshot {
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
    cloud: cloudView(link()),
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

function cloudView(cloud: CloudLinkStatus | null): KioskSnapshot["cloud"] {
  if (cloud === null) return null;
  const { inForce, refused } = cloud.manifest;
  return {
    connected: cloud.connected,
    pending_events: cloud.pending,
    last_ack_at: cloud.lastAckWallMs === null ? null : new Date(cloud.lastAckWallMs).toISOString(),
    ...linkState(cloud),
    manifest: inForce && {
      version: inForce.version,
      made_at: new Date(inForce.madeAtMs).toISOString(),
      age_s: Math.round(inForce.ageMs / 1_000),
    },
    manifest_refused: refused,
  };
}

type LinkState = Pick<NonNullable<KioskSnapshot["cloud"]>, "state" | "detail">;

function linkState({ credential, fenced, restoring }: CloudLinkStatus): LinkState {
  if (credential === "not_enrolled")
    return {
      state: "not_enrolled",
      detail: "parkme-edge enroll CLOUD_URL CODE; headquarters makes the code",
    };
  if (fenced !== null) return { state: "shut_out", detail: fenced };
  if (restoring !== null)
    return { state: "restoring", detail: `${restoring.adopted} of ${restoring.of} events fetched` };
  return { state: "linked", detail: null };
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
