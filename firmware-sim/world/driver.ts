import type { Vehicle } from "../traffic/demand.ts";
import type { LaneGeometry } from "./geometry.ts";
import { SILHOUETTES, type Silhouette } from "./silhouette.ts";

/**
 * What a driver does at the gate, other than wait, drive through and leave:
 *
 * - `back_out` reverses out of the lane: while `waiting`, after the arm `opened` and before driving, or from
 *   `under_arm`; `afterMs` counts from there. With somebody close behind, it drives on normally.
 * - `tailgate` follows the vehicle ahead through the same opening.
 * - `stall` stands under the arm for `forMs`.
 * - `creeps` passes in jerks: after every `everyM` metres it stands for `forMs`.
 * - `reverse_through` drives through, stands behind the loops for `afterMs`, and comes all the way back; with somebody
 *   close behind, or the arm down behind it, it drives on normally.
 * - `wrong_way` drives into an exit lane from outside, stands before the arm for `forMs`, and reverses out again;
 *   through an arm that is up, with nobody else in the lane, it drives in. At an entry it drives normally.
 */
export type DriverScript =
  | { readonly kind: "normal" }
  | { readonly kind: "back_out"; readonly from: "waiting" | "opened" | "under_arm"; readonly afterMs: number }
  | { readonly kind: "tailgate" }
  | { readonly kind: "stall"; readonly forMs: number }
  | { readonly kind: "creeps"; readonly everyM: number; readonly forMs: number }
  | { readonly kind: "reverse_through"; readonly afterMs: number }
  | { readonly kind: "wrong_way"; readonly forMs: number };

/** A vehicle in a lane. `frontM` and `rearM` are its ends on the lane's axis, the arm being at 0. */
export type LaneVehicle = {
  readonly vehicle: Vehicle;
  /** Of the visit it makes; null = it was sent by nobody's plan. */
  readonly visit: number | null;
  readonly script: DriverScript;
  readonly silhouette: Silhouette;
  /** Came from outside into an exit: its nose is its rear end on the axis. */
  readonly isWrongWay: boolean;
  frontM: number;
  rearM: number;
  phase: "approaching" | "waiting" | "passing" | "reversing";
  speedMPerS: number;
  /** How long the driver has stood: at the line, before the open arm, under the arm, wherever a script stops. */
  waitedMs: number;
  openedMs: number;
  /** How long it has stood alone before an arm that is up, and that came up for somebody else. */
  leftOpenMs: number;
  underArmMs: number;
  stoodMs: number;
  /** Metres since the last stop of one who creeps. */
  creptM: number;
  /** Has had enough: turns round as soon as nobody stands behind. */
  gaveUp: boolean;
  /** What the script had in mind is over, or cannot be done. */
  isDone: boolean;
  /** When it came to the line, in the lane's time; null = not yet. */
  atLineSinceMs: number | null;
  /** How often the camera has looked at it, and how long ago. */
  looks: number;
  lookedMs: number;
  /** The arm lies on it. */
  isTouched: boolean;
};

/** What the driver sees. */
export type Surroundings = {
  readonly geometry: LaneGeometry;
  armPosition: number;
  /** Nobody has driven through since the arm last came up. */
  openingUnused: boolean;
  /** The vehicle ahead. */
  ahead: LaneVehicle | undefined;
  /** Somebody else is in the lane behind. */
  followed: boolean;
};

const CRUISE_M_PER_S = 3;
const REVERSE_M_PER_S = 1.5;
const ACCELERATION_M_PER_S2 = 1.8;
const BRAKING_M_PER_S2 = 3;
const GAP_M = 1.2;
const REACTION_MS = 600;
/** An arm that does not come down behind the one before is left open for all. */
const PRESUMES_MS = 10_000;
/** From here up a driver takes the arm for open. */
const ARM_LOOKS_OPEN = 0.95;
/** Where a driver stops when the arm comes down before him. */
const BEFORE_ARM_M = -0.15;
const UNDER_ARM_M = 0.6;
/** Close enough to where it wanted to be. */
const THERE_M = 0.05;

export type Place = { readonly frontM: number; readonly visit: number | null; readonly isWrongWay: boolean };

