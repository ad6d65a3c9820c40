import { VEHICLE_LENGTH_M, type Vehicle } from "../traffic/demand.ts";
import type { LaneGeometry } from "./geometry.ts";

/**
 * What a driver does at the gate, other than wait, drive through and leave:
 *
 * - `back_out` reverses out of the lane: while `waiting`, after the arm `opened` and before driving, or from
 *   `under_arm`; `afterMs` counts from there. With somebody close behind, it drives on normally.
 * - `tailgate` follows the vehicle ahead through the same opening.
 * - `stall` stands under the arm for `forMs`.
 */
export type DriverScript =
  | { readonly kind: "normal" }
  | { readonly kind: "back_out"; readonly from: "waiting" | "opened" | "under_arm"; readonly afterMs: number }
  | { readonly kind: "tailgate" }
  | { readonly kind: "stall"; readonly forMs: number };

/** A vehicle in a lane. `frontM` and `rearM` are its ends on the lane's axis, the arm being at 0. */
export type LaneVehicle = {
  readonly vehicle: Vehicle;
  readonly script: DriverScript;
  frontM: number;
  rearM: number;
  phase: "approaching" | "waiting" | "passing" | "reversing";
  speedMPerS: number;
  /** How long the driver has stood: at the line, before the open arm, under the arm. */
  waitedMs: number;
  openedMs: number;
  underArmMs: number;
};

/** What the driver sees. */
export type Surroundings = {
  readonly geometry: LaneGeometry;
  readonly armPosition: number;
  /** Nobody has driven through since the arm last came up. */
  readonly openingUnused: boolean;
  /** Rear end and phase of the vehicle ahead. */
  readonly ahead: LaneVehicle | undefined;
  /** Somebody else is in the lane behind. */
  readonly followed: boolean;
};

const CRUISE_M_PER_S = 3;
const REVERSE_M_PER_S = 1.5;
const ACCELERATION_M_PER_S2 = 1.8;
const BRAKING_M_PER_S2 = 3;
const GAP_M = 1.2;
const REACTION_MS = 600;
/** From here up a driver takes the arm for open. */
const ARM_LOOKS_OPEN = 0.95;
/** Where a driver stops when the arm comes down before him. */
const BEFORE_ARM_M = -0.15;
const UNDER_ARM_M = 0.6;

export function placeVehicle(vehicle: Vehicle, script: DriverScript, frontM: number): LaneVehicle {
  return {
    vehicle,
    script,
    frontM,
    rearM: frontM - VEHICLE_LENGTH_M[vehicle.kind],
    phase: "approaching",
    speedMPerS: CRUISE_M_PER_S,
    waitedMs: 0,
    openedMs: 0,
    underArmMs: 0,
  };
}

/** Lets one driver look, decide and drive for `dtMs`. */
export function stepDriver(driver: LaneVehicle, seen: Surroundings, dtMs: number): void {
  decide(driver, seen, dtMs);
  if (driver.phase === "reversing") {
    move(driver, -REVERSE_M_PER_S * (dtMs / 1_000));
    return;
  }
  const roomM = targetM(driver, seen) - driver.frontM;
  const reachable = driver.speedMPerS + ACCELERATION_M_PER_S2 * (dtMs / 1_000);
  const stoppable = Math.sqrt(2 * BRAKING_M_PER_S2 * Math.max(0, roomM));
  driver.speedMPerS = Math.min(CRUISE_M_PER_S, reachable, stoppable);
  move(driver, Math.max(0, Math.min(driver.speedMPerS * (dtMs / 1_000), roomM)));
}

function move(driver: LaneVehicle, byM: number): void {
  driver.frontM += byM;
  driver.rearM += byM;
}

function decide(driver: LaneVehicle, seen: Surroundings, dtMs: number): void {
  const { script } = driver;
  switch (driver.phase) {
    case "approaching":
      if (driver.frontM > seen.geometry.stopLineM - 0.05) driver.phase = "waiting";
      if (script.kind === "tailgate" && seen.ahead?.phase === "passing" && looksOpen(seen))
        driver.phase = "passing";
      return;
    case "waiting": {
      driver.waitedMs += dtMs;
      const mine = looksOpen(seen) && (seen.openingUnused || script.kind === "tailgate");
      driver.openedMs = mine ? driver.openedMs + dtMs : 0;
      if (wantsOut(driver) && !seen.followed) driver.phase = "reversing";
      else if (driver.openedMs >= reactionMs(driver, seen)) driver.phase = "passing";
      return;
    }
    case "passing":
      if (driver.frontM < UNDER_ARM_M - 0.01 || driver.rearM > 0) return;
      driver.underArmMs += dtMs;
      if (wantsOut(driver) && !seen.followed) driver.phase = "reversing";
      return;
    case "reversing":
      return;
  }
}

function looksOpen(seen: Surroundings): boolean {
  return seen.armPosition >= ARM_LOOKS_OPEN;
}

/** Who means to back out from the open arm stays until then, unless somebody presses from behind. */
function reactionMs({ script }: LaneVehicle, seen: Surroundings): number {
  const lingers = script.kind === "back_out" && script.from === "opened" && !seen.followed;
  return lingers ? Infinity : REACTION_MS;
}

function wantsOut({ script, phase, waitedMs, openedMs, underArmMs }: LaneVehicle): boolean {
  if (script.kind !== "back_out") return false;
  if (phase === "passing") return script.from === "under_arm" && underArmMs >= script.afterMs;
  if (script.from === "waiting") return waitedMs >= script.afterMs;
  return script.from === "opened" && openedMs > 0 && openedMs >= script.afterMs;
}

/** The point that the front must not pass for now. */
function targetM(driver: LaneVehicle, seen: Surroundings): number {
  const behindAheadM = seen.ahead === undefined ? Infinity : seen.ahead.rearM - GAP_M;
  return Math.min(behindAheadM, ownTargetM(driver, seen));
}

function ownTargetM({ phase, frontM, script, underArmMs }: LaneVehicle, seen: Surroundings): number {
  if (phase !== "passing") return seen.geometry.stopLineM;
  if (frontM <= BEFORE_ARM_M && !looksOpen(seen)) return BEFORE_ARM_M;
  if (script.kind === "stall" && underArmMs < script.forMs) return UNDER_ARM_M;
  if (script.kind === "back_out" && script.from === "under_arm" && !seen.followed) return UNDER_ARM_M;
  return Infinity;
}
