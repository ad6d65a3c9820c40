import { onOff, wholeNumber, type Deed, type DeviceKind, type DeviceOptions } from "../devices/device.ts";
import { pacedDevice } from "../transports/paced-line.ts";
import { createRtuCodec, createTcpCodec, type ModbusFrame } from "./modbus-codec.ts";
import { createModbusUnit, type ModbusUnit } from "./modbus-unit.ts";
import { createFaultyLine } from "./serial-relays/faulty-line.ts";
import { plugIn } from "./serial-relays/plug.ts";

const BITS_PER_BYTE = 10;
const MAX_DELAY_MS = 10_000;

/** Relay boards on one Modbus line: one unit, or several that share it. */
export const modbusKind: DeviceKind = {
  summary: "Modbus relay board: RTU slave on a serial port, Modbus TCP where it listens",
  wires: ["serial", "listen"],
  settings: {
    unit: "its address, 1 to 255, or several boards on one line: 1-4 (1)",
    channels: "relays r1, r2, ..., 0 to 32 (8)",
    inputs: "inputs in1, in2, ..., 0 to 64 (8)",
    flash: "on = it times pulses itself, as Waveshare's do (on)",
    framing: "rtu or tcp (rtu on a serial port, tcp where it listens)",
    paced: "on = no faster than --baud allows, 8N1 (off)",
    baud: "the speed of paced where it listens (9600)",
  },
  async start(options) {
    const boards = createBoards(options);
    const faults = { ...NO_FAULTS };
    const line = createLine(options, boards, faults);
    const plugged = await plugIn(line.device, options.wire);
    return {
      deeds: { ...deedsOf(boards), ...line.deeds, ...faultDeeds(faults, boards) },
      state: () => ({
        relays: allOf(boards, (unit) => unit.relays()),
        inputs: allOf(boards, (unit) => unit.inputs()),
        asked: allOf(boards, (unit) => unit.asked()),
      }),
      port: plugged.port,
      async stop() {
        line.stop();
        for (const unit of boards.values()) unit.stop();
        await plugged.stop();
      },
    };
  },
};

type Boards = ReadonlyMap<number, ModbusUnit>;

/** What the boards do wrong, beside what the line does. */
type Faults = {
  silent: ReadonlySet<number>;
  /** Every request is answered with this exception; null = none. */
  exception: number | null;
  /** The next answers have a wrong checksum, or on TCP another transaction. */
  spoilt: number;
  /** Answers come as if another unit said them. */
  wrongUnit: boolean;
  delayMs: number;
};
const NO_FAULTS: Faults = { silent: new Set(), exception: null, spoilt: 0, wrongUnit: false, delayMs: 0 };

function createBoards({ settings, name: device, say }: DeviceOptions): Boards {
  const [, first = "1", last = first] = /^(\d+)(?:-(\d+))?$/.exec(settings["unit"] ?? "1") ?? [];
  const from = wholeNumber(first, 1, 255);
  const numbers = Array.from({ length: wholeNumber(last, from, 255) - from + 1 }, (_, i) => from + i);
  const [channels, inputs] = [settings["channels"] ?? "8", settings["inputs"] ?? "8"];
  const shape = {
    channels: wholeNumber(channels, 0, 32),
    inputs: wholeNumber(inputs, 0, 64),
    flash: onOff(settings["flash"] ?? "on"),
  };
  return new Map(
    numbers.map((unit) => [
      unit,
      createModbusUnit({
        ...shape,
        onChange: ({ kind, name, on }) => {
          if (kind === "relay") say({ event: "relay", device, unit, relay: name, on });
        },
      }),
    ]),
  );
}

