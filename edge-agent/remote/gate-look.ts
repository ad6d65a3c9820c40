import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import type { GateLook } from "../sync/live-state.ts";

const MAX_TROUBLE = 200;

/** What headquarters is shown of the gate, out of what an attendant is shown. */
export function gateLookOf(
  snapshot: Pick<KioskSnapshot, "inside" | "facility" | "zones" | "lanes" | "alarms_waiting">,
  { waiting, manifest }: Pick<GateLook, "waiting" | "manifest">,
): GateLook {
  return {
    inside: snapshot.inside,
    capacity: snapshot.facility.capacity,
    zones: snapshot.zones.map(({ name, inside, capacity }) => ({ zone: name, inside, capacity })),
    lanes: snapshot.lanes.map(({ lane, state, mode, troubles }) => ({
      lane,
      state,
      mode,
      trouble: troubles.length === 0 ? null : troubles.join("; ").slice(0, MAX_TROUBLE),
    })),
    alarms: snapshot.alarms_waiting,
    waiting,
    manifest,
  };
}
