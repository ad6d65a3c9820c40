import { looksOpen, move, speedFor, type LaneVehicle, type Surroundings } from "./driver.ts";

/** Where a driver stops who comes from the wrong side: before the arm, on the loop behind it. */
const BEFORE_ARM_M = 1;
const BACK_M_PER_S = 1.5;
/** Through the lane, as far as the queue of those who want out would begin. */
const THROUGH_M = 1;

/**
 * Lets a driver who came into an exit from outside look, decide and drive; its nose is `rearM`. `isAlone`: nobody else is in
 * the lane. True when the vehicle has moved.
 */
export function stepWrongWay(
  driver: LaneVehicle,
  seen: Surroundings,
  isAlone: boolean,
  dtMs: number,
): boolean {
  const forMs = driver.script.kind === "wrong_way" ? driver.script.forMs : 0;
  switch (driver.phase) {
    case "approaching":
    case "waiting": {
      driver.phase = driver.rearM < BEFORE_ARM_M + 0.05 ? "waiting" : "approaching";
      if (driver.phase === "waiting") driver.waitedMs += dtMs;
      if (!isAlone || driver.waitedMs >= forMs) driver.phase = "reversing";
      else if (looksOpen(seen) && driver.phase === "waiting") driver.phase = "passing";
      return drive(driver, BEFORE_ARM_M, dtMs);
    }
    case "passing":
      // The arm comes down before it has reached it.
      if (driver.rearM > 0 && !looksOpen(seen)) driver.phase = "reversing";
      return drive(driver, -Infinity, dtMs);
    case "reversing":
      move(driver, BACK_M_PER_S * (dtMs / 1_000));
      return true;
  }
}

/** Towards smaller numbers, as far as the nose may come. */
function drive(driver: LaneVehicle, targetM: number, dtMs: number): boolean {
  if (driver.phase === "reversing") return false;
  const roomM = driver.rearM - targetM;
  const byM = Math.max(0, Math.min(speedFor(driver, roomM, dtMs) * (dtMs / 1_000), roomM));
  move(driver, -byM);
  return byM > 0;
}

/** Has come all the way in. */
export function isThrough(driver: LaneVehicle, seen: Surroundings): boolean {
  return driver.frontM < seen.geometry.arming.fromM - THROUGH_M;
}
