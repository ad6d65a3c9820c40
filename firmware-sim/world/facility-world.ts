import { drawStayMs, drawVehicle, nextArrivalGapMs, type Demand, type Vehicle } from "../traffic/demand.ts";
import { createRandom } from "../traffic/random.ts";
import type { DriverScript } from "./driver.ts";
import { createGate, type Gate, type GateOptions } from "./gate.ts";
import { createSpots, type ParkedVehicle } from "./spots.ts";

export type WorldOptions = {
  readonly seed: string;
  readonly demand: Demand;
  /** Vehicles that fit inside; drivers who find the car park full drive on. */
  readonly capacity: number;
  /** How likely a random driver backs out of an entry lane instead of waiting, 0..1. */
  readonly backOutChance?: number;
  readonly lanes: readonly GateOptions[];
  /** Who is inside at the start. */
  readonly parked?: readonly ParkedVehicle[];
};

export type WorldEvent =
  | { readonly kind: "arrived"; readonly lane: string; readonly vehicle: Vehicle }
  /** A plate stands in the view of this lane's camera. */
  | { readonly kind: "in_view"; readonly lane: string; readonly vehicle: Vehicle }
  | {
      readonly kind: "movement";
      readonly lane: string;
      readonly direction: "in" | "out";
      readonly vehicle: Vehicle;
      readonly inside: number;
    }
  | { readonly kind: "backed_out"; readonly lane: string; readonly vehicle: Vehicle }
  | { readonly kind: "drove_on"; readonly reason: "queue_full" | "car_park_full"; readonly vehicle: Vehicle }
  | { readonly kind: "arm_hit"; readonly lane: string; readonly vehicle: Vehicle };

export type Arrival = {
  readonly vehicle: Vehicle;
  /** The entry lane; without it the one with the shortest queue. */
  readonly lane?: string;
  readonly script?: DriverScript;
  /** Simulated time inside; without it drawn at random. */
  readonly stayMs?: number;
};

/** A car park: entry lanes, vehicles inside, exit lanes. Pure: time passes only in {@link FacilityWorld.step}. */
export type FacilityWorld = {
  readonly gates: ReadonlyMap<string, Gate>;
  /** Lets `dtMs` simulated milliseconds pass; at most 100, so that no vehicle jumps over a loop. */
  readonly step: (dtMs: number) => readonly WorldEvent[];
  /** Sends one more vehicle to an entry; false when there was no room and it drove on. */
  readonly arrive: (arrival: Arrival) => boolean;
  /** Makes a parked driver head for an exit now; false when no such plate is parked. */
  readonly depart: (plateText: string, script?: DriverScript) => boolean;
  /** Everybody who has come in and not gone out, those under way in the lanes included. */
  readonly inside: () => readonly ParkedVehicle[];
  readonly nowMs: () => number;
  readonly droveOn: () => number;
  readonly armHits: () => number;
};

const MAX_STEP_MS = 100;

