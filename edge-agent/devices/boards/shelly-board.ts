import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { MqttMessage } from "../buses/mqtt-bus.ts";
import type { DeviceContext } from "../context.ts";
import type { Board, BoardEvent, RelayCommand } from "../ports.ts";
import { topicSchema, wordOf } from "./mqtt-relays/device-topics.ts";
import { createRelayShell, type RelayShell } from "./mqtt-relays/relay-shell.ts";
import { answerSchema, notificationSchema, readStatus, unfitness } from "./mqtt-relays/shelly-status.ts";

/** The numbers of requests; a start of the agent begins with others than the one before. */
const IDS_PER_START = 1_000_000;
/** Keeps the numbers below 2^31, for firmware that counts no further. */
const STARTS = 2_000;

export const shellyBoardConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("shelly"),
    /** The device's topic prefix (its setting `topic_prefix`; by default its id). */
    topic: topicSchema,
    relays: z.number().int().min(1).max(8).default(1),
    inputs: z.number().int().min(0).max(8).default(0),
    poll_ms: z.number().int().min(200).max(10_000).default(1_000),
    /** Inputs are not known any more when no status was answered for this long. */
    stale_after_ms: z.number().int().min(1_000).max(30_000).default(3_000),
  })
  .refine((board) => board.stale_after_ms >= 2 * board.poll_ms, {
    message: "must be at least twice poll_ms, or one lost answer makes the board stale",
    path: ["stale_after_ms"],
  });
export type ShellyBoardConfig = z.infer<typeof shellyBoardConfigSchema>;

/**
 * A Shelly of the second generation or later: relays `r1`.., inputs `in1`.. (on the wire they count from 0). The
 * device times the pulse (`toggle_after`). Freshness is proven by Shelly.GetStatus, asked every `poll_ms`; changes
 * come by themselves in between. The relays' settings are read, and a relay that an input or returning power would
 * switch gets no pulses.
 */
export function createShellyBoard(config: ShellyBoardConfig, context: DeviceContext): Board {
  return new ShellyBoard(config, context);
}

type OnAnswer = (result: unknown, error: string | null) => void;

class ShellyBoard implements Board {
  readonly name: string;
  readonly #config: ShellyBoardConfig;
  readonly #context: DeviceContext;
  readonly #shell: RelayShell;
  /** Where we are answered: `<source>/rpc`, one for each board of each facility. */
  readonly #source: string;
  /** By number, until (monotonic) their answers are too late. */
  readonly #requests = new Map<number, { readonly untilMs: number; readonly onAnswer: OnAnswer }>();
  /** By relay: why it must not be pulsed, null = it may; missing = not asked yet. */
  readonly #unfit = new Map<string, string | null>();
  #levels: Record<string, boolean> = {};
  #asked = 0;
  #uptimeS: number | null = null;
  #settings: number | null = null;

