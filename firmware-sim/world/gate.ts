import type { BarrierAction, LaneDirection, SensorInput } from "@parkme/shared/domain/lane";
import type { Vehicle } from "../traffic/demand.ts";
import { createArm, type ArmMotion } from "./arm.ts";
import { contactsOf, type Contacts } from "./contacts.ts";
import {
  letStand,
  placeVehicle,
  standsForMs,
  stepDriver,
  type DriverScript,
  type LaneVehicle,
  type Surroundings,
} from "./driver.ts";
import { STANDARD_GEOMETRY, type LaneGeometry } from "./geometry.ts";
import { isHit, isRead, isUnderArm, nextLookMs } from "./watch.ts";
import { isThrough, stepWrongWay } from "./wrong-way.ts";

export type GateOptions = {
  readonly name: string;
  readonly direction: LaneDirection;
  /** Time of a full swing of the arm. */
  readonly ratedMs: number;
  readonly geometry?: LaneGeometry;
  /** Vehicles that fit into the lane, those at the gate included. */
  readonly queueLimit?: number;
  /** The zone that an entry leads into; null = the car park at large. */
  readonly zone?: string | null;
  /** Which of the sensors that guard the arm are there; left out = all. */
  readonly fitted?: readonly SensorInput[];
  /** Is told of every beginning and end of a movement of the arm. */
  readonly onArm?: (event: ArmEvent) => void;
};

/** `underneath`: the visits in the arm's way by geometry; `covered`: the fitted guards that a vehicle is truly over. */
export type InTheWay = { readonly underneath: readonly number[]; readonly covered: readonly SensorInput[] };

export type ArmEvent = {
  readonly kind: "arm";
  readonly lane: string;
  readonly motion: ArmMotion;
  readonly position: number;
} & InTheWay;

export type GateEvent = {
  readonly kind: "in_view" | "at_line" | "passed" | "backed_out" | "arm_hit";
  readonly vehicle: Vehicle;
  readonly driver: Readonly<LaneVehicle>;
};

/** One lane with its arm, loops, and the vehicles in it. */
export type Gate = {
  readonly name: string;
  readonly direction: LaneDirection;
  readonly zone: string | null;
  readonly geometry: LaneGeometry;
  /** What the contacts say right now; the same object as long as none of them changes. */
  readonly inputs: () => Contacts;
  /** A relay contact of the board closes or falls off. */
  readonly relay: (action: BarrierAction, on: boolean) => void;
  readonly hasRoom: () => boolean;
  /** Drives into the lane; false when there is no room. */
  readonly enter: (vehicle: Vehicle, script?: DriverScript, visit?: number | null) => boolean;
  /** Drives in from the far end of an exit; false when somebody is in it. */
  readonly enterWrongWay: (vehicle: Vehicle, script: DriverScript, visit: number | null) => boolean;
  readonly step: (dtMs: number) => readonly GateEvent[];
  /** Somebody is in the lane, or the arm moves: it needs its steps. */
  readonly busy: () => boolean;
  /** For how long nothing at all changes here by itself: for that long time may be skipped. */
  readonly quietMs: () => number;
  /** Lets time pass in which nothing changes. */
  readonly skip: (ms: number) => void;
  /** Front-most first. */
  readonly vehicles: () => readonly Readonly<LaneVehicle>[];
  /** The front-most vehicle that stands at the line or before the arm; null = nobody. */
  readonly atLine: () => Readonly<LaneVehicle> | null;
  /** Nobody is under the arm or right behind it, as an attendant would see. */
  readonly isClear: () => boolean;
  readonly inTheWay: () => InTheWay;
  /** Makes a driver who has not driven through turn away as soon as nobody stands behind; those behind make room. */
  readonly giveUp: (visit: number) => void;
  readonly arm: () => { readonly position: number; readonly motion: ArmMotion };
  /** How often the arm came down on a vehicle: must stay 0. */
  readonly armHits: () => number;
  /** Fault: the arm hears its pulses and does not move. */
  readonly jamArm: (jammed: boolean) => void;
  /** Fault: the arm takes so many times as long as it is rated. */
  readonly slowArm: (factor: number) => void;
};

const QUEUE_LIMIT = 8;
const ENTRANCE_GAP_M = 2;
/** In longer ones a vehicle might pass the light beam unseen. */
const LONGEST_STEP_MS = 50;
const GUARDS = ["safety", "closing", "photocell"] as const;
const NOTHING: readonly GateEvent[] = [];
const AT_REST: Contacts = {
  arming: false,
  safety: false,
  closing: false,
  photocell: false,
  open_limit: false,
  closed_limit: true,
};

