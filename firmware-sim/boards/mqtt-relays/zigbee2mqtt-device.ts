import {
  onOff,
  wholeNumber,
  type DeviceKind,
  type DeviceOptions,
  type SimDevice,
} from "../../devices/device.ts";
import { createCoilBox, type CoilBox } from "./coil-box.ts";
import { linkOf, openMqttLine, type MqttLine } from "./mqtt-line.ts";

/**
 * Zigbee2MQTT with its network: relays `relay-1`.. (property `state`) and sensors `loop-1`.. (property `occupancy`).
 * Written from the Zigbee2MQTT docs (MQTT Topics and Messages; Device-Availability; On with timed off) and from what
 * its on/off converter publishes: a plain `state` is confirmed by itself, one with `on_time` only by the device's
 * report or by a `get`.
 */
export const zigbee2mqttKind: DeviceKind = {
  summary: "Zigbee2MQTT with relays and sensors",
  wires: ["mqtt"],
  settings: {
    topic: "base_topic (zigbee2mqtt)",
    relays: "how many, 1 to 8 (2)",
    inputs: "how many sensors, 0 to 8 (2)",
    last_seen: "epoch, iso or none, as in its settings (epoch)",
    reports: "on or off: relays report by themselves what they are (on)",
    sensor_s: "after which a sensor reports though nothing changed; 0 = never (0)",
  },
  start: (options) => Promise.resolve(new Zigbee(options)),
};

/** A device of its network, as Zigbee2MQTT remembers it. */
type Peer = {
  readonly name: string;
  readonly read: () => Readonly<Record<string, unknown>>;
  /** Null for sensors, which take no commands. */
  readonly relay: number | null;
  memory: Readonly<Record<string, unknown>>;
  lastSeen: number;
  reachable: boolean;
};

const RADIO_MS = 20;

class Zigbee implements SimDevice {
  readonly port = null;
  readonly deeds: SimDevice["deeds"];
  readonly #base: string;
  readonly #lastSeen: string;
  readonly #reports: boolean;
  readonly #peers = new Map<string, Peer>();
  readonly #box: CoilBox;
  readonly #line: MqttLine;
  readonly #reporting: NodeJS.Timeout | undefined;
  readonly #onAir = new Set<NodeJS.Timeout>();
  #ignoresOnTime = false;

