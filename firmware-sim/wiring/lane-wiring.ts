import { SENSOR_INPUTS, type SensorInput } from "@parkme/shared/domain/lane";
import type { BarrierWire } from "../boards/gate-board.ts";
import type { Site } from "../site-file.ts";
import type { FacilityWorld } from "../world/facility-world.ts";
import type { SimulatedBoard } from "./site-boards.ts";
import type { RunningDevice, Told } from "./site-devices.ts";

/** What is wired from a lane to its board. */
const WIRED = [...SENSOR_INPUTS, "button"] as const;
export type Wired = SensorInput | "button";

/** One contact of a lane, and what a hand has done to it. */
export type Contact = {
  readonly input: Wired;
  /** What the board is told. */
  readonly level: boolean;
  /** Somebody put something there: it is on, whoever drives by. */
  readonly isCovered: boolean;
  /** The board is told this whatever the contact does; null = it follows. */
  readonly stuckAt: boolean | null;
};

/** The wires between the lanes' contacts and the inputs of their boards, of whatever kind. */
export type LaneWiring = {
  /** Tells the boards what has changed in the lanes. */
  readonly carry: () => void;
  readonly cover: (lane: string, input: Wired, on: boolean) => void;
  readonly stick: (lane: string, input: Wired, level: boolean | null) => void;
  /** Those that are wired in this lane. */
  readonly contactsOf: (lane: string) => readonly Contact[];
};

type Wire = {
  readonly lane: string;
  readonly input: Wired;
  readonly point: string;
  readonly set: (point: string, on: boolean) => void;
  level: boolean | null;
  isCovered: boolean;
  stuckAt: boolean | null;
};

/** Throws when a lane's board has no such input. */
export function wireInputs(
  site: Site,
  world: FacilityWorld,
  boards: ReadonlyMap<string, SimulatedBoard>,
  devices: ReadonlyMap<string, RunningDevice>,
): LaneWiring {
  const wires = site.lanes.flatMap(({ name: lane, barrier, inputs }) => {
    const set = inputSetter(barrier.board, boards, devices);
    return WIRED.flatMap((input): Wire[] => {
      const point = inputs[input];
      return point === undefined
        ? []
        : [{ lane, input, point, set, level: null, isCovered: false, stuckAt: null }];
    });
  });
  const find = (lane: string, input: Wired): Wire => {
    const wire = wires.find((one) => one.lane === lane && one.input === input);
    if (wire === undefined) throw new RangeError(`${lane} has no ${input} wired`);
    return wire;
  };
  return {
    carry() {
      const contacts = new Map([...world.gates].map(([lane, gate]) => [lane, gate.inputs()]));
      for (const wire of wires) {
        const { lane, input } = wire;
        const made = input === "button" ? false : contacts.get(lane)?.[input] === true;
        const level = wire.stuckAt ?? (wire.isCovered || made);
        if (level === wire.level) continue;
        wire.level = level;
        wire.set(wire.point, level);
      }
    },
    cover: (lane, input, on) => void (find(lane, input).isCovered = on),
    stick: (lane, input, level) => void (find(lane, input).stuckAt = level),
    contactsOf: (lane) =>
      wires
        .filter((wire) => wire.lane === lane)
        .map(({ input, level, isCovered, stuckAt }) => ({
          input,
          level: level === true,
          isCovered,
          stuckAt,
        })),
  };
}

function inputSetter(
  name: string,
  boards: ReadonlyMap<string, SimulatedBoard>,
  devices: ReadonlyMap<string, RunningDevice>,
): Wire["set"] {
  const board = boards.get(name)?.board;
  if (board !== undefined) return board.setInput;
  const deed = devices.get(name)?.device.deeds["input"];
  if (deed === undefined) throw new Error(`${name} has no inputs`);
  return (point, on) => deed.run([point, on ? "on" : "off"]);
}

/** From the relays of our boards to the arms. */
export function relayWire(site: Site, world: FacilityWorld, board: string): BarrierWire {
  return (number, action, on) => {
    const lane = site.lanes.find(({ barrier }) => barrier.board === board && barrier.number === number);
    if (lane !== undefined) world.gates.get(lane.name)?.relay(action, on);
  };
}

/** From the relays of other makers' boards to the arms: what `told` says of one moves whatever is wired to it. */
export function followRelays(site: Site, world: FacilityWorld, board: string, told: Told): void {
  const relay = relayOf(told);
  if (relay === null) return;
  for (const { name, barrier } of site.lanes) {
    if (barrier.board !== board) continue;
    for (const action of ["open", "close", "stop"] as const) {
      const wanted = barrier.relays?.[action];
      if (wanted !== undefined && relay.names.includes(wanted))
        world.gates.get(name)?.relay(action, relay.on);
    }
  }
}

/** The relay that moved: `r1`, `2.r1` as well where a unit is told, and the line's number of a GPIO chip. */
function relayOf(told: Told): { readonly names: readonly string[]; readonly on: boolean } | null {
  const { event, relay, unit, on, line, high } = told;
  if (event === "output" && typeof line === "number") return { names: [String(line)], on: high === true };
  if (event !== "relay" || typeof relay !== "string") return null;
  const names = typeof unit === "number" ? [relay, `${unit}.${relay}`] : [relay];
  return { names, on: on === true };
}