export function placeVehicle(vehicle: Vehicle, script: DriverScript, place: Place): LaneVehicle {
  const silhouette = SILHOUETTES[vehicle.kind];
  return {
    vehicle,
    visit: place.visit,
    script,
    silhouette,
    isWrongWay: place.isWrongWay,
    frontM: place.frontM,
    rearM: place.frontM - silhouette.lengthM,
    phase: "approaching",
    speedMPerS: CRUISE_M_PER_S,
    waitedMs: 0,
    openedMs: 0,
    leftOpenMs: 0,
    underArmMs: 0,
    stoodMs: 0,
    creptM: 0,
    gaveUp: false,
    isDone: false,
    atLineSinceMs: null,
    looks: 0,
    lookedMs: Infinity,
    isTouched: false,
  };
}

/** Lets one driver look, decide and drive for `dtMs`; true when the vehicle has moved. */
export function stepDriver(driver: LaneVehicle, seen: Surroundings, dtMs: number): boolean {
  decide(driver, seen, dtMs);
  if (driver.phase === "reversing") {
    driver.speedMPerS = 0;
    move(driver, -REVERSE_M_PER_S * (dtMs / 1_000));
    return true;
  }
  return driveTowards(driver, targetM(driver, seen), dtMs);
}

/** Drives on towards a point that the front must not pass. */
function driveTowards(driver: LaneVehicle, targetM: number, dtMs: number): boolean {
  const roomM = targetM - driver.frontM;
  const byM = Math.max(0, Math.min(speedFor(driver, roomM, dtMs) * (dtMs / 1_000), roomM));
  if (byM === 0) driver.speedMPerS = 0;
  else move(driver, byM);
  return byM > 0;
}

/** As fast as it may go with so much room before it. */
export function speedFor(driver: LaneVehicle, roomM: number, dtMs: number): number {
  const reachable = driver.speedMPerS + ACCELERATION_M_PER_S2 * (dtMs / 1_000);
  const stoppable = Math.sqrt(2 * BRAKING_M_PER_S2 * Math.max(0, roomM));
  driver.speedMPerS = Math.min(CRUISE_M_PER_S, reachable, stoppable);
  return driver.speedMPerS;
}

export function move(driver: LaneVehicle, byM: number): void {
  driver.frontM += byM;
  driver.rearM += byM;
}

function decide(driver: LaneVehicle, seen: Surroundings, dtMs: number): void {
  switch (driver.phase) {
    case "approaching":
      return approach(driver, seen);
    case "waiting":
      return wait(driver, seen, dtMs);
    case "passing":
      return pass(driver, seen, dtMs);
    case "reversing":
      // The arm came down behind one who wanted back in: it has no choice but to go on.
      if (driver.script.kind === "reverse_through" && driver.rearM > 0 && isStopped(driver.rearM, seen)) {
        driver.phase = "passing";
        driver.isDone = true;
      }
      return;
  }
}

function approach(driver: LaneVehicle, seen: Surroundings): void {
  if (driver.frontM > seen.geometry.stopLineM - THERE_M) driver.phase = "waiting";
  if (driver.script.kind === "tailgate" && seen.ahead?.phase === "passing" && looksOpen(seen))
    driver.phase = "passing";
  if (driver.gaveUp && !seen.followed) driver.phase = "reversing";
}

function wait(driver: LaneVehicle, seen: Surroundings, dtMs: number): void {
  driver.waitedMs += dtMs;
  const mine = looksOpen(seen) && (seen.openingUnused || driver.script.kind === "tailgate");
  driver.openedMs = mine ? driver.openedMs + dtMs : 0;
  driver.leftOpenMs = isLeftOpen(seen) ? driver.leftOpenMs + dtMs : 0;
  if ((wantsOut(driver) || driver.gaveUp) && !seen.followed) driver.phase = "reversing";
  else if (driver.openedMs >= reactionMs(driver, seen) || driver.leftOpenMs >= PRESUMES_MS)
    driver.phase = "passing";
}

function pass(driver: LaneVehicle, seen: Surroundings, dtMs: number): void {
  const { script } = driver;
  if (script.kind === "creeps") return creep(driver, script, dtMs);
  if (script.kind === "reverse_through") return turnBack(driver, script, seen, dtMs);
  if (!isBelowArm(driver)) return;
  driver.underArmMs += dtMs;
  if (wantsOut(driver) && !seen.followed) driver.phase = "reversing";
}

