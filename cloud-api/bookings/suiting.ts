import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { VEHICLE_TYPES } from "../db/bookings-schema.ts";

/** Which spots are for which vehicles: pure decisions. */

export type VehicleType = (typeof VEHICLE_TYPES)[number];

/** The smallest size that a vehicle fits, as its place in SPOT_SIZES. */
const SIZE_RANKS: Readonly<Record<VehicleType, number>> = { motorcycle: 0, car: 1, van: 2, truck: 3, bus: 4 };

export function sizeRankOf(type: VehicleType): number {
  return SIZE_RANKS[type];
}

type Vehicle = { readonly type: VehicleType; readonly ev: boolean; readonly accessible: boolean };
type Spot = {
  readonly sizeRank: number;
  readonly ev: boolean;
  readonly accessible: boolean;
  /** Empty = all. */
  readonly vehicleTypes: readonly string[];
  readonly isReservable: boolean;
};

/** Why a vehicle may not have a spot; null = it may. */
export function spotProblem(spot: Spot, vehicle: Vehicle): string | null {
  if (!spot.isReservable) return "this spot is not for bookings";
  if (spot.sizeRank < sizeRankOf(vehicle.type)) return `this spot is too small for a ${vehicle.type}`;
  if (spot.vehicleTypes.length > 0 && !spot.vehicleTypes.includes(vehicle.type))
    return `this spot is not for a ${vehicle.type}`;
  if (spot.accessible && !vehicle.accessible) return "this spot is for holders of a disabled person's permit";
  if (spot.ev && !vehicle.ev) return "this spot is for electric vehicles";
  return null;
}

/** Classes of spots, where the cloud counts them by itself. */
export type SpotClass = "standard" | "ev" | "accessible";

type ClassProblem = {
  readonly status: 404 | 409;
  readonly code: "no_such_class" | "spot_unsuitable";
  readonly message: string;
};

export function classProblem(name: string, vehicle: Vehicle): Result<SpotClass, ClassProblem> {
  switch (name) {
    case "standard":
      return ok(name);
    case "ev":
      return vehicle.ev ? ok(name) : err(unsuitable("these spots are for electric vehicles"));
    case "accessible":
      return vehicle.accessible
        ? ok(name)
        : err(unsuitable("these spots are for holders of a disabled person's permit"));
    default:
      return err({ status: 404, code: "no_such_class", message: "there is no such class" });
  }
}

function unsuitable(message: string): ClassProblem {
  return { status: 409, code: "spot_unsuitable", message };
}
