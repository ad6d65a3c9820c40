import { onOff, wholeNumber, type DeviceKind } from "../../devices/device.ts";
import { startRelayBox, type RelayBox, type RelayFirmware } from "./relay-box.ts";

const MAX_LINE = 64;
const NAMES = Array.from("0123456789ABCDEFGHIJKLMNOPQRSTUV");

/** A Numato Lab USB relay module: a command line with echo and a prompt. */
export const numatoKind: DeviceKind = {
  summary: "Numato Lab USB relay module",
  wires: ["serial", "listen"],
  settings: {
    channels: "relays, 1 to 32 (4)",
    inputs: "GPIOs, 0 to 32 (4)",
    closed: "how a closed contact reads, low or high (low)",
    read_all: "on = it knows relay readall and gpio readall (off)",
  },
  start(options) {
    const { channels = "4", inputs = "4", closed = "low", read_all = "off" } = options.settings;
    if (closed !== "low" && closed !== "high") throw new Error(`closed is low or high, not ${closed}`);
    const knowsAll = onOff(read_all);
    return startRelayBox(options, {
      relays: wholeNumber(channels, 1, NAMES.length),
      inputs: wholeNumber(inputs, 0, NAMES.length),
      firmware: (box) => numatoFirmware(box, closed === "high", knowsAll),
    });
  },
};

function numatoFirmware(box: RelayBox, closedIsHigh: boolean, knowsAll: boolean): RelayFirmware {
  let line = "";
  const highs = (): boolean[] => box.contacts().map((closed) => closed === closedIsHigh);

  /** The answer to a command; null for those that have none, also because they are none. */
  function obey(command: string): string | null {
    const [noun, verb, name = "", ...more] = command.split(" ");
    if (more.length > 0) return null;
    const point = NAMES.indexOf(name);
    if (noun === "ver") return "00000008";
    if (noun === "relay" && (verb === "on" || verb === "off")) box.drive(point + 1, verb === "on");
    if (noun === "relay" && verb === "read") return worded(box.driven()[point], "on", "off");
    if (noun === "gpio" && verb === "read") return worded(highs()[point], "1", "0");
    if (noun === "relay" && verb === "writeall") writeAll(name);
    if (knowsAll && noun === "relay" && verb === "readall") return hexadecimal(box.driven());
    if (knowsAll && noun === "gpio" && verb === "readall") return hexadecimal(highs());
    return null;
  }

  function writeAll(mask: string): void {
    const bits = Number.parseInt(mask, 16);
    if (Number.isNaN(bits)) return;
    for (const index of box.driven().keys()) box.drive(index + 1, Math.floor(bits / 2 ** index) % 2 === 1);
  }

  function type(character: string): string {
    if (character !== "\r") {
      if (line.length < MAX_LINE) line += character;
      return character;
    }
    const answer = obey(line);
    line = "";
    return answer === null ? "\n\r>" : `\n\r${answer}\n\r>`;
  }

  return {
    hear(chunk) {
      const text = Buffer.from(chunk).toString("latin1");
      box.say(Buffer.from(Array.from(text, type).join(""), "latin1"));
    },
    restart() {
      line = "";
    },
  };
}

function worded(level: boolean | undefined, on: string, off: string): string | null {
  return level === undefined ? null : level ? on : off;
}

function hexadecimal(levels: readonly boolean[]): string {
  const bits = levels.reduce((sum, on, index) => sum + (on ? 2 ** index : 0), 0);
  return bits.toString(16).padStart(Math.ceil(levels.length / 4), "0");
}
