import type { Simulator } from "../simulator.ts";
import type { WorldEvent } from "../world/facility-world.ts";
import type { Gate } from "../world/gate.ts";
import type { LaneGeometry, Span } from "../world/geometry.ts";
import type { Contact } from "../wiring/lane-wiring.ts";
import {
  MAX_INSIDE_SHOWN,
  type ContactView,
  type InsideView,
  type LaneLive,
  type LiveState,
} from "./contract.ts";
import { linesOf } from "./device-faults.ts";
import { viewOf, type Thing } from "./faults.ts";

/** Counts what the world tells. */
export type Counters = {
  readonly count: (event: WorldEvent) => void;
  readonly now: () => { readonly in: number; readonly out: number; readonly backed_out: number };
};

export function createCounters(): Counters {
  const counts = { in: 0, out: 0, backed_out: 0 };
  return {
    count(event) {
      if (event.kind === "movement") counts[event.direction] += 1;
      if (event.kind === "backed_out") counts.backed_out += 1;
    },
    now: () => ({ ...counts }),
  };
}

/** What a look at the whole site shows now. */
export function liveState(simulator: Simulator, things: readonly Thing[], counters: Counters): LiveState {
  const { site, world, pace } = simulator;
  const inside = world.inside();
  return {
    facility: site.facility,
    world_ms: world.nowMs(),
    speed: pace.speed(),
    paused: pace.isPaused(),
    capacity: site.capacity,
    counters: {
      inside: inside.length,
      ...counters.now(),
      drove_on: world.droveOn(),
      arm_hits: world.armHits(),
    },
    lanes: [...world.gates.values()].map((gate) => laneLive(simulator, gate)),
    things: things.map(({ target, kind, title, lane, status, faults }) => {
      return { target, kind, title, lane, status: status(), faults: faults.map(viewOf) };
    }),
    inside: nextToLeave(simulator, inside),
  };
}

function nextToLeave(
  { customers }: Simulator,
  inside: ReturnType<Simulator["world"]["inside"]>,
): InsideView[] {
  const tickets = customers.tickets();
  return inside
    .toSorted((a, b) => a.remainingMs - b.remainingMs)
    .slice(0, MAX_INSIDE_SHOWN)
    .map(({ vehicle: { plate, kind }, remainingMs }) => ({
      plate: plate.painted,
      kind,
      leaves_in_s: Math.ceil(remainingMs / 1_000),
      ticket: tickets.has(plate.text),
    }));
}

function laneLive(simulator: Simulator, gate: Gate): LaneLive {
  const { name, direction, geometry } = gate;
  return {
    name,
    direction,
    entrance_m: geometry.entranceM,
    end_m: geometry.endM,
    stop_line_m: geometry.stopLineM,
    arm: { position: rounded(gate.arm().position), motion: gate.arm().motion },
    contacts: simulator.wiring.contactsOf(name).map((contact) => contactView(contact, geometry)),
    vehicles: gate.vehicles().map(({ vehicle, frontM, rearM, phase, isWrongWay }) => ({
      plate: vehicle.plate.painted,
      kind: vehicle.kind,
      colour: vehicle.colour,
      front_m: rounded(frontM),
      rear_m: rounded(rearM),
      wrong_way: isWrongWay,
      phase,
    })),
    sign: signOf(simulator, name),
  };
}

function contactView({ input, level, isCovered, stuckAt }: Contact, geometry: LaneGeometry): ContactView {
  const span: Span | null =
    input === "arming" || input === "safety" || input === "closing" || input === "photocell"
      ? geometry[input]
      : null;
  return {
    input,
    span: span === null ? null : { from_m: span.fromM, to_m: span.toM },
    on: level,
    covered: isCovered,
    stuck: stuckAt === null ? null : stuckAt ? "on" : "off",
  };
}

/** Of the lane's own display, else of the one that its PCLess board drives. */
function signOf({ site, boards, devices }: Simulator, lane: string): string[] {
  const own = [...devices.values()].filter((one) => one.kind === "cd5220" && one.lane === lane);
  if (own.length > 0) return own.flatMap(({ device }) => linesOf(device.state()["lines"]));
  const board = boards.get(site.lanes.find(({ name }) => name === lane)?.barrier.board ?? "");
  return board?.transport === "pcless" ? linesOf(board.device.display().split("\n")) : [];
}

/** To centimetres, and hundredths of the arm's way. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
