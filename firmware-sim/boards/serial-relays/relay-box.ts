import { onOff, type Deed, type DeviceOptions, type SimDevice } from "../../devices/device.ts";
import { createFaultyLine } from "./faulty-line.ts";
import { plugIn } from "./plug.ts";

/** What the controller of a relay board can do with its board. Relays and inputs are counted from 1. */
export type RelayBox = {
  /** Drives a relay's coil; a relay that the board does not have is left alone. */
  readonly drive: (relay: number, on: boolean) => void;
  /** What the controller believes of its relays: what they were told. */
  readonly driven: () => readonly boolean[];
  /** True = the contact is closed. */
  readonly contacts: () => readonly boolean[];
  readonly say: (bytes: Uint8Array) => void;
};

/** The controller's program: takes bytes in pieces of any size. */
export type RelayFirmware = {
  readonly hear: (chunk: Uint8Array) => void;
  readonly restart: () => void;
};

type BoxOptions = {
  readonly relays: number;
  readonly inputs: number;
  readonly firmware: (box: RelayBox) => RelayFirmware;
};

/** A board with plain relays, perhaps with inputs, and a controller on a serial line. */
export async function startRelayBox(
  { wire, name, say }: DeviceOptions,
  options: BoxOptions,
): Promise<SimDevice> {
  const relays = createCoils(options.relays, (relay, on) => say({ event: "relay", device: name, relay, on }));
  const inputs = createContacts(options.inputs);
  const program = options.firmware({
    drive: relays.drive,
    driven: relays.driven,
    contacts: inputs.levels,
    say: (bytes) => line.say(bytes),
  });
  const line = createFaultyLine(program.hear, () => {
    for (const index of relays.driven().keys()) relays.drive(index + 1, false);
    program.restart();
  });
  const plugged = await plugIn(line, wire);
  return {
    deeds: { ...line.deeds, ...relays.deeds, ...(options.inputs > 0 ? inputs.deeds : {}) },
    state: () => ({ relays: byName("r", relays.pulled()), inputs: byName("in", inputs.levels()) }),
    port: plugged.port,
    async stop() {
      line.stop();
      await plugged.stop();
    },
  };
}

function createCoils(count: number, onMove: (relay: string, on: boolean) => void) {
  const driven = Array.from({ length: count }, () => false);
  const pulled = driven.slice();
  const held = new Map<number, boolean>();
  const dead = new Set<number>();

  /** Moves the contacts to where their coils want them. */
  function settle(): void {
    for (const [index, on] of driven.entries()) {
      const want = on && !dead.has(index);
      if (pulled[index] === want) continue;
      pulled[index] = want;
      onMove(`r${index + 1}`, want);
    }
  }

  function drive(relay: number, on: boolean): void {
    if (driven[relay - 1] === undefined) return;
    driven[relay - 1] = held.get(relay - 1) ?? on;
    settle();
  }

  const deeds: Record<string, Deed> = {
    dead: {
      help: "<relay> on|off  its coil does not pull though told; the controller does not know",
      run([relay, word]) {
        const index = indexOf("r", relay, count);
        if (onOff(word)) dead.add(index);
        else dead.delete(index);
        settle();
      },
    },
    hold: {
      help: "<relay> on|off|free  the controller cannot move it, and says so",
      run([relay, word]) {
        const index = indexOf("r", relay, count);
        if (word === "free") held.delete(index);
        else held.set(index, onOff(word));
        drive(index + 1, driven[index] === true);
      },
    },
  };
  return { drive, driven: () => driven, pulled: () => pulled, deeds };
}

function createContacts(count: number) {
  const closed = Array.from({ length: count }, () => false);
  const stuck = new Map<number, boolean>();
  const deeds: Record<string, Deed> = {
    input: {
      help: "<input> on|off  a contact closes or opens",
      run: ([input, word]) => void (closed[indexOf("in", input, count)] = onOff(word)),
    },
    stick: {
      help: "<input> on|off|free  it says so whatever its contact does",
      run([input, word]) {
        const index = indexOf("in", input, count);
        if (word === "free") stuck.delete(index);
        else stuck.set(index, onOff(word));
      },
    },
  };
  return { levels: () => closed.map((level, index) => stuck.get(index) ?? level), deeds };
}

function indexOf(prefix: string, word: string | undefined, count: number): number {
  const index = Number(word?.slice(prefix.length)) - 1;
  if (word !== `${prefix}${index + 1}` || index < 0 || index >= count) {
    throw new Error(`say ${prefix}1 to ${prefix}${count}, not ${word ?? "nothing"}`);
  }
  return index;
}

function byName(prefix: string, levels: readonly boolean[]): Record<string, boolean> {
  return Object.fromEntries(levels.map((on, index) => [`${prefix}${index + 1}`, on]));
}
