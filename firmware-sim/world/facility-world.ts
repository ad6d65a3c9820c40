import type { SensorInput } from "@parkme/shared/domain/lane";
import type { Demand, Vehicle } from "../traffic/demand.ts";
import type { DriverScript } from "./driver.ts";
import { createGate, type ArmEvent, type Gate, type GateEvent, type GateOptions } from "./gate.ts";
import { createSource } from "./source.ts";
import { createSpots, type Parked, type ParkedVehicle } from "./spots.ts";

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
  /** Is told of every beginning and end of a movement of an arm, in the middle of a step. */
  readonly onArm?: (event: ArmEvent) => void;
};

/** `visit` is the number that the vehicle was sent with; null = nobody gave it one. */
type Who = { readonly vehicle: Vehicle; readonly visit: number | null };

export type WorldEvent = Who &
  (
    | { readonly kind: "arrived"; readonly lane: string }
    /** A plate stands in the view of this lane's camera. */
    | { readonly kind: "in_view"; readonly lane: string }
    /** Stands at the line, nobody before it. */
    | { readonly kind: "at_line"; readonly lane: string }
    | {
        readonly kind: "movement";
        readonly lane: string;
        /** `in` through an exit: against its direction. */
        readonly direction: "in" | "out";
        readonly inside: number;
      }
    | { readonly kind: "backed_out"; readonly lane: string }
    /** `gave_up`: turned away from an entry that did not open. */
    | { readonly kind: "drove_on"; readonly reason: "queue_full" | "car_park_full" | "gave_up" }
    | { readonly kind: "arm_hit"; readonly lane: string; readonly covered: readonly SensorInput[] }
  );

export type Arrival = {
  readonly vehicle: Vehicle;
  /** Names the visit in every event. */
  readonly visit?: number;
  /** The entry lane; without it the one with the shortest queue. */
  readonly lane?: string;
  readonly script?: DriverScript;
  /** How it will leave; once, should it have to try again. */
  readonly exitScript?: DriverScript;
  /** Simulated time inside; without it drawn at random. */
  readonly stayMs?: number;
};

/** A car park: entry lanes, vehicles inside, exit lanes. Pure: time passes only in `step` and `skip`. */
export type FacilityWorld = {
  readonly gates: ReadonlyMap<string, Gate>;
  /** Lets `dtMs` simulated milliseconds pass; at most 100. */
  readonly step: (dtMs: number) => readonly WorldEvent[];
  /** A vehicle is in a lane or an arm moves. */
  readonly busy: () => boolean;
  /** Milliseconds until the next arrival, or until the next parked driver wants to leave; Infinity = never. */
  readonly nextMs: () => number;
  /** For how long nothing changes by itself, in lanes with vehicles that stand too; 0 while something moves. */
  readonly quietMs: () => number;
  /** Lets time pass in which nothing happens; throws a `RangeError` when that is more than `quietMs`. */
  readonly skip: (ms: number) => void;
  /** Sends one more vehicle to an entry; false when there was no room and it drove on. */
  readonly arrive: (arrival: Arrival) => boolean;
  /** Makes a parked driver head for an exit now, for a certain one if named; false when no such plate is parked. */
  readonly depart: (plateText: string, script?: DriverScript, lane?: string) => boolean;
  /** Makes the driver who makes this visit turn away from an entry, as soon as nobody stands behind. */
  readonly giveUp: (visit: number) => void;
  /** The front-most visit that stands at this lane's line or before its arm, and since when; null = none. */
  readonly atLine: (lane: string) => { readonly visit: number; readonly sinceMs: number } | null;
  /** Nobody is under this lane's arm or right behind it. */
  readonly isClear: (lane: string) => boolean;
  /** Everybody who has come in and not gone out, those under way in the lanes included. */
  readonly inside: () => readonly ParkedVehicle[];
  /** Random drivers come so many times as often, and stay so much shorter, from now on; also those drawn already. */
  readonly setSpeed: (speed: number) => void;
  readonly nowMs: () => number;
  readonly droveOn: () => number;
  readonly armHits: () => number;
};

const MAX_STEP_MS = 100;
/** A driver with a plan of their own who came back from an exit tries again after this. */
const TRY_AGAIN_MS = 5 * 60_000;
const NORMAL: DriverScript = { kind: "normal" };
const NOTHING: readonly WorldEvent[] = [];

/** What is known of a vehicle that is under way in a lane. */
type Trip = { readonly stayMs: number; readonly exitScript: DriverScript; readonly zone: string | null };

export function createFacilityWorld(options: WorldOptions): FacilityWorld {
  return new World(options);
}

class World implements FacilityWorld {
  readonly gates: ReadonlyMap<string, Gate>;
  private readonly all: readonly Gate[];
  private readonly entries: readonly Gate[];
  private readonly exits: readonly Gate[];
  private readonly capacity: number;
  private readonly spots = createSpots();
  private readonly source: ReturnType<typeof createSource>;
  /** By vehicle: those in an entry lane, and those half through an exit. */
  private readonly trips = new Map<Vehicle, Trip>();
  private clockMs = 0;
  private drivenOn = 0;
  private pending: WorldEvent[] = [];

