import { createServer, type AddressInfo, type Server } from "node:net";
import { Aedes } from "aedes";
import type { MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { deviceKinds } from "../../devices/kinds.ts";
import type { SimDevice } from "../../devices/device.ts";
import { connectMqtt } from "../../transports/mqtt-client.ts";

const WITHIN = { timeout: 10_000, interval: 5 };
let broker: Aedes;
let server: Server;
let url: string;
let peers = 0;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  broker = await Aedes.createBroker();
  server = createServer({ noDelay: true }, broker.handle);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise<void>((resolve) => broker.close(resolve));
  server.close();
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

type Heard = { readonly topic: string; readonly text: string; readonly retain: boolean };

/** A device of this kind at its broker, and a listener who hears everything and can say everything. */
async function plugIn(kind: string, settings: Record<string, string> = {}) {
  // A name of its own: retained messages of another test are no business of this one.
  const name = `dev-${++peers}`;
  const heard: Heard[] = [];
  const told: Record<string, unknown>[] = [];
  const client: MqttClient = connectMqtt({ url }, {});
  stops.push(() => client.endAsync(true));
  client.on("message", (topic, payload, { retain }) =>
    heard.push({ topic, text: payload.toString(), retain }),
  );
  await client.subscribeAsync("#", { qos: 1 });
  const found = deviceKinds[kind];
  if (found === undefined) throw new Error(`no kind ${kind}`);
  const device: SimDevice = await found.start({
    wire: { kind: "mqtt", url },
    name,
    settings: { ...(kind === "mqtt-board" ? {} : { topic: name }), ...settings },
    say: (event) => told.push({ ...event }),
  });
  stops.push(() => device.stop());
  await vi.waitUntil(() => device.state()["up"] === true, WITHIN);
  // What the broker remembers, of this device or of those before it, comes whenever it comes.
  const texts = (topic: string): string[] =>
    heard
      .filter(({ retain }) => !retain)
      .filter((each) => each.topic === `${name}/${topic}` || each.topic === topic)
      .map(({ text }) => text);
  return {
    name,
    device,
    heard,
    texts,
    last: (topic: string): Record<string, unknown> =>
      JSON.parse(texts(topic).at(-1) ?? "{}") as Record<string, unknown>,
    said: (topic: string, text: string | RegExp) =>
      vi.waitUntil(
        () => texts(topic).some((each) => (typeof text === "string" ? each === text : text.test(each))),
        WITHIN,
      ),
    say: (topic: string, message: string | object) =>
      client.publishAsync(topic, typeof message === "string" ? message : JSON.stringify(message), { qos: 1 }),
    clicks: () => told.filter(({ event }) => event === "relay").map(({ relay, on }) => [relay, on]),
    deed: (line: string): void => {
      const [word = "", ...words] = line.split(" ");
      const deed = device.deeds[word];
      if (deed === undefined) throw new Error(`no deed ${word}`);
      deed.run(words);
    },
  };
}
type Plugged = Awaited<ReturnType<typeof plugIn>>;

describe("the simulated Shelly", () => {
  const rpc = (peer: Plugged, id: number | string, method: string, params: object = {}): Promise<unknown> =>
    peer.say(`${peer.name}/rpc`, { id, src: "tester", method, params });
  const answer = async (peer: Plugged, id: number | string): Promise<Record<string, unknown>> => {
    const find = (): Record<string, unknown> | undefined =>
      peer
        .texts("tester/rpc")
        .map((text) => JSON.parse(text) as Record<string, unknown>)
        .find((frame) => frame["id"] === id && frame["src"] === `shellysim-${peer.name}`);
    await vi.waitUntil(() => find() !== undefined, WITHIN);
    return find() ?? {};
  };

  it("switches, ends its pulse by itself, and notifies of both", async () => {
    const peer = await plugIn("shelly");
    await rpc(peer, "a", "Switch.Set", { id: 1, on: true, toggle_after: 0.1 });
    expect(await answer(peer, "a")).toMatchObject({ dst: "tester", result: { was_on: false } });
    await peer.said("events/rpc", /"switch:1":\{"id":1,"source":"timer","output":false/);
    expect(peer.texts("events/rpc").some((text) => /"timer_duration":0.1/.test(text))).toBe(true);
    expect(peer.clicks()).toEqual([
      ["r2", true],
      ["r2", false],
    ]);
    peer.deed("input in2 on");
    await peer.said("events/rpc", /"input:1":\{"id":1,"state":true\}/);
    await rpc(peer, 7, "Shelly.GetStatus");
    expect(await answer(peer, 7)).toMatchObject({
      result: {
        "input:0": { state: false },
        "input:1": { state: true },
        "switch:1": { output: false },
        sys: { cfg_rev: 1 },
      },
    });
  });

  it("refuses what it does not know, and says nothing to a frame without a source", async () => {
    const peer = await plugIn("shelly", { inputs: "1" });
    await rpc(peer, 1, "Switch.Set", { id: 5, on: true });
    expect(await answer(peer, 1)).toMatchObject({ error: { code: -105 } });
    await rpc(peer, 2, "Gate.Open");
    expect(await answer(peer, 2)).toMatchObject({ error: { code: 404 } });
    await rpc(peer, 3, "Switch.Set", { id: 0 });
    expect(await answer(peer, 3)).toMatchObject({ error: { code: -103 } });
    await peer.say(`${peer.name}/rpc`, { id: 4, method: "Switch.Set", params: { id: 0, on: true } });
    await peer.say(`${peer.name}/rpc`, "nonsense");
    await rpc(peer, 5, "Input.GetStatus", { id: 0 });
    expect(await answer(peer, 5)).toMatchObject({ result: { id: 0, state: false } });
    expect(peer.clicks()).toEqual([]);
  });

  it("moves its relay by its input, and by power that comes back, where it is set up so", async () => {
    const peer = await plugIn("shelly", { in_mode: "follow", initial_state: "restore_last" });
    peer.deed("input in1 on");
    expect(peer.clicks()).toEqual([["r1", true]]);
    peer.deed("reboot");
    expect(peer.clicks()).toEqual([
      ["r1", true],
      ["r1", false],
      ["r1", true],
    ]);
    await vi.waitUntil(() => peer.device.state()["up"] === true, WITHIN);
    await rpc(peer, 1, "Switch.GetConfig", { id: 0 });
    expect(await answer(peer, 1)).toMatchObject({ result: { in_mode: "follow" } });
    peer.deed("setup in_mode detached");
    peer.deed("input in1 off");
    expect(peer.clicks()).toHaveLength(3);
  });
});

describe("the simulated Tasmota", () => {
  const tell = (peer: Plugged, command: string, payload: string): Promise<unknown> =>
    peer.say(`cmnd/${peer.name}/${command}`, payload);
  const stat = (peer: Plugged, what: string): string => `stat/${peer.name}/${what}`;

  it("ends pulses by its PulseTime, which outlives a reboot", async () => {
    const peer = await plugIn("tasmota");
    await tell(peer, "PulseTime1", "2");
    await peer.said(stat(peer, "RESULT"), '{"PulseTime1":{"Set":2,"Remaining":0}}');
    await tell(peer, "POWER1", "ON");
    await peer.said(stat(peer, "RESULT"), '{"POWER1":"ON"}');
    await peer.said(stat(peer, "POWER1"), "OFF");
    expect(peer.clicks()).toEqual([
      ["r1", true],
      ["r1", false],
    ]);
    peer.deed("reboot");
    await peer.said(`tele/${peer.name}/LWT`, "Offline");
    await vi.waitUntil(() => peer.device.state()["up"] === true, WITHIN);
    expect(peer.device.state()["pulse_times"]).toEqual([2, 0]);
    await tell(peer, "pulsetime1", "");
    await vi.waitUntil(
      () => peer.texts(stat(peer, "RESULT")).filter((text) => text.includes("PulseTime1")).length === 2,
      WITHIN,
    );
  });

  it("tells its state and switches, which move its relays unless they are detached", async () => {
    const peer = await plugIn("tasmota");
    peer.deed("input in1 on");
    expect(peer.clicks()).toEqual([["r1", true]]);
    await tell(peer, "STATUS", "11");
    await peer.said(stat(peer, "STATUS11"), /"UptimeSec":\d+.*"POWER1":"ON","POWER2":"OFF"/);
    await tell(peer, "SetOption114", "1");
    await peer.said(stat(peer, "RESULT"), '{"SetOption114":"ON"}');
    peer.deed("input in1 off");
    await peer.said(stat(peer, "RESULT"), '{"Switch1":{"Action":"OFF"}}');
    expect(peer.clicks()).toEqual([["r1", true]]);
    await tell(peer, "STATUS", "10");
    await peer.said(stat(peer, "STATUS10"), /"Switch1":"OFF","Switch2":"OFF"/);
    await tell(peer, "Blinds", "up");
    await peer.said(stat(peer, "RESULT"), /"Command":"Unknown"/);
  });

  it("that only looks like one latches its relay, and with PowerOnState 3 again after a reboot", async () => {
    const plain = await plugIn("tasmota", { firmware: "plain" });
    await tell(plain, "PulseTime1", "1");
    await plain.said(stat(plain, "RESULT"), /Unknown/);
    const parrot = await plugIn("tasmota", { firmware: "parrot" });
    await tell(parrot, "PulseTime1", "1");
    await parrot.said(stat(parrot, "RESULT"), /"Set":1/);
    await tell(parrot, "POWER1", "ON");
    await parrot.said(stat(parrot, "POWER1"), "ON");
    parrot.deed("reboot");
    expect(parrot.clicks()).toEqual([
      ["r1", true],
      ["r1", false],
      ["r1", true],
    ]);
  });
});

describe("the simulated ESPHome node", () => {
  it("turns itself off, takes presses, and says nothing when nothing changed", async () => {
    const peer = await plugIn("esphome", { auto_off_ms: "100", repeat_ms: "0" });
    await peer.said("status", "online");
    await peer.say(`${peer.name}/button/pulse_2/command`, "PRESS");
    await peer.said("switch/relay_2/state", "ON");
    await vi.waitUntil(() => peer.texts("switch/relay_2/state").at(-1) === "OFF", WITHIN);
    await peer.say(`${peer.name}/switch/relay_1/command`, "OFF");
    await peer.say(`${peer.name}/switch/relay_1/command`, "on");
    await peer.said("switch/relay_1/state", "ON");
    expect(peer.texts("switch/relay_1/state").slice(0, 2)).toEqual(["OFF", "ON"]);
    peer.deed("input in1 on");
    await peer.said("binary_sensor/input_1/state", "ON");
  });

  it("repeats itself where its YAML says so, and leaves its relay on where it does not say otherwise", async () => {
    const peer = await plugIn("esphome", { auto_off_ms: "0", repeat_ms: "50" });
    await vi.waitUntil(() => peer.texts("binary_sensor/input_2/state").length > 5, WITHIN);
    await peer.say(`${peer.name}/switch/relay_1/command`, "ON");
    await vi.waitUntil(
      () => peer.texts("switch/relay_1/state").filter((text) => text === "ON").length > 5,
      WITHIN,
    );
    expect(peer.clicks()).toEqual([["r1", true]]);
  });
});

describe("the simulated Zigbee2MQTT", () => {
  it("answers its health, confirms a state, and a pulse only by the relay's report or by reading it", async () => {
    const peer = await plugIn("zigbee2mqtt", { reports: "off" });
    await peer.say(`${peer.name}/bridge/request/health_check`, { transaction: "t1" });
    await peer.said(
      "bridge/response/health_check",
      '{"data":{"healthy":true},"status":"ok","transaction":"t1"}',
    );
    const before = peer.texts("relay-1").length;
    await peer.say(`${peer.name}/relay-1/set`, { state: "ON", on_time: 0.2 });
    await vi.waitUntil(() => peer.clicks().length === 2, WITHIN);
    expect(peer.texts("relay-1")).toHaveLength(before);
    await peer.say(`${peer.name}/relay-1/set`, { state: "ON" });
    await peer.said("relay-1", /"state":"ON"/);
    await peer.say(`${peer.name}/relay-1/set`, { state: "OFF" });
    await vi.waitUntil(() => peer.last("relay-1")["state"] === "OFF", WITHIN);
    peer.deed("on_time ignore");
    await peer.say(`${peer.name}/relay-1/set`, { state: "ON", on_time: 0.05 });
    await peer.say(`${peer.name}/relay-1/get`, { state: "" });
    await vi.waitUntil(() => peer.last("relay-1")["state"] === "ON", WITHIN);
  });

  it("remembers what its devices said, and when; one that cannot be reached says nothing", async () => {
    const peer = await plugIn("zigbee2mqtt", { sensor_s: "0" });
    peer.deed("input in1 on");
    await peer.said("loop-1", /"occupancy":true/);
    const { last_seen: seen } = peer.last("loop-1");
    const count = peer.texts("loop-1").length;
    peer.deed("repeat");
    await vi.waitUntil(() => peer.texts("loop-1").length === count + 1, WITHIN);
    expect(peer.last("loop-1")).toMatchObject({ occupancy: true, last_seen: seen });
    peer.deed("reach loop-1 off");
    await vi.waitUntil(() => peer.last("loop-1/availability")["state"] === "offline", WITHIN);
    peer.deed("input in1 off");
    peer.deed("report loop-2");
    const before = peer.texts("loop-2").length;
    await vi.waitUntil(() => peer.texts("loop-2").length > before, WITHIN);
    expect(peer.last("loop-1")).toMatchObject({ occupancy: true });
  });
});

describe("every simulated MQTT relay", () => {
  const kinds = ["shelly", "tasmota", "esphome", "zigbee2mqtt"];

  it.each(kinds)("%s goes without a goodbye, and comes back", async (kind) => {
    const peer = await plugIn(kind);
    const will = {
      shelly: "false",
      tasmota: "Offline",
      esphome: "offline",
      zigbee2mqtt: '{"state":"offline"}',
    }[kind];
    peer.deed("offline on");
    await vi.waitUntil(() => peer.heard.some(({ text }) => text === will), WITHIN);
    expect(peer.device.state()["up"]).toBe(false);
    peer.deed("offline off");
    await vi.waitUntil(() => peer.device.state()["up"] === true, WITHIN);
  });

  it.each(kinds)("%s leaves rubbish that the broker retains, and talks nonsense", async (kind) => {
    const peer = await plugIn(kind);
    peer.deed("rubbish");
    peer.deed("garbage");
    await vi.waitUntil(() => peer.heard.some(({ text }) => text === "[1,2]"), WITHIN);
    const heard: Heard[] = [];
    const late = connectMqtt({ url }, {});
    stops.push(() => late.endAsync(true));
    late.on("message", (topic, payload, { retain }) =>
      heard.push({ topic, text: payload.toString(), retain }),
    );
    await late.subscribeAsync("#", { qos: 1 });
    const command =
      { shelly: "rpc", tasmota: "POWER1", esphome: "relay_1/command", zigbee2mqtt: "relay-1/set" }[kind] ??
      "";
    await vi.waitUntil(
      () => heard.some(({ topic, retain }) => retain && topic.includes(peer.name) && topic.endsWith(command)),
      WITHIN,
    );
  });

  it("is silent, late, double or dead as it is told", async () => {
    const peer = await plugIn("esphome", { repeat_ms: "0", auto_off_ms: "0" });
    const command = `${peer.name}/switch/relay_1/command`;
    const states = (): string[] => peer.texts("switch/relay_1/state");
    await vi.waitUntil(() => states().length === 1, WITHIN);
    peer.deed("duplicates on");
    await peer.say(command, "ON");
    await vi.waitUntil(() => states().length === 3, WITHIN);
    peer.deed("duplicates off");
    peer.deed("late 300");
    const told = performance.now();
    await peer.say(command, "OFF");
    await vi.waitUntil(() => states().at(-1) === "OFF", WITHIN);
    expect(performance.now() - told).toBeGreaterThanOrEqual(290);
    peer.deed("late 0");
    peer.deed("dead r1 on");
    const clicks = peer.clicks().length;
    await peer.say(command, "ON");
    await vi.waitUntil(() => states().at(-1) === "ON", WITHIN);
    expect(peer.clicks()).toHaveLength(clicks);
    peer.deed("silence on");
    peer.deed("input in1 on");
    peer.deed("silence off");
    peer.deed("input in1 off");
    peer.deed("input in2 on");
    await peer.said("binary_sensor/input_2/state", "ON");
    expect(peer.texts("binary_sensor/input_1/state")).not.toContain("ON");
    expect(() => peer.deed("late soon")).toThrow(/whole number/);
    expect(() => peer.deed("dead r9 on")).toThrow(/no relay/);
    expect(() => peer.deed("input in9 on")).toThrow(/no input/);
  });

  it.each(kinds)("%s refuses another wire, and settings that make no sense", async (kind) => {
    const start = deviceKinds[kind]?.start;
    const options = { name: "x", say: () => {}, settings: {} };
    await expect(async () =>
      start?.({ ...options, wire: { kind: "listen", host: "127.0.0.1", port: 0 } }),
    ).rejects.toThrow(/MQTT/);
    await expect(async () =>
      start?.({ ...options, wire: { kind: "mqtt", url }, settings: { relays: "many" } }),
    ).rejects.toThrow(/whole number/);
  });
});

describe("our own board as a device", () => {
  it("speaks the gate's protocol, and does as it is told", async () => {
    const peer = await plugIn("mqtt-board");
    const root = `parkme/demo/board/${peer.name}`;
    await peer.said(`${root}/status`, /"online":true/);
    peer.deed("input in3 on");
    await peer.said(`${root}/state`, /"in3":true/);
    const { boot, uptime_ms: uptime } = peer.last(`${root}/state`);
    const command = {
      id: "019ab3c4-0000-7000-8000-000000000001",
      epoch: 1,
      boot,
      deadline_uptime_ms: Number(uptime) + 60_000,
      barrier: 1,
      action: "open",
      pulse_ms: 60,
    };
    await peer.say(`${root}/cmd`, command);
    await peer.said(`${root}/ack`, /"done"/);
    await vi.waitUntil(() => peer.clicks().length === 2, WITHIN);
    peer.deed("dead open1 on");
    await peer.say(`${root}/cmd`, { ...command, id: "019ab3c4-0000-7000-8000-000000000002" });
    await vi.waitUntil(() => peer.texts(`${root}/ack`).length === 2, WITHIN);
    expect(peer.clicks()).toHaveLength(2);
    expect(peer.device.state()["relays"]).toMatchObject({ open1: false });
    peer.deed("offline on");
    await peer.said(`${root}/status`, /"online":false/);
    peer.deed("offline off");
    await vi.waitUntil(() => peer.device.state()["up"] === true, WITHIN);
  });
});
