import type { Simulator } from "../simulator.ts";
import type { SimulatedBoard } from "../wiring/site-boards.ts";
import type { Contact, Wired } from "../wiring/lane-wiring.ts";
import { deviceFaults, deviceStatus, thingKindOf } from "./device-faults.ts";
import { exclusive, press, remembered, type Fault, type Thing } from "./faults.ts";

const SLOW_FACTOR = 4;
const CONTACT_TITLES: Record<Wired, string> = {
  arming: "Arming loop",
  safety: "Safety loop",
  closing: "Closing loop",
  photocell: "Photocell",
  open_limit: "Open limit",
  closed_limit: "Closed limit",
  button: "Ticket button",
};
const CAN_BE_COVERED: readonly Wired[] = ["arming", "safety", "closing", "photocell", "button"];

/** Everything of a site that faults can be done to, with the faults of each. Targets are unique. */
export function thingsOf(simulator: Simulator): readonly Thing[] {
  const { site, world, boards, devices, cameras } = simulator;
  const laneOfBoard = (name: string): string | null =>
    only(site.lanes, ({ barrier }) => barrier.board === name);
  return [
    ...site.lanes.flatMap(({ name }) => [
      ...simulator.wiring.contactsOf(name).map((contact) => contactThing(simulator, name, contact)),
      armThing(world, name),
    ]),
    ...[...boards].map(([name, board]): Thing => ({
      target: `board/${name}`,
      kind: "board",
      title: name,
      lane: laneOfBoard(name),
      status: () => boardStatus(board),
      faults: boardFaults(board),
    })),
    ...[...cameras.keys()].map((name): Thing => {
      const lane = only(site.lanes, ({ camera }) => camera === name);
      return cameraThing(simulator, name, lane);
    }),
    ...[...devices.values()].map((running): Thing => {
      const kind = thingKindOf(running);
      return {
        target: `${kind === "cable" ? "cable" : "device"}/${running.name}`,
        kind,
        title: running.name,
        lane: running.lane ?? laneOfBoard(running.name),
        status: () => deviceStatus(running),
        faults: [
          ...(kind === "terminal" ? [declines(simulator, running.name)] : []),
          ...deviceFaults(running),
        ],
      };
    }),
  ];
}

/** The lane that it belongs to alone. */
function only<Lane extends { readonly name: string }>(
  lanes: readonly Lane[],
  has: (lane: Lane) => boolean,
): string | null {
  const [lane, another] = lanes.filter(has);
  return lane === undefined || another !== undefined ? null : lane.name;
}

function contactThing({ wiring }: Simulator, lane: string, { input }: Contact): Thing {
  const now = (): Contact | undefined => wiring.contactsOf(lane).find((one) => one.input === input);
  const cover: Fault[] = CAN_BE_COVERED.includes(input)
    ? [
        {
          what: "cover",
          title: input === "button" ? "Press" : "Cover",
          kind: "switch",
          isOn: () => now()?.isCovered === true,
          set: (on) => wiring.cover(lane, input, on),
        },
      ]
    : [];
  return {
    target: `${lane}/${input}`,
    kind: "contact",
    title: CONTACT_TITLES[input],
    lane,
    status: () => (now()?.level === true ? "on" : "off"),
    faults: [
      ...cover,
      ...exclusive({ stuck_on: "Stuck on", stuck_off: "Stuck off" }, (what) =>
        wiring.stick(lane, input, what === null ? null : what === "stuck_on"),
      ),
    ],
  };
}

function armThing(world: Simulator["world"], lane: string): Thing {
  const gate = world.gates.get(lane);
  if (gate === undefined) throw new Error(`lane ${lane} has no gate`);
  return {
    target: `${lane}/arm`,
    kind: "arm",
    title: "Arm",
    lane,
    status() {
      const { position, motion } = gate.arm();
      if (motion !== "still") return motion === "up" ? "going up" : "coming down";
      return position === 0 ? "down" : position === 1 ? "up" : "halfway";
    },
    faults: [
      remembered("jam", "Jammed", (on) => gate.jamArm(on)),
      remembered("slow", `Slow, x${SLOW_FACTOR}`, (on) => gate.slowArm(on ? SLOW_FACTOR : 1)),
    ],
  };
}

function boardFaults(board: SimulatedBoard): Fault[] {
  const { device } = board;
  const unplug = board.transport === "mqtt" ? board.device.unplug : board.unplug;
  const unplugged = remembered("unplug", "Unplugged", unplug);
  const faults = [
    unplugged,
    remembered("silence", "Silent", (on) => device.silence(on)),
    press("reboot", "Reboot", () => {
      device.reboot();
      // Power that comes back plugs no cable in.
      if (unplugged.isOn()) unplug(true);
    }),
  ];
  return board.transport === "mqtt"
    ? faults
    : [...faults, press("garbage", "Garbage", () => board.device.sendGarbage())];
}

function boardStatus(board: SimulatedBoard): string {
  const pulled = Object.entries(board.board.relays()).flatMap(([relay, on]) => (on ? [relay] : []));
  const relays = pulled.length === 0 ? "relays at rest" : `pulls ${pulled.join(", ")}`;
  return board.transport === "mqtt" && !board.device.connected() ? "not connected" : relays;
}

function cameraThing({ cameras, mischief }: Simulator, name: string, lane: string | null): Thing {
  const member = (what: string, title: string, set: Set<string>): Fault => ({
    what,
    title,
    kind: "switch",
    isOn: () => set.has(name),
    set: (on) => void (on ? set.add(name) : set.delete(name)),
  });
  return {
    target: `camera/${name}`,
    kind: "camera",
    title: name,
    lane,
    status() {
      const { pushed = 0, failed = 0 } = cameras.get(name)?.counts() ?? {};
      return failed === 0 ? `${pushed} reads` : `${pushed} reads, ${failed} lost`;
    },
    faults: [
      member("dead", "Dead", mischief.blindCameras),
      member("misread", "Misreads", mischief.misreadingCameras),
    ],
  };
}

function declines({ mischief }: Simulator, name: string): Fault {
  return {
    what: "declines",
    title: "Cards declined",
    kind: "switch",
    isOn: () => mischief.decliningTerminals.has(name),
    set: (on) => void (on ? mischief.decliningTerminals.add(name) : mischief.decliningTerminals.delete(name)),
  };
}