function createLine({ wire, settings }: DeviceOptions, boards: Boards, faults: Faults) {
  const { framing = wire.kind === "serial" ? "rtu" : "tcp", baud = "9600", paced = "off" } = settings;
  if (framing !== "rtu" && framing !== "tcp") throw new Error(`framing is rtu or tcp, not ${framing}`);
  const codec = framing === "rtu" ? createRtuCodec() : createTcpCodec();
  const delayed = new Set<NodeJS.Timeout>();

  function hear(chunk: Uint8Array): void {
    for (const frame of codec.push(chunk, performance.now())) obey(frame);
  }

  function obey(frame: ModbusFrame): void {
    if (frame.unit === 0 && framing === "rtu") {
      // To all units of the line, and none of them answers.
      for (const unit of boards.values()) unit.answer(frame.pdu);
      return;
    }
    const unit = boards.get(frame.unit);
    if (unit === undefined || faults.silent.has(frame.unit)) return;
    const code = faults.exception;
    const pdu = code === null ? unit.answer(frame.pdu) : Uint8Array.of((frame.pdu[0] ?? 0) | 0x80, code);
    const answer = codec.encode({
      ...frame,
      unit: faults.wrongUnit ? (frame.unit % 247) + 1 : frame.unit,
      pdu,
    });
    if (faults.spoilt > 0) {
      faults.spoilt -= 1;
      const at = framing === "rtu" ? answer.length - 1 : 0;
      answer[at] = (answer[at] ?? 0) ^ 0x55;
    }
    answerLater(answer);
  }

  function answerLater(answer: Uint8Array): void {
    if (faults.delayMs === 0) return line.say(answer);
    const timer = setTimeout(() => {
      delayed.delete(timer);
      line.say(answer);
    }, faults.delayMs);
    delayed.add(timer);
  }

  function forget(): void {
    codec.reset();
    for (const timer of delayed) clearTimeout(timer);
    delayed.clear();
  }

  const line = createFaultyLine(hear, () => {
    forget();
    for (const unit of boards.values()) unit.reboot();
  });
  const speed = wire.kind === "serial" ? wire.baud : wholeNumber(baud, 300, 1_000_000);
  const pacer = onOff(paced) ? pacedDevice(line, (BITS_PER_BYTE * 1_000) / speed) : null;
  return {
    device: pacer ?? line,
    deeds: line.deeds,
    stop() {
      forget();
      line.stop();
      pacer?.stop();
    },
  };
}

function deedsOf(boards: Boards): Record<string, Deed> {
  return {
    input: {
      help: "<input> on|off  a contact closes or opens; 2.in1 where there are several units",
      run([word, level]) {
        const { unit, point } = pointOf(boards, word);
        unit.setInput(point, onOff(level));
      },
    },
    stick: {
      help: "<input> on|off|free  it says so whatever its contact does",
      run([word, level]) {
        const { unit, point } = pointOf(boards, word);
        unit.stickInput(point, level === "free" ? null : onOff(level));
      },
    },
    dead: {
      help: "<relay> on|off  its coil does not pull though told; the board does not know",
      run([word, level]) {
        const { unit, point } = pointOf(boards, word);
        unit.setDead(point, onOff(level));
      },
    },
    hold: {
      help: "<relay> on|off|free  nothing moves it, and the board says so",
      run([word, level]) {
        const { unit, point } = pointOf(boards, word);
        unit.holdRelay(point, level === "free" ? null : onOff(level));
      },
    },
  };
}

function faultDeeds(faults: Faults, boards: Boards): Record<string, Deed> {
  return {
    unplug: {
      help: "<unit> on|off  this unit is off the line, the others are not",
      run([word, level]) {
        const number = wholeNumber(word, 1, 255);
        if (!boards.has(number)) throw new RangeError(`no unit ${number}`);
        const silent = new Set(faults.silent);
        if (onOff(level)) silent.add(number);
        else silent.delete(number);
        faults.silent = silent;
      },
    },
    exception: {
      help: "<code>|off  every request is refused with this code",
      run: ([word]) => void (faults.exception = word === "off" ? null : wholeNumber(word, 1, 255)),
    },
    spoil: {
      help: "<count>  its next answers have a wrong checksum, on TCP a wrong number",
      run: ([word]) => void (faults.spoilt = wholeNumber(word, 0, 1_000)),
    },
    wrongunit: {
      help: "on|off  it answers as if it were another unit",
      run: ([word]) => void (faults.wrongUnit = onOff(word)),
    },
    delay: {
      help: "<ms>  how long it thinks before it answers",
      run: ([word]) => void (faults.delayMs = wholeNumber(word, 0, MAX_DELAY_MS)),
    },
  };
}

/** `in1`, or `2.in1` where there are several units. */
function pointOf(boards: Boards, word = ""): { readonly unit: ModbusUnit; readonly point: string } {
  const [, digits, point = ""] = /^(?:(\d+)\.)?(.*)$/.exec(word) ?? [];
  const [only] = boards.values();
  const unit = digits === undefined && boards.size === 1 ? only : boards.get(Number(digits));
  if (unit === undefined) throw new RangeError(`no unit for ${word}; say 2.in1`);
  return { unit, point };
}

function allOf<T>(
  boards: Boards,
  look: (unit: ModbusUnit) => Readonly<Record<string, T>>,
): Record<string, T> {
  const entries: [string, T][] = [];
  for (const [number, unit] of boards) {
    for (const [name, value] of Object.entries(look(unit))) {
      entries.push([boards.size === 1 ? name : `${number}.${name}`, value]);
    }
  }
  return Object.fromEntries(entries);
}
