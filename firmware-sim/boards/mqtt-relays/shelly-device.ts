import { wholeNumber, type DeviceKind, type DeviceOptions, type SimDevice } from "../../devices/device.ts";
import { createCoilBox, type CoilBox } from "./coil-box.ts";
import { linkOf, openMqttLine, type MqttLine } from "./mqtt-line.ts";

/**
 * A Shelly of the second generation, as far as its relays and inputs go: JSON-RPC over MQTT. Written from the Shelly
 * API docs (Gen2: RPC Protocol, RPC Channels, Notifications, Mqtt, Switch, Input, Sys), version 1.0.
 */
export const shellyKind: DeviceKind = {
  summary: "Shelly Gen2 relay on MQTT",
  wires: ["mqtt"],
  settings: {
    topic: "topic prefix (the name)",
    relays: "how many, 1 to 8 (2)",
    inputs: "how many, 0 to 8 (2)",
    in_mode: "of its relays: detached, follow (detached)",
    initial_state: "of its relays: off, on, restore_last (off)",
  },
  start: (options) => Promise.resolve(new Shelly(options)),
};

type Params = Readonly<Record<string, unknown>>;
type Answer =
  { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } };

class Shelly implements SimDevice {
  readonly port = null;
  readonly deeds: SimDevice["deeds"];
  readonly #topic: string;
  readonly #id: string;
  readonly #counts: { readonly Switch: number; readonly Input: number };
  readonly #setup: { in_mode: string; initial_state: string };
  readonly #box: CoilBox;
  readonly #line: MqttLine;
  /** What switched each relay last. */
  readonly #sources = new Map<number, string>();
  readonly #timers = new Map<number, { readonly startedAt: number; readonly duration: number }>();
  #settingsVersion = 1;
  #bootedMs = performance.now();

