import {
  createFacilityWorld,
  type FacilityWorld,
  type WorldEvent,
  type WorldOptions,
} from "../world/facility-world.ts";
import type { Gate } from "../world/gate.ts";
import type { Hardware } from "./edge/hardware/hardware.ts";
import type { Sight } from "./hands.ts";
import type { Tell, Told } from "./journal.ts";
import type { Attendants } from "./people/attendants.ts";
import type { Drivers } from "./people/drivers.ts";
import type { Payers } from "./people/payers.ts";
import type { Schedule, Visit } from "./schedule.ts";
import type { VirtualTime } from "./time/virtual-time.ts";

const TICK_MS = 50;
/** How often drivers do something, and attendants look. */
const LOOK_MS = 500;
const ATTEND_MS = 2_000;
/** How often attendants look again while a lane waits for their word and nobody drives. */
const WATCH_MS = 5_000;
/** From here up an arm looks open. */
const LOOKS_OPEN = 0.95;
/** How sure a camera is of what it reads right, and of what it does not. */
const SURE = 0.95;
const UNSURE = 0.8;

type Population = {
  readonly hardware: Hardware;
  readonly drivers: Drivers;
  readonly attendants: Attendants;
  readonly payers: Payers;
};

type StreetParts = {
  readonly time: VirtualTime;
  readonly tell: Tell;
  /** Looked at before every step; null = nobody interrupts. */
  readonly interrupted: AbortSignal | null;
};

/** The world in virtual time: it moves while somebody is in a lane, and costs nothing while nobody is. */
export class Street {
  readonly world: FacilityWorld;
  /** The lanes as boards are wired to them: the arm begins to move when the relay closes, not before. */
  readonly gates: ReadonlyMap<string, Gate>;
  private readonly schedule: Schedule;
  private readonly time: VirtualTime;
  private readonly tell: Tell;
  private readonly interrupted: AbortSignal | null;
  private population: Population | null = null;
  private isTicking = false;
  private isWatching = false;
  private driversLookedMs = -Infinity;
  private attendantsLookedMs = -Infinity;

  constructor(schedule: Schedule, { time, tell, interrupted }: StreetParts) {
    [this.schedule, this.time, this.tell, this.interrupted] = [schedule, time, tell, interrupted];
    this.world = createFacilityWorld({ ...worldOf(schedule), onArm: tell });
    this.gates = new Map([...this.world.gates].map(([name, gate]) => [name, this.inTime(gate)]));
    for (const visit of schedule.visits) time.after(visit.atMs, () => this.arrive(visit), { life: null });
  }

  /** From now on people see and do things. */
  populate(population: Population): void {
    this.population = population;
  }

  readonly inside = (): readonly number[] => this.world.inside().flatMap(({ visit }) => visit ?? []);

  sight(): Sight {
    const { world } = this;
    return {
      atLine: world.atLine,
      isOpen: (lane) => (world.gates.get(lane)?.arm().position ?? 0) > LOOKS_OPEN,
      isClear: world.isClear,
      giveUp: world.giveUp,
    };
  }

