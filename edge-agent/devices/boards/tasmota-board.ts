import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { MqttMessage } from "../buses/mqtt-bus.ts";
import type { DeviceContext } from "../context.ts";
import type { Board, BoardEvent, RelayCommand } from "../ports.ts";
import { onOffOf, topicSchema, wordOf } from "./mqtt-relays/device-topics.ts";
import { createLagGauge } from "./mqtt-relays/lag-gauge.ts";
import { createRelayShell, type RelayShell } from "./mqtt-relays/relay-shell.ts";
import { createTasmotaSettings, type TasmotaSettings } from "./mqtt-relays/tasmota-settings.ts";
import {
  powersIn,
  pulseTimeOf,
  resultSchema,
  sensorsSchema,
  settingsIn,
  stateSchema,
  switchesIn,
  uptimeIn,
} from "./mqtt-relays/tasmota-status.ts";

/** An answer that has not come for so long will not come any more. */
const LATEST_ANSWER_MS = 15_000;

export const tasmotaBoardConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("tasmota"),
    /** The device's Topic; its FullTopic must be the default, `%prefix%/%topic%/`. */
    topic: topicSchema,
    /** Eight at most: from the ninth on, older versions share the pulse times of the first. */
    relays: z.number().int().min(1).max(8).default(1),
    inputs: z.number().int().min(0).max(8).default(0),
    /** What a switch says while its contact is closed: ON with SwitchMode 2 or 16, OFF with 1 or 15. */
    closed_says: z.enum(["ON", "OFF"]).default("ON"),
    /** The pulses the device is set to keep; those of the barriers should be the same. */
    pulse_ms: z.number().int().min(100).max(2_000).default(500),
    poll_ms: z.number().int().min(200).max(10_000).default(1_000),
    /** Inputs are not known any more when no status was answered for this long. */
    stale_after_ms: z.number().int().min(2_500).max(30_000).default(4_000),
  })
  .refine((board) => board.stale_after_ms >= 2 * board.poll_ms, {
    message: "must be at least twice poll_ms, or one lost answer makes the board stale",
    path: ["stale_after_ms"],
  });
export type TasmotaBoardConfig = z.infer<typeof tasmotaBoardConfigSchema>;

/**
 * A board with Tasmota: relays `r1`.., inputs `in1`.. (its switches). The device ends the pulses by its PulseTime,
 * which is asked for, set when it differs, and must be confirmed: firmware that only looks like Tasmota gets no
 * commands. So must PowerOnState 0, and with inputs SetOption114 1, without which a switch moves its relay. SetOption4
 * must be 0 (the default).
 *
 * Freshness is proven by Status 10 and 11, asked every `poll_ms`. The answers carry no number of the question; how late
 * they are shows in the uptime they state, to about a second.
 */
export function createTasmotaBoard(config: TasmotaBoardConfig, context: DeviceContext): Board {
  return new TasmotaBoard(config, context);
}

class TasmotaBoard implements Board {
  readonly name: string;
  readonly #config: TasmotaBoardConfig;
  readonly #context: DeviceContext;
  readonly #shell: RelayShell;
  readonly #settings: TasmotaSettings;
  readonly #gauge = createLagGauge();
  #levels: Record<string, boolean> = {};
  /** The switches of a Status 10 whose Status 11 has not come yet. */
  #sensors: Record<string, boolean> | null = null;
  /** When the open question was asked; null = none is. */
  #askedMs: number | null = null;
  #uptimeS: number | null = null;