  constructor(config: ShellyBoardConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#source = `parkme/${context.facility}/board/${config.name}`;
    this.#shell = createRelayShell({
      board: config.name,
      context,
      pollMs: config.poll_ms,
      staleAfterMs: config.stale_after_ms,
      desk: {
        relays: names("r", config.relays),
        answerMs: 1_000,
        marginMs: 1_000 + config.poll_ms,
        send: (relay, pulseMs, patienceMs) => this.#switch(relay, pulseMs, patienceMs),
        readBack: () => this.#poll(),
        obstacle: (relay) => this.#obstacle(relay),
      },
      levels: () => this.#levels,
      subscribe: (topics) => {
        topics.hear(`${config.topic}/online`, (message) => this.#onOnline(message));
        topics.hear(`${config.topic}/events/rpc`, (message) => this.#onNotification(message));
        topics.hear(`${this.#source}/rpc`, (message) => this.#onAnswer(message));
        topics.guard(`${config.topic}/rpc`);
      },
      onLinkUp: () => this.#poll(),
      poll: () => this.#poll(),
      onLost: () => {
        this.#requests.clear();
        this.#unfit.clear();
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

  #onOnline(message: MqttMessage): void {
    const word = wordOf(message.payload);
    // Retained or not: that it went is worth believing, that it came is proven by its answers only.
    if (word === "false") this.#shell.lost("the board is offline");
    else if (word === "true" && !message.retained) this.#poll();
  }

  #onNotification(message: MqttMessage): void {
    const notification = this.#shell.read(notificationSchema, message);
    if (notification === null || !/^Notify(Full)?Status$/.test(notification.method)) return;
    this.#learn(notification.params);
    this.#shell.changed();
  }

  #onAnswer(message: MqttMessage): void {
    const answer = this.#shell.read(answerSchema, message);
    if (answer === null) return;
    const id = Number(answer.id);
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    // Late, or a second copy.
    if (request === undefined || request.untilMs < this.#context.clock.monotonicMs())
      return this.#context.count("shelly_answer_ignored");
    const { error } = answer;
    request.onAnswer(answer.result, error === undefined ? null : printable(`${error.code} ${error.message}`));
  }

  #poll(): void {
    const nowMs = this.#context.clock.monotonicMs();
    for (const [id, { untilMs }] of this.#requests) if (untilMs < nowMs) this.#requests.delete(id);
    this.#ask("Shelly.GetStatus", {}, this.#config.stale_after_ms, (result, error) => {
      if (error === null) this.#onStatus(result);
      else this.#shell.bad(error);
    });
    for (const relay of names("r", this.#config.relays))
      if (!this.#unfit.has(relay)) this.#askSettings(relay);
  }

  #onStatus(result: unknown): void {
    const { outputs, uptimeS, settings } = readStatus(result);
    if (this.#uptimeS !== null && uptimeS !== null && uptimeS < this.#uptimeS)
      this.#shell.lost("the board restarted");
    if (settings !== this.#settings) this.#unfit.clear();
    this.#uptimeS = uptimeS;
    this.#settings = settings;
    if (outputs.size === 0) return this.#shell.bad("a status without relays");
    this.#levels = {};
    for (const relay of names("r", this.#config.relays)) {
      if (!outputs.has(idOf(relay))) this.#shell.desk.forget(relay);
    }
    this.#learn(result);
    this.#shell.proven();
  }

  #learn(components: unknown): void {
    const { outputs, inputs } = readStatus(components);
    for (const [id, on] of outputs) this.#shell.desk.seen(`r${id + 1}`, on);
    for (const [id, on] of inputs) {
      if (id < this.#config.inputs) this.#levels = { ...this.#levels, [`in${id + 1}`]: on };
    }
  }

  #askSettings(relay: string): void {
    this.#ask("Switch.GetConfig", { id: idOf(relay) }, this.#config.stale_after_ms, (result, error) => {
      const why = error ?? unfitness(result, this.#config.inputs > 0);
      if (why !== null && this.#unfit.get(relay) !== why) {
        this.#context.log.warn({ board: this.name, relay, why }, "a relay is not set up for a gate");
      }
      this.#unfit.set(relay, why);
    });
  }

  #obstacle(relay: string): string | null {
    const why = this.#unfit.get(relay);
    if (why === undefined) return `the settings of relay ${relay} have not been read yet`;
    return why === null ? null : `relay ${relay} is not set up for a gate: ${why}`;
  }

  #switch(relay: string, pulseMs: number | null, patienceMs: number): boolean {
    const on = pulseMs !== null;
    const timer = on ? { toggle_after: pulseMs / 1000 } : {};
    return this.#ask("Switch.Set", { id: idOf(relay), on, ...timer }, patienceMs, (_result, error) => {
      if (error === null) this.#shell.desk.answered(relay, on);
      else this.#shell.desk.rejected(relay, on, `the board refused: ${error}`);
    });
  }

  #ask(method: string, params: object, patienceMs: number, onAnswer: OnAnswer): boolean {
    this.#asked = (this.#asked + 1) % IDS_PER_START;
    const id = (this.#context.epoch % STARTS) * IDS_PER_START + this.#asked;
    // Before it is sent: a link in this process may answer at once.
    this.#requests.set(id, { untilMs: this.#context.clock.monotonicMs() + patienceMs, onAnswer });
    const text = JSON.stringify({ id, src: this.#source, method, params });
    const sent = this.#context.bus.publish(`${this.#config.topic}/rpc`, text);
    if (!sent) this.#requests.delete(id);
    return sent;
  }
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

/** On the wire relays count from 0. */
function idOf(relay: string): number {
  return Number(relay.slice(1)) - 1;
}

/** Words of a device, fit for a page and a log. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 80);
}
