import type { LaneVehicle } from "./driver.ts";
import { ARM_CLEARANCE } from "./arm.ts";
import type { LaneGeometry } from "./geometry.ts";

/** A camera looks again at who keeps standing before it, at first often and then seldom. */
const LOOK_AGAIN_MS = 4_000;
const OFTEN = 10;
const LOOK_SELDOM_MS = 30_000;

/** Picks those whose plates a camera reads in this step: on coming into view, and again while they stand. */
export function createCameraWatch(
  geometry: LaneGeometry,
): (lane: readonly LaneVehicle[], dtMs: number) => LaneVehicle[] {
  const looks = new WeakMap<LaneVehicle, { count: number; sinceMs: number }>();
  return (lane, dtMs) =>
    lane.filter((driver) => {
      if (driver.frontM < geometry.cameraM || driver.frontM > 0 || driver.phase === "reversing") return false;
      const look = looks.get(driver) ?? { count: 0, sinceMs: Infinity };
      looks.set(driver, look);
      look.sinceMs += dtMs;
      if (look.sinceMs < (look.count < OFTEN ? LOOK_AGAIN_MS : LOOK_SELDOM_MS)) return false;
      look.count += 1;
      look.sinceMs = 0;
      return true;
    });
}

/** Picks those on whom the arm has come down in this step. */
export function createHitWatch(): (lane: readonly LaneVehicle[], armPosition: number) => LaneVehicle[] {
  const touched = new WeakSet<LaneVehicle>();
  return (lane, armPosition) =>
    lane.filter((driver) => {
      const contact = isUnderArm(driver) && armPosition <= ARM_CLEARANCE;
      const isNew = contact && !touched.has(driver);
      if (contact) touched.add(driver);
      else touched.delete(driver);
      return isNew;
    });
}

export function isUnderArm(driver: LaneVehicle): boolean {
  return driver.rearM < 0 && driver.frontM > 0;
}
