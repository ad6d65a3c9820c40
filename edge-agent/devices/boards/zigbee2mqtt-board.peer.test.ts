import { afterEach, describe, expect, it } from "vitest";
import { until } from "../testing/until.ts";
import { openByRelay } from "./mqtt-relays/testing/fake-link.ts";
import { heard, startRelaySite } from "./mqtt-relays/testing/site.ts";
import { createZigbee2mqttBoard, zigbee2mqttBoardConfigSchema } from "./zigbee2mqtt-board.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

function startSite(settings: object = {}) {
  const config = {
    name: "gate",
    driver: "zigbee2mqtt",
    relays: { r1: { device: "relay-1" }, r2: { device: "relay-2" } },
    inputs: {
      in1: { device: "loop-1", property: "occupancy", max_age_s: 60 },
      in2: { device: "loop-2", property: "occupancy", max_age_s: 60, ask: true },
    },
    poll_ms: 500,
    stale_after_ms: 2_000,
    read_s: 2,
    relay_max_age_s: 5,
    ...settings,
  };
  return startRelaySite(
    (context) => createZigbee2mqttBoard(zigbee2mqttBoardConfigSchema.parse(config), context),
    cleanup,
  );
}
const BASE = "zigbee2mqtt";

describe("a simulated Zigbee2MQTT behind mosquitto", () => {
  it("pulses its relays, and tells what its sensors say", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("zigbee2mqtt", BASE);
    await site.input("in2", false);
    await site.runUntil("done");
    await until(() => device.moves("r1").length === 2, "the pulse to end");
    await device.tell("input in1 on");
    await site.input("in1", true);
    await device.tell("input in1 off");
    await site.input("in1", false);
    await until(() => site.outputs()?.["r1"] === false, "the relay to be read as off");
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
  });

  it("whose relays do not report is read, and one that stays on is let go of", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("zigbee2mqtt", BASE, "reports=off", "last_seen=iso");
    await site.input("in2", false);
    await site.runUntil("done");
    await until(() => site.outputs()?.["r1"] === false, "the relay to be read back");
    await device.tell("on_time ignore");
    expect(await site.run()).toBe("done");
    await site.lost(/r1 did not let go by itself/);
    await until(() => device.moves("r1").length === 4, "the relay to be let go of");
    await site.known();
    expect(await site.run()).toBe("refused");
    expect(device.moves("r1")).toEqual([true, false, true, false]);
  });

  it("loses only the points of a device that cannot be reached or has not spoken", async () => {
    const site = await startSite({
      inputs: {
        in1: { device: "loop-1", property: "occupancy", max_age_s: 5 },
        in2: { device: "loop-2", property: "occupancy", max_age_s: 60, ask: true },
      },
    });
    site.bus.start();
    const device = await site.startDevice("zigbee2mqtt", BASE);
    await site.input("in2", false);
    await device.tell("report loop-1");
    await site.input("in1", false);
    await site.input("in1", undefined);
    expect(site.levels()).toEqual({ in2: false });
    // What it remembers is not what the sensor says.
    await device.tell("repeat");
    await site.runUntil("done");
    expect(site.levels()).toEqual({ in2: false });
    await device.tell("report loop-1");
    await site.input("in1", false);
    await device.tell("reach loop-2 off");
    await site.input("in2", undefined);
    await device.tell("reach relay-1 off");
    await site.runUntil("refused");
    expect(site.detailOf(/relay r1 has not answered over the air lately/)).toBe(true);
    await device.tell("reach relay-1 on");
    await site.runUntil("done");
  });

  it("without last_seen knows no input and moves no relay", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("zigbee2mqtt", BASE, "last_seen=none");
    await site.known();
    await device.tell("input in1 on");
    await until(() => (site.counts.get("zigbee2mqtt_no_last_seen") ?? 0) > 3, "its messages");
    expect(site.levels()).toEqual({});
    expect(await site.run()).toBe("refused");
    expect(site.warnings).toContain("Zigbee2MQTT does not say when devices were last seen");
  });

  it("is lost when it falls silent, goes or answers late, and found again", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("zigbee2mqtt", BASE);
    await site.input("in2", false);
    await device.tell("silence on");
    await site.lost(/nothing new/);
    expect(await site.run()).toBe("refused");
    await device.tell("silence off");
    await site.input("in2", false);
    await device.tell("offline on");
    await site.lost(/Zigbee2MQTT is offline/);
    await device.tell("offline off");
    await site.input("in2", false);
    await device.tell("reboot");
    await site.lost(/Zigbee2MQTT is offline/);
    await site.known();
    await device.tell("late 3000");
    await site.lost(/nothing new/);
    const asked = performance.now();
    await until(() => performance.now() - asked > 4_000, "answers that are too late");
    expect(site.levels()).toBeNull();
    await device.tell("late 0");
    await device.tell("duplicates on");
    await site.runUntil("done");
    await device.tell("garbage");
    await until(() => (site.counts.get("mqtt_relay_bad_message") ?? 0) > 0, "the nonsense");
    await device.tell("input in1 on");
    await site.input("in1", true);
  });

  it("is not known by what the broker remembers, and commands kept there are wiped", async () => {
    const site = await startSite();
    const { broker, bus } = site;
    // Before the bridge is there: what it says at its start is not said again.
    const ear = await broker.listen("agent", `${BASE}/loop-2`);
    const device = await site.startDevice("zigbee2mqtt", BASE);
    await until(() => heard(ear).length > 0, "the bridge to have begun");
    await device.tell("silence on");
    await device.tell("rubbish");
    bus.start();
    await until(() => site.warnings.includes("a command was retained by the broker"), "the retained command");
    const later = await broker.listen("agent", `${BASE}/relay-1/set`, "-W", "1");
    await until(() => later.exitCode() !== null, "a second without a retained command");
    expect(heard(later).filter((line) => line.includes("ON"))).toEqual([]);
    expect(site.events.some(({ kind }) => kind === "inputs")).toBe(false);
    await device.tell("silence off");
    await site.known();
  });
});