  constructor(config: TasmotaBoardConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#settings = createTasmotaSettings(
      (setting, payload) => void this.#send(setting, payload),
      (setting) =>
        context.log.warn({ board: config.name, setting }, "board does not take a setting that a gate needs"),
    );
    for (const { index } of this.#relays()) {
      this.#settings.require(`PulseTime${index}`, pulseTimeOf(config.pulse_ms));
    }
    this.#settings.require("PowerOnState", "0");
    if (config.inputs > 0) this.#settings.require("SetOption114", "ON", "1");
    this.#shell = createRelayShell({
      board: config.name,
      context,
      pollMs: config.poll_ms,
      staleAfterMs: config.stale_after_ms,
      desk: {
        relays: this.#relays().map(({ relay }) => relay),
        answerMs: 1_000,
        marginMs: 1_000 + config.poll_ms,
        send: (relay, pulseMs) => this.#send(`POWER${relay.slice(1)}`, pulseMs === null ? "OFF" : "ON"),
        readBack: () => this.#poll(),
        obstacle: (relay, pulseMs) => this.#obstacle(relay, pulseMs),
      },
      levels: () => this.#levels,
      subscribe: (topics) => {
        const { topic } = config;
        topics.hear(`tele/${topic}/LWT`, (message) => this.#onWill(message));
        topics.hear(`stat/${topic}/RESULT`, (message) => this.#onResult(message));
        topics.hear(`stat/${topic}/STATUS10`, (message) => this.#onSensors(message));
        topics.hear(`stat/${topic}/STATUS11`, (message) => this.#onState(message));
        for (const { index } of this.#relays()) {
          topics.hear(`stat/${topic}/POWER${index}`, (message) => this.#onPower(index, message));
          topics.guard(`cmnd/${topic}/POWER${index}`);
        }
      },
      onLinkUp: () => this.#begin(),
      poll: () => this.#poll(),
      onLost: () => {
        this.#settings.forget();
        this.#sensors = null;
        this.#levels = {};
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

  #relays(): { readonly relay: string; readonly index: number }[] {
    return Array.from({ length: this.#config.relays }, (_, i) => ({ relay: `r${i + 1}`, index: i + 1 }));
  }

  /** On a new connection nothing old is answered any more, and the board may have counted from zero again. */
  #begin(): void {
    this.#gauge.reset();
    this.#askedMs = null;
    this.#poll();
  }

  #onWill(message: MqttMessage): void {
    const word = wordOf(message.payload);
    if (word === "Offline") this.#shell.lost("the board is offline");
    else if (word === "Online" && !message.retained) {
      // It connected anew: perhaps another one, or set up otherwise.
      this.#shell.lost("the board connected anew");
      this.#begin();
    }
  }

  /** Before the gauge is calibrated one question at a time, so that the answer's age is known. */
  #poll(): void {
    const nowMs = this.#context.clock.monotonicMs();
    const open = this.#askedMs !== null && nowMs - this.#askedMs < LATEST_ANSWER_MS;
    if (open && !this.#gauge.calibrated()) return;
    this.#askedMs = nowMs;
    if (this.#config.inputs > 0) this.#send("STATUS", "10");
    this.#send("STATUS", "11");
  }

  #onSensors(message: MqttMessage): void {
    const status = this.#shell.read(sensorsSchema, message);
    if (status === null) return;
    const sensors: Record<string, boolean> = {};
    for (const [index, on] of switchesIn(status.StatusSNS)) {
      if (on !== null && index <= this.#config.inputs) sensors[`in${index}`] = this.#isClosed(on);
    }
    this.#sensors = sensors;
  }

  #onState(message: MqttMessage): void {
    const status = this.#shell.read(stateSchema, message);
    if (status === null) return;
    const uptimeS = uptimeIn(status.StatusSTS);
    const powers = powersIn(status.StatusSTS);
    if (uptimeS === null || powers.size === 0) return this.#shell.bad("a status without uptime or relays");
    if (this.#uptimeS !== null && uptimeS < this.#uptimeS) {
      this.#shell.lost("the board restarted");
      this.#uptimeS = uptimeS;
      return this.#begin();
    }
    this.#uptimeS = uptimeS;
    const sensors = this.#sensors;
    this.#sensors = null;
    if (!this.#isFresh(uptimeS)) return this.#context.count("tasmota_status_late");
    if (this.#config.inputs > 0 && sensors === null) return;
    for (const { relay, index } of this.#relays()) {
      const on = powers.get(index);
      if (on === undefined) this.#shell.desk.forget(relay);
      else this.#shell.desk.seen(relay, on);
    }
    this.#levels = sensors ?? {};
    this.#shell.proven();
    this.#settings.pursue();
  }

  #isFresh(uptimeS: number): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    const { stale_after_ms: limitMs } = this.#config;
    const lagMs = this.#gauge.lagMs(uptimeS, nowMs);
    // The uptime counts whole seconds.
    if (lagMs !== null) return lagMs <= limitMs - 1_000;
    const askedMs = this.#askedMs;
    this.#askedMs = null;
    if (askedMs === null || nowMs - askedMs > limitMs - 1_000) return false;
    this.#gauge.calibrate(uptimeS, nowMs);
    return true;
  }

  #onResult(message: MqttMessage): void {
    const result = this.#shell.read(resultSchema, message);
    if (result === null) return;
    this.#settings.stated(settingsIn(result));
    for (const [index, on] of powersIn(result)) this.#shell.desk.answered(`r${index}`, on);
    let unclear = false;
    for (const [index, on] of switchesIn(result)) {
      if (index > this.#config.inputs) continue;
      if (on === null) unclear = true;
      else this.#levels = { ...this.#levels, [`in${index}`]: this.#isClosed(on) };
    }
    if (unclear) this.#poll();
    this.#shell.changed();
  }

  /** The same as a RESULT, once more and without JSON. */
  #onPower(index: number, message: MqttMessage): void {
    const on = message.retained ? null : onOffOf(wordOf(message.payload));
    if (on === null) return;
    this.#shell.desk.answered(`r${index}`, on);
    this.#shell.changed();
  }

  #obstacle(relay: string, pulseMs: number): string | null {
    const pulseTime = `PulseTime${relay.slice(1)}`;
    this.#settings.require(pulseTime, pulseTimeOf(pulseMs));
    const missing = this.#settings.missing([pulseTime, "PowerOnState", "SetOption114"]);
    if (missing === null) return null;
    this.#settings.pursue();
    return `the board has not confirmed that it ends pulses by itself: ${missing}`;
  }

  #isClosed(on: boolean): boolean {
    return on === (this.#config.closed_says === "ON");
  }

  #send(command: string, payload: string): boolean {
    return this.#context.bus.publish(`cmnd/${this.#config.topic}/${command}`, payload);
  }
}
