import { wholeNumber, type DeviceKind, type DeviceOptions, type SimDevice } from "../../devices/device.ts";
import { createCoilBox, type CoilBox } from "./coil-box.ts";
import { linkOf, openMqttLine, type MqttLine } from "./mqtt-line.ts";

/**
 * A board with Tasmota, as far as relays and switches go. Written from the Tasmota docs (MQTT; Commands; Buttons and
 * Switches). A closed contact says ON, as with SwitchMode 2. Its settings outlive a reboot.
 */
export const tasmotaKind: DeviceKind = {
  summary: "relay board with Tasmota on MQTT",
  wires: ["mqtt"],
  settings: {
    topic: "Topic (the name)",
    relays: "how many, 1 to 8 (2)",
    inputs: "switches, 0 to 8 (2)",
    firmware: "genuine; parrot: repeats PulseTime, but ends no pulse; plain: does not know it (genuine)",
  },
  start: (options) => Promise.resolve(new Tasmota(options)),
};

const FIRMWARE = ["genuine", "parrot", "plain"];

class Tasmota implements SimDevice {
  readonly port = null;
  readonly deeds: SimDevice["deeds"];
  readonly #topic: string;
  readonly #relays: number;
  readonly #inputs: number;
  readonly #firmware: string;
  readonly #pulseTimes: number[];
  readonly #box: CoilBox;
  readonly #line: MqttLine;
  #detached = false;
  #powerOnState = 3;
  #bootedMs = performance.now();

