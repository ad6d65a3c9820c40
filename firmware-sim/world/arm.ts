import type { BarrierAction } from "@parkme/shared/domain/lane";

/** A barrier's arm: 0 lies across the lane, 1 stands upright. */
export type Arm = {
  readonly position: () => number;
  readonly motion: () => ArmMotion;
  /** Told to move, and not jammed. */
  readonly isMoving: () => boolean;
  /** A relay contact of the board closes (`on`) or falls off. Only its closing moves the arm. */
  readonly relay: (action: BarrierAction, on: boolean) => void;
  /** Moves the arm on. `underneath` = something stands where the arm comes down. */
  readonly step: (dtMs: number, underneath: boolean) => void;
  /** A jammed arm hears its pulses and does not move. */
  readonly jam: (jammed: boolean) => void;
  /** Worn or cold: it takes so many times as long as it is rated. */
  readonly slow: (factor: number) => void;
};

export type ArmMotion = "up" | "down" | "still";

/** Below this position the arm touches the roof of what stands under it. */
export const ARM_CLEARANCE = 0.7;

/**
 * The arm has no safety of its own, on purpose: with a real one's pressure bar or hardwired loop, a program
 * that closes on a vehicle would go unnoticed here.
 */
export function createArm(options: { readonly ratedMs: number; readonly position?: number }): Arm {
  let position = options.position ?? 0;
  let motion: ArmMotion = "still";
  let jammed = false;
  let slowness = 1;
  const started: Record<BarrierAction, ArmMotion> = { open: "up", close: "down", stop: "still" };
  return {
    position: () => position,
    motion: () => motion,
    isMoving: () => motion !== "still" && !jammed,
    relay(action, on) {
      if (on) motion = started[action];
    },
    step(dtMs, underneath) {
      if (motion === "still" || jammed) return;
      const travel = dtMs / (options.ratedMs * slowness);
      // An arm that comes down on a roof rests there; it does not go through.
      const lowest = underneath ? Math.min(position, ARM_CLEARANCE) : 0;
      position = motion === "up" ? Math.min(1, position + travel) : Math.max(lowest, position - travel);
      if (position === 1 || position === 0) motion = "still";
    },
    jam(value) {
      jammed = value;
    },
    slow(factor) {
      if (!(factor >= 1)) throw new RangeError("an arm is slow by a factor of 1 or more");
      slowness = factor;
    },
  };
}
