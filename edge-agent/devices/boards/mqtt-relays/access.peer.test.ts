import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PASSWORD, startMosquitto } from "../../testing/mosquitto.ts";
import { runProgram } from "../../testing/programs.ts";
import { until } from "../../testing/until.ts";
import { heard } from "./testing/site.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

const COMMANDS = [
  "shelly/gate/rpc",
  "cmnd/gate/POWER1",
  "esphome/gate/switch/open/command",
  "esphome/gate/button/open/command",
  "zigbee2mqtt/relay/set",
];
const STATES = [
  "shelly/gate/online",
  "shelly/gate/events/rpc",
  "parkme/demo/board/gate/rpc",
  "stat/gate/RESULT",
  "tele/gate/LWT",
  "esphome/gate/status",
  "esphome/gate/binary_sensor/loop/state",
];

describe("the access list of the gate's broker, for relays of other makers", () => {
  it("lets each device speak for itself, and nobody but the agent command it", async () => {
    const broker = await startMosquitto(["agent", "gate", "stranger", "homeassistant"]);
    cleanup.push(() => broker.remove());
    const topics = [...COMMANDS, ...STATES].flatMap((topic) => ["-t", topic]);
    const agent = await broker.listen("agent", "parkme/demo/mark", ...topics, "-F", "%r %q %t %p");
    for (const topic of [...COMMANDS, ...STATES]) {
      for (const user of ["stranger", "homeassistant"])
        await broker.publish(user, topic, `forged-by-${user}`);
    }
    for (const topic of COMMANDS) await broker.publish("gate", topic, "forged-by-gate");
    for (const topic of STATES) await broker.publish("gate", topic, "said");
    await broker.publish("agent", "parkme/demo/mark", "mark");
    await until(() => heard(agent).some((line) => line.endsWith(" mark")), "the mark behind it");
    expect(heard(agent).slice(0, -1)).toEqual(STATES.map((topic) => `${topic} said`));

    const device = await broker.listen("gate", "cmnd/gate/POWER1", ...topics, "-F", "%r %q %t %p");
    const stranger = await broker.listen("stranger", "cmnd/gate/POWER1", ...topics, "-F", "%r %q %t %p");
    const own = COMMANDS.filter((topic) => !topic.startsWith("zigbee2mqtt"));
    for (const topic of own) await broker.publish("agent", topic, "command");
    await until(() => heard(device).length >= own.length, "the commands");
    expect([...new Set(heard(device))].toSorted()).toEqual(own.map((topic) => `${topic} command`).toSorted());
    expect(heard(stranger)).toEqual([]);
  });

  it("does not hang up on Zigbee2MQTT for the long lists it publishes, and passes them on to nobody", async () => {
    const broker = await startMosquitto(["agent", "zigbee2mqtt"]);
    cleanup.push(() => broker.remove());
    const folder = await mkdtemp(join(tmpdir(), "parkme-lists-"));
    cleanup.push(() => rm(folder, { recursive: true }));
    const list = join(folder, "devices.json");
    await writeFile(list, JSON.stringify("x".repeat(500_000)));
    const agent = await broker.listen("agent", "zigbee2mqtt/#");
    const access = ["-p", String(broker.port), "-u", "zigbee2mqtt", "-P", PASSWORD];
    // Acknowledged (QoS 1) on a connection that stays, or this program fails.
    await runProgram("mosquitto_pub", [
      ...access,
      "-q",
      "1",
      "-t",
      "zigbee2mqtt/bridge/devices",
      "-f",
      list,
      "-r",
    ]);
    await broker.publish("zigbee2mqtt", "zigbee2mqtt/loop", "short");
    await until(() => heard(agent).length > 0, "the short message");
    expect(heard(agent)).toEqual(["short"]);
  });
});