export function createFacilityWorld(options: WorldOptions): FacilityWorld {
  const gates = new Map(options.lanes.map((lane) => [lane.name, createGate(lane)]));
  const entries = [...gates.values()].filter(({ direction }) => direction === "entry");
  const exits = [...gates.values()].filter(({ direction }) => direction === "exit");
  const spots = createSpots();
  const source = createSource(options, isPresent);
  /** How long those stay who are in an entry lane, still or half through. */
  const stays = new Map<Vehicle, number>();
  let nowMs = 0;
  let droveOn = 0;
  let pending: WorldEvent[] = [];
  for (const { vehicle, remainingMs } of options.parked ?? []) spots.park(vehicle, remainingMs);

  function isPresent(plateText: string): boolean {
    const inLane = (gate: Gate) => gate.vehicles().some(({ vehicle }) => vehicle.plate.text === plateText);
    return spots.holds(plateText) || [...gates.values()].some(inLane);
  }

  function arrive({ vehicle, lane, script, stayMs }: Arrival): boolean {
    const full = spots.count() + vehiclesIn(entries) + vehiclesIn(exits) >= options.capacity;
    const gate = lane === undefined ? shortestQueue(entries) : named(entries, lane);
    if (full || gate === undefined || !gate.enter(vehicle, script)) {
      droveOn += 1;
      pending.push({ kind: "drove_on", reason: full ? "car_park_full" : "queue_full", vehicle });
      return false;
    }
    stays.set(vehicle, stayMs ?? source.stayMs());
    pending.push({ kind: "arrived", lane: gate.name, vehicle });
    return true;
  }

  function stepGate(gate: Gate, dtMs: number): WorldEvent[] {
    const lane = gate.name;
    return gate.step(dtMs).map(({ kind, vehicle }): WorldEvent => {
      if (kind === "in_view" || kind === "arm_hit") return { kind, lane, vehicle };
      const isEntry = gate.direction === "entry";
      // Who backs out of an entry was never inside; who backs out of an exit goes back to a spot for a while.
      if (isEntry === (kind === "passed"))
        spots.park(vehicle, nowMs + (stays.get(vehicle) ?? source.stayMs()));
      stays.delete(vehicle);
      if (kind === "backed_out") return { kind, lane, vehicle };
      return { kind: "movement", lane, direction: isEntry ? "in" : "out", vehicle, inside: inside().length };
    });
  }

  function inside(): ParkedVehicle[] {
    const underWay = [...gates.values()].flatMap((gate) => insideLane(gate));
    return [
      ...spots.list(nowMs),
      ...underWay.map((vehicle) => ({ vehicle, remainingMs: stays.get(vehicle) ?? 0 })),
    ];
  }

  return {
    gates,
    step(dtMs) {
      if (!(dtMs > 0 && dtMs <= MAX_STEP_MS))
        throw new RangeError(`a step is 0..${MAX_STEP_MS} ms, not ${dtMs}`);
      nowMs += dtMs;
      for (const arrival of source.due(nowMs)) arrive(arrival);
      spots.release(nowMs, (vehicle, script) => shortestQueue(exits)?.enter(vehicle, script) === true);
      const events = [...pending, ...[...gates.values()].flatMap((gate) => stepGate(gate, dtMs))];
      pending = [];
      return events;
    },
    arrive,
    depart: (plateText, script = { kind: "normal" }) => spots.reschedule(plateText, nowMs, script),
    inside,
    nowMs: () => nowMs,
    droveOn: () => droveOn,
    armHits: () => [...gates.values()].reduce((sum, gate) => sum + gate.armHits(), 0),
  };
}

/** Where random drivers come from. `isPresent` keeps their plates unique among those present. */
function createSource(
  { seed, demand, backOutChance = 0 }: WorldOptions,
  isPresent: (plateText: string) => boolean,
): { readonly due: (nowMs: number) => Generator<Arrival>; readonly stayMs: () => number } {
  const random = createRandom(seed);
  const arrivals = random.fork("arrivals");
  const vehicles = random.fork("vehicles");
  const drivers = random.fork("drivers");
  let nextMs = nextArrivalGapMs(demand, arrivals);

  function drawScript(): DriverScript {
    if (!drivers.chance(backOutChance)) return { kind: "normal" };
    return {
      kind: "back_out",
      from: drivers.pick(["waiting", "opened"]),
      afterMs: 1_000 + drivers.int(3_000),
    };
  }

  return {
    *due(nowMs) {
      for (; nextMs <= nowMs; nextMs += nextArrivalGapMs(demand, arrivals)) {
        yield { vehicle: drawVehicle(vehicles, isPresent), script: drawScript() };
      }
    },
    stayMs: () => drawStayMs(demand, drivers),
  };
}

/** Who of a lane is inside the car park: a vehicle is through once its front has reached the closing loop. */
function insideLane(gate: Gate): Vehicle[] {
  const isThrough = ({ frontM }: { readonly frontM: number }) => frontM > gate.geometry.closing.fromM;
  const isInside =
    gate.direction === "entry" ? isThrough : (one: { readonly frontM: number }) => !isThrough(one);
  return gate
    .vehicles()
    .filter(isInside)
    .map(({ vehicle }) => vehicle);
}

function vehiclesIn(gates: readonly Gate[]): number {
  return gates.reduce((sum, gate) => sum + gate.vehicles().length, 0);
}

function named(gates: readonly Gate[], name: string): Gate {
  const gate = gates.find((one) => one.name === name);
  if (gate === undefined) throw new RangeError(`no entry lane ${name}`);
  return gate;
}

/** The gate with the fewest vehicles among those with room; the first of equals. */
function shortestQueue(gates: readonly Gate[]): Gate | undefined {
  const open = gates.filter((gate) => gate.hasRoom());
  return open.toSorted((a, b) => a.vehicles().length - b.vehicles().length)[0];
}
