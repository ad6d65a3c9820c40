import type { Bench } from "./lane-bench.ts";

/**
 * Vehicles with a length, on a lane with loops at places: what the loops say follows from where the vehicles
 * are. Metres along the lane; the arm is in the middle of the safety loop.
 */
const ARMING = [0, 2] as const;
const SAFETY = [3, 4.5] as const;
const CLOSING = [5.5, 7.5] as const;
const STOP_LINE_M = 2.6;
/** Nose on the safety loop, under an arm that is still down. */
const CREPT_M = 3.3;
/** Well under the arm, not yet on the closing loop. */
const TURNING_POINT_M = 5;
const GONE_M = 8;
const SPEED_M_PER_S = 2;
const TICK_MS = 100;
/** The attendant looks at a lane that stands still for so long. */
const PATIENCE_MS = 8_000;
const LONGEST_MS = 900_000;

export type Driver = {
  readonly plate: string;
  readonly readable: boolean;
  readonly lengthM: number;
  /** What follows closer than the safety loop is long is one vehicle to it. */
  readonly gapM: number;
  /** `turns` before the arm, `reverses` under it; both only with nobody behind. */
  readonly manner: "waits" | "creeps" | "tailgates" | "turns" | "reverses";
};
type Vehicle = Driver & { frontM: number; way: "on" | "back"; turn: boolean; sinceMs: number };

/** The board is silent from `afterMs` for `forMs`. */
export type Outage = { readonly afterMs: number; readonly forMs: number };

/** Drives them all to where they want to go; returns the plates of those that came through, in order. */
export function drive(bench: Bench, drivers: readonly Driver[], outages: readonly Outage[] = []): string[] {
  const passed: string[] = [];
  let queue = lineUp(drivers);
  let idleMs = 0;
  for (let ms = 0; queue.length > 0; ms += TICK_MS) {
    if (ms > LONGEST_MS) throw new Error(`${queue[0]?.plate} is trapped in ${bench.lane().state}`);
    for (const { afterMs, forMs } of outages) {
      if (afterMs === ms) bench.lose();
      if (afterMs + forMs === ms) bench.see();
    }
    const before = bench.lane().state;
    for (const [i, vehicle] of queue.entries()) move(vehicle, queue[i - 1] ?? null, bench);
    passed.push(...queue.filter(rearBeyondLane).map(({ plate }) => plate));
    queue = queue.filter((vehicle) => !rearBeyondLane(vehicle) && !backOnTheRoad(vehicle));
    report(bench, queue);
    bench.wait(TICK_MS);
    idleMs = bench.lane().state === before ? idleMs + TICK_MS : 0;
    if (idleMs >= PATIENCE_MS) {
      attend(bench);
      idleMs = 0;
    }
  }
  if (outages.length > 0) bench.see();
  for (let looks = 0; looks < 3; looks++) {
    bench.wait(PATIENCE_MS);
    attend(bench);
  }
  return passed;
}

function lineUp(drivers: readonly Driver[]): Vehicle[] {
  let nextM = -1;
  return drivers.map((driver) => {
    const frontM = nextM;
    nextM -= driver.lengthM + 2;
    return { ...driver, frontM, way: "on", turn: false, sinceMs: 0 };
  });
}

const rearBeyondLane = ({ frontM, lengthM }: Vehicle): boolean => frontM - lengthM > GONE_M;

const backOnTheRoad = ({ frontM, way }: Vehicle): boolean => way === "back" && frontM < -1;

function move(vehicle: Vehicle, ahead: Vehicle | null, bench: Bench): void {
  const step = (SPEED_M_PER_S * TICK_MS) / 1000;
  if (vehicle.way === "back") {
    vehicle.frontM -= step;
    return;
  }
  const room = ahead === null ? Infinity : ahead.frontM - ahead.lengthM - vehicle.gapM;
  const goalM = Math.min(room, vehicle.frontM + step, mayGo(vehicle, ahead, bench));
  if (vehicle.frontM < 1 && goalM >= 1 && vehicle.readable) bench.read(vehicle.plate);
  if (goalM <= vehicle.frontM) {
    vehicle.sinceMs += TICK_MS;
    if (vehicle.manner === "turns" && vehicle.sinceMs > 3_000) vehicle.way = "back";
  }
  vehicle.frontM = Math.max(vehicle.frontM, goalM);
  if (vehicle.manner === "reverses" && vehicle.frontM >= TURNING_POINT_M) vehicle.way = "back";
}

/** How far the arm lets the vehicle go. */
function mayGo(vehicle: Vehicle, ahead: Vehicle | null, bench: Bench): number {
  const { open_limit: open, closed_limit: down } = bench.levels();
  if (vehicle.frontM > CREPT_M) return Infinity;
  if (vehicle.manner === "tailgates") return down ? STOP_LINE_M : Infinity;
  const alone = ahead === null || ahead.frontM - ahead.lengthM > CLOSING[1];
  // An honest driver goes when the arm has been down for him, and rises.
  if (alone && down) vehicle.turn = true;
  if (vehicle.turn && open) return Infinity;
  return vehicle.manner === "creeps" && vehicle.turn ? CREPT_M : STOP_LINE_M;
}

function report(bench: Bench, queue: readonly Vehicle[]): void {
  const covered = ([fromM, toM]: readonly [number, number]): boolean =>
    queue.some(({ frontM, lengthM }) => frontM > fromM && frontM - lengthM < toM);
  const loops = { arming: covered(ARMING), safety: covered(SAFETY), closing: covered(CLOSING) };
  const now = bench.levels();
  const changed = (["arming", "safety", "closing"] as const).some((loop) => loops[loop] !== now[loop]);
  if (changed) bench.set(loops);
}

/** What a person does about a lane that stands still: looks, vends, resets. */
function attend(bench: Bench): void {
  const { state, trouble } = bench.lane();
  const { arming, safety, closing } = bench.levels();
  if (state === "ARMED" && arming) bench.vend();
  if (!safety && !closing && (state === "UNKNOWN" || state === "FAULT")) bench.reset();
  if (state === "CLEARING" && trouble !== null) bench.reset();
}
