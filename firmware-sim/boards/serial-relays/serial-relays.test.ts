import { connect } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DeviceKind, SimDevice } from "../../devices/device.ts";
import { kmtronicKind } from "./kmtronic-device.ts";
import { lcusKind } from "./lcus-device.ts";
import { numatoKind } from "./numato-device.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The device as a serial server, and a peer that says bytes and collects what it hears. */
async function start(kind: DeviceKind, settings: Record<string, string>) {
  const said: Record<string, unknown>[] = [];
  const device = await kind.start({
    wire: { kind: "listen", host: "127.0.0.1", port: 0 },
    name: "box",
    settings,
    say: (event) => said.push(event),
  });
  stops.push(device.stop);
  const socket = connect({ port: device.port ?? 0, host: "127.0.0.1" });
  stops.push(() => socket.destroy());
  let heard = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
  const send = (bytes: readonly number[] | string): void =>
    void socket.write(typeof bytes === "string" ? bytes : Uint8Array.from(bytes));
  const hears = (expected: readonly number[] | string): Promise<unknown> => {
    const bytes = Buffer.from(expected as string);
    return vi.waitUntil(() => heard.equals(bytes) && ((heard = Buffer.alloc(0)), true), { timeout: 5_000 });
  };
  return { device, said, send, hears, heard: () => heard };
}

function deed(device: SimDevice, line: string): void {
  const [name = "", ...words] = line.split(" ");
  device.deeds[name]?.run(words);
}

describe("an LCUS board", () => {
  it("switches, and tells all its relays in lines", async () => {
    const { device, said, send, hears } = await start(lcusKind, { channels: "2" });
    send([0xff]);
    await hears("CH1: OFF\r\nCH2: OFF\r\n");
    send([0xa0, 0x01, 0x01, 0xa2, 0xff]);
    await hears("CH1: ON \r\nCH2: OFF\r\n");
    expect(said).toEqual([{ event: "relay", device: "box", relay: "r1", on: true }]);
    deed(device, "dead r1 on");
    expect(device.state()).toMatchObject({ relays: { r1: false, r2: false } });
  });

  it("does nothing on a wrong sum, and understands the next command", async () => {
    const { send, hears } = await start(lcusKind, { channels: "1" });
    send([0xa0, 0x01, 0x01, 0xa3, 0x33, 0xa0]);
    send([0xa0, 0x01, 0x01, 0xa2, 0xff]);
    await hears("CH1: ON \r\n");
  });

  it("answers each command that asks for it, in the series that does", async () => {
    const { send, hears } = await start(lcusKind, { status: "feedback" });
    send([0xa0, 0x03, 0x03, 0xa6]);
    await hears([0xa0, 0x03, 0x01, 0xa4]);
    send([0xa0, 0x03, 0x05, 0xa8]);
    await hears([0xa0, 0x03, 0x01, 0xa4]);
    send([0xa0, 0x03, 0x02, 0xa5]);
    await hears([0xa0, 0x03, 0x00, 0xa3]);
  });

  it("tells late what was, when it is set to", async () => {
    const { send, hears } = await start(lcusKind, { channels: "1", stale: "on" });
    send([0xa0, 0x01, 0x01, 0xa2, 0xff]);
    await hears("CH1: OFF\r\n");
    send([0xff]);
    await hears("CH1: ON \r\n");
  });
});

describe("a KMtronic board", () => {
  it("tells of one relay at a time when it is small", async () => {
    const { send, hears } = await start(kmtronicKind, { channels: "2" });
    send([0xff, 0x02, 0x01, 0xff, 0x02, 0x03]);
    await hears([0xff, 0x02, 0x01]);
  });

  it("tells of all relays when it is large", async () => {
    const { send, hears } = await start(kmtronicKind, { channels: "4" });
    send([0x07, 0xff, 0x01, 0xff, 0x04, 0x01, 0xff, 0x09, 0x00]);
    await hears([0, 0, 0, 1]);
  });
});

describe("a Numato module", () => {
  it("echoes, answers and prompts", async () => {
    const { device, send, hears } = await start(numatoKind, { channels: "16", inputs: "2", read_all: "on" });
    send("relay on A\r");
    await hears("relay on A\n\r>");
    send("relay read A\r");
    await hears("relay read A\n\ron\n\r>");
    send("relay readall\r");
    await hears("relay readall\n\r0400\n\r>");
    deed(device, "input in2 on");
    send("gpio read 1\r");
    await hears("gpio read 1\n\r0\n\r>");
    send("relay writeall 0001\r");
    await hears("relay writeall 0001\n\r>");
    expect(device.state()).toMatchObject({ relays: { r1: true, r11: false } });
  });
});

describe("every serial relay board", () => {
  const kinds: readonly (readonly [string, DeviceKind])[] = [
    ["lcus", lcusKind],
    ["kmtronic", kmtronicKind],
    ["numato", numatoKind],
  ];

  it.each(kinds)("misbehaves on command: %s", async (_name, kind) => {
    const { device, send, said, heard } = await start(kind, { channels: "2" });
    const on = kind === numatoKind ? "relay on 0\r" : kind === lcusKind ? [160, 1, 1, 162] : [255, 1, 1];
    deed(device, "silence on");
    send(on);
    deed(device, "hold r2 on");
    await vi.waitUntil(() => said.length === 1, { timeout: 5_000 });
    deed(device, "echo on");
    send([0x20]);
    await vi.waitUntil(() => heard().length > 0, { timeout: 5_000 });
    expect(said).toEqual([{ event: "relay", device: "box", relay: "r2", on: true }]);
    deed(device, "hold r2 free");
    deed(device, "reboot");
    expect(device.state()).toMatchObject({ relays: { r1: false, r2: false } });
    expect(() => deed(device, "hold r3 on")).toThrow(/r1 to r2/);
  });

  it.each(kinds)("takes any bytes: %s", async (_name, kind) => {
    const { send, said } = await start(kind, { channels: "8" });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => send([...bytes])),
      { numRuns: 50 },
    );
    // It is alive: it ends what the noise may have begun, and obeys.
    const word = kind === numatoKind ? "\rrelay on 0\r\rrelay off 0\r" : null;
    if (word !== null) send(word);
    else if (kind === lcusKind) send([0, 0, 0, 0, 160, 1, 1, 162, 160, 1, 0, 161]);
    else send([255, 1, 1, 255, 1, 0]);
    await vi.waitUntil(() => said.some((event) => event["relay"] === "r1" && event["on"] === false), {
      timeout: 5_000,
    });
  });
});
