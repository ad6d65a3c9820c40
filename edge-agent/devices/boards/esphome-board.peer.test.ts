import { afterEach, describe, expect, it } from "vitest";
import { until } from "../testing/until.ts";
import { createEsphomeBoard, esphomeBoardConfigSchema } from "./esphome-board.ts";
import { openByRelay } from "./mqtt-relays/testing/fake-link.ts";
import { heard, startRelaySite } from "./mqtt-relays/testing/site.ts";

const TOPIC = "esphome/gate";
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

function startSite(settings: object = {}) {
  const config = {
    name: "gate",
    driver: "esphome",
    topic: TOPIC,
    relays: { r1: { switch: "relay_1" }, r2: { switch: "relay_2", button: "pulse_2" } },
    inputs: { in1: "input_1", in2: "input_2" },
    ...settings,
  };
  return startRelaySite(
    (context) => createEsphomeBoard(esphomeBoardConfigSchema.parse(config), context),
    cleanup,
  );
}

describe("a simulated ESPHome node behind mosquitto", () => {
  it("reports what it repeats, and ends the pulses of its switches and buttons", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("esphome", TOPIC);
    await site.input("in2", false);
    await site.runUntil("done");
    await until(() => device.moves("r1").length === 2, "the pulse to end");
    await device.tell("input in1 on");
    await site.input("in1", true);
    await device.tell("input in1 off");
    await site.input("in1", false);
    expect(await site.run({ relay: "r2", release: ["r1"] })).toBe("done");
    expect(await site.run()).toBe("done");
    await until(() => device.moves("r1").length === 4, "the pulse to end");
    const clicks = device.lines
      .filter(({ event }) => event === "relay")
      .map((line) => [line["relay"], line["on"]]);
    expect(clicks.slice(2)).toEqual([
      ["r2", true],
      ["r2", false],
      ["r1", true],
      ["r1", false],
    ]);
    await device.tell("dead r1 on");
    await until(() => site.outputs()?.["r1"] === false, "the relay to be off");
    expect(await site.run()).toBe("done");
    expect(device.moves("r1")).toHaveLength(4);
  });

  it("whose switch does not come back off gets it switched off, and no more pulses on it", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("esphome", TOPIC, "auto_off_ms=0");
    await site.input("in2", false);
    await site.runUntil("done");
    await site.lost(/r1 did not let go by itself/);
    await until(() => device.moves("r1").length === 2, "the relay to be let go of");
    await site.known();
    await until(() => site.outputs()?.["r1"] === false, "the relay to be read as off");
    expect(await site.run()).toBe("refused");
    expect(await site.run({ relay: null, release: ["r1", "r2"] })).toBe("done");
    expect(device.moves("r1")).toEqual([true, false]);
    // The other relay has not failed yet.
    expect(await site.run({ relay: "r2", release: ["r1"] })).toBe("done");
  });

  it("that does not repeat itself is not known for long, and is not commanded then", async () => {
    const site = await startSite({ stale_after_ms: 1_000 });
    const device = await site.startDevice("esphome", TOPIC, "repeat_ms=0");
    const ear = await site.broker.listen("agent", `${TOPIC}/binary_sensor/input_2/state`);
    await until(() => heard(ear).includes("OFF"), "the node to have said its states");
    // What it said on connecting is retained, and the agent comes later.
    site.bus.start();
    await until(() => site.bus.connected(), "the bus");
    expect(await site.run()).toBe("refused");
    await site.lost(/nothing new/);
    await device.tell("input in1 on");
    const known = (): object[] =>
      site.events.flatMap((event) => (event.kind === "inputs" ? [event.levels] : []));
    await until(() => known().length > 0, "the node to be known for a moment");
    await until(() => site.events.findLast(({ kind }) => kind !== "outcome")?.kind === "lost", "the loss");
    // One word about one input is no word about the other, nor about a relay.
    expect(known()[0]).toEqual({ in1: true });
    expect(known().every((levels) => !("in2" in levels))).toBe(true);
    expect(device.moves("r1")).toEqual([]);
  });

  it("is lost when it falls silent, goes, or restarts in mid-cycle, and found again", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("esphome", TOPIC, "auto_off_ms=5000", "repeat_ms=500");
    await site.known();
    await device.tell("silence on");
    await site.lost(/nothing new/);
    await device.tell("silence off");
    await site.known();
    await device.tell("offline on");
    await site.lost(/offline/);
    expect(await site.run()).toBe("refused");
    await device.tell("offline off");
    await site.known();
    await site.runUntil("done", { pulseMs: 2_000 });
    await device.tell("reboot");
    await site.lost(/offline/);
    expect(device.moves("r1").at(-1)).toBe(false);
    await site.known();
    await device.tell("duplicates on");
    await device.tell("garbage");
    await until(() => (site.counts.get("mqtt_relay_bad_message") ?? 0) > 0, "the nonsense");
    await device.tell("input in2 on");
    await site.input("in2", true);
  });

  it("is not known by what the broker remembers, and commands kept there are wiped", async () => {
    const site = await startSite();
    const { broker, bus } = site;
    const device = await site.startDevice("esphome", TOPIC);
    await device.tell("rubbish");
    const command = `${TOPIC}/switch/relay_1/command`;
    await broker.publish("agent", command, "ON", "-r");
    await device.tell("silence on");
    bus.start();
    await until(() => site.warnings.includes("a command was retained by the broker"), "the retained command");
    const later = await broker.listen("agent", command, "-W", "1");
    await until(() => later.exitCode() !== null, "a second without a retained command");
    expect(heard(later)).not.toContain("ON");
    expect(site.events.some(({ kind }) => kind === "inputs")).toBe(false);
    await site.lost(/nothing new/);
  });
});

describe("an ESPHome node played by hand with mosquitto's own clients", () => {
  it("is switched, and heard when it says its states", async () => {
    const site = await startSite({
      relays: { r1: { switch: "open", button: "open_pulse" } },
      inputs: { in1: "loop" },
      stale_after_ms: 20_000,
    });
    const { broker } = site;
    const ear = await broker.listen("gate", `${TOPIC}/+/+/command`, "-F", "%r %q %t %p");
    const say = (topic: string, word: string): Promise<unknown> =>
      broker.publish("gate", `${TOPIC}/${topic}`, word, "-r");
    site.bus.start();
    await until(() => site.bus.connected(), "the bus");
    await say("switch/open/state", "OFF");
    await say("binary_sensor/loop/state", "ON");
    await site.input("in1", true);
    const command = openByRelay({ release: [], deadlineMs: performance.now() + 15_000 });
    site.board.command(command);
    await until(() => heard(ear).includes(`${TOPIC}/button/open_pulse/command PRESS`), "the command");
    expect(site.outcome(command)).toBe("");
    await say("switch/open/state", "ON");
    await until(() => site.outcome(command) === "done", "the outcome");
    await say("switch/open/state", "OFF");
    await until(() => site.outputs()?.["r1"] === false, "the end of the pulse");
    await say("status", "offline");
    await site.lost(/offline/);
    expect(ear.output()).not.toMatch(/^1 /m);
  });
});
