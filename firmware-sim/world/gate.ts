import type { BarrierAction, LaneDirection, LaneInput } from "@parkme/shared/domain/lane";
import { VEHICLE_LENGTH_M, type Vehicle } from "../traffic/demand.ts";
import { ARM_CLEARANCE, createArm, type ArmMotion } from "./arm.ts";
import { placeVehicle, stepDriver, type DriverScript, type LaneVehicle } from "./driver.ts";
import { STANDARD_GEOMETRY, type LaneGeometry, type Span } from "./geometry.ts";

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
  readonly inputs: () => Record<LaneInput, boolean>;
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
  readonly jamArm: (jammed: boolean) => void;
};

const QUEUE_LIMIT = 8;
const ENTRANCE_GAP_M = 2;
/** A camera looks again at who keeps standing before it, a few times. */
const LOOK_AGAIN_MS = 4_000;
const MAX_LOOKS = 10;

export function createGate(options: GateOptions): Gate {
  const geometry = options.geometry ?? STANDARD_GEOMETRY;
  const queueLimit = options.queueLimit ?? QUEUE_LIMIT;
  const arm = createArm({ ratedMs: options.ratedMs });
  let lane: LaneVehicle[] = [];
  let openingUnused = true;
  let armHits = 0;
  const touched = new Set<LaneVehicle>();
  const looks = new Map<LaneVehicle, { count: number; sinceMs: number }>();

  const covered = (span: Span) => lane.some((one) => one.rearM < span.toM && one.frontM > span.fromM);
  const hasRoom = () => lane.length < queueLimit && !lane.some((one) => one.phase === "reversing");

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

  function watchArm(): GateEvent[] {
    const events: GateEvent[] = [];
    for (const driver of lane) {
      const contact = isUnderArm(driver) && arm.position() <= ARM_CLEARANCE;
      if (contact && !touched.has(driver)) {
        armHits += 1;
        touched.add(driver);
        events.push({ kind: "arm_hit", vehicle: driver.vehicle });
      }
      if (!contact) touched.delete(driver);
    }
    return events;
  }

  function watchCamera(dtMs: number): GateEvent[] {
    const events: GateEvent[] = [];
    for (const driver of lane) {
      if (driver.frontM < geometry.cameraM || driver.frontM > 0 || driver.phase === "reversing") continue;
      const look = looks.get(driver) ?? { count: 0, sinceMs: Infinity };
      look.sinceMs += dtMs;
      looks.set(driver, look);
      if (look.sinceMs < LOOK_AGAIN_MS || look.count >= MAX_LOOKS) continue;
      look.count += 1;
      look.sinceMs = 0;
      events.push({ kind: "in_view", vehicle: driver.vehicle });
    }
    return events;
  }

  function watchEnds(): GateEvent[] {
    const gone = lane.filter((one) => one.rearM > geometry.endM || hasBackedOut(one, geometry));
    if (gone.length === 0) return [];
    lane = lane.filter((one) => !gone.includes(one));
    for (const one of gone) looks.delete(one);
    return gone.map((one) => ({
      kind: one.phase === "reversing" ? "backed_out" : "passed",
      vehicle: one.vehicle,
    }));
  }

  return {
    name: options.name,
    direction: options.direction,
    geometry,
    inputs: () => ({
      arming: covered(geometry.arming),
      safety: covered(geometry.safety),
      closing: covered(geometry.closing),
      photocell: covered(geometry.photocell),
      open_limit: arm.position() === 1,
      closed_limit: arm.position() === 0,
    }),
    relay: arm.relay,
    hasRoom,
    enter(vehicle, script = { kind: "normal" }) {
      if (!hasRoom()) return false;
      const last = lane.at(-1);
      const frontM = Math.min(
        geometry.entranceM,
        last === undefined ? Infinity : last.rearM - ENTRANCE_GAP_M,
      );
      lane.push(placeVehicle(vehicle, script, frontM));
      return true;
    },
    step(dtMs) {
      arm.step(dtMs, lane.some(isUnderArm));
      stepDrivers(dtMs);
      return [...watchArm(), ...watchCamera(dtMs), ...watchEnds()];
    },
    vehicles: () => lane,
    arm: () => ({ position: arm.position(), motion: arm.motion() }),
    armHits: () => armHits,
    jamArm: arm.jam,
  };
}

function isUnderArm(driver: LaneVehicle): boolean {
  return driver.rearM < 0 && driver.frontM > 0;
}

/** Out of the lane backwards: a vehicle's length before the arming loop. */
function hasBackedOut(driver: LaneVehicle, geometry: LaneGeometry): boolean {
  const lengthM = VEHICLE_LENGTH_M[driver.vehicle.kind];
  return driver.phase === "reversing" && driver.frontM < geometry.arming.fromM - lengthM;
}