  constructor({ lanes, capacity, parked = [], onArm, ...demand }: WorldOptions) {
    this.gates = new Map(
      lanes.map((lane) => [lane.name, createGate({ ...lane, ...(onArm !== undefined && { onArm }) })]),
    );
    this.all = [...this.gates.values()];
    this.entries = this.all.filter(({ direction }) => direction === "entry");
    this.exits = this.all.filter(({ direction }) => direction === "exit");
    this.capacity = capacity;
    this.source = createSource(demand, this.isPresent);
    for (const { vehicle, remainingMs, visit = null, zone = null } of parked)
      this.spots.park({ vehicle, visit, zone, departsMs: remainingMs, script: NORMAL, lane: null });
  }

  private readonly isPresent = (plateText: string): boolean =>
    this.spots.holds(plateText) ||
    this.all.some((gate) => gate.vehicles().some(({ vehicle }) => vehicle.plate.text === plateText));

  nowMs = (): number => this.clockMs;
  droveOn = (): number => this.drivenOn;
  armHits = (): number => this.all.reduce((sum, gate) => sum + gate.armHits(), 0);
  busy = (): boolean => {
    for (const gate of this.all) if (gate.busy()) return true;
    return this.pending.length > 0;
  };
  nextMs = (): number => {
    // While no exit has room, whoever wants to leave waits for somebody to move, not for a time.
    const leavesMs = shortestQueue(this.exits) === null ? Infinity : this.spots.nextMs();
    return Math.max(0, Math.min(this.source.nextMs(), leavesMs) - this.clockMs);
  };

  quietMs = (): number => {
    if (this.pending.length > 0) return 0;
    let quietMs = this.nextMs();
    for (const gate of this.all) quietMs = Math.min(quietMs, gate.quietMs());
    return quietMs;
  };

  skip = (ms: number): void => {
    if (!(ms >= 0 && ms <= this.quietMs()))
      throw new RangeError(`cannot skip ${ms} ms: something happens before`);
    this.clockMs += ms;
    for (const gate of this.all) gate.skip(ms);
  };

  step = (dtMs: number): readonly WorldEvent[] => {
    if (!(dtMs > 0 && dtMs <= MAX_STEP_MS))
      throw new RangeError(`a step is 0..${MAX_STEP_MS} ms, not ${dtMs}`);
    this.clockMs += dtMs;
    for (;;) {
      const arrival = this.source.take(this.clockMs);
      if (arrival === null) break;
      this.arrive(arrival);
    }
    if (this.spots.nextMs() <= this.clockMs) this.spots.release(this.clockMs, this.leave);
    for (const gate of this.all) for (const event of gate.step(dtMs)) this.tell(gate, event);
    if (this.pending.length === 0) return NOTHING;
    const events = this.pending;
    this.pending = [];
    return events;
  };

  arrive = (arrival: Arrival): boolean => {
    const { vehicle, visit = null, lane, script = NORMAL, exitScript = NORMAL } = arrival;
    const full = this.spots.count() + this.underWay() >= this.capacity;
    const gate = full ? null : this.driveIn(vehicle, script, visit, lane);
    if (gate === null) {
      this.drivenOn += 1;
      const reason = full ? "car_park_full" : "queue_full";
      this.pending.push({ kind: "drove_on", reason, vehicle, visit });
      return false;
    }
    const stayMs = arrival.stayMs ?? this.source.stayMs();
    this.trips.set(vehicle, { stayMs, exitScript, zone: gate.zone });
    this.pending.push({ kind: "arrived", lane: gate.name, vehicle, visit });
    return true;
  };

  private driveIn(
    vehicle: Vehicle,
    script: DriverScript,
    visit: number | null,
    lane: string | undefined,
  ): Gate | null {
    const named = lane === undefined ? null : this.entry(lane);
    if (script.kind === "wrong_way") {
      const exit = this.exits.find((gate) => gate.enterWrongWay(vehicle, script, visit));
      if (exit !== undefined) return exit;
    }
    const gate = named ?? shortestQueue(this.entries);
    return gate !== null && gate.enter(vehicle, script, visit) ? gate : null;
  }

  private entry(name: string): Gate {
    const gate = this.entries.find((one) => one.name === name);
    if (gate === undefined) throw new RangeError(`no entry lane ${name}`);
    return gate;
  }

  private readonly leave = ({ vehicle, visit, zone, script, lane }: Parked): boolean => {
    const gate = this.exits.find(({ name }) => name === lane) ?? shortestQueue(this.exits);
    if (gate === null || !gate.enter(vehicle, script, visit)) return false;
    this.trips.set(vehicle, { stayMs: TRY_AGAIN_MS, exitScript: NORMAL, zone });
    return true;
  };

