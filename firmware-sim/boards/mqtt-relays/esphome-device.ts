import { wholeNumber, type DeviceKind, type DeviceOptions, type SimDevice } from "../../devices/device.ts";
import { createCoilBox, type CoilBox } from "./coil-box.ts";
import { linkOf, openMqttLine, type MqttLine } from "./mqtt-line.ts";

/**
 * A node with ESPHome: switches `relay_1`.., buttons `pulse_1`.. that switch them on, binary sensors `input_1`... Written
 * from the ESPHome docs (MQTT Client, Switch, Button, Binary Sensor). States are retained and said on change and on
 * connecting; an interval in its YAML says them again, if it is so configured.
 */
export const esphomeKind: DeviceKind = {
  summary: "node with ESPHome on MQTT",
  wires: ["mqtt"],
  settings: {
    topic: "topic_prefix (the name)",
    relays: "how many, 1 to 8 (2)",
    inputs: "how many, 0 to 8 (2)",
    auto_off_ms: "after which a switch turns itself off (500); 0 = its YAML does not say so",
    repeat_ms: "after which every state is said again (1000); 0 = its YAML does not say so",
  },
  start: (options) => Promise.resolve(new Esphome(options)),
};

class Esphome implements SimDevice {
  readonly port = null;
  readonly deeds: SimDevice["deeds"];
  readonly #topic: string;
  readonly #relays: number;
  readonly #inputs: number;
  readonly #autoOffMs: number;
  readonly #box: CoilBox;
  readonly #line: MqttLine;
  readonly #repeating: NodeJS.Timeout | undefined;

  constructor(options: DeviceOptions) {
    const { settings, name, say } = options;
    this.#topic = settings["topic"] ?? name;
    this.#relays = wholeNumber(settings["relays"] ?? "2", 1, 8);
    this.#inputs = wholeNumber(settings["inputs"] ?? "2", 0, 8);
    this.#autoOffMs = wholeNumber(settings["auto_off_ms"] ?? "500", 0, 60_000);
    const repeatMs = wholeNumber(settings["repeat_ms"] ?? "1000", 0, 60_000);
    this.#box = createCoilBox({
      relays: this.#relays,
      inputs: this.#inputs,
      say,
      device: name,
      // A switch that is told to be what it is says nothing.
      onRelay: (relay) => this.#saySwitch(relay, true),
      onInput: (input) => this.#saySensor(input, true),
    });
    this.#line = openMqttLine({
      link: linkOf(options),
      clientId: `${name}-a8032abc0000`,
      will: { topic: `${this.#topic}/status`, payload: "offline" },
      topics: [`${this.#topic}/switch/+/command`, `${this.#topic}/button/+/command`],
      onUp: () => {
        this.#line.say(`${this.#topic}/status`, "online", true);
        this.#sayAll(true);
      },
      onMessage: (topic, payload) => this.#hear(topic, payload),
      onReboot: () => void this.#box.fallOff(),
      rubbish: () => ({
        [`${this.#topic}/switch/relay_1/command`]: "ON",
        [`${this.#topic}/status`]: "online",
        [`${this.#topic}/switch/relay_1/state`]: "ON",
        [`${this.#topic}/binary_sensor/input_1/state`]: "ON",
      }),
    });
    this.#repeating = repeatMs === 0 ? undefined : setInterval(() => this.#sayAll(false), repeatMs);
    this.deeds = { ...this.#box.deeds, ...this.#line.deeds };
  }

  state() {
    return { up: this.#line.up(), ...this.#box.state() };
  }

  async stop(): Promise<void> {
    clearInterval(this.#repeating);
    this.#box.stop();
    await this.#line.stop();
  }

  #hear(topic: string, payload: string): void {
    const [, kind, digits] = /\/(switch\/relay|button\/pulse)_(\d)\/command$/.exec(topic) ?? [];
    const relay = Number(digits);
    if (kind === undefined || relay < 1 || relay > this.#relays) return;
    const on = this.#box.driven(relay);
    const word = payload.toUpperCase();
    // Buttons are exact about their word, switches are not.
    if (kind === "button/pulse" ? payload === "PRESS" : word === "ON" || (word === "TOGGLE" && !on)) {
      this.#box.drive(relay, true, this.#autoOffMs === 0 ? undefined : this.#autoOffMs);
    } else if (kind === "switch/relay" && (word === "OFF" || word === "TOGGLE"))
      this.#box.drive(relay, false);
  }

  #sayAll(retain: boolean): void {
    for (let relay = 1; relay <= this.#relays; relay++) this.#saySwitch(relay, retain);
    for (let input = 1; input <= this.#inputs; input++) this.#saySensor(input, retain);
  }

  #saySwitch(relay: number, retain: boolean): void {
    const word = this.#box.driven(relay) ? "ON" : "OFF";
    this.#line.say(`${this.#topic}/switch/relay_${relay}/state`, word, retain);
  }

  #saySensor(input: number, retain: boolean): void {
    const word = this.#box.closed(input) ? "ON" : "OFF";
    this.#line.say(`${this.#topic}/binary_sensor/input_${input}/state`, word, retain);
  }
}
