import { onOff, type Deed, type DeviceOptions } from "../../devices/device.ts";
import { createGateBoard } from "../gate-board.ts";

/** Relays `r1`.. and inputs `in1`.. behind firmware of another maker. */
export type CoilBox = {
  /** Switches a relay; with a length it lets go by itself after that. */
  readonly drive: (relay: number, on: boolean, pulseMs?: number) => void;
  /** What the firmware believes of its relay: what it told the coil. */
  readonly driven: (relay: number) => boolean;
  readonly closed: (input: number) => boolean;
  /** Power off: every relay falls. Returns those that were driven. */
  readonly fallOff: () => readonly number[];
  readonly deeds: Readonly<Record<string, Deed>>;
  /** What a look at the contacts shows. */
  readonly state: () => {
    readonly relays: Record<string, boolean>;
    readonly inputs: Record<string, boolean>;
  };
  readonly stop: () => void;
};

export type CoilBoxOptions = {
  readonly relays: number;
  readonly inputs: number;
  readonly say: DeviceOptions["say"];
  readonly device: string;
  readonly onRelay: (relay: number, on: boolean) => void;
  readonly onInput: (input: number, closed: boolean) => void;
};

/** None of these makers has a longest pulse. */
const MAX_PULSE_MS = 24 * 3_600_000;

export function createCoilBox(options: CoilBoxOptions): CoilBox {
  const names = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
  const relayNames = names("r", options.relays);
  const dead = new Set<string>();
  const pulled = new Map(relayNames.map((name) => [name, false]));
  const board = createGateBoard(
    { inputs: names("in", options.inputs), barriers: [], spareRelays: relayNames, maxPulseMs: MAX_PULSE_MS },
    ({ kind, name, on }) => {
      const number = Number(/\d+$/.exec(name)?.[0]);
      if (kind === "input") return options.onInput(number, on);
      settle(name);
      options.onRelay(number, on);
    },
  );

  /** Moves a contact to where its coil wants it. */
  function settle(name: string): void {
    const on = board.relays()[name] === true && !dead.has(name);
    if (pulled.get(name) === on) return;
    pulled.set(name, on);
    options.say({ event: "relay", device: options.device, relay: name, on });
  }

  return {
    drive(relay, on, pulseMs) {
      const name = `r${relay}`;
      if (on && pulseMs !== undefined) board.pulse(name, pulseMs);
      else board.latch(name, on);
    },
    driven: (relay) => board.relays()[`r${relay}`] === true,
    closed: (input) => board.inputs()[`in${input}`] === true,
    fallOff() {
      const driven = Object.values(board.relays()).flatMap((on, index) => (on ? [index + 1] : []));
      board.reboot();
      return driven;
    },
    deeds: {
      input: {
        help: "<input> on|off  a contact closes or opens",
        run: ([input = "", word]) => board.setInput(input, onOff(word)),
      },
      stick: {
        help: "<input> on|off|free  it says so whatever its contact does",
        run: ([input = "", word]) => board.stickInput(input, word === "free" ? null : onOff(word)),
      },
      dead: {
        help: "<relay> on|off  its coil does not pull though told; the device does not know",
        run([relay = "", word]) {
          if (!pulled.has(relay)) throw new Error(`no relay ${relay}`);
          if (onOff(word)) dead.add(relay);
          else dead.delete(relay);
          settle(relay);
        },
      },
    },
    state: () => ({ relays: Object.fromEntries(pulled), inputs: board.inputs() }),
    stop: () => board.stop(),
  };
}
