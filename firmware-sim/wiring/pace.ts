import type { FacilityWorld } from "../world/facility-world.ts";

/** How fast the world goes. Speed makes drivers come oftener and stay shorter; arms and vehicles keep real time. */
export type Pace = {
  /** 1..100 */
  readonly speed: () => number;
  /** Also for those who are on their way or parked. Throws a RangeError outside 1..100. */
  readonly setSpeed: (speed: number) => void;
  readonly isPaused: () => boolean;
  /** Nothing moves while it is paused; boards and lines live on. */
  readonly pause: (paused: boolean) => void;
};

export function createPace(world: Pick<FacilityWorld, "setSpeed">, initialSpeed: number): Pace {
  let speed = initialSpeed;
  let paused = false;
  return {
    speed: () => speed,
    setSpeed(value) {
      if (!(value >= 1 && value <= 100)) throw new RangeError("the speed is 1 to 100");
      world.setSpeed(value);
      speed = value;
    },
    isPaused: () => paused,
    pause: (value) => void (paused = value),
  };
}
