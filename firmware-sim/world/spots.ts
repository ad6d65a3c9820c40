import type { Vehicle } from "../traffic/demand.ts";
import type { DriverScript } from "./driver.ts";

export type ParkedVehicle = {
  readonly vehicle: Vehicle;
  /** Simulated time until the driver heads for an exit. */
  readonly remainingMs: number;
  /** Of the visit it makes; left out or null = nobody's plan. */
  readonly visit?: number | null;
  /** Where it is parked; null = in the car park at large. */
  readonly zone?: string | null;
};

/** A vehicle at its spot; its driver wants to leave at `departsMs`, by that lane if one is named. */
export type Parked = {
  readonly vehicle: Vehicle;
  readonly visit: number | null;
  readonly zone: string | null;
  readonly departsMs: number;
  readonly script: DriverScript;
  readonly lane: string | null;
};

/** The vehicles at their spots, each with the simulated time at which its driver wants to leave. */
export type Spots = {
  readonly count: () => number;
  readonly holds: (plateText: string) => boolean;
  readonly park: (parked: Parked) => void;
  /** Changes when and how somebody leaves; false when no such plate is parked. */
  readonly reschedule: (plateText: string, leaving: Pick<Parked, "departsMs" | "script" | "lane">) => boolean;
  /** Offers everybody whose time has come to `leave`, whoever waited longest first, until one is refused any lane. */
  readonly release: (nowMs: number, leave: (parked: Parked) => boolean) => void;
  /** When the next one wants to leave; Infinity when nobody ever does. */
  readonly nextMs: () => number;
  /** What is left of everybody's stay from now on becomes so many times as long. */
  readonly stretch: (nowMs: number, factor: number) => void;
  readonly list: () => readonly Parked[];
};

export function createSpots(): Spots {
  /** By the moment at which they want to leave. */
  let queue: Parked[] = [];

  /** Behind all who want to leave no later. */
  function insert(parked: Parked): void {
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((queue[middle]?.departsMs ?? Infinity) <= parked.departsMs) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, parked);
  }

  return {
    count: () => queue.length,
    holds: (plateText) => queue.some(({ vehicle }) => vehicle.plate.text === plateText),
    park: insert,
    reschedule(plateText, leaving) {
      const index = queue.findIndex(({ vehicle }) => vehicle.plate.text === plateText);
      const parked = queue[index];
      if (parked === undefined) return false;
      queue.splice(index, 1);
      insert({ ...parked, ...leaving });
      return true;
    },
    release(nowMs, leave) {
      let index = 0;
      while ((queue[index]?.departsMs ?? Infinity) <= nowMs) {
        const parked = queue[index];
        if (parked === undefined) return;
        if (leave(parked)) queue.splice(index, 1);
        else if (parked.lane === null) return;
        else index += 1;
      }
    },
    nextMs: () => queue[0]?.departsMs ?? Infinity,
    stretch(nowMs, factor) {
      queue = queue.map((parked) => ({
        ...parked,
        departsMs: nowMs + Math.max(0, parked.departsMs - nowMs) * factor,
      }));
    },
    list: () => queue,
  };
}
