import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { pclessKind } from "./pcless-device.ts";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function start() {
  const said: Record<string, unknown>[] = [];
  const device = await pclessKind.start({
    wire: { kind: "listen", host: "127.0.0.1", port: 0 },
    name: "gate",
    settings: { framing: "star" },
    say: (event) => said.push(event),
  });
  cleanup.push(device.stop);
  const socket = connect({ port: device.port ?? 0, host: "127.0.0.1" });
  cleanup.push(() => socket.destroy());
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  return {
    device,
    said,
    send: (text: string) => socket.write(text),
    hears: (text: string) => vi.waitUntil(() => heard.includes(text), { timeout: 10_000 }),
    heard: () => heard,
    tell: (line: string) => {
      const [name = "", ...words] = line.split(" ");
      device.deeds[name]?.run(words);
    },
  };
}

describe("a PCLess board on a wire of its own", () => {
  it("obeys, and says what its relays do", async () => {
    const { said, send, hears } = await start();
    send("*OPEN1#");
    await hears("*OPEN1OK#");
    await vi.waitUntil(() => said.length === 3, { timeout: 10_000 });
    expect(said).toEqual([
      { event: "command", device: "gate", command: "OPEN1" },
      { event: "relay", device: "gate", relay: "out1", on: true },
      { event: "relay", device: "gate", relay: "out1", on: false },
    ]);
  });

  it("does what it is told beside the wire", async () => {
    const { device, send, hears, heard, tell } = await start();
    send("*PING#");
    await hears("*PINGOK#");
    tell("input in2 on");
    await hears("*IN2ON#");
    tell("card 12345678");
    await hears("*W12345678#");
    tell("stick in2 off");
    await hears("*IN2OFF#");
    tell("echo on");
    send("*OUT4ON#");
    await hears("*OUT4ON#*OUT4ONOK#");
    tell("dead out4 on");
    expect(device.state()).toMatchObject({ relays: { out4: false }, inputs: { in2: false } });
    tell("cut 1");
    send("*PING#");
    await vi.waitUntil(() => heard().endsWith("*PING#*PIN"), { timeout: 10_000 });
    tell("silence on");
    tell("garbage");
    await vi.waitUntil(() => heard().includes("\u0000"), { timeout: 10_000 });
    tell("silence off");
    tell("reboot");
    await hears("*POWERON#");
    expect(() => tell("dead out9 on")).toThrow(/no relay/);
    expect(() => tell("silence maybe")).toThrow(/on or off/);
  });
});
