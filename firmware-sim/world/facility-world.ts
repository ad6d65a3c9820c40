import { drawStayMs, drawVehicle, nextArrivalGapMs, type Demand, type Vehicle } from "../traffic/demand.ts";
import { createRandom } from "../traffic/random.ts";
import type { DriverScript } from "./driver.ts";
import { createGate, type Gate, type GateOptions } from "./gate.ts";

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

export type ParkedVehicle = {
  readonly vehicle: Vehicle;
  /** Simulated time until the driver heads for an exit. */
  readonly remainingMs: number;
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

type Parked = { readonly vehicle: Vehicle; readonly departsMs: number; readonly script: DriverScript };

export function createFacilityWorld(options: WorldOptions): FacilityWorld {
  const random = createRandom(options.seed);
  const arrivals = random.fork("arrivals");
  const vehicles = random.fork("vehicles");
  const drivers = random.fork("drivers");
  const gates = new Map(options.lanes.map((lane) => [lane.name, createGate(lane)]));
  const entries = [...gates.values()].filter((gate) => gate.direction === "entry");
  const exits = [...gates.values()].filter((gate) => gate.direction === "exit");

  let nowMs = 0;
  let nextArrivalMs = nextArrivalGapMs(options.demand, arrivals);
  let droveOn = 0;
  let parked: Parked[] = (options.parked ?? []).map(({ vehicle, remainingMs }) => park(vehicle, remainingMs));
  /** Stays asked for by arrivals that have not come in yet; entries leave with their vehicle. */
  const stays = new Map<Vehicle, number>();
  let pending: WorldEvent[] = [];

  function park(vehicle: Vehicle, stayMs: number): Parked {
    return { vehicle, departsMs: nowMs + stayMs, script: { kind: "normal" } };
  }

  function isPresent(plateText: string): boolean {
    const holds = ({ vehicle }: { readonly vehicle: Vehicle }) => vehicle.plate.text === plateText;
    return parked.some(holds) || [...gates.values()].some((gate) => gate.vehicles().some(holds));
  }

  function arrive({ vehicle, lane, script, stayMs }: Arrival): boolean {
    const heading = entries.reduce((sum, gate) => sum + gate.vehicles().length, 0);
    const leaving = exits.reduce((sum, gate) => sum + gate.vehicles().length, 0);
    const full = parked.length + leaving + heading >= options.capacity;
    const gate = lane === undefined ? shortestQueue(entries) : entryNamed(lane);
    if (full || gate === undefined || !gate.enter(vehicle, script)) {
      droveOn += 1;
      pending.push({ kind: "drove_on", reason: full ? "car_park_full" : "queue_full", vehicle });
      return false;
    }
    stays.set(vehicle, stayMs ?? drawStayMs(options.demand, drivers));
    pending.push({ kind: "arrived", lane: gate.name, vehicle });
    return true;
  }

  function entryNamed(lane: string): Gate {
    const gate = entries.find(({ name }) => name === lane);
    if (gate === undefined) throw new RangeError(`no entry lane ${lane}`);
    return gate;
  }

  function randomArrivals(): void {
    while (nextArrivalMs <= nowMs) {
      nextArrivalMs += nextArrivalGapMs(options.demand, arrivals);
      arrive({ vehicle: drawVehicle(vehicles, isPresent), script: drawScript() });
    }
  }

  function drawScript(): DriverScript {
    if (!drivers.chance(options.backOutChance ?? 0)) return { kind: "normal" };
    return {
      kind: "back_out",
      from: drivers.pick(["waiting", "opened"]),
      afterMs: 1_000 + drivers.int(3_000),
    };
  }

  /** Whose time is up heads for an exit; with every queue full they wait at their spot. */
  function departures(): void {
    const due = parked.filter(({ departsMs }) => departsMs <= nowMs);
    for (const one of due) {
      if (shortestQueue(exits)?.enter(one.vehicle, one.script) !== true) return;
      parked = parked.filter((other) => other !== one);
    }
  }

  function stepGate(gate: Gate, dtMs: number): WorldEvent[] {
    return gate.step(dtMs).map(({ kind, vehicle }): WorldEvent => {
      if (kind === "in_view" || kind === "arm_hit") return { kind, lane: gate.name, vehicle };
      const isEntry = gate.direction === "entry";
      // Who backs out of an entry was never inside; who backs out of an exit goes back to a spot for a while.
      if (isEntry === (kind === "passed")) {
        parked.push(park(vehicle, stays.get(vehicle) ?? drawStayMs(options.demand, drivers)));
      }
      stays.delete(vehicle);
      if (kind === "backed_out") return { kind, lane: gate.name, vehicle };
      return {
        kind: "movement",
        lane: gate.name,
        direction: isEntry ? "in" : "out",
        vehicle,
        inside: inside().length,
      };
    });
  }

  /** A lane's vehicle is through once its front has reached the closing loop. */
  function inside(): ParkedVehicle[] {
    const underWay = [...gates.values()].flatMap((gate) =>
      gate
        .vehicles()
        .filter((one) => (gate.direction === "entry") === one.frontM > gate.geometry.closing.fromM)
        .map(({ vehicle }) => ({ vehicle, remainingMs: stays.get(vehicle) ?? 0 })),
    );
    const atSpots = parked.map(({ vehicle, departsMs }) => ({
      vehicle,
      remainingMs: Math.max(0, departsMs - nowMs),
    }));
    return [...atSpots, ...underWay];
  }

  return {
    gates,
    step(dtMs) {
      if (!(dtMs > 0 && dtMs <= MAX_STEP_MS))
        throw new RangeError(`a step is 0..${MAX_STEP_MS} ms, not ${dtMs}`);
      nowMs += dtMs;
      randomArrivals();
      departures();
      const events = [...gates.values()].flatMap((gate) => stepGate(gate, dtMs));
      const all = [...pending, ...events];
      pending = [];
      return all;
    },
    arrive,
    depart(plateText, script = { kind: "normal" }) {
      const one = parked.find(({ vehicle }) => vehicle.plate.text === plateText);
      if (one === undefined) return false;
      parked = parked.map((other) => (other === one ? { ...one, departsMs: nowMs, script } : other));
      return true;
    },
    inside,
    nowMs: () => nowMs,
    droveOn: () => droveOn,
    armHits: () => [...gates.values()].reduce((sum, gate) => sum + gate.armHits(), 0),
  };
}

/** The gate with the fewest vehicles among those with room; the first of equals. */
function shortestQueue(gates: readonly Gate[]): Gate | undefined {
  const open = gates.filter((gate) => gate.hasRoom());
  return open.toSorted((a, b) => a.vehicles().length - b.vehicles().length)[0];
}