  constructor(options: DeviceOptions) {
    const { settings, name, say } = options;
    this.#base = settings["topic"] ?? "zigbee2mqtt";
    this.#lastSeen = settings["last_seen"] ?? "epoch";
    this.#reports = onOff(settings["reports"] ?? "on");
    const relays = wholeNumber(settings["relays"] ?? "2", 1, 8);
    const inputs = wholeNumber(settings["inputs"] ?? "2", 0, 8);
    const sensorS = wholeNumber(settings["sensor_s"] ?? "0", 0, 3_600);
    this.#box = createCoilBox({
      relays,
      inputs,
      say,
      device: name,
      onRelay: (relay) => {
        if (this.#reports) this.#radio(`relay-${relay}`);
      },
      onInput: (input) => this.#radio(`loop-${input}`),
    });
    for (let n = 1; n <= relays; n++) {
      this.#join(`relay-${n}`, n, () => ({ state: this.#box.driven(n) ? "ON" : "OFF" }));
    }
    for (let n = 1; n <= inputs; n++) {
      this.#join(`loop-${n}`, null, () => ({ occupancy: this.#box.closed(n) }));
    }
    this.#line = openMqttLine({
      link: linkOf(options),
      clientId: `mqttjs_${name}`,
      will: { topic: `${this.#base}/bridge/state`, payload: JSON.stringify({ state: "offline" }) },
      topics: [`${this.#base}/+/set`, `${this.#base}/+/get`, `${this.#base}/bridge/request/health_check`],
      onUp: () => this.#begin(),
      onMessage: (topic, payload) => this.#hear(topic.slice(this.#base.length + 1), fieldsOf(payload)),
      // The coordinator restarts; relays have power of their own.
      onReboot: () => undefined,
      rubbish: () => this.#rubbish(),
    });
    if (sensorS > 0) {
      this.#reporting = setInterval(() => {
        for (const peer of this.#peers.values()) if (peer.relay === null) this.#radio(peer.name);
      }, sensorS * 1_000);
    }
    this.deeds = { ...this.#box.deeds, ...this.#line.deeds, ...this.#networkDeeds() };
  }

  state() {
    return { up: this.#line.up(), ...this.#box.state() };
  }

  async stop(): Promise<void> {
    clearInterval(this.#reporting);
    for (const timer of this.#onAir) clearTimeout(timer);
    this.#box.stop();
    await this.#line.stop();
  }

  #join(name: string, relay: number | null, read: Peer["read"]): void {
    this.#peers.set(name, { name, read, relay, memory: read(), lastSeen: Date.now(), reachable: true });
  }

  #begin(): void {
    this.#line.say(`${this.#base}/bridge/state`, JSON.stringify({ state: "online" }), true);
    for (const peer of this.#peers.values()) {
      this.#sayAvailability(peer);
      // What it remembers (cache_state_send_on_startup): the device has said nothing.
      this.#publish(peer);
    }
  }

  #hear(topic: string, message: Readonly<Record<string, unknown>>): void {
    const [name = "", verb = ""] = topic.split("/");
    if (name === "bridge") {
      const { transaction } = message;
      const answer = {
        data: { healthy: true },
        status: "ok",
        ...(transaction === undefined ? {} : { transaction }),
      };
      return this.#line.say(`${this.#base}/bridge/response/health_check`, JSON.stringify(answer));
    }
    const peer = this.#peers.get(name);
    if (peer === undefined) return;
    if (verb === "get") return this.#radio(name);
    const { state, on_time: onTime } = message;
    const { relay } = peer;
    if (relay !== null && typeof state === "string") {
      this.#overTheAir(peer, () => this.#set(peer, relay, state.toUpperCase(), onTime));
    }
  }

  #set(peer: Peer, relay: number, state: string, onTime: unknown): void {
    const timed = state === "ON" && typeof onTime === "number";
    if (timed && !this.#ignoresOnTime) this.#box.drive(relay, true, Math.round(onTime * 10) * 100);
    else this.#box.drive(relay, state === "ON");
    if (timed) return;
    this.#remember(peer);
    this.#publish(peer);
  }

  /** The device sends a frame: a report, or the answer to a question. */
  #radio(name: string): void {
    const peer = this.#peers.get(name);
    if (peer === undefined) return;
    this.#overTheAir(peer, () => {
      this.#remember(peer);
      this.#publish(peer);
    });
  }

  #overTheAir(peer: Peer, frame: () => void): void {
    const timer = setTimeout(() => {
      this.#onAir.delete(timer);
      if (peer.reachable) frame();
    }, RADIO_MS);
    this.#onAir.add(timer);
  }

  #remember(peer: Peer): void {
    peer.memory = peer.read();
    peer.lastSeen = Date.now();
  }

  #publish({ name, memory, lastSeen }: Peer): void {
    const seen = this.#lastSeen === "epoch" ? lastSeen : new Date(lastSeen).toISOString();
    const stamp = this.#lastSeen === "none" ? {} : { last_seen: seen };
    this.#line.say(`${this.#base}/${name}`, JSON.stringify({ ...stamp, linkquality: 120, ...memory }));
  }

  #sayAvailability({ name, reachable }: Peer): void {
    const state = reachable ? "online" : "offline";
    this.#line.say(`${this.#base}/${name}/availability`, JSON.stringify({ state }), true);
  }

  #reach(name: string, reachable: boolean): void {
    const peer = this.#peers.get(name);
    if (peer === undefined) throw new Error(`no device ${name}`);
    peer.reachable = reachable;
    this.#sayAvailability(peer);
  }

  #networkDeeds(): SimDevice["deeds"] {
    return {
      reach: {
        help: "<device> on|off  a device of its network can be reached, or not",
        run: ([name = "", word]) => this.#reach(name, onOff(word)),
      },
      on_time: {
        help: "heed|ignore  its relays end pulses by themselves, or do not",
        run: ([word]) => void (this.#ignoresOnTime = word === "ignore"),
      },
      report: {
        help: "<device>  a device speaks though nothing changed",
        run: ([name = ""]) => this.#radio(name),
      },
      repeat: {
        help: "  it says all it remembers, as after a start",
        run: () => this.#peers.forEach((peer) => this.#publish(peer)),
      },
    };
  }

  #rubbish(): Record<string, string> {
    const now = Date.now();
    return {
      [`${this.#base}/relay-1/set`]: JSON.stringify({ state: "ON" }),
      [`${this.#base}/bridge/state`]: JSON.stringify({ state: "online" }),
      [`${this.#base}/relay-1`]: JSON.stringify({ state: "OFF", last_seen: now }),
      [`${this.#base}/relay-2`]: JSON.stringify({ state: "OFF", last_seen: now }),
      [`${this.#base}/loop-1`]: JSON.stringify({ occupancy: true, last_seen: now }),
      [`${this.#base}/bridge/response/health_check`]: JSON.stringify({
        data: { healthy: true },
        status: "ok",
      }),
    };
  }
}

function fieldsOf(payload: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(payload);
    return typeof document === "object" && document !== null
      ? Object.fromEntries(Object.entries(document))
      : {};
  } catch {
    return {};
  }
}
