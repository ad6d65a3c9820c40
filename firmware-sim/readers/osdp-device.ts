import { randomBytes } from "node:crypto";
import { createFaultyLine } from "../boards/serial-relays/faulty-line.ts";
import { plugIn } from "../boards/serial-relays/plug.ts";
import { onOff, wholeNumber, type Deed, type DeviceKind, type DeviceOptions } from "../devices/device.ts";
import { createOsdpReceiver } from "./osdp-codec.ts";
import { OsdpReader } from "./osdp-reader.ts";

const MAX_READERS = 8;

/** Card readers with OSDP on one RS485 line, each under its own address. */
export const osdpKind: DeviceKind = {
  summary: "OSDP v2 card readers on one RS485 line",
  wires: ["serial", "listen"],
  settings: {
    addresses: "their addresses, 0 to 126, with commas between (0)",
    key: "secure channel key of all of them, 32 hexadecimal digits; without it they have no secure channel",
  },
  async start(options) {
    const { addresses = "0", key } = options.settings;
    if (key !== undefined && !/^[0-9a-fA-F]{32}$/.test(key))
      throw new Error("key must be 32 hexadecimal digits");
    const numbers = addresses.split(",").map((text) => wholeNumber(text, 0, 126));
    if (numbers.length > MAX_READERS) throw new Error(`at most ${MAX_READERS} readers share a line here`);
    const readers = new Map(
      numbers.map((address) => [
        address,
        new OsdpReader({
          address,
          key: key === undefined ? null : Buffer.from(key, "hex"),
          random: () => randomBytes(8),
          say: options.say,
        }),
      ]),
    );
    return startLine(readers, options);
  },
};

async function startLine(readers: ReadonlyMap<number, OsdpReader>, { wire }: DeviceOptions) {
  let garbled = 0;
  const receiver = createOsdpReceiver((message) => {
    for (const reader of readers.values()) {
      const answer = reader.answer(message);
      if (answer === null) continue;
      const bytes = Buffer.from(answer);
      if (garbled > 0) {
        garbled -= 1;
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 0xff;
      }
      line.say(bytes);
    }
  });
  const line = createFaultyLine(
    (chunk) => receiver.push(chunk),
    () => {
      receiver.reset();
      for (const reader of readers.values()) reader.restart();
    },
  );
  const port = await plugIn(line, wire);
  const garble: Deed = {
    help: "<count>  its next answers have a wrong check",
    run: ([word]) => void (garbled = wholeNumber(word, 0, 1_000)),
  };
  return {
    deeds: { ...readerDeeds(readers), ...line.deeds, garble },
    state: () => ({
      readers: [...readers.values()].map((reader) => reader.state()),
      garbled: receiver.wrong(),
    }),
    port: port.port,
    async stop() {
      line.stop();
      await port.stop();
    },
  };
}

/** Each begins with the address of the reader it is done to. */
function readerDeeds(readers: ReadonlyMap<number, OsdpReader>): Readonly<Record<string, Deed>> {
  const to =
    (run: (reader: OsdpReader, words: readonly string[]) => void): Deed["run"] =>
    ([word, ...words]) => {
      const reader = readers.get(wholeNumber(word, 0, 126));
      if (reader === undefined) throw new Error(`there is no reader ${word}`);
      run(reader, words);
    };
  return {
    card: {
      help: "<address> <count> <hex>  a card with that many bits, the first one first",
      run: to((reader, [count, digits = ""]) => {
        const bits = Buffer.from(digits, "hex");
        reader.card(wholeNumber(count, 1, 1_024), bits);
      }),
    },
    wiegand: {
      help: "<address> <facility> <number>  a Wiegand 26 card",
      run: to((reader, [facility, number]) =>
        reader.card(26, wiegand26(wholeNumber(facility, 0, 255), wholeNumber(number, 0, 65_535))),
      ),
    },
    keys: {
      help: "<address> <keys>  keys are pressed: digits, * and #",
      run: to((reader, [keys = ""]) => {
        if (!/^[0-9*#]{1,64}$/.test(keys)) throw new Error("keys are digits, * and #");
        reader.keys(keys);
      }),
    },
    mute: {
      help: "<address> on|off  this reader alone says nothing",
      run: to((reader, [word]) => reader.mute(onOff(word))),
    },
    busy: {
      help: "<address> <count>  it answers that often that it is busy",
      run: to((reader, [word]) => reader.busy(wholeNumber(word, 0, 1_000))),
    },
    refuse: {
      help: "<address> <code>  it refuses the next command (NAK)",
      run: to((reader, [word]) => reader.refuse(wholeNumber(word, 1, 255))),
    },
    restart: {
      help: "<address>  this reader alone is switched off and on",
      run: to((reader) => reader.restart()),
    },
  };
}

/** Even parity, facility, number, odd parity: 26 bits in four bytes. */
function wiegand26(facility: number, number: number): Buffer {
  const middle = facility * 65_536 + number;
  const ones = (value: number): number => value.toString(2).replaceAll("0", "").length;
  const even = ones(middle >> 12) % 2;
  const odd = 1 - (ones(middle & 0xfff) % 2);
  const bits = Buffer.alloc(4);
  bits.writeUInt32BE((even * 2 ** 25 + middle * 2 + odd) * 2 ** 6);
  return bits;
}
