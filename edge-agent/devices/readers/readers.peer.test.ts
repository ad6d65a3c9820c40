import { afterEach, describe, expect, it } from "vitest";
import { layCable, startSimDevice } from "../testing/sim-device.ts";
import type { DeviceContext } from "../context.ts";
import type { Reader, ReaderEvent } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { until } from "../testing/until.ts";
import { createOsdpReader, osdpConfigSchema } from "./osdp.ts";
import { createScanner, scannerConfigSchema } from "./scanner.ts";

/** The drivers against simulated devices, run as programs, over pseudo-terminals of socat. */

const KEY = "c0ffee00112233445566778899aabbcc";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function startSite(kind: string, settings: readonly string[]) {
  const cable = await layCable();
  cleanup.push(cable.remove);
  await cable.plugIn();
  const flags = settings.flatMap((setting) => ["--set", setting]);
  const device = await startSimDevice(kind, ["--serial", cable.device, ...flags]);
  cleanup.push(device.stop);
  return { cable, device, ...createTestContext(createFakeBus().bus) };
}

async function listen(reader: Reader) {
  cleanup.push(() => reader.stop());
  const events: ReaderEvent[] = [];
  await reader.start((event) => events.push(event));
  const health = () => events.findLast((event) => event.kind === "health")?.health;
  const texts = () => events.flatMap((event) => (event.kind === "credential" ? [event.text] : []));
  return {
    reader,
    events,
    texts,
    well: () => until(() => health()?.ok === true, `${reader.name} to be well`, 30_000),
    ill: () => until(() => health()?.ok === false, `${reader.name} to be ill`, 30_000),
    reads: (...expected: string[]) =>
      until(
        () => texts().length === expected.length,
        `${expected.join()}, but it has ${texts().join()}`,
        30_000,
      ).then(() => expect(texts()).toEqual(expected)),
  };
}

const osdp = (address: number, serial: string, context: DeviceContext, more: object = {}) =>
  listen(
    createOsdpReader(
      osdpConfigSchema.parse({
        name: `cards-${address}`,
        driver: "osdp",
        serial,
        address,
        poll_ms: 100,
        ...more,
      }),
      context,
    ),
  );

describe("a scanner on a serial port", () => {
  it("tells what it reads, whatever else comes down the line, and survives being unplugged", async () => {
    const { cable, device, context, counts } = await startSite("scanner", ["end=crlf", "prefix=]Q1"]);
    const config = { name: "exit-qr", driver: "scanner", serial: cable.agent, prefix: "]Q1" };
    const { well, ill, reads, texts } = await listen(
      createScanner(scannerConfigSchema.parse(config), context),
    );
    await well();
    await device.tell("repeat 3 PKM-7K2M9QX3");
    await reads("PKM-7K2M9QX3");
    await device.tell("garbage");
    await device.tell("scan lost with the garbage before it");
    await device.tell("scan https://example.org/t?n=1&x=2");
    await reads("PKM-7K2M9QX3", "https://example.org/t?n=1&x=2");
    expect(counts.get("scan_rejected")).toBe(1);
    await device.tell(`scan ${"9".repeat(257)}`);
    await device.tell("scan after the one that is too long");
    await until(() => texts().length === 3, "the code after it");
    expect(counts.get("scan_rejected")).toBe(2);

    await device.tell("cut 1");
    await device.tell("scan half of this is lost with the cable");
    await cable.unplug();
    await ill();
    await cable.plugIn();
    await well();
    // The device, too, has to notice that its port is back.
    const seen = async () => (await device.tell("state"))["connected"] === true;
    while (!(await seen()));
    await device.tell("scan whole");
    await until(() => texts().at(-1) === "whole", "a whole code");
    expect(texts().filter((text) => text.includes("half"))).toEqual([]);
  });
});

describe("osdp readers on one serial line", () => {
  it("are polled side by side, each with its own cards, keys, lamp and health", async () => {
    const { cable, device, context } = await startSite("osdp", ["addresses=0,126"]);
    const one = await osdp(0, cable.agent, context, { offline_after: 3 });
    const other = await osdp(126, cable.agent, context);
    await one.well();
    await other.well();
    await device.tell("wiegand 0 123 45678");
    await device.tell("card 126 56 04a1b2c3d4e5f6");
    await device.tell("keys 126 99*1234#");
    await one.reads("08106606");
    await other.reads("56:04A1B2C3D4E5F6", "1234");
    one.reader.indicate("granted");
    other.reader.indicate("denied");
    const colours = () => device.lines.flatMap((line) => (line.event === "lamp" ? [line["colour"]] : []));
    await until(() => colours().length === 2, "both lamps");
    expect(new Set(colours())).toEqual(new Set(["green", "red"]));

    await device.tell("mute 0 on");
    await one.ill();
    await device.tell("keys 126 5#");
    await other.reads("56:04A1B2C3D4E5F6", "1234", "5");
    expect(other.events.filter(({ kind }) => kind === "health")).toHaveLength(1);
    await device.tell("mute 0 off");
    await one.well();
  });

  it.each([
    ["in clear", [], {}],
    ["in a secure channel", [`key=${KEY}`], { key_file: KEY }],
  ])("lose no card %s, whatever happens on the line", async (_how, settings, more) => {
    const { cable, device, context } = await startSite("osdp", settings);
    const { well, ill, reads } = await osdp(0, cable.agent, context, more);
    await well();
    await device.tell("wiegand 0 1 1");
    await reads("00065537");
    for (const [fault, facility] of [
      ["cut 2", 2],
      ["garble 2", 3],
      ["busy 0 3", 4],
      ["echo on", 5],
      ["refuse 0 4", 6],
    ] as const) {
      await device.tell(fault);
      if (fault === "echo on") await device.tell("garbage");
      await device.tell(`wiegand 0 ${facility} 1`);
    }
    const expected = [1, 2, 3, 4, 5, 6].map((facility) => String(facility * 65_536 + 1).padStart(8, "0"));
    await reads(...expected);

    await device.tell("restart 0");
    await device.tell("wiegand 0 7 1");
    await reads(...expected, "00458753");
    await cable.unplug();
    await ill();
    await cable.plugIn();
    await well();
    await device.tell("wiegand 0 8 1");
    await reads(...expected, "00458753", "00524289");
    const state = await device.tell("state");
    expect(state["readers"]).toMatchObject([{ secure: settings.length > 0 }]);
  });

  it("with a key of their own are ill, not believed, and not spoken to in clear", async () => {
    const { cable, device, context } = await startSite("osdp", [`key=${KEY}`]);
    const wrong = await osdp(0, cable.agent, context, { key_file: KEY.replace("c0", "c1") });
    await wrong.ill();
    expect(wrong.events).toEqual([
      { kind: "health", health: { ok: false, reason: "the reader does not know the key in key_file" } },
    ]);
    const state = await device.tell("state");
    expect(state["readers"]).toMatchObject([{ secure: false, polls: 0 }]);
  });

  it("without the key that the reader demands are told of it", async () => {
    const { cable, context } = await startSite("osdp", [`key=${KEY}`]);
    const { ill, events } = await osdp(0, cable.agent, context);
    await ill();
    expect(events).toEqual([
      {
        kind: "health",
        health: { ok: false, reason: "the reader demands a secure channel: key_file is missing" },
      },
    ]);
  });
});