  constructor(options: DeviceOptions) {
    const { settings, name, say } = options;
    this.#topic = settings["topic"] ?? name;
    this.#id = `shellysim-${name}`;
    this.#counts = {
      Switch: wholeNumber(settings["relays"] ?? "2", 1, 8),
      Input: wholeNumber(settings["inputs"] ?? "2", 0, 8),
    };
    const { in_mode = "detached", initial_state = "off" } = settings;
    this.#setup = { in_mode, initial_state };
    this.#box = createCoilBox({
      relays: this.#counts.Switch,
      inputs: this.#counts.Input,
      say,
      device: name,
      onRelay: (relay, on) => this.#onRelay(relay, on),
      onInput: (input, closed) => this.#onInput(input, closed),
    });
    this.#line = openMqttLine({
      link: linkOf(options),
      clientId: this.#id,
      will: { topic: `${this.#topic}/online`, payload: "false" },
      topics: [`${this.#topic}/rpc`],
      onUp: () => {
        this.#line.say(`${this.#topic}/online`, "true", true);
        this.#notify({ mqtt: { connected: true } });
      },
      onMessage: (_topic, payload) => this.#hear(payload),
      onReboot: () => this.#restart(),
      rubbish: () => this.#rubbish(),
    });
    this.deeds = {
      ...this.#box.deeds,
      ...this.#line.deeds,
      setup: {
        help: "in_mode|initial_state <value>  somebody changes its settings",
        run: ([key, value]) => this.#change(key, value),
      },
    };
  }

  state() {
    return { up: this.#line.up(), ...this.#box.state() };
  }

  async stop(): Promise<void> {
    this.#box.stop();
    await this.#line.stop();
  }

  #change(key: string | undefined, value = ""): void {
    if (key !== "in_mode" && key !== "initial_state") throw new Error("say in_mode or initial_state");
    this.#setup[key] = value;
    this.#settingsVersion += 1;
  }

  #restart(): void {
    const driven = this.#box.fallOff();
    this.#timers.clear();
    this.#bootedMs = performance.now();
    for (let relay = 1; relay <= this.#counts.Switch; relay++) {
      const before = this.#setup.initial_state === "restore_last" && driven.includes(relay);
      if (before || this.#setup.initial_state === "on") this.#box.drive(relay, true);
    }
  }

  #onRelay(relay: number, on: boolean): void {
    const timer = this.#timers.get(relay);
    if (!on && timer !== undefined) {
      this.#timers.delete(relay);
      this.#sources.set(relay, "timer");
    }
    this.#notify({ [`switch:${relay - 1}`]: this.#status("Switch", relay) });
  }

  #onInput(input: number, closed: boolean): void {
    this.#notify({ [`input:${input - 1}`]: this.#status("Input", input) });
    if (this.#setup.in_mode === "follow" && input <= this.#counts.Switch) {
      this.#set(input, closed, undefined, "switch");
    }
  }

  #notify(components: Params): void {
    const params = { ts: unixSeconds(), ...components };
    const frame = { src: this.#id, dst: `${this.#topic}/events`, method: "NotifyStatus", params };
    this.#line.say(`${this.#topic}/events/rpc`, JSON.stringify(frame));
  }

  #hear(payload: string): void {
    const { id, src, method, params } = fieldsOf(parse(payload));
    // A frame without a source cannot be answered on MQTT, and one without an id is a notification.
    if (typeof src !== "string" || id === undefined) return;
    const answer = this.#obey(String(method), fieldsOf(params));
    this.#line.say(`${src}/rpc`, JSON.stringify({ id, src: this.#id, dst: src, ...answer }));
  }

  #obey(method: string, params: Params): Answer {
    if (method === "Shelly.GetStatus") return { result: this.#fullStatus() };
    const [, component, verb] = /^(Switch|Input)\.(Set|GetStatus|GetConfig)$/.exec(method) ?? [];
    if ((component !== "Switch" && component !== "Input") || (component === "Input" && verb === "Set")) {
      return { error: { code: 404, message: `No handler for ${method}` } };
    }
    const id = params["id"];
    const number = Number(id) + 1;
    if (!(number >= 1 && number <= this.#counts[component])) {
      return { error: { code: -105, message: `Argument 'id', value ${JSON.stringify(id)} not found!` } };
    }
    if (verb === "GetStatus") return { result: this.#status(component, number) };
    if (verb === "GetConfig") return { result: { id, name: null, ...this.#setup, auto_on: false } };
    const { on, toggle_after: toggleAfter } = params;
    if (typeof on !== "boolean") {
      return { error: { code: -103, message: "Missing required argument 'on'!" } };
    }
    const wasOn = this.#box.driven(number);
    this.#set(number, on, typeof toggleAfter === "number" ? toggleAfter : undefined, "MQTT");
    return { result: { was_on: wasOn } };
  }

  #set(relay: number, on: boolean, toggleAfterS: number | undefined, source: string): void {
    this.#timers.delete(relay);
    this.#sources.set(relay, source);
    if (on && toggleAfterS !== undefined) {
      this.#timers.set(relay, { startedAt: unixSeconds(), duration: toggleAfterS });
      this.#box.drive(relay, true, toggleAfterS * 1000);
    } else this.#box.drive(relay, on);
  }

  #status(component: "Switch" | "Input", number: number): object {
    const id = number - 1;
    if (component === "Input") return { id, state: this.#box.closed(number) };
    const timer = this.#timers.get(number);
    const running =
      timer === undefined ? {} : { timer_started_at: timer.startedAt, timer_duration: timer.duration };
    const source = this.#sources.get(number) ?? "init";
    return { id, source, output: this.#box.driven(number), ...running, temperature: { tC: 41.3, tF: 106.3 } };
  }

  #fullStatus(): object {
    const components: Record<string, unknown> = { cloud: { connected: false }, mqtt: { connected: true } };
    for (const component of ["Input", "Switch"] as const) {
      for (let n = 1; n <= this.#counts[component]; n++) {
        components[`${component.toLowerCase()}:${n - 1}`] = this.#status(component, n);
      }
    }
    const uptime = Math.floor((performance.now() - this.#bootedMs) / 1000);
    const sys = { mac: "A8032ABC0000", uptime, cfg_rev: this.#settingsVersion, restart_required: false };
    return { ...components, sys };
  }

  #rubbish(): Record<string, string> {
    const all = { ts: 1, "switch:0": { id: 0, output: true }, "input:0": { id: 0, state: true } };
    return {
      [`${this.#topic}/rpc`]: JSON.stringify({
        id: 1,
        src: "nobody",
        method: "Switch.Set",
        params: { id: 0, on: true },
      }),
      [`${this.#topic}/online`]: "true",
      [`${this.#topic}/events/rpc`]: JSON.stringify({
        src: this.#id,
        method: "NotifyFullStatus",
        params: all,
      }),
    };
  }
}

function unixSeconds(): number {
  return Math.round(Date.now() / 10) / 100;
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Params {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
