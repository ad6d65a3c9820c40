import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { MqttMessage } from "../buses/mqtt-bus.ts";
import type { DeviceContext } from "../context.ts";
import type { Board, BoardEvent, RelayCommand } from "../ports.ts";
import { onOffOf, pointNameSchema, topicSchema, wordOf } from "./mqtt-relays/device-topics.ts";
import { createFreshPoints, type FreshPoints } from "./mqtt-relays/fresh-points.ts";
import { createRelayShell, type RelayShell } from "./mqtt-relays/relay-shell.ts";

/** The name ESPHome makes of an entity's name: lower case, spaces to underscores. */
const objectId = z.string().regex(/^[a-z0-9_-]{1,120}$/, "must be an object id such as open_relay");

export const esphomeBoardConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("esphome"),
    /** The node's `topic_prefix`, by default its name. */
    topic: topicSchema,
    relays: z
      .record(
        pointNameSchema,
        z.strictObject({
          switch: objectId,
          /** Pressed for a pulse, instead of switching on the switch; the switch still tells what the relay is. */
          button: objectId.optional(),
        }),
      )
      .refine((relays) => Object.keys(relays).length <= 16, "must be 16 at most"),
    /** Object ids of binary sensors, by the names of the inputs. */
    inputs: z
      .record(pointNameSchema, objectId)
      .refine((inputs) => Object.keys(inputs).length <= 16, "must be 16 at most")
      .default({}),
    /** What is not said again for so long is not known any more. */
    stale_after_ms: z.number().int().min(1_000).max(30_000).default(3_000),
  })
  .refine((board) => Object.keys(board.relays).length + Object.keys(board.inputs).length > 0, {
    message: "must name a relay or an input",
  });
export type EsphomeBoardConfig = z.infer<typeof esphomeBoardConfigSchema>;

/**
 * A node with ESPHome. It cannot be asked anything over MQTT and by itself speaks only of changes, so its YAML has to
 * do two things. It says every state again, about once a second; what is not repeated within `stale_after_ms` is not
 * known, and when nothing is said at all the board is lost:
 *
 *     interval:
 *       - interval: 1s
 *         then:
 *           - mqtt.publish: # for each switch and binary sensor
 *               topic: gate1/binary_sensor/loop_1/state
 *               payload: !lambda 'return id(loop_1).state ? "ON" : "OFF";'
 *
 * And it ends its pulses itself, whatever length they are asked for:
 *
 *     switch:
 *       - platform: gpio
 *         restore_mode: ALWAYS_OFF
 *         on_turn_on: [{ delay: 500ms }, { switch.turn_off: open_relay }]
 *
 * A switch that does not come back off by itself is switched off, and gets no more commands.
 */
export function createEsphomeBoard(config: EsphomeBoardConfig, context: DeviceContext): Board {
  return new EsphomeBoard(config, context);
}

class EsphomeBoard implements Board {
  readonly name: string;
  readonly #config: EsphomeBoardConfig;
  readonly #context: DeviceContext;
  readonly #shell: RelayShell;
  readonly #inputs: FreshPoints;
  readonly #relays: FreshPoints;

  constructor(config: EsphomeBoardConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#inputs = createFreshPoints(() => this.#shell.changed());
    this.#relays = createFreshPoints((relay) => {
      this.#shell.desk.forget(relay);
      this.#shell.changed();
    });
    this.#shell = createRelayShell({
      board: config.name,
      context,
      pollMs: config.stale_after_ms,
      staleAfterMs: config.stale_after_ms,
      desk: {
        relays: Object.keys(config.relays),
        // A switch that is off already says so only when it repeats itself.
        answerMs: config.stale_after_ms,
        marginMs: 1_500,
        send: (relay, pulseMs) => this.#switch(relay, pulseMs !== null),
        readBack: () => undefined,
        obstacle: () => null,
      },
      levels: () => this.#inputs.levels(),
      subscribe: (topics) => {
        topics.hear(`${config.topic}/status`, (message) => this.#onStatus(message));
        for (const [relay, entity] of Object.entries(config.relays)) {
          topics.hear(this.#topic("switch", entity.switch, "state"), (message) =>
            this.#onSwitch(relay, message),
          );
          topics.guard(this.#topic("switch", entity.switch, "command"));
          if (entity.button !== undefined) topics.guard(this.#topic("button", entity.button, "command"));
        }
        for (const [input, sensor] of Object.entries(config.inputs)) {
          topics.hear(this.#topic("binary_sensor", sensor, "state"), (message) =>
            this.#onSensor(input, message),
          );
        }
      },
      onLinkUp: () => undefined,
      poll: () => undefined,
      onLost: () => {
        this.#inputs.forgetAll();
        this.#relays.forgetAll();
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

  #onStatus(message: MqttMessage): void {
    if (wordOf(message.payload) === "offline") this.#shell.lost("the board is offline");
  }

  #onSwitch(relay: string, message: MqttMessage): void {
    const on = this.#state(message);
    if (on === null) return;
    this.#relays.said(relay, on, this.#config.stale_after_ms);
    this.#shell.desk.answered(relay, on);
    this.#shell.proven();
  }

  #onSensor(input: string, message: MqttMessage): void {
    const on = this.#state(message);
    if (on === null) return;
    this.#inputs.said(input, on, this.#config.stale_after_ms);
    this.#shell.proven();
  }

  /** Null = retained, or no state. */
  #state(message: MqttMessage): boolean | null {
    if (message.retained) return null;
    const word = wordOf(message.payload);
    const on = onOffOf(word);
    if (on === null) this.#shell.bad(`neither ON nor OFF: ${JSON.stringify(word)}`);
    return on;
  }

  #switch(relay: string, on: boolean): boolean {
    const entity = this.#config.relays[relay];
    if (entity === undefined) return false;
    const { bus } = this.#context;
    if (on && entity.button !== undefined) {
      return bus.publish(this.#topic("button", entity.button, "command"), "PRESS");
    }
    return bus.publish(this.#topic("switch", entity.switch, "command"), on ? "ON" : "OFF");
  }

  #topic(kind: "switch" | "button" | "binary_sensor", id: string, what: "state" | "command"): string {
    return `${this.#config.topic}/${kind}/${id}/${what}`;
  }
}
