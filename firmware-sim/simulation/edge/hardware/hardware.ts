import type { DeviceMakers } from "../../../../edge-agent/devices/registry/makers.ts";
import type { Random } from "../../../traffic/random.ts";
import type { Gate } from "../../../world/gate.ts";
import type { Hands } from "../../hands.ts";
import type { Tell } from "../../journal.ts";
import type { FaultKind, SitePlan } from "../../schedule.ts";
import type { Life, VirtualTime } from "../../time/virtual-time.ts";
import { deviceOf } from "../site-config.ts";
import { LaneHardware } from "./lane-hardware.ts";

export type HardwareOptions = {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly tell: Tell;
};

/** All devices of a site. They belong to the world: no program's death undoes what they do. */
export type Hardware = {
  /** What makes the ports of a program's run: it hears the devices until it dies. */
  readonly connect: (life: Life) => DeviceMakers;
  /** The heartbeat of a lane's board reaches a program that could not make use of what it heard. */
  readonly beat: (lane: string, life: Life) => void;
  /** Takes in what the world's contacts say now. @returns whether a board told of a change. */
  readonly sense: () => boolean;
  /** What people at a lane can reach. */
  readonly lane: (name: string) => Hands;
  /**
   * Breaks or mends something; kinds that are no device's do nothing.
   *
   * @param lane empty = at every lane.
   * @param choice in [0, 1): which loop, how slow.
   */
  readonly fault: (lane: string, kind: FaultKind, on: boolean, choice: number) => void;
};

export function createHardware(
  site: SitePlan,
  gates: ReadonlyMap<string, Gate>,
  { time, random, tell }: HardwareOptions,
): Hardware {
  const lanes = new Map(
    site.lanes.map((plan) => {
      const gate = gates.get(plan.name);
      if (gate === undefined) throw new RangeError(`the world has no lane ${plan.name}`);
      const parts = { time, tell, lane: plan.name, random: random.fork(plan.name) };
      return [plan.name, new LaneHardware(plan, gate, parts)];
    }),
  );
  const all = [...lanes.values()];
  function laneOf(name: string): LaneHardware {
    const lane = lanes.get(name);
    if (lane === undefined) throw new RangeError(`there is no lane ${name}`);
    return lane;
  }
  return {
    connect: (life) => connect(all, life),
    beat: (name, life) => laneOf(name).board.beat(life),
    sense: () => {
      let told = false;
      for (const lane of all) if (lane.board.sense()) told = true;
      return told;
    },
    lane: (name) => laneOf(name).hands,
    fault: (name, kind, on, choice) => {
      for (const lane of name === "" ? all : [laneOf(name)]) lane.fault(kind, on, choice);
    },
  };
}

function connect(lanes: readonly LaneHardware[], life: Life): DeviceMakers {
  const at = <T>(kind: Parameters<typeof deviceOf>[0], name: string, pick: (lane: LaneHardware) => T): T => {
    const lane = lanes.find((one) => deviceOf(kind, one.name) === name);
    if (lane === undefined) throw new RangeError(`there is no ${kind} ${name}`);
    return pick(lane);
  };
  return {
    createBoard: ({ name }, { epoch, clock }) =>
      at("board", name, ({ board }) => board.port(name, { life, epoch, monotonicMs: clock.monotonicMs })),
    createCamera: ({ name }) => ({
      via: "bus",
      camera: at("camera", name, ({ camera }) => camera.port(name, life)),
    }),
    createReader: ({ name }) => ({
      via: "line",
      reader: at("scanner", name, ({ scanner }) => scanner.port(name, life)),
    }),
    createPrinter: ({ name }) => at("printer", name, ({ printer }) => printer.port(name, life)),
    createDisplay: ({ name }) => at("display", name, ({ display }) => display.port(name, life)),
    createTerminal: ({ name }) => at("terminal", name, ({ terminal }) => terminal.port(name, life)),
  };
}
