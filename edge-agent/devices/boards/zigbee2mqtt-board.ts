import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { MqttMessage } from "../buses/mqtt-bus.ts";
import type { DeviceContext } from "../context.ts";
import type { Board, BoardEvent, RelayCommand } from "../ports.ts";
import { type DeviceTopics, pointNameSchema, topicSchema } from "./mqtt-relays/device-topics.ts";
import { createFreshPoints, type FreshPoints } from "./mqtt-relays/fresh-points.ts";
import { createRelayShell, type RelayShell } from "./mqtt-relays/relay-shell.ts";
import {
  availabilityOf,
  createDeviceWords,
  deviceMessageSchema,
  type DeviceWords,
  healthSchema,
  lastSeenOf,
} from "./mqtt-relays/zigbee-words.ts";

/** Health questions that may still be answered. */
const MAX_QUESTIONS = 32;

const property = z.string().regex(/^[A-Za-z0-9_]{1,60}$/, "must be a property such as state or state_l1");
const atMost16 = (points: object): boolean => Object.keys(points).length <= 16;

export const zigbee2mqttBoardConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("zigbee2mqtt"),
    base_topic: topicSchema.default("zigbee2mqtt"),
    relays: z
      .record(
        pointNameSchema,
        z.strictObject({
          /** The friendly name. */
          device: topicSchema,
          /** `state_l1` and the like on devices with several relays. */
          property: property.default("state"),
          /** Cooling-off time some devices insist on, in seconds: they ignore commands as long after a pulse. */
          off_wait_s: z.number().min(0).max(10).default(0),
        }),
      )
      .refine(atMost16, "must be 16 at most")
      .default({}),
    inputs: z
      .record(
        pointNameSchema,
        z.strictObject({
          device: topicSchema,
          property,
          /** The property's value while the contact is closed; a door contact says false then. */
          on: z.union([z.boolean(), z.string().max(40), z.number()]).default(true),
          /** How long the last word of the device counts; it should speak at least twice in that time. */
          max_age_s: z.number().int().min(5).max(86_400),
          /** Mains-powered devices can be asked: then it is read over the air like the relays. */
          ask: z.boolean().default(false),
        }),
      )
      .refine(atMost16, "must be 16 at most")
      .default({}),
    /** How often Zigbee2MQTT is asked whether it is there. */
    poll_ms: z.number().int().min(500).max(10_000).default(2_000),
    stale_after_ms: z.number().int().min(1_500).max(30_000).default(6_000),
    /** How often relays, and inputs that can be asked, are read over the air. */
    read_s: z.number().int().min(2).max(300).default(10),
    /** How long a relay's answer counts. */
    relay_max_age_s: z.number().int().min(5).max(900).default(30),
  })
  .refine((board) => board.stale_after_ms >= 2 * board.poll_ms, {
    message: "must be at least twice poll_ms, or one lost answer makes the board stale",
    path: ["stale_after_ms"],
  })
  .refine((board) => board.relay_max_age_s >= 2 * board.read_s, {
    message: "must be at least twice read_s, or one lost answer makes a relay stale",
    path: ["relay_max_age_s"],
  });
export type Zigbee2mqttBoardConfig = z.infer<typeof zigbee2mqttBoardConfigSchema>;

/**
 * Zigbee relays and sensors behind one Zigbee2MQTT, which must be set to state when devices were last seen
 * (`advanced: last_seen: epoch`): without it, what it remembers cannot be told from what a device says.
 *
 * Zigbee2MQTT proves itself by a health check every `poll_ms`. Each input counts for `max_age_s` after its device's
 * last word, as sensors on batteries cannot be asked: one that reports every minute is known for a minute or two, no
 * better, and after a lost connection only when it has spoken again. Relays, and inputs that can be asked, are read
 * over the air every `read_s`; a relay that did not answer gets no pulse. The pulse is `on_time` (tenths of a second), which the device must know; a relay that stays on is switched off and gets no more.
 *
 * The radio may deliver a command some seconds late, after its outcome has been reported as silent: the protocol
 * has no deadline. Barriers that cannot bear that need a wired board.
 */