export function createGate(options: GateOptions): Gate {
  return new LaneGate(options);
}

class LaneGate implements Gate {
  readonly name: string;
  readonly direction: LaneDirection;
  readonly zone: string | null;
  readonly geometry: LaneGeometry;
  private readonly moving: ReturnType<typeof createArm>;
  private readonly queueLimit: number;
  private readonly fitted: readonly SensorInput[];
  private readonly onArm: ((event: ArmEvent) => void) | undefined;
  private readonly seen: Surroundings;
  private readonly lane: LaneVehicle[] = [];
  private contacts: Contacts = AT_REST;
  private events: GateEvent[] = [];
  private toldMotion: ArmMotion = "still";
  private hits = 0;
  private nowMs = 0;
  /** Nobody moved in the last step, and nobody came since. */
  private stands = false;

  constructor({ geometry = STANDARD_GEOMETRY, queueLimit = QUEUE_LIMIT, zone = null, ...rest }: GateOptions) {
    this.name = rest.name;
    this.direction = rest.direction;
    this.zone = zone;
    this.geometry = geometry;
    this.queueLimit = queueLimit;
    this.fitted = GUARDS.filter((guard) => rest.fitted?.includes(guard) ?? true);
    this.onArm = rest.onArm;
    this.moving = createArm({ ratedMs: rest.ratedMs });
    this.seen = { geometry, armPosition: 0, openingUnused: true, ahead: undefined, followed: false };
  }

  inputs = (): Contacts => this.contacts;
  vehicles = (): readonly Readonly<LaneVehicle>[] => this.lane;
  armHits = (): number => this.hits;
  arm = (): { position: number; motion: ArmMotion } => ({
    position: this.moving.position(),
    motion: this.moving.motion(),
  });
  relay = (action: BarrierAction, on: boolean): void => this.moving.relay(action, on);
  jamArm = (jammed: boolean): void => this.moving.jam(jammed);
  slowArm = (factor: number): void => this.moving.slow(factor);
  busy = (): boolean => this.lane.length > 0 || this.isArmMoving();

  private isArmMoving(): boolean {
    return this.moving.isMoving() || this.toldMotion !== "still";
  }

  /** Nobody drives in while somebody is on the way out backwards, or comes in by the exit. */
  hasRoom = (): boolean =>
    this.lane.length < this.queueLimit &&
    !this.lane.some(({ phase, isWrongWay }) => phase === "reversing" || (isWrongWay && phase === "passing"));

  enter = (
    vehicle: Vehicle,
    script: DriverScript = { kind: "normal" },
    visit: number | null = null,
  ): boolean => {
    if (!this.hasRoom()) return false;
    const behindLastM = (this.lane.at(-1)?.rearM ?? Infinity) - ENTRANCE_GAP_M;
    const frontM = Math.min(this.geometry.entranceM, behindLastM);
    this.lane.push(placeVehicle(vehicle, script, { frontM, visit, isWrongWay: false }));
    this.stands = false;
    return true;
  };

  enterWrongWay = (vehicle: Vehicle, script: DriverScript, visit: number | null): boolean => {
    if (this.lane.length > 0 || this.direction !== "exit") return false;
    const one = placeVehicle(vehicle, script, { frontM: 0, visit, isWrongWay: true });
    one.rearM = this.geometry.endM;
    one.frontM = one.rearM + one.silhouette.lengthM;
    this.lane.push(one);
    this.stands = false;
    return true;
  };

  step = (dtMs: number): readonly GateEvent[] => {
    if (!this.busy()) {
      this.nowMs += dtMs;
      return NOTHING;
    }
    for (let leftMs = dtMs; leftMs > 0; leftMs -= LONGEST_STEP_MS)
      this.stepOnce(Math.min(leftMs, LONGEST_STEP_MS));
    const { events } = this;
    if (events.length === 0) return NOTHING;
    this.events = [];
    return events;
  };

  private stepOnce(dtMs: number): void {
    this.nowMs += dtMs;
    const { moving, lane, geometry } = this;
    // Pulses came between two steps.
    this.tellArm();
    if (moving.isMoving()) moving.step(dtMs, lane.some(isUnderArm));
    const position = moving.position();
    const moved = this.stepDrivers(position, dtMs);
    this.stands = !moved;
    for (const driver of lane) {
      if (isHit(driver, position)) {
        this.hits += 1;
        this.happens("arm_hit", driver);
      }
      if (isRead(driver, geometry, dtMs)) this.happens("in_view", driver);
    }
    this.removeGone();
    this.contacts = contactsOf(lane, position, geometry, this.contacts);
    this.tellArm();
  }

