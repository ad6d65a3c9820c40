import type { Vehicle } from "../traffic/demand.ts";
import type { DriverScript } from "./driver.ts";

export type ParkedVehicle = {
  readonly vehicle: Vehicle;
  /** Simulated time until the driver heads for an exit. */
  readonly remainingMs: number;
};

/** The vehicles at their spots, each with the simulated time at which its driver wants to leave. */
export type Spots = {
  readonly count: () => number;
  readonly holds: (plateText: string) => boolean;
  readonly park: (vehicle: Vehicle, departsMs: number) => void;
  /** Changes when and how somebody leaves; false when no such plate is parked. */
  readonly reschedule: (plateText: string, departsMs: number, script: DriverScript) => boolean;
  /** Offers everybody whose time has come to `leave`, in the order of parking; who is refused stays. */
  readonly release: (nowMs: number, leave: (vehicle: Vehicle, script: DriverScript) => boolean) => void;
  readonly list: (nowMs: number) => ParkedVehicle[];
};

type Spot = { readonly vehicle: Vehicle; readonly departsMs: number; readonly script: DriverScript };

export function createSpots(): Spots {
  const spots = new Map<string, Spot>();
  return {
    count: () => spots.size,
    holds: (plateText) => spots.has(plateText),
    park(vehicle, departsMs) {
      spots.set(vehicle.plate.text, { vehicle, departsMs, script: { kind: "normal" } });
    },
    reschedule(plateText, departsMs, script) {
      const spot = spots.get(plateText);
      if (spot === undefined) return false;
      spots.set(plateText, { ...spot, departsMs, script });
      return true;
    },
    release(nowMs, leave) {
      for (const [plateText, { vehicle, departsMs, script }] of spots) {
        if (departsMs <= nowMs && leave(vehicle, script)) spots.delete(plateText);
      }
    },
    list: (nowMs) =>
      [...spots.values()].map(({ vehicle, departsMs }) => ({
        vehicle,
        remainingMs: Math.max(0, departsMs - nowMs),
      })),
  };
}