  constructor(options: DeviceOptions) {
    const { settings, name, say } = options;
    const { firmware = "genuine" } = settings;
    if (!FIRMWARE.includes(firmware))
      throw new Error(`firmware is one of ${FIRMWARE.join(", ")}, not ${firmware}`);
    this.#firmware = firmware;
    this.#topic = settings["topic"] ?? name;
    this.#relays = wholeNumber(settings["relays"] ?? "2", 1, 8);
    this.#inputs = wholeNumber(settings["inputs"] ?? "2", 0, 8);
    this.#pulseTimes = Array.from({ length: this.#relays }, () => 0);
    this.#box = createCoilBox({
      relays: this.#relays,
      inputs: this.#inputs,
      say,
      device: name,
      onRelay: (relay) => this.#sayPower(relay),
      onInput: (input, closed) => this.#onInput(input, closed),
    });
    this.#line = openMqttLine({
      link: linkOf(options),
      clientId: `DVES_${name}`,
      will: { topic: `tele/${this.#topic}/LWT`, payload: "Offline" },
      topics: [`cmnd/${this.#topic}/#`],
      onUp: () => {
        this.#line.say(`tele/${this.#topic}/LWT`, "Online", true);
        this.#say("tele", "STATE", this.#status());
        this.#say("tele", "SENSOR", this.#sensors());
      },
      onMessage: (topic, payload) => this.#hear(topic.slice(`cmnd/${this.#topic}/`.length), payload.trim()),
      onReboot: () => this.#restart(),
      rubbish: () => this.#rubbish(),
    });
    this.deeds = {
      ...this.#box.deeds,
      ...this.#line.deeds,
      console: {
        help: "<command> [payload]  somebody types into its console, such as: console PulseTime1 0",
        run: ([command = "", payload = ""]) => this.#hear(command, payload),
      },
    };
  }

  state() {
    return {
      up: this.#line.up(),
      pulse_times: this.#pulseTimes,
      detached: this.#detached,
      power_on_state: this.#powerOnState,
      ...this.#box.state(),
    };
  }

  async stop(): Promise<void> {
    this.#box.stop();
    await this.#line.stop();
  }

  /** PowerOnState: 0 = stay off, 1 = on, 3 = as before. */
  #restart(): void {
    const driven = this.#box.fallOff();
    this.#bootedMs = performance.now();
    for (let relay = 1; relay <= this.#relays; relay++) {
      const before = this.#powerOnState === 3 && driven.includes(relay);
      if (before || this.#powerOnState === 1) this.#power(relay, true);
    }
  }

  #onInput(input: number, closed: boolean): void {
    if (this.#detached) this.#result({ [`Switch${input}`]: { Action: closed ? "ON" : "OFF" } });
    else if (input <= this.#relays) this.#power(input, closed);
  }

  #hear(command: string, payload: string): void {
    const [, verb = "", digits = ""] = /^([a-z]+)(\d*)$/.exec(command.toLowerCase()) ?? [];
    const index = digits === "" ? 1 : Number(digits);
    if (verb === "power" && index <= this.#relays) return this.#hearPower(index, payload.toUpperCase());
    if (verb === "pulsetime" && index <= this.#relays && this.#firmware !== "plain") {
      return this.#hearPulseTime(index, payload);
    }
    if (verb === "poweronstate") {
      if (payload !== "") this.#powerOnState = Number(payload);
      return this.#result({ PowerOnState: this.#powerOnState });
    }
    if (verb === "setoption" && index === 114) {
      if (payload !== "") this.#detached = payload === "1" || payload.toUpperCase() === "ON";
      return this.#result({ SetOption114: this.#detached ? "ON" : "OFF" });
    }
    if (verb === "status" && payload === "10")
      return this.#say("stat", "STATUS10", { StatusSNS: this.#sensors() });
    if (verb === "status" && payload === "11")
      return this.#say("stat", "STATUS11", { StatusSTS: this.#status() });
    this.#result({ Command: "Unknown", Input: command.toUpperCase() });
  }

  #hearPower(relay: number, word: string): void {
    if (word === "ON" || word === "1") this.#power(relay, true);
    else if (word === "OFF" || word === "0") this.#power(relay, false);
    else if (word === "TOGGLE" || word === "2") this.#power(relay, !this.#box.driven(relay));
    else this.#sayPower(relay);
  }

  #hearPulseTime(relay: number, payload: string): void {
    const units = Number(payload);
    if (payload !== "" && units >= 0 && units < 65_536) this.#pulseTimes[relay - 1] = units;
    const set = this.#pulseTimes[relay - 1] ?? 0;
    this.#result({ [`PulseTime${relay}`]: { Set: set, Remaining: this.#box.driven(relay) ? set : 0 } });
  }

  #power(relay: number, on: boolean): void {
    const units = this.#pulseTimes[relay - 1] ?? 0;
    // Up to 111 tenths of a second, from 112 on seconds and 100.
    const pulseMs = units > 111 ? (units - 100) * 1_000 : units * 100;
    const before = this.#box.driven(relay);
    if (on && pulseMs > 0 && this.#firmware === "genuine") this.#box.drive(relay, true, pulseMs);
    else this.#box.drive(relay, on);
    if (before === on) this.#sayPower(relay);
  }

  #powerName(relay: number): string {
    return this.#relays === 1 ? "POWER" : `POWER${relay}`;
  }

  #word(relay: number): string {
    return this.#box.driven(relay) ? "ON" : "OFF";
  }

  #sayPower(relay: number): void {
    this.#result({ [this.#powerName(relay)]: this.#word(relay) });
    this.#line.say(`stat/${this.#topic}/${this.#powerName(relay)}`, this.#word(relay));
  }

  #result(document: object): void {
    this.#say("stat", "RESULT", document);
  }

  #say(prefix: "stat" | "tele", what: string, document: object): void {
    this.#line.say(`${prefix}/${this.#topic}/${what}`, JSON.stringify(document));
  }

  #status(): object {
    const seconds = Math.floor((performance.now() - this.#bootedMs) / 1000);
    const relays = Array.from({ length: this.#relays }, (_, index) => index + 1);
    return {
      Time: new Date().toISOString().slice(0, 19),
      Uptime: uptimeText(seconds),
      UptimeSec: seconds,
      Heap: 25,
      SleepMode: "Dynamic",
      ...Object.fromEntries(relays.map((relay) => [this.#powerName(relay), this.#word(relay)])),
      Wifi: { AP: 1, RSSI: 78, Signal: -61 },
    };
  }

  #sensors(): object {
    const inputs = Array.from({ length: this.#inputs }, (_, index) => index + 1);
    const switches = inputs.map((input) => [`Switch${input}`, this.#box.closed(input) ? "ON" : "OFF"]);
    return { Time: new Date().toISOString().slice(0, 19), ...Object.fromEntries(switches) };
  }

  #rubbish(): Record<string, string> {
    const stat = `stat/${this.#topic}`;
    return {
      [`cmnd/${this.#topic}/POWER1`]: "ON",
      [`tele/${this.#topic}/LWT`]: "Online",
      [`${stat}/RESULT`]: JSON.stringify({ POWER1: "ON", PulseTime1: { Set: 5, Remaining: 0 } }),
      [`${stat}/POWER1`]: "ON",
      [`${stat}/STATUS10`]: JSON.stringify({ StatusSNS: { Switch1: "ON", Switch2: "ON" } }),
      [`${stat}/STATUS11`]: JSON.stringify({ StatusSTS: { UptimeSec: 1, POWER1: "OFF", POWER2: "OFF" } }),
    };
  }
}

/** As days, `T`, hours:minutes:seconds. */
function uptimeText(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const [hours, minutes] = [(seconds / 3_600) % 24, (seconds / 60) % 60];
  return `${Math.floor(seconds / 86_400)}T${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
}