  /** True when anybody has moved. */
  private stepDrivers(armPosition: number, dtMs: number): boolean {
    const { lane, seen } = this;
    let moved = false;
    for (let index = 0; index < lane.length; index += 1) {
      const driver = lane[index];
      if (driver === undefined) continue;
      const wasBeforeArm = driver.frontM <= 0;
      this.look(index, armPosition);
      const isAlone = lane.length === 1;
      const hasMoved = driver.isWrongWay
        ? stepWrongWay(driver, seen, isAlone, dtMs)
        : stepDriver(driver, seen, dtMs);
      moved ||= hasMoved;
      if (driver.isWrongWay ? driver.rearM < 0 : wasBeforeArm && driver.frontM > 0)
        this.seen.openingUnused = false;
      if (driver.phase === "waiting" && driver.atLineSinceMs === null && !driver.isWrongWay) {
        driver.atLineSinceMs = this.nowMs;
        this.happens("at_line", driver);
      }
    }
    if (armPosition < 0.5) seen.openingUnused = true;
    return moved;
  }

  /** What the driver at this place sees. */
  private look(index: number, armPosition: number): void {
    this.seen.armPosition = armPosition;
    this.seen.ahead = this.lane[index - 1];
    this.seen.followed = index < this.lane.length - 1;
  }

  private happens(kind: GateEvent["kind"], driver: LaneVehicle): void {
    this.events.push({ kind, vehicle: driver.vehicle, driver });
  }

  private removeGone(): void {
    const { lane } = this;
    for (let index = 0; index < lane.length;) {
      const driver = lane[index];
      const how = driver === undefined ? null : this.wayOut(driver);
      if (driver === undefined || how === null) {
        index += 1;
        continue;
      }
      lane.splice(index, 1);
      this.stands = false;
      this.happens(how, driver);
    }
  }

  private wayOut(driver: LaneVehicle): "passed" | "backed_out" | null {
    const { geometry } = this;
    const isBeyond = driver.rearM > geometry.endM;
    if (driver.isWrongWay) {
      if (driver.phase === "reversing") return isBeyond ? "backed_out" : null;
      return driver.phase === "passing" && isThrough(driver, this.seen) ? "passed" : null;
    }
    // Backwards: a vehicle's length before the arming loop.
    if (driver.phase === "reversing")
      return driver.frontM < geometry.arming.fromM - driver.silhouette.lengthM ? "backed_out" : null;
    return isBeyond ? "passed" : null;
  }

  private tellArm(): void {
    const motion = this.moving.isMoving() ? this.moving.motion() : "still";
    if (motion === this.toldMotion) return;
    this.toldMotion = motion;
    this.onArm?.({
      kind: "arm",
      lane: this.name,
      motion,
      position: this.moving.position(),
      ...this.inTheWay(),
    });
  }

  quietMs = (): number => {
    if (this.isArmMoving()) return 0;
    if (this.lane.length === 0) return Infinity;
    if (!this.stands) return 0;
    const position = this.moving.position();
    let quietMs = Infinity;
    for (let index = 0; index < this.lane.length; index += 1) {
      const driver = this.lane[index];
      if (driver === undefined) continue;
      if (driver.isWrongWay) return 0;
      this.look(index, position);
      quietMs = Math.min(quietMs, standsForMs(driver, this.seen), nextLookMs(driver, this.geometry));
    }
    return Math.max(0, quietMs);
  };

  skip = (ms: number): void => {
    this.nowMs += ms;
    for (const driver of this.lane) letStand(driver, ms);
  };

  atLine = (): Readonly<LaneVehicle> | null => {
    for (const driver of this.lane) {
      if (driver.isWrongWay) continue;
      if (driver.phase === "waiting") return driver;
      if (driver.phase === "passing" && driver.frontM <= 0 && driver.speedMPerS === 0) return driver;
    }
    return null;
  };

  isClear = (): boolean => {
    const { safety, closing } = this.geometry;
    return !this.lane.some(({ frontM, rearM }) => frontM > safety.fromM && rearM < closing.toM);
  };

  inTheWay = (): InTheWay => ({
    underneath: this.lane.filter(isUnderArm).flatMap(({ visit }) => visit ?? []),
    covered: this.fitted.filter((guard) => this.contacts[guard]),
  });

  giveUp = (visit: number): void => {
    const index = this.lane.findIndex((one) => one.visit === visit);
    const driver = this.lane[index];
    if (driver === undefined || (driver.phase !== "waiting" && driver.phase !== "approaching")) return;
    for (const one of this.lane.slice(index)) one.gaveUp = true;
    this.stands = false;
  };
}