describe("a Zigbee2MQTT played by hand with mosquitto's own clients", () => {
  it("is asked for its health, and has its relays set and read", async () => {
    const site = await startSite({
      relays: { r1: { device: "gate-open", property: "state_l1" } },
      inputs: { in1: { device: "loop", property: "contact", on: false, max_age_s: 60 } },
      poll_ms: 5_000,
      stale_after_ms: 20_000,
      read_s: 20,
      relay_max_age_s: 60,
    });
    const { broker } = site;
    const ear = await broker.listen("zigbee2mqtt", `${BASE}/#`, "-F", "%r %q %t %p");
    const told = (topic: string): Record<string, unknown>[] =>
      heard(ear).flatMap((line) => {
        const [at = "", ...words] = line.split(" ");
        return at === `${BASE}/${topic}` ? [JSON.parse(words.join(" ")) as Record<string, unknown>] : [];
      });
    const say = (topic: string, message: object | string, ...options: string[]): Promise<unknown> =>
      broker.publish("zigbee2mqtt", `${BASE}/${topic}`, message, ...options);
    site.bus.start();
    await until(() => told("bridge/request/health_check").length > 0, "the question");
    const { transaction } = told("bridge/request/health_check")[0] ?? {};
    await say("bridge/response/health_check", { data: { healthy: true }, status: "ok", transaction });
    await site.known();
    expect(site.levels()).toEqual({});
    await say("loop", { contact: false, linkquality: 98, last_seen: Date.now() });
    await site.input("in1", true);
    await say("loop/availability", "offline", "-r");
    await site.input("in1", undefined);
    await say("loop", { contact: true, linkquality: 98, last_seen: Date.now() });
    await site.input("in1", false);

    await until(() => told("gate-open/get").length === 1, "the first reading");
    expect(told("gate-open/get")).toEqual([{ state_l1: "" }]);
    await say("gate-open", { state_l1: "OFF", state_l2: "OFF", last_seen: Date.now() });
    await until(() => site.outputs()?.["r1"] === false, "the relay to be known");
    const command = openByRelay({ release: [], deadlineMs: performance.now() + 15_000 });
    site.board.command(command);
    await until(() => told("gate-open/set").length === 1, "the command");
    expect(told("gate-open/set")).toEqual([{ state_l1: "ON", on_time: 0.5, off_wait_time: 0 }]);
    await say("gate-open", { state_l1: "ON", state_l2: "OFF", last_seen: Date.now() });
    await until(() => site.outcome(command) === "done", "the outcome");
    await say("gate-open", { state_l1: "OFF", state_l2: "OFF", last_seen: Date.now() });
    await until(() => site.outputs()?.["r1"] === false, "the end of the pulse");
    await say("bridge/state", { state: "offline" }, "-r");
    await site.lost(/Zigbee2MQTT is offline/);
    expect(ear.output()).not.toMatch(/^1 /m);
  });
});
