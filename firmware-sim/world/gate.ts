import type { BarrierAction, LaneDirection, SensorInput } from "@parkme/shared/domain/lane";
import { VEHICLE_LENGTH_M, type Vehicle } from "../traffic/demand.ts";
import { createArm, type ArmMotion } from "./arm.ts";
import { placeVehicle, stepDriver, type DriverScript, type LaneVehicle } from "./driver.ts";
import { STANDARD_GEOMETRY, type LaneGeometry, type Span } from "./geometry.ts";
import { createCameraWatch, createHitWatch, isUnderArm } from "./watch.ts";

export type GateOptions = {
  readonly name: string;
  readonly direction: LaneDirection;
  /** Time of a full swing of the arm. */
  readonly ratedMs: number;
  readonly geometry?: LaneGeometry;
  /** Vehicles that fit into the lane, those at the gate included. */
  readonly queueLimit?: number;
};

export type GateEvent = {
  readonly kind: "in_view" | "passed" | "backed_out" | "arm_hit";
  readonly vehicle: Vehicle;
};

/** One lane with its arm, loops, and the vehicles in it. */
export type Gate = {
  readonly name: string;
  readonly direction: LaneDirection;
  readonly geometry: LaneGeometry;
  /** What the contacts say right now. */
  readonly inputs: () => Record<SensorInput, boolean>;
  /** A relay contact of the board closes or falls off. */
  readonly relay: (action: BarrierAction, on: boolean) => void;
  readonly hasRoom: () => boolean;
  /** Drives into the lane; false when there is no room. */
  readonly enter: (vehicle: Vehicle, script?: DriverScript) => boolean;
  readonly step: (dtMs: number) => readonly GateEvent[];
  /** Front-most first. */
  readonly vehicles: () => readonly Readonly<LaneVehicle>[];
  readonly arm: () => { readonly position: number; readonly motion: ArmMotion };
  /** How often the arm came down on a vehicle: must stay 0. */
  readonly armHits: () => number;
  /** Fault: the arm hears its pulses and does not move. */
  readonly jamArm: (jammed: boolean) => void;
  /** Fault: the arm takes so many times as long as it is rated. */
  readonly slowArm: (factor: number) => void;
};

const QUEUE_LIMIT = 8;
const ENTRANCE_GAP_M = 2;

export function createGate(options: GateOptions): Gate {
  const { name, direction, geometry = STANDARD_GEOMETRY, queueLimit = QUEUE_LIMIT } = options;
  const arm = createArm({ ratedMs: options.ratedMs });
  const read = createCameraWatch(geometry);
  const hit = createHitWatch();
  let lane: LaneVehicle[] = [];
  let openingUnused = true;
  let armHits = 0;

  /** Nobody drives in while somebody is on the way out backwards. */
  const hasRoom = () => lane.length < queueLimit && !lane.some(({ phase }) => phase === "reversing");

  function stepDrivers(dtMs: number): void {
    for (const [index, driver] of lane.entries()) {
      const wasBeforeArm = driver.frontM <= 0;
      const ahead = lane[index - 1];
      const followed = index < lane.length - 1;
      stepDriver(driver, { geometry, armPosition: arm.position(), openingUnused, ahead, followed }, dtMs);
      if (wasBeforeArm && driver.frontM > 0) openingUnused = false;
    }
    if (arm.position() < 0.5) openingUnused = true;
  }

  function removeGone(): GateEvent[] {
    const gone = lane.filter((one) => one.rearM > geometry.endM || hasBackedOut(one, geometry));
    if (gone.length > 0) lane = lane.filter((one) => !gone.includes(one));
    return gone.map(({ phase, vehicle }) => ({
      kind: phase === "reversing" ? "backed_out" : "passed",
      vehicle,
    }));
  }

  return {
    name,
    direction,
    geometry,
    inputs: () => contactsOf(lane, arm.position(), geometry),
    relay: arm.relay,
    hasRoom,
    enter(vehicle, script = { kind: "normal" }) {
      if (!hasRoom()) return false;
      const behindLastM = (lane.at(-1)?.rearM ?? Infinity) - ENTRANCE_GAP_M;
      lane.push(placeVehicle(vehicle, script, Math.min(geometry.entranceM, behindLastM)));
      return true;
    },
    step(dtMs) {
      arm.step(dtMs, lane.some(isUnderArm));
      stepDrivers(dtMs);
      const hits = hit(lane, arm.position()).map(({ vehicle }): GateEvent => ({ kind: "arm_hit", vehicle }));
      armHits += hits.length;
      const reads = read(lane, dtMs).map(({ vehicle }): GateEvent => ({ kind: "in_view", vehicle }));
      return [...hits, ...reads, ...removeGone()];
    },
    vehicles: () => lane,
    arm: () => ({ position: arm.position(), motion: arm.motion() }),
    armHits: () => armHits,
    jamArm: arm.jam,
    slowArm: arm.slow,
  };
}

function contactsOf(
  lane: readonly LaneVehicle[],
  armPosition: number,
  geometry: LaneGeometry,
): Record<SensorInput, boolean> {
  const covered = (span: Span) => lane.some((one) => one.rearM < span.toM && one.frontM > span.fromM);
  return {
    arming: covered(geometry.arming),
    safety: covered(geometry.safety),
    closing: covered(geometry.closing),
    photocell: covered(geometry.photocell),
    open_limit: armPosition === 1,
    closed_limit: armPosition === 0,
  };
}

/** Out of the lane backwards: a vehicle's length before the arming loop. */
function hasBackedOut(driver: LaneVehicle, geometry: LaneGeometry): boolean {
  const lengthM = VEHICLE_LENGTH_M[driver.vehicle.kind];
  return driver.phase === "reversing" && driver.frontM < geometry.arming.fromM - lengthM;
}
