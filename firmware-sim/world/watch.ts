import { ARM_CLEARANCE } from "./arm.ts";
import type { LaneVehicle } from "./driver.ts";
import type { LaneGeometry } from "./geometry.ts";

/** A camera looks again at who keeps standing before it, at first often and then seldom. */
const LOOK_AGAIN_MS = 4_000;
const OFTEN = 10;
const LOOK_SELDOM_MS = 30_000;

/** Whether the camera reads this plate in this step: on coming into view, and again while it stands there. */
export function isRead(driver: LaneVehicle, geometry: LaneGeometry, dtMs: number): boolean {
  if (!isInView(driver, geometry)) return false;
  driver.lookedMs += dtMs;
  if (driver.lookedMs < intervalMs(driver)) return false;
  driver.looks += 1;
  driver.lookedMs = 0;
  return true;
}

/** How long it takes until the camera looks at it again; Infinity when it is out of view. */
export function nextLookMs(driver: LaneVehicle, geometry: LaneGeometry): number {
  return isInView(driver, geometry) ? Math.max(0, intervalMs(driver) - driver.lookedMs) : Infinity;
}

function isInView({ frontM, phase, isWrongWay }: LaneVehicle, { cameraM }: LaneGeometry): boolean {
  return frontM >= cameraM && frontM <= 0 && phase !== "reversing" && !isWrongWay;
}

function intervalMs({ looks }: LaneVehicle): number {
  return looks < OFTEN ? LOOK_AGAIN_MS : LOOK_SELDOM_MS;
}

/** Whether the arm has come down on this vehicle in this step. */
export function isHit(driver: LaneVehicle, armPosition: number): boolean {
  const contact = isUnderArm(driver) && armPosition <= ARM_CLEARANCE;
  const isNew = contact && !driver.isTouched;
  driver.isTouched = contact;
  return isNew;
}

export function isUnderArm(driver: LaneVehicle): boolean {
  return driver.rearM < 0 && driver.frontM > 0;
}