/** Its stops are told by how far it has come: `creptM` goes on only while it drives. */
function creep(
  driver: LaneVehicle,
  { everyM, forMs }: { everyM: number; forMs: number },
  dtMs: number,
): void {
  if (driver.creptM < everyM) {
    driver.creptM += driver.speedMPerS * (dtMs / 1_000);
    return;
  }
  driver.stoodMs += dtMs;
  if (driver.stoodMs < forMs) return;
  driver.creptM = 0;
  driver.stoodMs = 0;
}

function turnBack(
  driver: LaneVehicle,
  { afterMs }: { afterMs: number },
  seen: Surroundings,
  dtMs: number,
): void {
  if (driver.isDone || driver.rearM < seen.geometry.closing.toM - THERE_M) return;
  driver.stoodMs += dtMs;
  if (seen.followed || !looksOpen(seen)) driver.isDone = true;
  else if (driver.stoodMs >= afterMs) driver.phase = "reversing";
}

/** Not past the point where it can still stop; sums of steps are not exact. */
function isBeforeArm(frontM: number): boolean {
  return frontM <= BEFORE_ARM_M + 0.001;
}

/** As far below the arm as one comes who stops there. */
function isBelowArm({ frontM, rearM }: LaneVehicle): boolean {
  return frontM >= UNDER_ARM_M - 0.01 && rearM <= 0;
}

export function looksOpen({ armPosition }: Surroundings): boolean {
  return armPosition >= ARM_LOOKS_OPEN;
}

function isLeftOpen(seen: Surroundings): boolean {
  return looksOpen(seen) && !seen.openingUnused && seen.ahead === undefined;
}

/** Whether one who comes from behind the arm must stop before it. */
function isStopped(rearM: number, seen: Surroundings): boolean {
  return rearM < -2 * BEFORE_ARM_M && !looksOpen(seen);
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

function ownTargetM(driver: LaneVehicle, seen: Surroundings): number {
  const { phase, frontM, script, underArmMs } = driver;
  if (phase !== "passing") return seen.geometry.stopLineM;
  if (isBeforeArm(frontM) && !looksOpen(seen)) return BEFORE_ARM_M;
  switch (script.kind) {
    case "stall":
      return underArmMs < script.forMs ? UNDER_ARM_M : Infinity;
    case "back_out":
      return script.from === "under_arm" && !seen.followed ? UNDER_ARM_M : Infinity;
    case "creeps":
      return driver.creptM >= script.everyM ? frontM : Infinity;
    case "reverse_through":
      return driver.isDone || seen.followed
        ? Infinity
        : seen.geometry.closing.toM + driver.silhouette.lengthM;
    case "normal":
    case "tailgate":
    case "wrong_way":
      return Infinity;
  }
}

/**
 * For how long a driver who stands goes on standing, if nothing around changes; 0 when that is not known. `stepDriver` with
 * less than that changes nothing but the times that it has stood.
 */
export function standsForMs(driver: LaneVehicle, seen: Surroundings): number {
  if (driver.gaveUp && !seen.followed) return 0;
  switch (driver.phase) {
    case "approaching":
      return driver.script.kind === "tailgate" && looksOpen(seen) ? 0 : Infinity;
    case "waiting":
      return waitsForMs(driver, seen);
    case "passing":
      return restsForMs(driver, seen);
    case "reversing":
      return 0;
  }
}

function waitsForMs({ script, waitedMs }: LaneVehicle, seen: Surroundings): number {
  if (looksOpen(seen) && (seen.openingUnused || script.kind === "tailgate")) return 0;
  if (isLeftOpen(seen)) return 0;
  const backsOut = script.kind === "back_out" && script.from === "waiting" && !seen.followed;
  return backsOut ? script.afterMs - waitedMs : Infinity;
}

function restsForMs(driver: LaneVehicle, seen: Surroundings): number {
  const { script, frontM } = driver;
  if (isBeforeArm(frontM)) return looksOpen(seen) ? 0 : Infinity;
  if (script.kind === "creeps" && driver.creptM >= script.everyM) return script.forMs - driver.stoodMs;
  return script.kind === "stall" && isBelowArm(driver) ? script.forMs - driver.underArmMs : 0;
}

/** Lets a driver stand who stands. */
export function letStand(driver: LaneVehicle, ms: number): void {
  driver.lookedMs += ms;
  if (driver.phase === "waiting") driver.waitedMs += ms;
  if (driver.phase !== "passing") return;
  if (driver.script.kind === "creeps") driver.stoodMs += driver.creptM < driver.script.everyM ? 0 : ms;
  else if (isBelowArm(driver)) driver.underArmMs += ms;
}