  /** Lets time pass, thing by thing, until this is so. */
  async until(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      this.interrupted?.throwIfAborted();
      this.keepTicking();
      if (!(await this.time.step())) throw new Error("nothing is due any more");
    }
  }

  /** Attendants look again and again while a lane waits for their word, also when nobody drives. */
  watch(): void {
    const { population } = this;
    if (this.isWatching || population === null || !population.attendants.isWanted()) return;
    this.isWatching = true;
    const look = (): void => {
      this.isWatching = false;
      population.attendants.look();
      this.watch();
    };
    this.time.after(WATCH_MS, look, { life: null });
  }

  private inTime(gate: Gate): Gate {
    return {
      ...gate,
      relay: (action, on) => {
        this.catchUp();
        gate.relay(action, on);
      },
    };
  }

  private arrive({ id: visit, vehicle, lane, entry: script, exit: exitScript, stayMs }: Visit): false {
    this.catchUp();
    this.world.arrive({ visit, vehicle, script, exitScript, stayMs, ...(lane !== null && { lane }) });
    return false;
  }

  /** The world moves while there is something in it that does; otherwise it waits for the next who wants to leave. */
  private keepTicking(): void {
    if (this.isTicking) return;
    const { time, world } = this;
    const untilNextMs = world.nextMs() - (time.nowMs - world.nowMs());
    const waitMs = world.busy() ? this.tickMs() : Math.max(TICK_MS, untilNextMs);
    if (!Number.isFinite(waitMs) || (waitMs > TICK_MS && time.nowMs + waitMs > time.nextMs())) return;
    this.isTicking = true;
    time.after(waitMs, () => this.tick(), { life: null });
  }

  /** Who only stands is looked at as often as people do something. */
  private tickMs(): number {
    return Math.max(TICK_MS, Math.min(this.world.quietMs(), LOOK_MS));
  }

  /** @returns whether anything was begun that waits. */
  private tick(): boolean {
    this.isTicking = false;
    this.catchUp();
    if (this.population === null) return false;
    const { hardware, drivers, attendants } = this.population;
    const isTold = hardware.sense();
    const { nowMs } = this.time;
    const isTheirTurn = nowMs - this.driversLookedMs >= LOOK_MS;
    if (isTheirTurn) {
      this.driversLookedMs = nowMs;
      for (const { name, direction } of this.schedule.site.lanes) drivers.look(name, direction);
    }
    const isAttended = nowMs - this.attendantsLookedMs >= ATTEND_MS;
    if (isAttended) {
      this.attendantsLookedMs = nowMs;
      attendants.look();
    }
    return isTold || isTheirTurn || isAttended;
  }

  /** Brings the world to the present. */
  private catchUp(): void {
    const { world, time } = this;
    for (;;) {
      const behindMs = time.nowMs - world.nowMs();
      if (behindMs <= 0) return;
      const quietMs = Math.min(behindMs, world.quietMs());
      if (quietMs > 0) world.skip(quietMs);
      else for (const event of world.step(Math.min(TICK_MS, behindMs))) this.happened(event);
    }
  }

  private happened(event: WorldEvent): void {
    const { visit } = event;
    if (visit === null) return;
    if (event.kind === "in_view") return this.seeByCamera(visit, event.lane);
    if (event.kind === "movement" && event.direction === "in") this.population?.payers.cameIn(visit);
    this.tell(entryOf(event, visit));
  }

  /** What the camera takes the plate for, this visit at this lane. */
  private seeByCamera(visitId: number, lane: string): void {
    if (this.population === null) return;
    const { drivers, hardware } = this.population;
    const { camera } = hardware.lane(lane);
    if (camera === null) return;
    const { habits, vehicle } = drivers.visit(visitId);
    const isEntry = this.world.gates.get(lane)?.direction === "entry";
    const misread = isEntry ? habits.misreadIn : habits.misreadOut;
    const plate = habits.noPlate ? null : (misread ?? vehicle.plate.text);
    this.tell({ kind: "read", visit: visitId, lane, plate });
    camera.see(plate, misread === null ? SURE : UNSURE);
  }
}

function entryOf(event: Exclude<WorldEvent, { kind: "in_view" }>, visit: number): Told {
  switch (event.kind) {
    case "movement":
      return {
        kind: "passed",
        visit,
        lane: event.lane,
        direction: event.direction === "in" ? "entry" : "exit",
      };
    case "arrived":
    case "at_line":
    case "backed_out":
      return { kind: event.kind, visit, lane: event.lane };
    case "arm_hit":
      return { kind: "arm_hit", visit, lane: event.lane, covered: event.covered };
    case "drove_on":
      return { kind: "drove_on", visit, reason: event.reason };
  }
}

/** The world of a schedule, before anybody comes. */
export function worldOf({ seed, site, visits }: Schedule): WorldOptions {
  return {
    seed: String(seed),
    // Nobody but those of the schedule comes.
    demand: { arrivalsPerHour: 0, meanStayMinutes: 60, speed: 1 },
    // Who finds it full is turned away by the gate, not by the walls.
    capacity: visits.length + site.capacity + 1,
    lanes: site.lanes.map(({ name, direction, ratedMs, zone, has }) => ({
      name,
      direction,
      ratedMs,
      ...(zone !== null && { zone }),
      fitted: [
        "safety",
        ...(has.closing ? (["closing"] as const) : []),
        ...(has.photocell ? (["photocell"] as const) : []),
      ],
    })),
  };
}