export function createZigbee2mqttBoard(config: Zigbee2mqttBoardConfig, context: DeviceContext): Board {
  return new Zigbee2mqttBoard(config, context);
}

/** A device and the points it has. */
type ZigbeeDevice = {
  readonly words: DeviceWords;
  readonly relays: readonly string[];
  readonly inputs: readonly string[];
};

class Zigbee2mqttBoard implements Board {
  readonly name: string;
  readonly #config: Zigbee2mqttBoardConfig;
  readonly #context: DeviceContext;
  readonly #shell: RelayShell;
  readonly #inputs: FreshPoints;
  /** Relays that answered lately, by what they were. */
  readonly #relays: FreshPoints;
  readonly #devices: ReadonlyMap<string, ZigbeeDevice>;
  /** Health questions that were asked, and until when (monotonic) the answer counts. */
  readonly #questions = new Map<string, number>();
  #asked = 0;
  #complained = false;
  #readMs = -Infinity;

  constructor(config: Zigbee2mqttBoardConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#devices = devicesOf(config, context.clock.wallMs);
    this.#inputs = createFreshPoints(() => this.#shell.changed());
    this.#relays = createFreshPoints((relay) => {
      this.#shell.desk.forget(relay);
      this.#shell.changed();
    });
    this.#shell = createRelayShell({
      board: config.name,
      context,
      pollMs: config.poll_ms,
      staleAfterMs: config.stale_after_ms,
      desk: {
        relays: Object.keys(config.relays),
        answerMs: 1_500,
        marginMs: 3_000,
        send: (relay, pulseMs) => this.#switch(relay, pulseMs),
        readBack: (relay) => {
          const wired = config.relays[relay];
          if (wired !== undefined) this.#read(wired.device, wired.property);
        },
        obstacle: (relay) =>
          relay in this.#relays.levels() ? null : `relay ${relay} has not answered over the air lately`,
      },
      levels: () => this.#inputs.levels(),
      subscribe: (topics) => this.#subscribe(topics),
      onLinkUp: () => this.#poll(),
      poll: () => this.#poll(),
      onLost: () => {
        this.#questions.clear();
        this.#inputs.forgetAll();
        this.#relays.forgetAll();
        this.#readMs = -Infinity;
      },
    });
  }

  start(sink: (event: BoardEvent) => void): Promise<void> {
    this.#shell.start(sink);
    return Promise.resolve();
  }

  command(command: RelayCommand): void {
    this.#shell.command(command);
  }

  stop(): Promise<void> {
    return this.#shell.stop();
  }

  #subscribe(topics: DeviceTopics): void {
    const { base_topic: base } = this.#config;
    topics.hear(`${base}/bridge/state`, ({ payload }) => {
      if (availabilityOf(payload) === "offline") this.#shell.lost("Zigbee2MQTT is offline");
    });
    topics.hear(`${base}/bridge/response/health_check`, (message) => this.#onHealth(message));
    for (const [name, device] of this.#devices) {
      topics.hear(`${base}/${name}`, (message) => this.#onDevice(device, message));
      topics.hear(`${base}/${name}/availability`, ({ payload }) => {
        if (availabilityOf(payload) === "offline") this.#onGone(device);
      });
      if (device.relays.length > 0) topics.guard(`${base}/${name}/set`);
    }
  }

  #poll(): void {
    const nowMs = this.#context.clock.monotonicMs();
    for (const [question, untilMs] of this.#questions) if (untilMs < nowMs) this.#questions.delete(question);
    if (this.#questions.size >= MAX_QUESTIONS) return;
    this.#asked += 1;
    // Several boards may share one Zigbee2MQTT, and all of them hear all answers.
    const transaction = `${this.#context.facility}-${this.name}-${this.#context.epoch}-${this.#asked}`;
    this.#questions.set(transaction, nowMs + this.#config.stale_after_ms);
    this.#publish("bridge/request/health_check", { transaction });
    if (nowMs - this.#readMs < this.#config.read_s * 1000) return;
    this.#readMs = nowMs;
    for (const { device, property: key } of Object.values(this.#config.relays)) this.#read(device, key);
    for (const { device, property: key, ask } of Object.values(this.#config.inputs))
      if (ask) this.#read(device, key);
  }

  #onHealth(message: MqttMessage): void {
    const health = this.#shell.read(healthSchema, message);
    if (health === null || !this.#questions.delete(String(health.transaction))) return;
    if (health.status === "ok" && health.data?.healthy === true) this.#shell.proven();
    else this.#shell.lost("Zigbee2MQTT says that it is not well");
  }

  #onDevice(device: ZigbeeDevice, message: MqttMessage): void {
    const said = this.#shell.read(deviceMessageSchema, message);
    if (said === null || !this.#isDated(said)) return;
    const { relays, inputs } = this.#config;
    for (const relay of device.relays) {
      const { property: key = "state" } = relays[relay] ?? {};
      const value = said[key];
      if (value !== "ON" && value !== "OFF") continue;
      const limitMs = this.#config.relay_max_age_s * 1000;
      const ageMs = device.words.ageMs(said, relay, value, limitMs);
      if (ageMs === null) continue;
      this.#relays.said(relay, value === "ON", limitMs - ageMs);
      this.#shell.desk.answered(relay, value === "ON");
    }
    for (const input of device.inputs) {
      const wired = inputs[input];
      if (wired === undefined) continue;
      const value = said[wired.property];
      if (value === undefined || value === null) continue;
      const ageMs = device.words.ageMs(said, input, value, wired.max_age_s * 1000);
      if (ageMs !== null) this.#inputs.said(input, value === wired.on, wired.max_age_s * 1000 - ageMs);
    }
    this.#shell.changed();
  }

  #isDated(said: Readonly<Record<string, unknown>>): boolean {
    if (lastSeenOf(said) !== null) return true;
    this.#context.count("zigbee2mqtt_no_last_seen");
    if (!this.#complained) {
      this.#context.log.warn({ board: this.name }, "Zigbee2MQTT does not say when devices were last seen");
    }
    this.#complained = true;
    return false;
  }

  #onGone(device: ZigbeeDevice): void {
    for (const relay of device.relays) {
      this.#relays.forget(relay);
      this.#shell.desk.forget(relay);
    }
    for (const input of device.inputs) this.#inputs.forget(input);
    this.#shell.changed();
  }

  /**
   * Zigbee2MQTT says nothing by itself when a pulse has begun (its converter for `on_time` publishes no state), and
   * not every device reports: so the relay is read at once, and the reading is the answer.
   */
  #switch(relay: string, pulseMs: number | null): boolean {
    const wired = this.#config.relays[relay];
    if (wired === undefined) return false;
    const timer = pulseMs === null ? {} : { on_time: pulseMs / 1000, off_wait_time: wired.off_wait_s };
    const state = { [wired.property]: pulseMs === null ? "OFF" : "ON" };
    return (
      this.#publish(`${wired.device}/set`, { ...state, ...timer }) && this.#read(wired.device, wired.property)
    );
  }

  #read(device: string, key: string): boolean {
    return this.#publish(`${device}/get`, { [key]: "" });
  }

  #publish(topic: string, document: object): boolean {
    return this.#context.bus.publish(`${this.#config.base_topic}/${topic}`, JSON.stringify(document));
  }
}

function devicesOf(config: Zigbee2mqttBoardConfig, wallMs: () => number): Map<string, ZigbeeDevice> {
  const devices = new Map<string, { words: DeviceWords; relays: string[]; inputs: string[] }>();
  for (const kind of ["relays", "inputs"] as const) {
    for (const [point, { device: name }] of Object.entries(config[kind])) {
      const device = devices.get(name) ?? { words: createDeviceWords(wallMs), relays: [], inputs: [] };
      device[kind].push(point);
      devices.set(name, device);
    }
  }
  return devices;
}