  private tell(gate: Gate, { kind, vehicle, driver }: GateEvent): void {
    const lane = gate.name;
    const { visit } = driver;
    if (kind === "in_view" || kind === "at_line") {
      this.pending.push({ kind, lane, vehicle, visit });
    } else if (kind === "arm_hit") {
      this.pending.push({ kind, lane, vehicle, visit, covered: gate.inTheWay().covered });
    } else {
      this.leftLane(gate, kind, driver);
    }
  }

  /** Somebody is out of a lane, at one end or the other. */
  private leftLane(gate: Gate, kind: "passed" | "backed_out", driver: GateEvent["driver"]): void {
    const { vehicle, visit, isWrongWay, gaveUp } = driver;
    const isInside = (gate.direction === "entry" || isWrongWay) === (kind === "passed");
    const trip = this.trips.get(vehicle);
    this.trips.delete(vehicle);
    // Who backs out of an entry was never inside; who backs out of an exit goes back to a spot for a while.
    if (isInside) this.parkAgain(gate, driver, trip);
    if (kind === "passed") {
      const direction = isInside ? "in" : "out";
      this.pending.push({
        kind: "movement",
        lane: gate.name,
        direction,
        vehicle,
        visit,
        inside: this.insideCount(),
      });
    } else if (gaveUp && gate.direction === "entry") {
      this.drivenOn += 1;
      this.pending.push({ kind: "drove_on", reason: "gave_up", vehicle, visit });
    } else {
      this.pending.push({ kind: "backed_out", lane: gate.name, vehicle, visit });
    }
  }

  private parkAgain(
    gate: Gate,
    { vehicle, visit, isWrongWay }: GateEvent["driver"],
    trip: Trip | undefined,
  ): void {
    const cameIn = gate.direction === "entry" || isWrongWay;
    // Without a plan of its own a vehicle that could not leave stays for as long as any other.
    const stayMs = trip === undefined || (!cameIn && visit === null) ? this.source.stayMs() : trip.stayMs;
    this.spots.park({
      vehicle,
      visit,
      zone: trip?.zone ?? null,
      departsMs: this.clockMs + stayMs,
      script: trip?.exitScript ?? NORMAL,
      lane: null,
    });
  }

  depart = (plateText: string, script: DriverScript = NORMAL, lane?: string): boolean => {
    if (lane !== undefined && !this.exits.some(({ name }) => name === lane))
      throw new RangeError(`no exit lane ${lane}`);
    return this.spots.reschedule(plateText, { departsMs: this.clockMs, script, lane: lane ?? null });
  };

  giveUp = (visit: number): void => {
    for (const gate of this.entries) gate.giveUp(visit);
  };

  atLine = (lane: string): { visit: number; sinceMs: number } | null => {
    const driver = this.gates.get(lane)?.atLine() ?? null;
    if (driver === null || driver.visit === null) return null;
    return { visit: driver.visit, sinceMs: driver.atLineSinceMs ?? this.clockMs };
  };

  isClear = (lane: string): boolean => this.gates.get(lane)?.isClear() ?? true;

  inside = (): ParkedVehicle[] => [
    ...this.spots.list().map(({ vehicle, departsMs, visit, zone }) => ({
      vehicle,
      remainingMs: Math.max(0, departsMs - this.clockMs),
      visit,
      zone,
    })),
    ...this.all
      .flatMap((gate) => gate.vehicles().filter((one) => isInside(gate, one)))
      .map(({ vehicle, visit }) => {
        const trip = this.trips.get(vehicle);
        return { vehicle, remainingMs: trip?.stayMs ?? 0, visit, zone: trip?.zone ?? null };
      }),
  ];

  setSpeed = (speed: number): void =>
    this.spots.stretch(this.clockMs, this.source.setSpeed(speed, this.clockMs));

  private insideCount(): number {
    let count = this.spots.count();
    for (const gate of this.all) for (const one of gate.vehicles()) if (isInside(gate, one)) count += 1;
    return count;
  }

  private underWay(): number {
    let count = 0;
    for (const gate of this.all) count += gate.vehicles().length;
    return count;
  }
}

/** A vehicle is through once its front has reached the closing loop, or its nose the stop line from the other side. */
function isInside(
  gate: Gate,
  one: { readonly frontM: number; readonly rearM: number; readonly isWrongWay: boolean },
) {
  if (one.isWrongWay) return one.rearM < gate.geometry.stopLineM;
  const isThrough = one.frontM > gate.geometry.closing.fromM;
  return gate.direction === "entry" ? isThrough : !isThrough;
}

/** The gate with the fewest vehicles among those with room; the first of equals. */
function shortestQueue(gates: readonly Gate[]): Gate | null {
  let best: Gate | null = null;
  for (const gate of gates) {
    if (!gate.hasRoom()) continue;
    if (best === null || gate.vehicles().length < best.vehicles().length) best = gate;
  }
  return best;
}
